//! Reading instants in every documented form.
//!
//! | form | example | read as |
//! |---|---|---|
//! | up to 11 digits | `1506700104` | seconds |
//! | 12 to 14 digits | `1506700104433` | milliseconds |
//! | 15 to 17 digits | `1506700104433000` | microseconds |
//! | 18 to 21 digits | `1506700104433000200` | nanoseconds |
//! | RFC 3339 | `2017-09-29T15:48:24.433Z` | itself |
//!
//! - Numbers may stand bare or in quotes, may be negative, and may have a fraction of their unit
//!   (`1506700104.433`). Leading zeros do not count as digits. So each unit but seconds begins in
//!   March 1973: 10^11 ms, 10^14 µs and 10^17 ns are one instant.
//! - RFC 3339 (section 5.6) with any number of fraction digits and any offset; `t` and `z` may be
//!   lower-case, and a space may stand for the `T`.
//! - Nearly all times lie between 1677 and 2262, and reading those is made to be fast. Where a record
//!   may tell any time, others are read in a second attempt, as a [`RecordTime`].
//! - Digits beyond the nanosecond are dropped.
//! - A leap second, `:60`, is read as the last nanosecond of the second before it: it keeps its
//!   day, and order.

use thiserror::Error;

use super::civil::days_in_month;
use super::{NANOS_PER_SECOND, RecordTime, SECONDS_PER_DAY, UnixNanos, days_from_civil};
use crate::json_text;

/// Bytes of a timestamp that an error repeats.
const SHOWN_BYTES_MAX: usize = 64;

/// A value that is no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is not a timestamp: {problem}")]
pub struct TimeError {
    /// The value, cut where it is long.
    pub value: String,
    /// What is wrong with it.
    pub problem: TimeProblem,
}

/// What is wrong with a value that should be a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TimeProblem {
    /// It has none of the forms.
    #[error(
        "expected unix seconds, milliseconds, microseconds or nanoseconds, or RFC 3339 such as \
         `2017-09-29T15:48:24.433Z`"
    )]
    Form,
    /// A part of the date, of the time or of the offset does not exist.
    #[error("the {part} is {found:02}, expected {min:02} to {max:02}")]
    Part {
        /// The part's name.
        part: &'static str,
        /// Its value.
        found: u8,
        /// The least that it may be.
        min: u8,
        /// The most that it may be.
        max: u8,
    },
    /// It lies before or after what `UnixNanos` can hold.
    #[error(
        "it does not lie between 1677-09-21T00:12:43.145224192Z and 2262-04-11T23:47:16.854775807Z"
    )]
    OutOfRange,
    /// It lies before or after what `RecordTime` can hold.
    #[error("it does not lie in the years 0000 to 9999")]
    OutOfYears,
}

/// The instant of a JSON value: a number, or a string with any of the forms in it.
pub fn parse_json_timestamp(raw: &[u8]) -> Result<UnixNanos, TimeError> {
    match json_text::text_of(raw) {
        Some(text) => parse_timestamp(&text),
        None => number(raw).map_err(|problem| error(raw, problem)),
    }
}

/// The time that a JSON value of a record tells: as [`parse_json_timestamp`], but of any year.
pub fn parse_json_record_time(raw: &[u8]) -> Result<RecordTime, TimeError> {
    match json_text::text_of(raw) {
        Some(text) => parse_record_time(&text),
        None => any_number(raw).map_err(|problem| error(raw, problem)),
    }
}

/// The time that a text with any of the forms tells, of any year.
pub fn parse_record_time(text: &[u8]) -> Result<RecordTime, TimeError> {
    let parsed = if is_date(text) { any_rfc3339(text) } else { any_number(text) };
    parsed.map_err(|problem| error(text, problem))
}

/// The instant of a text with any of the forms.
pub fn parse_timestamp(text: &[u8]) -> Result<UnixNanos, TimeError> {
    let parsed = if is_date(text) { rfc3339(text) } else { number(text) };
    parsed.map_err(|problem| error(text, problem))
}

fn is_date(text: &[u8]) -> bool {
    text.get(4) == Some(&b'-') && text[0] != b'-'
}

