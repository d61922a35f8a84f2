//! How a job's delivery stands, for the API, the terminal and the metrics.

use model::time::NANOS_PER_SECOND;
use model::{JobId, UnixNanos};

use crate::totals::JobTotals;

/// How a job's delivery stands, over all its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    /// The job.
    pub job: JobId,
    /// Records delivered since the program started.
    pub delivered_records: u64,
    /// Objects delivered since the program started.
    pub delivered_objects: u64,
    /// Bytes of these objects, compressed.
    pub delivered_bytes: u64,
    /// Failed attempts since the program started.
    pub retries: u64,
    /// Records that expired before they were delivered, since the program started.
    pub dropped_records: u64,
    /// Records in open batches and in sealed ones that wait for their upload.
    pub pending_records: u64,
    /// Frames that stand in the journal beyond what was read for this job.
    pub unread_frames: u64,
    /// Arrival of the oldest record that is not delivered, as far as it is read; `None` where
    /// everything that was read is delivered.
    pub oldest_pending: Option<UnixNanos>,
    /// Bytes of the pending records as they are written, before compression.
    pub pending_bytes: u64,
    /// Frames that will expire soon unless they are delivered before: most of the time that the
    /// journal holds them, or of its room, is used up.
    pub expiring_frames: u64,
    /// Present while an upload waits to be tried again.
    pub retrying: Option<Retrying>,
}

/// An upload that failed and waits to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrying {
    /// Why it failed, in words for the customer.
    pub message: String,
    /// Since when it has failed.
    pub since: UnixNanos,
    /// When it is tried again.
    pub next: UnixNanos,
}

impl JobStatus {
    /// Age of the oldest record that is read and not delivered, in seconds.
    pub fn lag_seconds(&self, now: UnixNanos) -> f64 {
        self.oldest_pending.map_or(0.0, |oldest| {
            now.0.saturating_sub(oldest.0).max(0) as f64 / NANOS_PER_SECOND as f64
        })
    }
}

impl JobStatus {
    /// The status of a job without any lane.
    pub(crate) fn of(job: JobId, totals: &JobTotals) -> Self {
        Self {
            job,
            delivered_records: totals.delivered_records.get(),
            delivered_objects: totals.delivered_objects.get(),
            delivered_bytes: totals.delivered_bytes.get(),
            retries: totals.retries.get(),
            dropped_records: totals.dropped_records.get(),
            pending_records: 0,
            unread_frames: 0,
            oldest_pending: None,
            pending_bytes: 0,
            expiring_frames: 0,
            retrying: None,
        }
    }
}
