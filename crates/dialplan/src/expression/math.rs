//! The functions that may be called inside an expression: `FLOOR(7 / 2)`.

/// Computes a function. `None` when there is no such function of so many parameters.
pub(super) fn call(name: &str, parameters: &[f64]) -> Option<f64> {
    match parameters {
        [x] => one(name, *x),
        [x, y] => two(name, *x, *y),
        _ => None,
    }
}

fn one(name: &str, x: f64) -> Option<f64> {
    Some(match name.to_ascii_uppercase().as_str() {
        "COS" => x.cos(),
        "SIN" => x.sin(),
        "TAN" => x.tan(),
        "ACOS" => x.acos(),
        "ASIN" => x.asin(),
        "ATAN" => x.atan(),
        "SQRT" => x.sqrt(),
        "FLOOR" => x.floor(),
        "CEIL" => x.ceil(),
        "ROUND" => x.round(),
        "RINT" => x.round_ties_even(),
        "TRUNC" => x.trunc(),
        "EXP" => x.exp(),
        "EXP2" => x.exp2(),
        "EXP10" => 10_f64.powf(x),
        "LOG" => x.ln(),
        "LOG2" => x.log2(),
        "LOG10" => x.log10(),
        _ => return None,
    })
}

fn two(name: &str, x: f64, y: f64) -> Option<f64> {
    Some(match name.to_ascii_uppercase().as_str() {
        "ATAN2" => x.atan2(y),
        "POW" => x.powf(y),
        // IEEE 754 remainder: the quotient is rounded to the nearest integer.
        "REMAINDER" => x - (x / y).round_ties_even() * y,
        _ => return None,
    })
}
