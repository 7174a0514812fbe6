//! SPRINTF: a formatted text.

use sidetone_dialplan::arguments::split;
use sidetone_dialplan::expression::format_decimal;
use sidetone_dialplan::{Doc, FunctionError};

use super::{Function, FunctionHost, Outcome, arguments_error, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "SPRINTF",
        synopsis: "Formats texts and numbers",
        syntax: "format,arg1[,arg2[,...][,argN]]",
        arguments: &[
            (
                "format",
                "As for printf(3): %s %d %i %u %o %x %X %c %e %f %g with flags, width and \
                precision",
            ),
            ("arg1", "What stands for the first %"),
        ],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let parts = split(arguments);
    let mut parts = parts.iter().map(String::as_str);
    let format = parts.next().unwrap_or_default();
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (directive, after) = Directive::parse(after)?;
        let argument = parts.next().ok_or_else(|| {
            arguments_error(format!("the format `{format}` wants more arguments"))
        })?;
        out.push_str(&directive.print(argument)?);
        rest = after;
    }
    Ok(out + rest)
}

/// Width and precision of one directive: a line of a screen, not a way to fill memory.
const MAX_WIDTH: usize = 1024;

struct Directive {
    flags: String,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

impl Directive {
    /// Reads what follows a `%`, and gives what follows the directive.
    fn parse(text: &str) -> Result<(Self, &str), FunctionError> {
        let (flags, rest) = take(text, |c| "-+ 0#".contains(c));
        let (width, rest) = take(rest, |c| c.is_ascii_digit());
        let (precision, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (digits, rest) = take(rest, |c| c.is_ascii_digit());
                (Some(bounded(digits)?), rest)
            }
            None => (None, rest),
        };
        // Sizes of C's integers mean nothing here.
        let (_, rest) = take(rest, |c| "hlqjzt".contains(c));
        let letter = rest.chars().next().filter(|letter| "sdiuoxXcefgEG".contains(*letter));
        let letter = letter.ok_or_else(|| arguments_error(format!("`%{text}` is no directive")))?;
        let directive = Self { flags: flags.to_owned(), width: bounded(width)?, precision, letter };
        Ok((directive, rest.get(1..).unwrap_or_default()))
    }

    fn print(&self, argument: &str) -> Outcome {
        let body = match self.letter {
            's' => argument.chars().take(self.precision.unwrap_or(usize::MAX)).collect(),
            'c' => argument.chars().take(1).collect(),
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => self.integer(argument)?,
            _ => self.decimal(number(argument)?),
        };
        let missing = self.width.saturating_sub(body.chars().count());
        Ok(if self.flags.contains('-') {
            body + &" ".repeat(missing)
        } else if self.flags.contains('0') && !matches!(self.letter, 's' | 'c') {
            let digits = body.trim_start_matches(['-', '+', ' ']);
            let (sign, digits) = body.split_at(body.len() - digits.len());
            format!("{sign}{}{digits}", "0".repeat(missing))
        } else {
            " ".repeat(missing) + &body
        })
    }

    fn integer(&self, argument: &str) -> Outcome {
        // What a variable holds may have decimals; C would cut them off too.
        let value = match argument.trim().parse::<i64>() {
            Ok(value) => value,
            Err(_) => number(argument)? as i64,
        };
        let digits = match self.letter {
            'o' => format!("{value:o}"),
            'x' => format!("{value:x}"),
            'X' => format!("{value:X}"),
            _ => value.unsigned_abs().to_string(),
        };
        let zeros = self.precision.unwrap_or(1).saturating_sub(digits.len());
        let signed = matches!(self.letter, 'd' | 'i' | 'u');
        let sign = self.sign(signed && value < 0, signed);
        Ok(format!("{sign}{}{digits}", "0".repeat(zeros)))
    }

    fn decimal(&self, value: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let magnitude = value.abs();
        let digits = match self.letter {
            'f' => format!("{magnitude:.precision$}"),
            'g' | 'G' => format_decimal(magnitude),
            letter => {
                let text = format!("{magnitude:.precision$e}");
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let exponent: i32 = exponent.parse().unwrap_or(0);
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{mantissa}{letter}{sign}{:02}", exponent.abs())
            }
        };
        self.sign(value < 0.0, true) + &digits
    }

    fn sign(&self, negative: bool, signed: bool) -> String {
        let sign = match (negative, signed) {
            (true, _) => "-",
            (false, true) if self.flags.contains('+') => "+",
            (false, true) if self.flags.contains(' ') => " ",
            _ => "",
        };
        sign.to_owned()
    }
}

fn take(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !wanted(c)).unwrap_or(text.len()))
}

fn bounded(digits: &str) -> Result<usize, FunctionError> {
    if digits.is_empty() {
        return Ok(0);
    }
    let width = digits.parse().ok().filter(|width| *width <= MAX_WIDTH);
    width.ok_or_else(|| arguments_error(format!("a width is at most {MAX_WIDTH}, not {digits}")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("%s-%d,abc,7", "abc-7"),
            ("%05d,42", "00042"),
            ("%-5s|,ab", "ab   |"),
            ("%5s,ab", "   ab"),
            ("%.2f,3.14159", "3.14"),
            ("%x,255", "ff"),
            ("%08.3f,-3.14159", "-003.142"),
            ("%+d,5", "+5"),
            ("%d%%,50", "50%"),
            ("%c,xyz", "x"),
            ("%.2s,abc", "ab"),
            ("%e,12345.678", "1.234568e+04"),
            ("%g,0.5", "0.5"),
            ("plain", "plain"),
            ("%ld,9", "9"),
            ("%d,3.9", "3"),
            ("\"a,b %s\",x", "a,b x"),
        ] {
            check(&mut host, "SPRINTF", arguments, expected);
        }
    }

    #[test]
    fn wrong_formats_are_refused() {
        refuse("SPRINTF", "%d");
        refuse("SPRINTF", "%y,1");
        refuse("SPRINTF", "%d,abc");
        refuse("SPRINTF", "%99999d,1");
        refuse("SPRINTF", "%");
    }
}
