//! The option letters of `Dial`.

/// What this exchange does of them; the others are named in the log when they are used.
pub(super) const DOC: &[(&str, &str)] = &[
    ("g", "Go on in the dialplan when the callee hangs up"),
    ("r", "Let the caller hear ringing at once, and no early media"),
];

/// All letters the option string may have, for the words in the log.
const KNOWN: &str = "AabBcCdDEefFgGhHiIjkKlLmnNoOpPQrRsStTuUvwWxXz";

/// The options of one Dial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `g`
    pub go_on: bool,
    /// `r`
    pub ring: bool,
}

impl Options {
    /// Reads the option string; letters without effect are reported.
    pub(super) fn read(text: &str, channel: &str) -> Self {
        let mut options = Self::default();
        let mut depth = 0_u32;
        for letter in text.chars() {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                'g' => options.go_on = true,
                'r' => options.ring = true,
                letter if KNOWN.contains(letter) => {
                    tracing::warn!(
                        "{channel}: Dial: option {letter} is ignored: not available yet"
                    );
                }
                letter if letter.is_whitespace() => {}
                letter => tracing::warn!("{channel}: Dial: there is no option '{letter}'"),
            }
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_options_are_not_options() {
        let options = Options::read("M(greeting)r", "test");
        assert_eq!(options, Options { go_on: false, ring: true });
        assert!(Options::read("g", "test").go_on);
    }
}
