//! Where a path names time, and with it where batches have to end.

use crate::UnixNanos;
use crate::time::{Civil, SECONDS_PER_DAY, days_from_civil};

const SECONDS_PER_HOUR: i64 = 3_600;

/// The smallest span of UTC time that a path tells apart. A batch lies within one such span, so
/// that all of its records belong to the folder that its object stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Boundary {
    /// The path does not name time.
    #[default]
    None,
    /// It names the year alone.
    Year,
    /// The month.
    Month,
    /// The day.
    Day,
    /// The hour.
    Hour,
}

impl Boundary {
    /// The first instant after the span that `at` lies in; `None` where time has no boundary, or
    /// no such instant can be told.
    pub fn next_after(self, at: UnixNanos) -> Option<UnixNanos> {
        let first_of = |length: i64| (at.seconds().div_euclid(length) + 1).checked_mul(length);
        let Civil { year, month, .. } = Civil::from_unix(at);
        let seconds = match self {
            Self::None => return None,
            Self::Year => days_from_civil(year + 1, 1, 1) * SECONDS_PER_DAY,
            Self::Month if month == 12 => days_from_civil(year + 1, 1, 1) * SECONDS_PER_DAY,
            Self::Month => days_from_civil(year, month + 1, 1) * SECONDS_PER_DAY,
            Self::Day => first_of(SECONDS_PER_DAY)?,
            Self::Hour => first_of(SECONDS_PER_HOUR)?,
        };
        UnixNanos::from_seconds(seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::parse_timestamp;

    fn at(text: &str) -> UnixNanos {
        parse_timestamp(text.as_bytes()).unwrap()
    }

    #[test]
    fn each_span_ends_where_the_next_begins() {
        for (boundary, instant, next) in [
            (Boundary::Hour, "2019-12-31T23:59:59.999999999Z", "2020-01-01T00:00:00Z"),
            (Boundary::Hour, "2019-12-31T22:00:00Z", "2019-12-31T23:00:00Z"),
            (Boundary::Day, "2020-02-28T12:00:00Z", "2020-02-29T00:00:00Z"),
            (Boundary::Month, "2020-02-29T12:00:00Z", "2020-03-01T00:00:00Z"),
            (Boundary::Month, "2019-12-01T00:00:00Z", "2020-01-01T00:00:00Z"),
            (Boundary::Year, "2019-06-15T00:00:00Z", "2020-01-01T00:00:00Z"),
            (Boundary::Hour, "1969-12-31T23:30:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(boundary.next_after(at(instant)), Some(at(next)), "{boundary:?} {instant}");
        }
        assert_eq!(Boundary::None.next_after(UnixNanos(0)), None);
        assert_eq!(Boundary::Year.next_after(UnixNanos::MAX), None);
    }

    proptest! {
        #[test]
        fn the_next_span_is_ahead_and_the_instant_before_it_in_this_one(instant in any::<i64>()) {
            for boundary in [Boundary::Year, Boundary::Month, Boundary::Day, Boundary::Hour] {
                let Some(next) = boundary.next_after(UnixNanos(instant)) else { continue };
                prop_assert!(next.0 > instant);
                let last = boundary.next_after(UnixNanos(next.0 - 1));
                prop_assert_eq!(last, Some(next), "{:?}", boundary);
            }
        }
    }
}
