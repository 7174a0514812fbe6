//! Option strings of applications: `gL(60000:10000)U(sub^a^b)` as letters with their arguments.

/// One letter of an option string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// The letter.
    pub letter: char,
    /// What stands in the parentheses after it.
    pub argument: Option<String>,
}

/// Reads an option string. Parentheses nest; one that is not closed takes the rest.
pub(super) fn read(text: &str) -> Vec<Letter> {
    let mut found: Vec<Letter> = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter.is_whitespace() || letter == ')' {
            continue;
        }
        let argument = (rest.peek() == Some(&'(')).then(|| {
            rest.next();
            let mut depth = 1_u32;
            let inside = rest.by_ref().take_while(|c| {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth > 0
            });
            inside.collect()
        });
        found.push(Letter { letter, argument });
    }
    found
}

/// Splits `x:y:z` into exactly `N` parts; missing ones are empty.
pub(super) fn parts<const N: usize>(argument: &str) -> [String; N] {
    let mut parts = argument.splitn(N, ':').map(|part| part.trim().to_owned());
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(text: &str) -> Vec<(char, Option<String>)> {
        read(text).into_iter().map(|letter| (letter.letter, letter.argument)).collect()
    }

    #[test]
    fn arguments_of_options_are_not_options() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read_as("gL(1:2)b(in^s^1(a,b)) r"),
            [('g', None), ('L', some("1:2")), ('b', some("in^s^1(a,b)")), ('r', None)]
        );
        assert_eq!(read_as("m(open"), [('m', some("open"))]);
        assert_eq!(read_as("o()"), [('o', some(""))]);
        assert_eq!(read_as(")("), [('(', None)]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_is_read(text in "\\PC{0,60}") {
            let found = read(&text);
            proptest::prop_assert!(found.len() <= text.chars().count());
        }

        #[test]
        fn what_was_written_with_letters_is_read_back(
            written in proptest::collection::vec(("[A-Za-z]", "[a-z^:,0-9]{0,8}"), 0..8)
        ) {
            let text: String =
                written.iter().map(|(letter, inside)| format!("{letter}({inside})")).collect();
            let found = read_as(&text);
            proptest::prop_assert_eq!(found.len(), written.len());
            for ((letter, inside), (wanted, argument)) in found.iter().zip(&written) {
                proptest::prop_assert_eq!(&letter.to_string(), wanted);
                proptest::prop_assert_eq!(inside.as_deref(), Some(argument.as_str()));
            }
        }
    }

    #[test]
    fn missing_parts_are_empty() {
        assert_eq!(parts::<3>("1:2"), ["1", "2", ""]);
        assert_eq!(parts::<2>("a:b:c"), ["a", "b:c"]);
    }
}
