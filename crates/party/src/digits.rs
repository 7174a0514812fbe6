//! Strings of digits as `SendDTMF` and Dial's `D` take them: keys and pauses, one after the other.

use std::time::Duration;

/// The pause of `w` in a string of digits.
const SHORT_PAUSE: Duration = Duration::from_millis(500);
/// The pause of `W`.
const LONG_PAUSE: Duration = Duration::from_secs(1);

/// How digits are sent by an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long each is held.
    pub duration: Duration,
    /// Silence after each.
    pub interval: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { duration: Duration::from_millis(100), interval: Duration::from_millis(250) }
    }
}

/// One step of a string of digits as `SendDTMF` and Dial's `D` take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key is pressed; `f` is the flash.
    Key(char),
    /// Silence.
    Pause(Duration),
}

/// What a string of digits asks for; what is no digit is left out.
pub fn steps(digits: &str) -> impl Iterator<Item = Step> {
    digits.chars().filter_map(|c| match c {
        'w' => Some(Step::Pause(SHORT_PAUSE)),
        'W' => Some(Step::Pause(LONG_PAUSE)),
        'f' | 'F' => Some(Step::Key('f')),
        '0'..='9' | '*' | '#' => Some(Step::Key(c)),
        'a'..='d' | 'A'..='D' => Some(Step::Key(c.to_ascii_uppercase())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_of_digits_has_pauses_and_flashes() {
        let key = Step::Key;
        let expected =
            [key('1'), Step::Pause(SHORT_PAUSE), key('f'), Step::Pause(LONG_PAUSE), key('B')];
        assert_eq!(steps("1w-F Wb").collect::<Vec<_>>(), expected);
    }
}
