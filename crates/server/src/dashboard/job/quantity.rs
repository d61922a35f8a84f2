//! The figures of charts as people read them.

use crate::cli::megabytes;
use crate::dashboard::text::count;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
    Millis,
    Percent,
}

impl Unit {
    /// The value in full where it is a count, and rounded to three digits with its unit elsewhere.
    pub(super) fn full(self, value: f64) -> String {
        match self {
            Self::Count => count(value.round() as u64),
            Self::Bytes => megabytes(value.round() as u64),
            Self::Millis => duration(value),
            Self::Percent => format!("{} %", digits(value)),
        }
    }

    /// The value as short as an axis needs it.
    pub(super) fn short(self, value: f64) -> String {
        match self {
            Self::Count => scaled(value, 1e3, &["", "k", "M", "G", "T"]),
            Self::Bytes => scaled(value, 1e3, &[" B", " kB", " MB", " GB", " TB"]),
            Self::Millis | Self::Percent => self.full(value),
        }
    }
}

/// `12 ms`, `3.4 s`, `5 min`, `2.5 h`, `3 d`.
fn duration(millis: f64) -> String {
    const STEPS: [(f64, &str); 5] =
        [(86_400e3, " d"), (3_600e3, " h"), (60e3, " min"), (1e3, " s"), (1.0, " ms")];
    let step = STEPS.into_iter().find(|(least, _)| millis >= *least);
    let (least, unit) = step.unwrap_or((1.0, " ms"));
    digits(millis / least) + unit
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let (mut value, mut units) = (value, units.iter());
    let mut unit = units.next();
    while value >= step {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / step, Some(next));
    }
    digits(value) + unit.unwrap_or(&"")
}

/// Three digits, without zeros at the end.
fn digits(value: f64) -> String {
    let text = match value {
        value if value >= 100.0 => return format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_have_their_unit() {
        for (unit, value, full, short) in [
            (Unit::Count, 0.0, "0", "0"),
            (Unit::Count, 1_234_567.0, "1,234,567", "1.23M"),
            (Unit::Count, 999.0, "999", "999"),
            (Unit::Bytes, 1_500.0, "1.5 kB", "1.5 kB"),
            (Unit::Bytes, 5.0, "5 B", "5 B"),
            (Unit::Millis, 12.0, "12 ms", "12 ms"),
            (Unit::Millis, 90_000.0, "1.5 min", "1.5 min"),
            (Unit::Millis, 0.0, "0 ms", "0 ms"),
            (Unit::Percent, 99.5, "99.5 %", "99.5 %"),
            (Unit::Percent, 100.0, "100 %", "100 %"),
        ] {
            assert_eq!((unit.full(value), unit.short(value)), (full.to_owned(), short.to_owned()));
        }
    }
}
