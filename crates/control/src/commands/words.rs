//! A command line as words: what white space parts, unless it stands in double quotes or after a
//! backslash.

/// The words of a line. A quote that is not closed goes to the end.
pub(crate) fn of(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' => word.get_or_insert_default().push(rest.next().unwrap_or(c)),
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A word as it is written so that it is read as this one.
pub(crate) fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_a_value_together() {
        assert_eq!(of("  core  show\tchannels "), ["core", "show", "channels"]);
        assert_eq!(
            of(r#"database put f k "Ada  Lovelace""#),
            ["database", "put", "f", "k", "Ada  Lovelace"]
        );
        assert_eq!(of(r#"a"b c"d "" \" \\ e\ f"#), ["ab cd", "", "\"", "\\", "e f"]);
        assert_eq!(of(r#"open "to the end"#), ["open", "to the end"]);
        assert_eq!(of(" "), Vec::<String>::new());
        assert_eq!(of("end\\"), ["end\\"]);
    }
}
