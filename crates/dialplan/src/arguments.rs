//! Splitting the text between an application's parentheses.
//!
//! A separator does not count inside quotes, parentheses or brackets, or after a backslash.

/// What to do with the quotes and backslashes that protected a separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    Remove,
    Keep,
}

/// Splits at commas; quotes and backslashes are removed. What most applications want. No text
/// gives no arguments.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    split_with(text, ',', usize::MAX, Protection::Remove)
}

/// Like [`split`], but into at most `most` parts; the last one holds the rest with its commas.
#[must_use]
pub fn split_at_most(text: &str, most: usize) -> Vec<String> {
    split_with(text, ',', most, Protection::Remove)
}

/// Splits at any separator into at most `most` parts, the last of which holds the rest; quotes
/// and backslashes stay.
#[must_use]
pub fn split_raw(text: &str, separator: char, most: usize) -> Vec<String> {
    split_with(text, separator, most, Protection::Keep)
}

fn split_with(text: &str, separator: char, most: usize, protection: Protection) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut parts = vec![String::new()];
    let (mut parentheses, mut brackets) = (0_u32, 0_u32);
    let mut quoted = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let count = parts.len();
        let Some(part) = parts.last_mut() else { break };
        match c {
            '\\' => {
                if protection == Protection::Keep {
                    part.push('\\');
                }
                part.extend(rest.next());
                continue;
            }
            '"' => {
                quoted = !quoted;
                if protection == Protection::Keep {
                    part.push('"');
                }
                continue;
            }
            _ if quoted => {}
            c if c == separator && parentheses == 0 && brackets == 0 && count < most => {
                parts.push(String::new());
                continue;
            }
            '(' => parentheses = parentheses.saturating_add(1),
            ')' => parentheses = parentheses.saturating_sub(1),
            '[' => brackets = brackets.saturating_add(1),
            ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        part.push(c);
    }
    parts
}

/// The position of the first `wanted` outside of quotes, parentheses, brackets and braces.
#[must_use]
pub fn find_outside(text: &str, wanted: char) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quoted = false;
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            c if c == wanted && depth == 0 => return Some(index),
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Splits `Name(arguments)`. Without parentheses the arguments are empty; text after the last
/// parenthesis is dropped. `None` when there is no closing parenthesis.
#[must_use]
pub fn split_call(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        return Some((text, ""));
    };
    let (arguments, _) = rest.rsplit_once(')')?;
    Some((name.trim(), arguments))
}