fn error(value: &[u8], problem: TimeProblem) -> TimeError {
    let shown = &value[..value.len().min(SHOWN_BYTES_MAX)];
    let mut shown = String::from_utf8_lossy(shown).into_owned();
    if value.len() > SHOWN_BYTES_MAX {
        shown.push('…');
    }
    TimeError { value: shown, problem }
}

/// Reads a decimal number, whose digits before the point tell the unit.
fn number(text: &[u8]) -> Result<UnixNanos, TimeProblem> {
    parts_of_number(text, |is_negative, whole, fraction| {
        let nanos = nanos_of_number(whole, fraction).ok_or(TimeProblem::OutOfRange)?;
        let nanos =
            if is_negative { 0i64.checked_sub_unsigned(nanos) } else { i64::try_from(nanos).ok() };
        nanos.map(UnixNanos).ok_or(TimeProblem::OutOfRange)
    })
}

/// As [`number`], of any year.
fn any_number(text: &[u8]) -> Result<RecordTime, TimeProblem> {
    parts_of_number(text, |is_negative, whole, fraction| {
        let nanos = nanos_of_any_number(whole, fraction);
        let nanos = nanos.map(|nanos| if is_negative { -nanos } else { nanos });
        nanos.and_then(RecordTime::from_nanos).ok_or(TimeProblem::OutOfYears)
    })
}

/// Gives the parts of a decimal number to `read`: whether it is negative, and its digits before and
/// after the point.
#[expect(clippy::inline_always, reason = "both readers are to be one function each")]
#[inline(always)]
fn parts_of_number<T>(
    text: &[u8],
    read: impl FnOnce(bool, &[u8], &[u8]) -> Result<T, TimeProblem>,
) -> Result<T, TimeProblem> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(magnitude) => (true, magnitude),
        None => (false, text),
    };
    let (whole, rest) = split_digits(text);
    let fraction = match rest.split_first() {
        None => &[][..],
        Some((b'.', fraction)) if split_digits(fraction).1.is_empty() => fraction,
        Some(_) => return Err(TimeProblem::Form),
    };
    if whole.is_empty() || (fraction.is_empty() && !rest.is_empty()) {
        return Err(TimeProblem::Form);
    }
    read(negative, whole, fraction)
}

fn nanos_of_number(whole: &[u8], fraction: &[u8]) -> Option<u64> {
    /// All numbers of so many digits fit in a `u64`.
    const DIGITS_MAX: usize = 19;
    let whole = significant(whole);
    if whole.len() > DIGITS_MAX {
        return None;
    }
    let unit_digits = unit_digits(whole);
    let unit = 10u64.pow(unit_digits);
    decimal(whole).checked_mul(unit)?.checked_add(u64::from(fraction_of(fraction, unit_digits)))
}

fn nanos_of_any_number(whole: &[u8], fraction: &[u8]) -> Option<i128> {
    /// Nanoseconds up to the year 9999 have so many.
    const DIGITS_MAX: usize = 21;
    let whole = significant(whole);
    if whole.len() > DIGITS_MAX {
        return None;
    }
    let unit_digits = unit_digits(whole);
    let number = whole.iter().fold(0, |number, digit| number * 10 + i128::from(digit - b'0'));
    Some(number * 10i128.pow(unit_digits) + i128::from(fraction_of(fraction, unit_digits)))
}

