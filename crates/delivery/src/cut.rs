//! Where a batch ends: a pure decision, at frame boundaries only.
//!
//! | reason | a batch ends |
//! |---|---|
//! | `max_records`, `max_bytes` | before the frame that would exceed it, after the one that reaches it |
//! | the UTC day, where the path names it | before the first frame that arrived on another day |
//! | `interval_seconds` | when that time has passed since its first record was read |
//! | the job changes, the program stops | at once |

use std::time::Duration;

use model::time::start_of_next_day;
use model::{BatchLimits, UnixNanos};

/// When the batches of a job revision end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) limits: BatchLimits,
    /// Whether a batch ends with the UTC day.
    pub(crate) by_day: bool,
}

/// How far an open batch reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) start: UnixNanos,
    pub(crate) end: UnixNanos,
    pub(crate) records: u64,
    pub(crate) raw_bytes: u64,
}

impl Cut {
    /// Whether the batch has to end before a frame with these records, bytes and arrival.
    pub(crate) fn before(self, open: &Extent, frame: &Extent) -> bool {
        let exceeds = |limit: Option<u64>, sum: u64| limit.is_some_and(|limit| sum > limit);
        exceeds(self.limits.max_records, open.records + frame.records)
            || exceeds(self.limits.max_bytes, open.raw_bytes + frame.raw_bytes)
            || (self.by_day && frame.start >= start_of_next_day(open.start))
    }

    /// Whether the batch is full.
    pub(crate) fn after(self, open: &Extent) -> bool {
        let reaches = |limit: Option<u64>, sum: u64| limit.is_some_and(|limit| sum >= limit);
        reaches(self.limits.max_records, open.records)
            || reaches(self.limits.max_bytes, open.raw_bytes)
    }

    /// How long a batch may stay open.
    pub(crate) fn longest_open(self) -> Duration {
        Duration::from_secs(self.limits.interval_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: i64 = 1_546_387_200; // 2019-01-02T00:00:00Z

    fn extent(seconds: i64, records: u64, raw_bytes: u64) -> Extent {
        let at = UnixNanos::from_seconds(seconds).unwrap();
        Extent { start: at, end: at, records, raw_bytes }
    }

    fn cut(records: Option<u64>, bytes: Option<u64>, by_day: bool) -> Cut {
        let limits = BatchLimits { max_records: records, max_bytes: bytes, interval_seconds: 30 };
        Cut { limits, by_day }
    }

    #[test]
    fn a_batch_ends_before_the_frame_that_would_exceed_a_limit() {
        let open = extent(0, 900, 900);
        for cut in [cut(Some(1000), None, false), cut(None, Some(1000), false)] {
            assert!(!cut.before(&open, &extent(0, 100, 100)));
            assert!(cut.before(&open, &extent(0, 101, 101)));
            assert!(!cut.after(&open));
            assert!(cut.after(&extent(0, 1000, 1000)));
        }
    }

    #[test]
    fn a_batch_never_crosses_midnight_where_the_path_names_the_day() {
        let open = extent(MIDNIGHT - 1, 1, 1);
        let (today, tomorrow) = (extent(MIDNIGHT - 1, 1, 1), extent(MIDNIGHT, 1, 1));
        assert!(!cut(None, None, true).before(&open, &today));
        assert!(cut(None, None, true).before(&open, &tomorrow));
        assert!(!cut(None, None, false).before(&open, &tomorrow));
    }

    #[test]
    fn without_limits_only_time_ends_a_batch() {
        let unbounded = cut(None, None, false);
        assert!(!unbounded.before(&extent(0, u64::MAX / 2, 1), &extent(0, 1, 1)));
        assert_eq!(unbounded.longest_open(), Duration::from_secs(30));
    }
}
