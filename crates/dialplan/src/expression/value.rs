//! Strings and numbers of an expression.

use std::cmp::Ordering;

/// A number: exact as long as it can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i128),
    Decimal(f64),
}

/// An operand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(Number),
    /// Text that was written without quotes, or computed: counts as a number if it looks so.
    Word(String),
    /// Text that was written in quotes: compared as text.
    Quoted(String),
}

impl Value {
    pub(super) const FALSE: Self = Self::Number(Number::Integer(0));

    pub(super) fn truth(holds: bool) -> Self {
        Self::Number(Number::Integer(i128::from(holds)))
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_text(),
            Self::Word(text) | Self::Quoted(text) => text,
        }
    }

    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Number(number) => number.to_text().into(),
            Self::Word(text) | Self::Quoted(text) => text.into(),
        }
    }

    /// The number, if the text is one, quotes or not.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Word(text) | Self::Quoted(text) => Number::parse(text),
        }
    }

    /// Neither an empty string nor zero.
    pub(super) fn is_true(&self) -> bool {
        match self.number() {
            Some(number) => number.as_f64() != 0.0,
            None => !self.text().is_empty(),
        }
    }

    /// As numbers if both are and neither is in quotes, as text otherwise. `None`: not a number.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if !matches!(self, Self::Quoted(_))
            && !matches!(other, Self::Quoted(_))
            && let (Some(a), Some(b)) = (self.number(), other.number())
        {
            return match (a, b) {
                (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
                _ => a.as_f64().partial_cmp(&b.as_f64()),
            };
        }
        Some(self.text().as_bytes().cmp(other.text().as_bytes()))
    }
}

impl Number {
    /// Digits with an optional sign and fraction; no exponents, no `inf`: caller names such as
    /// `1e5` are text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !plain || !digits.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if let Ok(integer) = text.parse() {
            return Some(Self::Integer(integer));
        }
        text.parse().ok().map(Self::Decimal)
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            // Rounding above 2^53 is what a decimal is.
            Self::Integer(integer) => integer as f64,
            Self::Decimal(decimal) => decimal,
        }
    }

    pub(super) fn to_text(self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Decimal(decimal) => format_decimal(decimal),
        }
    }

    /// The exact operation on integers where it succeeds, the float operation otherwise.
    pub(super) fn combine(
        self,
        other: Self,
        exact: impl Fn(i128, i128) -> Option<i128>,
        float: impl Fn(f64, f64) -> f64,
    ) -> Self {
        if let (Self::Integer(a), Self::Integer(b)) = (self, other)
            && let Some(result) = exact(a, b)
        {
            return Self::Integer(result);
        }
        Self::Decimal(float(self.as_f64(), other.as_f64()))
    }
}

/// A float with at most 15 significant digits and no trailing zeros: what 64 bits can promise.
#[must_use]
pub fn format_decimal(value: f64) -> String {
    /// Significant digits every `f64` keeps.
    const DIGITS: i32 = 15;
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let scientific = format!("{value:.*e}", 14);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        return trim(&format!("{value:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
}
