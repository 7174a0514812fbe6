//! The arithmetic of GSM 06.10 §4.1: 16-bit fractions that saturate. Coders compute with it bit
//! for bit, so that their filters stay in step with those of the peer.

/// Saturates to 16 bits.
pub(super) fn saturate(value: i32) -> i16 {
    // The clamp makes the cast exact.
    value.clamp(-32_768, 32_767) as i16
}

pub(super) fn add(a: i16, b: i16) -> i16 {
    a.saturating_add(b)
}

pub(super) fn sub(a: i16, b: i16) -> i16 {
    a.saturating_sub(b)
}

/// Magnitude; that of the least number saturates.
pub(super) fn abs(a: i16) -> i16 {
    a.saturating_abs()
}

/// Product of two fractions.
pub(super) fn mult(a: i16, b: i16) -> i16 {
    saturate((i32::from(a) * i32::from(b)) >> 15)
}

/// Product of two fractions, rounded.
pub(super) fn mult_r(a: i16, b: i16) -> i16 {
    saturate((i32::from(a) * i32::from(b) + 16_384) >> 15)
}

/// Shifts left that bring a number to the range 2^30 … 2^31; zero for zero.
pub(super) fn norm(value: i32) -> u32 {
    if value == 0 {
        return 0;
    }
    let bits = if value < 0 { !value } else { value };
    bits.leading_zeros() - 1
}

/// Quotient of 15 bits; `0 <= numerator <= denominator`.
pub(super) fn div(numerator: i16, denominator: i16) -> i16 {
    let (mut rest, denominator) = (i32::from(numerator), i32::from(denominator));
    let mut quotient = 0;
    for _ in 0..15 {
        quotient <<= 1;
        rest <<= 1;
        if rest >= denominator {
            rest -= denominator;
            quotient += 1;
        }
    }
    saturate(quotient)
}
