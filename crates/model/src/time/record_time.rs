//! The times that records tell: of all years that RFC 3339 can write, which are more than
//! [`UnixNanos`] holds.
//!
//! A program that has no time to tell writes one all the same: Go's zero time is
//! `0001-01-01T00:00:00Z`, and "for ever" is often the year 9999.

use super::{NANOS_PER_SECOND, UnixNanos};

/// A time that a record tells, as nanoseconds since the Unix epoch: from
/// `0000-01-01T00:00:00+23:59` to `9999-12-31T23:59:59.999999999-23:59`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordTime(i128);

impl RecordTime {
    /// The earliest that can be written with a year of four digits.
    pub const MIN: Self = Self::of_seconds(-62_167_219_200 - OFFSET_SECONDS_MAX, 0);
    /// The latest that can be written with a year of four digits.
    pub const MAX: Self =
        Self::of_seconds(253_402_300_799 + OFFSET_SECONDS_MAX, NANOS_PER_SECOND as u32 - 1);

    /// The time so many nanoseconds after the epoch; `None` where its year has no four digits.
    #[inline]
    pub fn from_nanos(nanos: i128) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&nanos).then_some(Self(nanos))
    }

    /// The time `nanosecond` nanoseconds after the second `seconds`; `None` where its year has no
    /// four digits.
    #[inline]
    pub fn from_seconds_and_nanos(seconds: i64, nanosecond: u32) -> Option<Self> {
        Self::from_nanos(Self::of_seconds(seconds, nanosecond).0)
    }

    const fn of_seconds(seconds: i64, nanosecond: u32) -> Self {
        Self(seconds as i128 * NANOS_PER_SECOND as i128 + nanosecond as i128)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        // Seconds of some ten thousand years fit.
        self.0.div_euclid(NANOS_PER_SECOND as i128) as i64
    }

    /// Nanoseconds since the start of its second: 0 to 999,999,999.
    pub const fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(NANOS_PER_SECOND as i128) as u32
    }

    /// The same instant, where it lies between 1677 and 2262, as nearly all do.
    #[inline]
    pub fn near(self) -> Option<UnixNanos> {
        i64::try_from(self.0).ok().map(UnixNanos)
    }
}

impl From<UnixNanos> for RecordTime {
    #[inline]
    fn from(instant: UnixNanos) -> Self {
        Self(i128::from(instant.0))
    }
}

