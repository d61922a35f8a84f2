//! Instants: nanoseconds since 1970-01-01T00:00:00Z, and the forms that they are read and written
//! in.
//!
//! - The service's own instants are [`UnixNanos`]. What records tell may be of any year of four
//!   digits: that is a [`RecordTime`].
//! - Time is POSIX time: days have 86,400 seconds, leap seconds have no number of their own.
//! - Nothing goes through floating point, so no digit is invented or lost.
//! - Nothing looks at a clock or a time zone database: all is UTC, offsets are in the text.

mod civil;
mod format;
mod parse;
mod record_time;
#[cfg(test)]
mod tests;

pub use civil::{Civil, compact_utc, day, days_from_civil, parse_compact_utc, start_of_next_day};
pub use format::TimestampFormat;
pub use parse::{
    TimeError, TimeProblem, parse_json_record_time, parse_json_timestamp, parse_record_time,
    parse_timestamp,
};
pub use record_time::RecordTime;

/// An instant, as nanoseconds since the Unix epoch (from the year 1677 to 2262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixNanos(pub i64);

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Seconds in a day.
pub const SECONDS_PER_DAY: i64 = 86_400;

impl UnixNanos {
    /// The earliest instant: 1677-09-21T00:12:43.145224192Z.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant: 2262-04-11T23:47:16.854775807Z.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `seconds` after the epoch; `None` where it does not fit.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        seconds.checked_mul(NANOS_PER_SECOND).map(Self)
    }

    /// The instant `nanosecond` nanoseconds after the second `seconds`; `None` where it does not
    /// fit.
    pub fn from_seconds_and_nanos(seconds: i64, nanosecond: u32) -> Option<Self> {
        let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanosecond);
        i64::try_from(nanos).ok().map(Self)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Nanoseconds since the start of its second: 0 to 999,999,999.
    pub const fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(NANOS_PER_SECOND) as u32
    }
}
