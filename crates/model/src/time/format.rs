//! Writing instants as JSON values.

use super::record_time::OFFSET_SECONDS_MAX;
use super::{Civil, RecordTime, UnixNanos};

/// The form that a job writes its timestamps in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimestampFormat {
    /// Nanoseconds since the epoch: `1506700104433000200`.
    #[default]
    UnixNano,
    /// Seconds since the epoch, rounded down: `1506700104`.
    Unix,
    /// RFC 3339 with seconds, rounded down: `"2017-09-29T15:48:24Z"`.
    Rfc3339,
    /// RFC 3339 with milliseconds, rounded down: `"2017-09-29T15:48:24.433Z"`.
    Rfc3339Ms,
    /// RFC 3339 with nanoseconds: `"2017-09-29T15:48:24.433000200Z"`.
    Rfc3339Ns,
}

impl TimestampFormat {
    /// Every form.
    pub const ALL: [Self; 5] =
        [Self::UnixNano, Self::Unix, Self::Rfc3339, Self::Rfc3339Ms, Self::Rfc3339Ns];

    /// The form's name in output options, such as `unixnano`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnixNano => "unixnano",
            Self::Unix => "unix",
            Self::Rfc3339 => "rfc3339",
            Self::Rfc3339Ms => "rfc3339ms",
            Self::Rfc3339Ns => "rfc3339ns",
        }
    }

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Appends the instant as a JSON value: a bare integer or a quoted string.
    pub fn write(self, instant: UnixNanos, out: &mut Vec<u8>) {
        match self {
            Self::UnixNano => write_int(instant.0, out),
            Self::Unix => write_int(instant.seconds(), out),
            Self::Rfc3339 => write_rfc3339(instant, 0, out),
            Self::Rfc3339Ms => write_rfc3339(instant, 3, out),
            Self::Rfc3339Ns => write_rfc3339(instant, 9, out),
        }
    }

    /// The instant as text, without the quotes of JSON.
    pub fn text(self, instant: UnixNanos) -> String {
        let mut value = Vec::new();
        self.write(instant, &mut value);
        String::from_utf8_lossy(&value).trim_matches('"').to_owned()
    }

    /// Appends the time of a record as a JSON value, as [`Self::write`] does.
    ///
    /// What lies before 1677 or after 2262 has more nanoseconds than 64 bits hold: their digits are
    /// written all the same. What a text with an offset puts before the year 0 or after 9999 has no
    /// form in UTC, and is written with the largest offset.
    pub fn write_record_time(self, time: RecordTime, out: &mut Vec<u8>) {
        if let Some(instant) = time.near() {
            return self.write(instant, out);
        }
        match self {
            Self::UnixNano => out.extend_from_slice(time.nanos().to_string().as_bytes()),
            Self::Unix => write_int(time.seconds(), out),
            Self::Rfc3339 => write_far_rfc3339(time, 0, out),
            Self::Rfc3339Ms => write_far_rfc3339(time, 3, out),
            Self::Rfc3339Ns => write_far_rfc3339(time, 9, out),
        }
    }
}

/// The numbers 00 to 99, two digits each.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

fn write_int(value: i64, out: &mut Vec<u8>) {
    const DIGITS_MAX: usize = 20;
    let mut digits = [0; DIGITS_MAX];
    let mut first = DIGITS_MAX;
    let mut rest = value.unsigned_abs();
    while rest >= 10 {
        first -= 2;
        digits[first..first + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    // What is left is one digit, or zero where the digits came out even.
    if rest > 0 || first == DIGITS_MAX {
        first -= 1;
        digits[first] = b'0' + rest as u8;
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[first..]);
}

fn write_rfc3339(instant: UnixNanos, fraction_digits: usize, out: &mut Vec<u8>) {
    write_civil(Civil::from_unix(instant), fraction_digits, out);
}

/// Appends a date and time in UTC whose year has four digits.
#[inline(always)]
fn write_civil(civil: Civil, fraction_digits: usize, out: &mut Vec<u8>) {
    const SECONDS_END: usize = 20;
    let mut text = *b"\"0000-00-00T00:00:00.000000000Z\"";
    let year = civil.year as usize;
    text[1..3].copy_from_slice(&PAIRS[year / 100]);
    text[3..5].copy_from_slice(&PAIRS[year % 100]);
    text[6..8].copy_from_slice(&PAIRS[usize::from(civil.month)]);
    text[9..11].copy_from_slice(&PAIRS[usize::from(civil.day)]);
    text[12..14].copy_from_slice(&PAIRS[usize::from(civil.hour)]);
    text[15..17].copy_from_slice(&PAIRS[usize::from(civil.minute)]);
    text[18..SECONDS_END].copy_from_slice(&PAIRS[usize::from(civil.second)]);
    let mut end = SECONDS_END;
    if fraction_digits > 0 {
        let mut rest = civil.nanosecond;
        for place in (0..9).rev() {
            text[SECONDS_END + 1 + place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        end += 1 + fraction_digits;
    }
    text[end] = b'Z';
    text[end + 1] = b'"';
    out.extend_from_slice(&text[..end + 2]);
}

fn write_far_rfc3339(time: RecordTime, fraction_digits: usize, out: &mut Vec<u8>) {
    let at = |offset| Civil::from_seconds_and_nanos(time.seconds() + offset, time.subsec_nanos());
    let (civil, offset) = match at(0) {
        early if early.year < 0 => (at(OFFSET_SECONDS_MAX), "+23:59\""),
        late if late.year > 9_999 => (at(-OFFSET_SECONDS_MAX), "-23:59\""),
        civil => (civil, "Z\""),
    };
    write_civil(civil, fraction_digits, out);
    out.truncate(out.len() - "Z\"".len());
    out.extend_from_slice(offset.as_bytes());
}
