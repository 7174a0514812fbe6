//! An amount of money in millionths of the unit that the price lists are in. Binary fractions
//! would order equal prices by chance.

use std::fmt;

/// Millionths in one.
const ONE: u32 = 1_000_000;

/// The highest whole part: no minute of any call costs as much, and a price still takes 32 bits.
const MAX_WHOLE: u32 = 4_000;

/// An amount, not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(u32);

impl Price {
    /// Reads `0.0120`.
    ///
    /// # Errors
    /// What would be right, in words.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' is no price: write it like 0.0120, up to {MAX_WHOLE} and six digits")
        };
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // A list may write more zeros than count.
        let fraction = rest.trim_end_matches('0');
        if whole.len() + rest.len() == 0 || !digits(whole) || !digits(rest) || fraction.len() > 6 {
            return Err(wrong());
        }
        let number = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<u32>() };
        let whole = number(whole).ok().filter(|whole| *whole <= MAX_WHOLE).ok_or_else(wrong)?;
        let fraction: u32 = number(&format!("{fraction:0<6}")).map_err(|_| wrong())?;
        Ok(Self(whole * ONE + fraction))
    }

    /// Millionths.
    #[must_use]
    pub fn millionths(self) -> u64 {
        self.0.into()
    }

    /// This less so many percent.
    #[must_use]
    pub fn less_percent(self, percent: u8) -> Self {
        let kept = 100_u64.saturating_sub(percent.into());
        let left = self.millionths() * kept / 100;
        Self(u32::try_from(left).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % ONE);
        let shown = fraction.trim_end_matches('0');
        let text = format!("{}.{shown:0<4}", self.0 / ONE);
        f.pad(&text)
    }
}
