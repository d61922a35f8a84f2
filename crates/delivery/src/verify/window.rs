//! A span of time, in whole seconds, as the names of objects have them.

use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

/// From a second on, and before another; without bounds where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    from: Option<i64>,
    to: Option<i64>,
}

impl Window {
    /// From `from` on, rounded down, and before `to`, rounded up.
    pub fn new(from: Option<UnixNanos>, to: Option<UnixNanos>) -> Self {
        let up = |at: UnixNanos| at.seconds() + i64::from(at.0.rem_euclid(NANOS_PER_SECOND) > 0);
        Self { from: from.map(UnixNanos::seconds), to: to.map(up) }
    }

    /// Whether it has a bound.
    pub fn is_bounded(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Whether what arrived from `start` to `end`, both within, has a part in it.
    pub fn touches(&self, start: UnixNanos, end: UnixNanos) -> bool {
        self.from.is_none_or(|from| end.seconds() >= from)
            && self.to.is_none_or(|to| start.seconds() < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_and_its_name_are_in_the_same_windows() {
        let at = |millis: i64| UnixNanos(millis * 1_000_000);
        let window = |from, to| Window::new(Some(at(from)), Some(at(to)));
        for (from, to, start, end, expected) in [
            (1_000, 2_000, 1_500, 1_900, true),
            (1_000, 2_000, 0, 9_000, true),
            (1_000, 2_000, 0, 999, false),
            (1_000, 2_000, 2_000, 3_000, false),
            // The name says second 1 for both.
            (1_500, 2_000, 1_100, 1_200, true),
            (1_000, 1_100, 1_500, 1_600, true),
        ] {
            let name = (at(start / 1_000 * 1_000), at(end / 1_000 * 1_000));
            let window = window(from, to);
            assert_eq!(window.touches(at(start), at(end)), expected, "{window:?} {start}..{end}");
            assert_eq!(window.touches(name.0, name.1), expected, "{window:?} {start}..{end}");
        }
        assert!(Window::default().touches(UnixNanos::MIN, UnixNanos::MIN));
        assert!(!Window::default().is_bounded());
    }
}
