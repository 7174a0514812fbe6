//! MATH: arithmetic.

use sidetone_dialplan::{Doc, FunctionError};

use super::{Function, FunctionHost, Outcome, arguments_error, failed, number};

/// The reference page and the code.
pub(super) const FUNCTION: Function = Function {
    doc: Doc {
        name: "MATH",
        synopsis: "Computes one operation",
        syntax: "expression[,type]",
        description: "Comparisons give TRUE or FALSE. For more than one operation use $[…].",
        arguments: &[
            (
                "expression",
                "number operator number; operators + - * / % ^ << >> AND OR XOR < > <= >= ==",
            ),
            ("type", "f or float (six decimals, the default), i or int, h or hex, c or char"),
        ],
        see_also: &["INC()", "DEC()"],
        ..Doc::EMPTY
    },
    read: Some(read),
    write: None,
};

fn read(_: &mut dyn FunctionHost, arguments: &str) -> Outcome {
    let (expression, format) = match arguments.rsplit_once(',') {
        Some((expression, format)) => (expression, format.trim()),
        None => (arguments, "float"),
    };
    let (a, operator, b) = parse(expression)?;
    let result = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "^" => a.powf(b),
        "/" if b == 0.0 => return Err(failed("division by zero")),
        "/" => a / b,
        // Whole numbers only, as in C.
        "%" if b.trunc() == 0.0 => return Err(failed("division by zero")),
        "%" => a.trunc() % b.trunc(),
        "<" => return truth(a < b),
        ">" => return truth(a > b),
        "<=" => return truth(a <= b),
        ">=" => return truth(a >= b),
        "==" => return truth(a == b),
        bitwise => bits(a, bitwise, b)?,
    };
    if result.is_nan() {
        return Err(failed("the result is no number"));
    }
    print(result, format)
}

fn truth(holds: bool) -> Outcome {
    Ok(if holds { "TRUE" } else { "FALSE" }.to_owned())
}

/// Longer ones before their beginnings.
const OPERATORS: [&str; 16] =
    ["<<", ">>", "<=", ">=", "==", "AND", "XOR", "OR", "+", "-", "*", "/", "%", "^", "<", ">"];

/// Two numbers and the operator between them.
fn parse(text: &str) -> Result<(f64, &'static str, f64), FunctionError> {
    let wrong = || arguments_error(format!("`{text}` is not number, operator, number"));
    let trimmed = text.trim();
    // The first number's own sign is no operator.
    let signed = usize::from(trimmed.starts_with(['-', '+']));
    let digits = |c: char| !(c.is_ascii_digit() || c == '.' || c == ' ');
    let after = trimmed.get(signed..).ok_or_else(wrong)?;
    let end = signed + after.find(digits).ok_or_else(wrong)?;
    let (first, rest) = trimmed.split_at(end);
    let upper = rest.to_ascii_uppercase();
    let operator = OPERATORS.into_iter().find(|operator| upper.starts_with(operator));
    let operator = operator.ok_or_else(wrong)?;
    let second = rest.get(operator.len()..).ok_or_else(wrong)?;
    Ok((number(first)?, operator, number(second)?))
}

fn bits(a: f64, operator: &str, b: f64) -> Result<f64, FunctionError> {
    // Saturating conversion of what is beyond 64 bits; fractions are cut off.
    let (a, b) = (a as i64, b as i64);
    let shift = u32::try_from(b).ok();
    let result = match operator {
        "AND" => Some(a & b),
        "OR" => Some(a | b),
        "XOR" => Some(a ^ b),
        "<<" => shift.and_then(|shift| a.checked_shl(shift)),
        _ => shift.and_then(|shift| a.checked_shr(shift)),
    };
    result.map(|bits| bits as f64).ok_or_else(|| failed("a shift is 0 to 63 bits wide"))
}

fn print(value: f64, format: &str) -> Outcome {
    match format.to_ascii_lowercase().as_str() {
        "f" | "float" => Ok(format!("{value:.6}")),
        "i" | "int" => Ok((value as i64).to_string()),
        "h" | "hex" => Ok(format!("{:x}", value as i64)),
        "c" | "char" => {
            let letter = char::from_u32(value as u32).filter(|letter| *letter != '\0');
            letter.map(String::from).ok_or_else(|| failed("there is no such character"))
        }
        _ => Err(arguments_error(format!("`{format}` is none of float, int, hex, char"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn documented_examples_hold() {
        let mut host = host();
        for (arguments, expected) in [
            ("1+2", "3.000000"),
            ("1 + 2,i", "3"),
            ("123%16,int", "11"),
            ("-5*2,i", "-10"),
            ("5--2,i", "7"),
            ("2^10,i", "1024"),
            ("7/2", "3.500000"),
            ("1<<4,i", "16"),
            ("12 AND 10,i", "8"),
            ("12xor10,i", "6"),
            ("255+0,h", "ff"),
            ("64+1,c", "A"),
            ("1<2", "TRUE"),
            ("2<=1", "FALSE"),
            ("1.5==1.5", "TRUE"),
            ("-7%3,i", "-1"),
        ] {
            check(&mut host, "MATH", arguments, expected);
        }
    }

    #[test]
    fn what_cannot_be_computed_is_refused() {
        for wrong in ["", "1", "1+", "+", "a+b", "1/0", "1%0", "1%0.5", "1<<64", "1+2,x", "-1^0.5"]
        {
            refuse("MATH", wrong);
        }
    }
}
