//! KEYPADHASH: letters as keys.

use sidetone_dialplan::Doc;

use super::{Function, FunctionHost, Outcome};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "KEYPADHASH",
        synopsis: "Turns letters into the digits of a telephone keypad",
        syntax: "string",
        description: "Other characters than letters and digits are left out.",
        arguments: &[("string", "The text")],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let key = |c: char| match c.to_ascii_lowercase() {
        digit @ '0'..='9' => Some(digit),
        'a'..='c' => Some('2'),
        'd'..='f' => Some('3'),
        'g'..='i' => Some('4'),
        'j'..='l' => Some('5'),
        'm'..='o' => Some('6'),
        'p'..='s' => Some('7'),
        't'..='v' => Some('8'),
        'w'..='z' => Some('9'),
        _ => None,
    };
    Ok(arguments.chars().filter_map(key).collect())
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [("Les", "537"), ("Q-z 1!", "791"), ("ä", "")] {
            check(&mut host, "KEYPADHASH", arguments, expected);
        }
    }
}
