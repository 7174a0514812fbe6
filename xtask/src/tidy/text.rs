//! Tells code from comments, strings and characters in Rust source, keeping every line in place.
//!
//! No parser: it follows quotes, comment marks and braces, which is enough to count lines, find
//! words in code, and know where a function or a test module ends.

/// A source file taken apart. All parts have the same lines as the file.
#[derive(Debug)]
pub(super) struct Text {
    /// Code; comments, and the insides of strings and characters, are blank.
    pub(super) code: Vec<String>,
    /// Comments; everything else is blank.
    pub(super) comments: Vec<String>,
    /// Lines (0-based) that lie within a module or function under `#[cfg(test)]` or `#[test]`.
    pub(super) in_test: Vec<bool>,
}

impl Text {
    pub(super) fn new(source: &str) -> Self {
        let mut scanner = Scanner { rest: source, code: String::new(), comments: String::new() };
        scanner.run();
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        let code = lines(&scanner.code);
        let comments = lines(&scanner.comments);
        let in_test = test_lines(&code);
        Self { code, comments, in_test }
    }

    /// Names of modules declared as `#[cfg(test)] mod name;`.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut armed = false;
        for line in &self.code {
            let line = line.trim();
            if is_test_attribute(line) {
                armed = true;
            }
            let declared = line.rsplit_once("mod ").and_then(|(_, name)| name.strip_suffix(';'));
            match declared {
                Some(name) if armed => names.push(name.trim().to_owned()),
                _ => {}
            }
            // Further attributes may follow; any other code ends what the attribute covers.
            armed &= line.is_empty() || line.starts_with("#[");
        }
        names
    }

    /// The line (0-based) of the brace that closes the first one opened at or after `line`; None
    /// when a `;` comes first, as in a declaration without a body.
    pub(super) fn end_of_block(&self, line: usize) -> Option<usize> {
        end_of_block(&self.code, line)
    }
}

fn end_of_block(code: &[String], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut nested = 0_usize;
    for (number, line) in code.iter().enumerate().skip(from) {
        for character in line.chars() {
            match character {
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(number);
                    }
                }
                // `[u8; 4]` in a signature is not the end of a declaration.
                '[' | '(' => nested += 1,
                ']' | ')' => nested = nested.saturating_sub(1),
                ';' if depth == 0 && nested == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

fn is_test_attribute(line: &str) -> bool {
    line.starts_with("#[cfg(test)]")
        || line.starts_with("#[cfg(all(test")
        || line.starts_with("#[cfg(any(test")
        || line.starts_with("#[test]")
        || line.starts_with("#[tokio::test")
        || line.starts_with("#[rstest")
}

fn test_lines(code: &[String]) -> Vec<bool> {
    let mut in_test = vec![false; code.len()];
    for (number, line) in code.iter().enumerate() {
        if in_test.get(number) == Some(&true) || !is_test_attribute(line.trim()) {
            continue;
        }
        let end = end_of_block(code, number).unwrap_or(number);
        in_test[number..=end].fill(true);
    }
    in_test
}

struct Scanner<'a> {
    rest: &'a str,
    code: String,
    comments: String,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(next) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take_comment(end);
            } else if self.rest.starts_with("/*") {
                self.take_comment(block_comment_len(self.rest));
            } else if let Some((prefix, len)) = raw_string(self.rest) {
                self.take_quoted(prefix, len);
            } else if next == '"' {
                self.take_quoted(1, quoted_len(self.rest, '"'));
            } else if next == '\'' && is_char_literal(self.rest) {
                self.take_quoted(1, quoted_len(self.rest, '\''));
            } else {
                // A word is taken whole, so that the `r` of `for"` is not read as a prefix.
                let word = self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len());
                self.take_code(if word > 0 { word } else { next.len_utf8() });
            }
        }
    }

    fn take_code(&mut self, len: usize) {
        let (part, rest) = self.rest.split_at(len);
        self.code.push_str(part);
        self.comments.push_str(&blank(part));
        self.rest = rest;
    }

    fn take_comment(&mut self, len: usize) {
        let (part, rest) = self.rest.split_at(len);
        self.code.push_str(&blank(part));
        self.comments.push_str(part);
        self.rest = rest;
    }

    /// Keeps the opening quote as code and blanks the rest.
    fn take_quoted(&mut self, opening: usize, len: usize) {
        let (part, rest) = self.rest.split_at(len);
        let (open, inside) = part.split_at(opening);
        self.code.push_str(open);
        self.code.push_str(&blank(inside));
        self.comments.push_str(&blank(part));
        self.rest = rest;
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn blank(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect()
}

/// Length of a block comment, which may hold others.
fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of `r"…"`, `r#"…"#`, `br"…"` at the start of `text`, and of its opening.
fn raw_string(text: &str) -> Option<(usize, usize)> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let after = &text[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !after[hashes..].starts_with('"') {
        return None;
    }
    let opening = prefix.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let inside = text[opening..].find(&closing);
    Some((opening, inside.map_or(text.len(), |at| opening + at + closing.len())))
}

/// Length of a quoted literal with backslash escapes.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char_literal(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> String {
        Text::new(source).code.join("\n")
    }

    #[test]
    fn strings_characters_and_comments_are_blank() {
        assert_eq!(code("a(\"b//\", 'c') // d"), "a(\"    , '  )     ");
        assert_eq!(code("x /* a /* b */ c */ y"), "x                   y");
    }

    #[test]
    fn lifetimes_are_code() {
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn raw_strings_may_hold_quotes() {
        assert_eq!(code("r#\"a\"b\"# + c"), "r#\"      + c");
        assert_eq!(code("for\"x\""), "for\"  ");
    }

    #[test]
    fn escaped_quotes_do_not_end_a_literal() {
        assert_eq!(code(r#"f("\"", '\'') + g"#), "f(\"   , '   ) + g");
    }

    #[test]
    fn lines_stay_in_place() {
        let text = Text::new("a\n\"b\nc\"\n// d\ne");
        assert_eq!(text.code.len(), 5);
        assert_eq!(text.comments[3], "// d");
    }

    #[test]
    fn test_modules_are_known_by_line_and_by_name() {
        let text = Text::new(
            "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod c {\n fn d() {}\n}\nfn e() {}",
        );
        assert_eq!(text.test_modules(), ["b"]);
        assert_eq!(text.in_test, [false, true, false, true, true, true, true, false]);
    }

    #[test]
    fn a_declaration_without_body_has_no_end() {
        assert_eq!(Text::new("fn a(x: [u8; 4]);\nfn b() {}").end_of_block(0), None);
        assert_eq!(Text::new("fn a(x: [u8; 4]) {\n}").end_of_block(0), Some(1));
    }
}
