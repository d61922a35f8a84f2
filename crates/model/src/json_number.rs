//! Whole numbers of JSON, in whatever notation: `1000`, `1e3` and `1000.0` are one number.
//!
//! Nothing goes through floating point, and no exponent, however large, costs more than its digits.

/// A number without a fractional part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeNumber<'r> {
    is_negative: bool,
    /// The digits before the written point.
    before: &'r [u8],
    /// The digits after it.
    after: &'r [u8],
    /// How many of all these digits stand before the point, once the exponent has moved it; where
    /// that is more than there are, zeros follow.
    point: i64,
}

impl<'r> WholeNumber<'r> {
    /// The whole number written as `raw`; `None` where that is not a number of JSON, or not whole.
    pub(crate) fn read(raw: &'r [u8]) -> Option<Self> {
        let (is_negative, rest) = match raw {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (before, rest) = digits(rest)?;
        let (after, rest) = match rest {
            [b'.', rest @ ..] => digits(rest)?,
            rest => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        let point = exponent.saturating_add(before.len() as i64);
        let number = Self { is_negative, before, after, point };
        let mut fraction = number.digits().skip(usize::try_from(point).unwrap_or(0));
        fraction.all(|digit| digit == b'0').then_some(number)
    }

    /// Its value; `None` where it does not fit.
    pub(crate) fn value(&self) -> Option<i128> {
        let digits = self.digits().take(usize::try_from(self.point).unwrap_or(0));
        let add = |value: i128, digit| value.checked_mul(10)?.checked_add(i128::from(digit - b'0'));
        let value = digits.into_iter().try_fold(0, add)?;
        let zeros = self.point.saturating_sub((self.before.len() + self.after.len()) as i64);
        let magnitude = match (value, u32::try_from(zeros.max(0))) {
            (0, _) => 0,
            (value, Ok(zeros)) => value.checked_mul(10_i128.checked_pow(zeros)?)?,
            (_, Err(_)) => return None,
        };
        Some(if self.is_negative { -magnitude } else { magnitude })
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'r> {
        self.before.iter().chain(self.after).copied()
    }
}

/// The digits, at least one, that `text` begins with, and what comes after them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| text.split_at(count))
}

/// What the digits of an exponent mean, with their sign; what does not fit is the largest that
/// does.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text {
        [b'-', text @ ..] => (-1, text),
        [b'+', text @ ..] | text => (1, text),
    };
    let (digits, rest) = digits(text)?;
    let add =
        |value: i64, digit: &u8| value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    rest.is_empty().then(|| sign * digits.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value, if it is whole, and fits.
    fn value(text: &str) -> Result<Option<i128>, &str> {
        let number = WholeNumber::read(text.as_bytes()).ok_or(text)?;
        Ok(number.value())
    }

    #[test]
    fn one_number_has_many_notations() {
        for text in ["1000", "1e3", "1E+3", "1000.0", "0.001e6", "1000.000e0", "10000000e-4"] {
            assert_eq!(value(text), Ok(Some(1_000)), "{text}");
        }
        for text in
            ["0", "-0", "0.0", "0e9", "0.00e-999999999999999999999", "0e99999999999999999999"]
        {
            assert_eq!(value(text), Ok(Some(0)), "{text}");
        }
        assert_eq!(value("-1.5e1"), Ok(Some(-15)));
        assert_eq!(value("9007199254740993.0"), Ok(Some(9_007_199_254_740_993)));
    }

    #[test]
    fn what_has_a_fraction_or_is_no_number_is_not_whole() {
        for text in [
            "1.5",
            "1e-1",
            "15e-1",
            "-0.001",
            "1e-99999999999999999999",
            "100.01e1",
            "",
            "-",
            "x",
            "1.",
            "1.e3",
            ".5",
            "1e",
            "1e+",
            "1e3x",
            "1 ",
            "+1",
            "\"1\"",
            "null",
            "1e3.0",
        ] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_whole_without_a_value() {
        for text in ["1e39", "1e400", "1e99999999999999999999", "0.1e9999999999"] {
            assert_eq!(value(text), Ok(None), "{text}");
        }
        assert_eq!(value(&"9".repeat(50)), Ok(None));
        assert_eq!(value("1e38"), Ok(Some(10_i128.pow(38))));
        let long = format!("1{}e-60", "0".repeat(60));
        assert_eq!(value(&long), Ok(Some(1)));
    }

    proptest! {
        #[test]
        fn moving_the_point_and_telling_so_changes_nothing(
            number in any::<i64>(),
            places in 0..30_usize,
            zeros in 0..30_usize,
        ) {
            let digits = format!("{:0>31}", number.unsigned_abs());
            let (before, after) = digits.split_at(31 - places);
            let sign = if number < 0 { "-" } else { "" };
            let text = format!("{sign}{before}.{after}0e{places}");
            prop_assert_eq!(value(&text), Ok(Some(number.into())));
            let text = format!("{number}{}e-{zeros}", "0".repeat(zeros));
            prop_assert_eq!(value(&text), Ok(Some(number.into())));
            let fraction = format!("{sign}{before}.{after}1e{places}");
            prop_assert!(value(&fraction).is_err());
        }

        #[test]
        fn nothing_makes_reading_panic(text in "-?[0-9]{0,50}\\.?[0-9]{0,50}[eE]?[-+]?[0-9]{0,25}") {
            let _ = value(&text);
        }
    }
}
