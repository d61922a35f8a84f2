//! What a job has done since the program started, across changes of the job.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one job.
#[derive(Debug, Default)]
pub(crate) struct JobTotals {
    pub(crate) dataset: String,
    pub(crate) delivered_records: Counter,
    pub(crate) delivered_objects: Counter,
    pub(crate) delivered_bytes: Counter,
    pub(crate) delivered_raw_bytes: Counter,
    pub(crate) retries: Counter,
    pub(crate) dropped_records: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
