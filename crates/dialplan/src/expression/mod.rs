//! The text between `$[` and `]`, after its variables are expanded.
//!
//! From loosest to tightest: `? ::`, `|`, `&`, comparisons, `+ -`, `* / %`, unary `! -`,
//! `: =~ ~~`. Both branches of a conditional are evaluated. Words with spaces need quotes.
//! Integers are exact; everything else is a 64-bit float printed with 15 digits.

mod lexer;
mod math;
mod parser;
pub mod regexp;
mod value;

use std::fmt;

pub use value::format_decimal;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result without surrounding quotes.
    pub text: String,
    /// A value that was replaced by 0 or nothing, such as a divisor of zero.
    pub warning: Option<String>,
}

/// Why an expression cannot be read. Its value is then empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionError {
    /// A value is missing before this operator, or at the end (`None`). Usually a variable that
    /// is empty and not in quotes.
    MissingValue(Option<String>),
    /// Two values stand side by side; the second is this. Usually text that is not in quotes.
    MissingOperator(String),
    /// `(` without `)`, or `?` without `::`.
    Unclosed(&'static str),
    /// Not one of the mathematical functions.
    UnknownFunction(String),
    /// Nested deeper than [`crate::limits::MAX_EXPRESSION_DEPTH`].
    TooDeep,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingValue(Some(operator)) => write!(
                f,
                "a value is missing before `{operator}`; put variables that may be empty in quotes"
            ),
            Self::MissingValue(None) => {
                f.write_str("a value is missing at the end; put variables in quotes")
            }
            Self::MissingOperator(text) => {
                write!(f, "there is no operator before `{text}`; put text in quotes")
            }
            Self::Unclosed(what) => write!(f, "`{what}` is missing"),
            Self::UnknownFunction(name) => write!(f, "there is no mathematical function {name}"),
            Self::TooDeep => f.write_str("parentheses are nested too deep"),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// Evaluates an expression whose variables are expanded already.
///
/// # Errors
/// The text is not an expression; [`ExpressionError`] says what to change.
pub fn evaluate(text: &str) -> Result<Outcome, ExpressionError> {
    parser::evaluate(text)
}

#[cfg(test)]
mod tests;