/// The digits without leading zeros.
#[inline]
fn significant(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

/// Zeros of the unit, in nanoseconds, of a number of these digits.
#[inline]
fn unit_digits(whole: &[u8]) -> u32 {
    match whole.len() {
        0..=11 => 9,
        12..=14 => 6,
        15..=17 => 3,
        _ => 0,
    }
}

/// The first `places` digits of a fraction as a number; digits that it lacks are zeros.
fn fraction_of(digits: &[u8], places: u32) -> u32 {
    let kept = &digits[..digits.len().min(places as usize)];
    decimal(kept) as u32 * 10u32.pow(places - kept.len() as u32)
}

fn rfc3339(text: &[u8]) -> Result<UnixNanos, TimeProblem> {
    parts_of_rfc3339(text, |seconds, nanosecond| {
        UnixNanos::from_seconds_and_nanos(seconds, nanosecond).ok_or(TimeProblem::OutOfRange)
    })
}

/// As [`rfc3339`], of any year.
fn any_rfc3339(text: &[u8]) -> Result<RecordTime, TimeProblem> {
    parts_of_rfc3339(text, |seconds, nanosecond| {
        RecordTime::from_seconds_and_nanos(seconds, nanosecond).ok_or(TimeProblem::OutOfYears)
    })
}

/// Gives the seconds since the epoch, and the nanoseconds after that second, to `read`.
#[expect(clippy::inline_always, reason = "both readers are to be one function each")]
#[inline(always)]
fn parts_of_rfc3339<T>(
    text: &[u8],
    read: impl FnOnce(i64, u32) -> Result<T, TimeProblem>,
) -> Result<T, TimeProblem> {
    let (date_time, rest) = text.split_at_checked(19).ok_or(TimeProblem::Form)?;
    let separated = date_time[4] == b'-'
        && date_time[7] == b'-'
        && matches!(date_time[10], b'T' | b't' | b' ')
        && date_time[13] == b':'
        && date_time[16] == b':';
    if !separated {
        return Err(TimeProblem::Form);
    }
    let year = i32::from(two_digits(date_time, 0)?) * 100 + i32::from(two_digits(date_time, 2)?);
    let month = part("month", two_digits(date_time, 5)?, 1, 12)?;
    let day = part("day", two_digits(date_time, 8)?, 1, days_in_month(year, month))?;
    let hour = part("hour", two_digits(date_time, 11)?, 0, 23)?;
    let minute = part("minute", two_digits(date_time, 14)?, 0, 59)?;
    let second = part("second", two_digits(date_time, 17)?, 0, 60)?;
    let (nanosecond, rest) = fraction(rest)?;
    let offset = offset_seconds(rest)?;

    let (second, nanosecond) =
        if second == 60 { (59, NANOS_PER_SECOND as u32 - 1) } else { (second, nanosecond) };
    let second_of_day = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + second_of_day - offset;
    read(seconds, nanosecond)
}

/// The nanoseconds of the fraction that `text` may begin with, and what comes after it.
fn fraction(text: &[u8]) -> Result<(u32, &[u8]), TimeProblem> {
    let Some(text) = text.strip_prefix(b".") else {
        return Ok((0, text));
    };
    let (digits, rest) = split_digits(text);
    if digits.is_empty() {
        return Err(TimeProblem::Form);
    }
    Ok((fraction_of(digits, 9), rest))
}

/// Seconds east of UTC: of `Z`, or of `+HH:MM` or `-HH:MM`.
fn offset_seconds(text: &[u8]) -> Result<i64, TimeProblem> {
    let sign = match text {
        [b'Z' | b'z'] => return Ok(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return Err(TimeProblem::Form),
    };
    let hours = part("hour of the offset", two_digits(text, 1)?, 0, 23)?;
    let minutes = part("minute of the offset", two_digits(text, 4)?, 0, 59)?;
    Ok(sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
}

fn part(part: &'static str, found: u8, min: u8, max: u8) -> Result<u8, TimeProblem> {
    if (min..=max).contains(&found) {
        Ok(found)
    } else {
        Err(TimeProblem::Part { part, found, min, max })
    }
}

fn two_digits(text: &[u8], at: usize) -> Result<u8, TimeProblem> {
    match text.get(at..at + 2) {
        Some(&[tens, ones]) if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Ok((tens - b'0') * 10 + (ones - b'0'))
        }
        _ => Err(TimeProblem::Form),
    }
}

/// The digits that `text` begins with, and what comes after them.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(digits)
}

/// The number of digits that fit in a `u64`.
fn decimal(digits: &[u8]) -> u64 {
    let (eights, rest) = digits.as_chunks();
    let number = eights.iter().fold(0, |number, eight| number * 100_000_000 + eight_digits(*eight));
    rest.iter().fold(number, |number, digit| number * 10 + u64::from(digit - b'0'))
}

/// The number of eight digits: neighbours are joined to numbers of two digits, of four, of eight.
fn eight_digits(digits: [u8; 8]) -> u64 {
    const ONES: u64 = 0x00ff_00ff_00ff_00ff;
    const PAIRS: u64 = 0x0000_ffff_0000_ffff;
    let digits = u64::from_le_bytes(digits) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits & ONES) * 10 + ((digits >> 8) & ONES);
    let fours = (pairs & PAIRS) * 100 + ((pairs >> 16) & PAIRS);
    (fours & 0xffff_ffff) * 10_000 + (fours >> 32)
}
