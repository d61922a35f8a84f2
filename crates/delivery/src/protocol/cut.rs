//! Where a batch ends: a pure decision, at frame boundaries only.
//!
//! | reason | a batch ends |
//! |---|---|
//! | `max_records`, `max_bytes` | before the frame that would exceed it, after the one that reaches it |
//! | the hour, day, month or year, where the path names it (UTC) | before the first frame of the next one |
//! | `interval_seconds` | when that time has passed since its first record was read |
//! | the job changes, the program stops | at once |

use std::time::Duration;

use model::destination::Boundary;
use model::{BatchLimits, UnixNanos};

/// When the batches of a job revision end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How large and how old they grow.
    pub limits: BatchLimits,
    /// The span of time that a batch lies within.
    pub boundary: Boundary,
}

/// How far an open batch reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// When its first frame arrived.
    pub start: UnixNanos,
    /// When its last frame arrived.
    pub end: UnixNanos,
    /// Its records.
    pub records: u64,
    /// Its bytes before compression.
    pub raw_bytes: u64,
}

impl Cut {
    /// Whether the batch has to end before a frame with these records, bytes and arrival.
    pub fn before(self, open: &Extent, frame: &Extent) -> bool {
        let exceeds = |limit: Option<u64>, sum: u64| limit.is_some_and(|limit| sum > limit);
        exceeds(self.limits.max_records, open.records + frame.records)
            || exceeds(self.limits.max_bytes, open.raw_bytes + frame.raw_bytes)
            || self.boundary.next_after(open.start).is_some_and(|next| frame.start >= next)
    }

    /// Whether the batch is full.
    pub fn after(self, open: &Extent) -> bool {
        let reaches = |limit: Option<u64>, sum: u64| limit.is_some_and(|limit| sum >= limit);
        reaches(self.limits.max_records, open.records)
            || reaches(self.limits.max_bytes, open.raw_bytes)
    }

    /// How long a batch may stay open.
    pub fn longest_open(self) -> Duration {
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

    fn cut(records: Option<u64>, bytes: Option<u64>, boundary: Boundary) -> Cut {
        let limits = BatchLimits { max_records: records, max_bytes: bytes, interval_seconds: 30 };
        Cut { limits, boundary }
    }

    #[test]
    fn a_batch_ends_before_the_frame_that_would_exceed_a_limit() {
        let open = extent(0, 900, 900);
        for cut in [cut(Some(1000), None, Boundary::None), cut(None, Some(1000), Boundary::None)] {
            assert!(!cut.before(&open, &extent(0, 100, 100)));
            assert!(cut.before(&open, &extent(0, 101, 101)));
            assert!(!cut.after(&open));
            assert!(cut.after(&extent(0, 1000, 1000)));
        }
    }

    #[test]
    fn a_batch_never_crosses_what_the_path_names() {
        let crosses = |boundary, seconds| {
            cut(None, None, boundary).before(&extent(MIDNIGHT - 1, 1, 1), &extent(seconds, 1, 1))
        };
        for boundary in [Boundary::Day, Boundary::Hour] {
            assert!(!crosses(boundary, MIDNIGHT - 1), "{boundary:?}");
            assert!(crosses(boundary, MIDNIGHT), "{boundary:?}");
        }
        // 2019-01-02T00:00:00Z is a new day of the same month.
        for boundary in [Boundary::None, Boundary::Month, Boundary::Year] {
            assert!(!crosses(boundary, MIDNIGHT), "{boundary:?}");
        }
        let noon = cut(None, None, Boundary::Hour);
        let (before, after) = (extent(MIDNIGHT + 43_199, 1, 1), extent(MIDNIGHT + 43_200, 1, 1));
        assert!(noon.before(&before, &after));
        assert!(!cut(None, None, Boundary::Day).before(&before, &after));
    }

    #[test]
    fn without_limits_only_time_ends_a_batch() {
        let unbounded = cut(None, None, Boundary::None);
        assert!(!unbounded.before(&extent(0, u64::MAX / 2, 1), &extent(0, 1, 1)));
        assert_eq!(unbounded.longest_open(), Duration::from_secs(30));
    }
}
