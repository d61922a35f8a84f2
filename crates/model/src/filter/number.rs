//! Numbers of a filter: whole ones exact as far as 128 bits go, others as the nearest `f64`. How they
//! are written does not matter: `1000`, `1e3` and `1000.0` are one number.
//!
//! A filter's own whole numbers have at most 38 digits, and a longer one of a record is larger than
//! any of these: so whole numbers always compare exactly.

use std::cmp::Ordering;

use crate::json_number::WholeNumber;

/// A JSON number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// A whole one.
    Int(i128),
    /// Any other, or one that does not fit.
    Float(f64),
}

impl Number {
    /// The number written as `raw`; `None` where it is none.
    pub(super) fn parse(raw: &[u8]) -> Option<Self> {
        let (is_negative, digits) = match raw {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if !digits.first()?.is_ascii_digit() {
            return None;
        }
        if let Some(value) = unsigned(digits) {
            return Some(Self::Int(if is_negative { -value } else { value }));
        }
        match WholeNumber::read(raw).and_then(|number| number.value()) {
            Some(value) => Some(Self::Int(value)),
            None => std::str::from_utf8(raw).ok()?.parse().ok().map(Self::Float),
        }
    }

    /// The whole number written as `text`; `None` where it is none or has more than 38 digits.
    pub(super) fn parse_int(text: &str) -> Option<Self> {
        const LARGEST: u128 = 10_u128.pow(38) - 1;
        Self::parse(text.as_bytes())
            .filter(|number| matches!(number, Self::Int(value) if value.unsigned_abs() <= LARGEST))
    }

    /// How the two compare; `None` never comes of numbers that were parsed.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => Some(one.cmp(&other)),
            (one, other) => one.as_f64().partial_cmp(&other.as_f64()),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

fn unsigned(digits: &[u8]) -> Option<i128> {
    // 18 digits always fit 64 bits, whose arithmetic is much faster.
    if digits.len() <= 18 {
        let add = |value: i64, &digit: &u8| {
            digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
        };
        return digits.iter().try_fold(0, add).map(i128::from);
    }
    let add = |value: i128, &digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    };
    digits.iter().try_fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, expected: Ordering) {
        let parsed = |text: &str| Number::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed(one).compare(parsed(other)), Some(expected), "{one} {other}");
        assert_eq!(parsed(other).compare(parsed(one)), Some(expected.reverse()), "{other} {one}");
    }

    #[test]
    fn numbers_compare_by_value() {
        check("30", "30", Ordering::Equal);
        check("-1", "1", Ordering::Less);
        check("-0", "0", Ordering::Equal);
        check("1e3", "1000", Ordering::Equal);
        check("1e3", "1000.0", Ordering::Equal);
        check("9007199254740993.0", "9007199254740992", Ordering::Greater);
        check("1e39", &"9".repeat(38), Ordering::Greater);
        check("0.5", "1", Ordering::Less);
        check("-0.5", "-0.25", Ordering::Less);
        check("9223372036854775807", "9223372036854775808", Ordering::Less);
        check("18446744073709551615", "18446744073709551616", Ordering::Less);
        let huge = "9".repeat(400);
        check(&huge, "1", Ordering::Greater);
        check(&"9".repeat(38), &"9".repeat(39), Ordering::Less);
        check(&"9".repeat(38), &format!("1{}", "0".repeat(38)), Ordering::Less);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "x", "null", "inf", "-inf", "NaN", "+1", "\"1\"", "1x", "1 "] {
            assert!(Number::parse(text.as_bytes()).is_none(), "{text}");
        }
        let long = format!("1{}", "0".repeat(38));
        for text in ["1.5", "1e-3", "1e38", "1e400", &long] {
            assert!(Number::parse_int(text).is_none(), "{text}");
        }
        for text in ["1", "1.0", "1e3", "-1.5e1"] {
            assert!(Number::parse_int(text).is_some(), "{text}");
        }
    }
}
