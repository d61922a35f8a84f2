//! What happened to jobs, and what they did hour by hour.
//!
//! Events are for people: repeats of one raise its count, and there is a bound for each job.
//! Figures are for charts and alerts: one row for each hour in which a job did anything.

use std::time::Duration;

use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

/// Most events that are kept of one job: the oldest go.
pub const EVENTS_PER_JOB_MAX: u32 = 1_000;
/// An event that repeats within this time is the same event once more.
pub const EVENT_REPEATS_WITHIN: Duration = Duration::from_mins(10);
/// How long events and figures are to be kept.
pub const HISTORY_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// The [`JobEvent::kind`] of a delivery after failures.
pub const KIND_RECOVERED: &str = "recovered";
/// The [`JobEvent::kind`] of records that were given up.
pub const KIND_DROPPED: &str = "dropped";
/// The [`JobEvent::kind`] of what the restoration of a backup meant for a job.
pub const KIND_RESTORED: &str = "restored";
/// The [`JobEvent::kind`] of a time in which the catalogue's word on the job was not believed.
pub const KIND_DOUBTED: &str = "doubted";

/// What happened to a job, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEvent {
    /// When it happened first.
    pub since: UnixNanos,
    /// When it happened last.
    pub at: UnixNanos,
    /// How often, from 1.
    pub count: u64,
    /// What kind of thing: [`KIND_RECOVERED`], [`KIND_DROPPED`], or one of a failure's.
    pub kind: String,
    /// The HTTP status that the store answered, where one did.
    pub status: Option<u16>,
    /// What happened, in words for the customer, without secrets.
    pub message: String,
}

impl JobEvent {
    /// What happened once.
    pub fn new(at: UnixNanos, kind: &str, status: Option<u16>, message: String) -> Self {
        Self { since: at, at, count: 1, kind: kind.to_owned(), status, message }
    }

    /// Whether `later` is the same thing happening again.
    pub fn repeats_as(&self, later: &Self) -> bool {
        self.at >= repeat_horizon(later)
            && (&self.kind, self.status, &self.message)
                == (&later.kind, later.status, &later.message)
    }
}

/// The earliest time of an event that `later` may be a repeat of.
pub(crate) fn repeat_horizon(later: &JobEvent) -> UnixNanos {
    UnixNanos(later.since.0.saturating_sub(EVENT_REPEATS_WITHIN.as_nanos() as i64))
}

/// What a job did in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourFigures {
    /// When the hour begins.
    pub hour: UnixNanos,
    /// Batches delivered.
    pub batches: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Records delivered.
    pub records: u64,
    /// Records given up.
    pub dropped_records: u64,
    /// Bytes delivered, before compression.
    pub raw_bytes: u64,
    /// Bytes delivered, compressed.
    pub object_bytes: u64,
    /// How long the uploads of the delivered batches took together, in milliseconds.
    pub upload_millis: u64,
    /// How long the longest of them took, in milliseconds.
    pub upload_millis_max: u64,
    /// How many of the failed attempts were answered with which HTTP status, by status.
    pub statuses: Vec<(u16, u64)>,
}

impl HourFigures {
    /// An hour in which nothing was done yet.
    pub fn new(hour: UnixNanos) -> Self {
        Self {
            hour,
            batches: 0,
            failed_attempts: 0,
            records: 0,
            dropped_records: 0,
            raw_bytes: 0,
            object_bytes: 0,
            upload_millis: 0,
            upload_millis_max: 0,
            statuses: Vec::new(),
        }
    }
}

/// The beginning of the hour that `at` is in.
pub fn hour_of(at: UnixNanos) -> UnixNanos {
    const HOUR: i64 = 3_600 * NANOS_PER_SECOND;
    UnixNanos(at.0.div_euclid(HOUR).saturating_mul(HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_before_its_instants() {
        let second = |seconds| UnixNanos::from_seconds(seconds).unwrap();
        for (at, hour) in [(0, 0), (3_599, 0), (3_600, 3_600), (-1, -3_600), (-3_600, -3_600)] {
            assert_eq!(hour_of(second(at)), second(hour), "{at}");
        }
    }
}
