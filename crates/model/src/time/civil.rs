//! Calendar dates and times of day, in UTC and the Gregorian calendar without end.

use super::{NANOS_PER_SECOND, SECONDS_PER_DAY, UnixNanos};

/// A date and a time of day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Civil {
    /// The year, counted as in ISO 8601: year 0 stands before year 1.
    pub year: i32,
    /// The month: 1 to 12.
    pub month: u8,
    /// The day of the month: 1 to 31.
    pub day: u8,
    /// The hour: 0 to 23.
    pub hour: u8,
    /// The minute: 0 to 59.
    pub minute: u8,
    /// The second: 0 to 59.
    pub second: u8,
    /// The nanosecond: 0 to 999,999,999.
    pub nanosecond: u32,
}

impl Civil {
    /// The date and time of an instant.
    #[inline]
    pub fn from_unix(instant: UnixNanos) -> Self {
        Self::from_seconds_and_nanos(instant.seconds(), instant.subsec_nanos())
    }

    /// The date and time `nanosecond` nanoseconds after the second `seconds`, which must be near
    /// enough for the year to fit.
    #[inline]
    pub(super) fn from_seconds_and_nanos(seconds: i64, nanosecond: u32) -> Self {
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
        Self {
            year,
            month,
            day,
            hour: (second_of_day / 3_600) as u8,
            minute: (second_of_day / 60 % 60) as u8,
            second: (second_of_day % 60) as u8,
            nanosecond,
        }
    }

    /// The instant; `None` where there is no such date or time, or where it does not fit.
    pub fn to_unix(self) -> Option<UnixNanos> {
        let exists = (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && i64::from(self.nanosecond) < NANOS_PER_SECOND;
        if !exists {
            return None;
        }
        let days = days_from_civil(self.year, self.month, self.day);
        let second_of_day =
            i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second);
        UnixNanos::from_seconds_and_nanos(days * SECONDS_PER_DAY + second_of_day, self.nanosecond)
    }
}

/// Days from 1970-01-01 to a date, which must exist.
///
/// Years are taken to begin in March, so that the leap day is the last of its year, and grouped
/// into eras of 400 years, each of 146,097 days. The method is Howard Hinnant's `days_from_civil`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
pub fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month_from_march = (i64::from(month) + 9) % 12;
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * 146_097 + day_of_era - 719_468
}

/// Year, month and day of the date that lies `days` after 1970-01-01: the way back of
/// `days_from_civil`. `days` must be near enough for the year to fit.
fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era as i32 * 400 + year_of_era as i32 + i32::from(month <= 2);
    (year, month as u8, day as u8)
}

/// Days of a month that exists.
pub(super) fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The instant's second as `YYYYMMDDTHHMMSSZ`, as the names of objects have it.
pub fn compact_utc(instant: UnixNanos) -> String {
    let Civil { hour, minute, second, .. } = Civil::from_unix(instant);
    format!("{}T{hour:02}{minute:02}{second:02}Z", day(instant))
}

/// The instant of a second written as `YYYYMMDDTHHMMSSZ`; `None` where the text is none.
pub fn parse_compact_utc(text: &str) -> Option<UnixNanos> {
    const SHAPE: &[u8; 16] = b"00000000T000000Z";
    let is_shaped = text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(found, &shape)| match shape {
            b'0' => found.is_ascii_digit(),
            letter => found == letter,
        });
    if !is_shaped {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u16>().ok();
    let small = |from: usize| number(from, from + 2).and_then(|number| u8::try_from(number).ok());
    let (year, month, day) = (i32::from(number(0, 4)?), small(4)?, small(6)?);
    let (hour, minute, second) = (small(9)?, small(11)?, small(13)?);
    Civil { year, month, day, hour, minute, second, nanosecond: 0 }.to_unix()
}

/// The instant's day in UTC as `YYYYMMDD`.
pub fn day(instant: UnixNanos) -> String {
    let Civil { year, month, day, .. } = Civil::from_unix(instant);
    format!("{year:04}{month:02}{day:02}")
}

/// The first instant of the day in UTC after the instant's; `UnixNanos::MAX` on the last day.
pub fn start_of_next_day(instant: UnixNanos) -> UnixNanos {
    let days = instant.seconds().div_euclid(SECONDS_PER_DAY);
    UnixNanos::from_seconds((days + 1) * SECONDS_PER_DAY).unwrap_or(UnixNanos::MAX)
}