/// The largest offset from UTC that RFC 3339 can write, `23:59`.
pub(super) const OFFSET_SECONDS_MAX: i64 = 23 * 3_600 + 59 * 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::tests::date_by_counting;
    use crate::time::{
        SECONDS_PER_DAY, TimeProblem, TimestampFormat, parse_json_timestamp, parse_record_time,
    };

    fn parsed(text: &str) -> Result<i128, TimeProblem> {
        parse_record_time(text.as_bytes()).map(RecordTime::nanos).map_err(|error| error.problem)
    }

    fn written(format: TimestampFormat, time: RecordTime) -> String {
        let mut out = Vec::new();
        format.write_record_time(time, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[track_caller]
    fn check(text: &str, forms: [&str; 5]) {
        let time = parse_record_time(text.as_bytes()).unwrap();
        assert_eq!(TimestampFormat::ALL.map(|format| written(format, time)), forms, "{text}");
    }

    #[test]
    fn the_first_and_the_last_of_all_years_are_written_in_every_form() {
        check(
            "0001-01-01T00:00:00Z",
            [
                "-62135596800000000000",
                "-62135596800",
                "\"0001-01-01T00:00:00Z\"",
                "\"0001-01-01T00:00:00.000Z\"",
                "\"0001-01-01T00:00:00.000000000Z\"",
            ],
        );
        check(
            "0000-01-01T00:00:00.5+00:30",
            [
                "-62167220999500000000",
                "-62167221000",
                "\"0000-01-01T23:29:00+23:59\"",
                "\"0000-01-01T23:29:00.500+23:59\"",
                "\"0000-01-01T23:29:00.500000000+23:59\"",
            ],
        );
        check(
            "9999-12-31T23:59:60Z",
            [
                "253402300799999999999",
                "253402300799",
                "\"9999-12-31T23:59:59Z\"",
                "\"9999-12-31T23:59:59.999Z\"",
                "\"9999-12-31T23:59:59.999999999Z\"",
            ],
        );
        check(
            "9999-12-31T23:59:59.9999999-05:00",
            [
                "253402318799999999900",
                "253402318799",
                "\"9999-12-31T05:00:59-23:59\"",
                "\"9999-12-31T05:00:59.999-23:59\"",
                "\"9999-12-31T05:00:59.999999900-23:59\"",
            ],
        );
    }

    #[test]
    fn nanoseconds_go_on_where_64_bits_end() {
        for (text, nanos) in [
            ("1677-09-21T00:12:43.145224191Z", i128::from(i64::MIN) - 1),
            ("1677-09-21T00:12:43.145224192Z", i128::from(i64::MIN)),
            ("2262-04-11T23:47:16.854775807Z", i128::from(i64::MAX)),
            ("2262-04-11T23:47:16.854775808Z", i128::from(i64::MAX) + 1),
        ] {
            assert_eq!(parsed(text), Ok(nanos), "{text}");
            let time = RecordTime::from_nanos(nanos).unwrap();
            assert_eq!(written(TimestampFormat::UnixNano, time), nanos.to_string());
            assert_eq!(written(TimestampFormat::Rfc3339Ns, time), format!("\"{text}\""));
        }
    }

    #[test]
    fn numbers_of_far_years_mean_what_their_digits_say() {
        let zero_time = -62_135_596_800_000_000_000;
        for text in ["-62135596800", "-62135596800000", "-62135596800000000", "-62135596800.0"] {
            assert_eq!(parsed(text), Ok(zero_time), "{text}");
        }
        assert_eq!(parsed("-62135596800000000000"), Ok(zero_time));
        assert_eq!(parsed("99999999999.5"), Ok(99_999_999_999_500_000_000));
        assert_eq!(parsed("253402300799999999999"), Ok(253_402_300_799_999_999_999));
        for text in ["-99999999999", "999999999999999999999", "1000000000000000000000"] {
            assert_eq!(parsed(text), Err(TimeProblem::OutOfYears), "{text}");
        }
        assert_eq!(parsed(&"9".repeat(1_000)), Err(TimeProblem::OutOfYears));
    }

    #[test]
    fn the_bounds_are_what_a_text_can_say() {
        assert_eq!(parsed("0000-01-01T00:00:00+23:59"), Ok(RecordTime::MIN.nanos()));
        assert_eq!(parsed("9999-12-31T23:59:59.999999999-23:59"), Ok(RecordTime::MAX.nanos()));
        assert_eq!(RecordTime::from_nanos(RecordTime::MIN.nanos() - 1), None);
        assert_eq!(RecordTime::from_nanos(RecordTime::MAX.nanos() + 1), None);
        assert_eq!(RecordTime::from_nanos(i128::MIN), None);
        assert_eq!(RecordTime::from_seconds_and_nanos(i64::MAX, 0), None);
    }

    /// Times of all years, and more often those near the ends of them and of 64 bits.
    fn times() -> impl Strategy<Value = RecordTime> {
        let (min, max) = (RecordTime::MIN.nanos(), RecordTime::MAX.nanos());
        let day = i128::from(SECONDS_PER_DAY * NANOS_PER_SECOND);
        let near = move |at: i128| (at - day).max(min)..=(at + day).min(max);
        prop_oneof![
            4 => min..=max,
            1 => near(min),
            1 => near(max),
            1 => near(i128::from(i64::MIN)),
            1 => near(i128::from(i64::MAX)),
        ]
        .prop_map(|nanos| RecordTime::from_nanos(nanos).unwrap())
    }

    proptest! {
        #[test]
        fn a_time_of_any_year_is_written_as_counting_says(time in times()) {
            let second = 1_000_000_000;
            let (seconds, nanosecond) = (time.nanos().div_euclid(second), time.nanos().rem_euclid(second));
            prop_assert_eq!(written(TimestampFormat::UnixNano, time), time.nanos().to_string());
            prop_assert_eq!(written(TimestampFormat::Unix, time), seconds.to_string());
            let days = i64::try_from(seconds.div_euclid(86_400)).unwrap();
            let (year, month, day) = date_by_counting(days);
            let text = written(TimestampFormat::Rfc3339Ns, time);
            if (0..=9_999).contains(&year) {
                let second = seconds.rem_euclid(86_400);
                let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
                let date = format!("{year:04}-{month:02}-{day:02}");
                let clock = format!("{hour:02}:{minute:02}:{second:02}.{nanosecond:09}");
                prop_assert_eq!(&text, &format!("\"{date}T{clock}Z\""));
            }
            prop_assert_eq!(parsed(text.trim_matches('"')), Ok(time.nanos()));
            prop_assert_eq!(parse_json_timestamp(text.as_bytes()).ok(), time.near());
        }

        #[test]
        fn an_offset_moves_the_clock_of_any_year(time in times(), minutes in -1_439..=1_439_i64) {
            let local = time.nanos() + i128::from(minutes) * 60_000_000_000;
            let local = RecordTime::from_nanos(local)
                .map(|local| written(TimestampFormat::Rfc3339Ns, local))
                .filter(|local| local.ends_with("Z\""));
            prop_assume!(local.is_some());
            let (sign, distance) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let offset = format!("{sign}{:02}:{:02}", distance / 60, distance % 60);
            let text = local.unwrap().replace('Z', &offset);
            prop_assert_eq!(parsed(text.trim_matches('"')), Ok(time.nanos()));
        }
    }
}
