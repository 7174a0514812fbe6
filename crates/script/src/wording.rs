//! Scripts for Lua 5.1 as Lua 5.4 reads them: `app.goto(…)` names a field by a word that has
//! become a keyword since, and is rewritten as `app["goto"](…)`. Lines stay where they are.

/// The text of a file, ready to be compiled.
pub(crate) fn for_lua_5_4(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    if rest.starts_with(b"#") {
        // The first line of a file that can be run.
        rest = after(rest, rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    let mut before = b' ';
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'"' | b'\'' => quoted(rest, byte),
            b'[' => bracketed(rest).unwrap_or(1),
            b'-' if rest.starts_with(b"--") => comment(rest),
            b'.' if before != b'.' => match field_goto(rest) {
                Some(length) => {
                    out.extend_from_slice(b"[\"goto\"]");
                    rest = after(rest, length);
                    before = b']';
                    continue;
                }
                None => 1,
            },
            _ => 1,
        };
        let length = length.min(rest.len());
        out.extend_from_slice(rest.get(..length).unwrap_or_default());
        before = byte;
        rest = after(rest, length);
    }
    out
}

fn after(text: &[u8], length: usize) -> &[u8] {
    text.get(length..).unwrap_or_default()
}

/// The length of a string in quotes, its own quotes included.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut index = 1;
    while let Some(&byte) = text.get(index) {
        match byte {
            b'\\' => index += 2,
            b'\n' => return index,
            byte if byte == quote => return index + 1,
            _ => index += 1,
        }
    }
    text.len()
}

/// The length of a long bracket such as `[==[ … ]==]`, if it is one.
fn bracketed(text: &[u8]) -> Option<usize> {
    let level = after(text, 1).iter().take_while(|byte| **byte == b'=').count();
    if text.get(level + 1) != Some(&b'[') {
        return None;
    }
    let closing = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
    let inside = after(text, level + 2);
    let end = inside.windows(closing.len()).position(|window| window == closing);
    Some(end.map_or(text.len(), |end| level + 2 + end + closing.len()))
}

fn comment(text: &[u8]) -> usize {
    if let Some(length) =
        text.get(2).filter(|b| **b == b'[').and_then(|_| bracketed(after(text, 2)))
    {
        return length + 2;
    }
    text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len())
}

/// The length of `.goto`, when that is the whole name.
fn field_goto(text: &[u8]) -> Option<usize> {
    let spaces = after(text, 1).iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let name = after(text, 1 + spaces);
    let next = name.strip_prefix(b"goto")?.first();
    let goes_on = next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (!goes_on).then_some(1 + spaces + 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&for_lua_5_4(text.as_bytes())), expected);
    }

    #[test]
    fn a_field_named_goto_is_written_in_brackets() {
        check("app.goto('a', 1)", "app[\"goto\"]('a', 1)");
        check("app. goto(1) app.goto_x() goto x", "app[\"goto\"](1) app.goto_x() goto x");
    }

    #[test]
    fn strings_and_comments_stay_as_they_are() {
        for text in [
            "'.goto' \"\\\".goto\" [[ .goto ]] [==[ .goto ]] .goto ]==]",
            "-- app.goto\n--[[ app.goto\n]] x = a..goto_",
            "t[1] = 2 -- it's",
        ] {
            check(text, text);
        }
        check("--[[ it's ]] app.goto(1)", "--[[ it's ]] app[\"goto\"](1)");
    }

    #[test]
    fn the_first_line_of_a_program_and_a_byte_order_mark_are_left_out() {
        check("#!/usr/bin/lua\nx = 1\n", "\nx = 1\n");
        check("\u{feff}x = 1", "x = 1");
    }

    proptest! {
        #[test]
        fn nothing_but_the_field_changes(text in "([.\\[\\]='\"\\\\\n -]|goto|x|--){0,40}") {
            let out = for_lua_5_4(text.as_bytes());
            let back = String::from_utf8(out).expect("text").replace("[\"goto\"]", ".goto");
            let lines = |text: &str| text.matches('\n').count();
            prop_assert_eq!(lines(&back), lines(&text));
            let bare = |text: &str| text.replace([' ', '\t'], "").replace("[\"goto\"]", ".goto");
            prop_assert_eq!(bare(&back), bare(&text));
        }
    }
}
