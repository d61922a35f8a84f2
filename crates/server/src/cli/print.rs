//! What goes to standard output, and how numbers are written for people.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::CliError;
use crate::harmless::visible_lines;

/// Writes one line, or several, to standard output, for people: what would move their cursor or
/// hide what is there is shown by its code.
pub(crate) fn line(text: impl Display) -> Result<(), CliError> {
    exactly(visible_lines(&text.to_string()))
}

/// Writes one line, or several, to standard output as they are, for programs.
pub(super) fn exactly(text: impl Display) -> Result<(), CliError> {
    writeln!(std::io::stdout(), "{text}").map_err(CliError::Output)
}

/// Writes a value as indented JSON to standard output.
pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Output(std::io::Error::other(error)))?;
    exactly(text)
}

/// Says that something was deleted: a line, or its id as JSON.
pub(super) fn deleted(
    what: &str,
    id: impl Serialize + Display,
    as_json: bool,
) -> Result<(), CliError> {
    if as_json { json(&json!({ "id": id })) } else { line(format_args!("deleted {what} {id}")) }
}

/// A number with commas between its thousands: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as hex digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Bytes as decimal kB, MB or GB, with one decimal place.
pub(crate) fn megabytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (size, unit) in UNITS {
        if bytes >= size {
            return format!("{:.1} {unit}", bytes as f64 / size as f64);
        }
    }
    format!("{bytes} B")
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0x00, 0x0a, 0xf1]), "000af1");
    }

    #[test]
    fn numbers_are_written_for_people() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        for (bytes, expected) in
            [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (2_000_000, "2.0 MB")]
        {
            assert_eq!(megabytes(bytes), expected);
        }
        for (millis, expected) in
            [(400, "0.4 s"), (12_000, "12 s"), (185_000, "3 min 05 s"), (7_800_000, "2 h 10 min")]
        {
            assert_eq!(span(Duration::from_millis(millis)), expected);
        }
    }
}
