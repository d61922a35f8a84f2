//! What an operator can tune about delivery.

use std::path::PathBuf;
use std::time::Duration;

use journal::Retention;

use crate::level::Level;

/// Settings of the delivery room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where open batches are kept beyond the memory budget. What is in it may be deleted
    /// whenever the program does not run.
    pub spool_dir: PathBuf,
    /// Memory for batches that are open or wait, over all jobs; beyond it they go to a file.
    pub spool_memory_bytes: u64,
    /// Most bytes of that file; beyond it batches are encoded again when they are uploaded.
    pub spool_disk_bytes: u64,
    /// Threads that filter, encode and compress.
    pub workers: usize,
    /// Most uploads at a time, over all jobs.
    pub uploads_max: usize,
    /// Most of them to one bucket; fewer while its store asks for fewer.
    pub uploads_per_destination_max: usize,
    /// Memory for the bytes of requests under way, over all jobs; half of it for one bucket.
    pub upload_memory_bytes: u64,
    /// Most bytes that are sent to one bucket in a second; no limit without it.
    pub destination_bytes_per_second: Option<u64>,
    /// Most sealed batches of one lane that wait for their upload before the lane stops reading.
    pub lane_backlog_max: usize,
    /// Largest object that is put in one request; larger ones go up in parts of this size.
    pub part_bytes: u64,
    /// How objects are compressed.
    pub gzip_level: Level,
    /// When failed uploads are tried again.
    pub retry: RetrySettings,
    /// How long the journal holds frames.
    pub retention: Retention,
    /// How often expired frames are looked for.
    pub trim_interval: Duration,
    /// How often jobs are read anew from the catalogue without being asked to.
    pub reload_interval: Duration,
    /// How often cursors of lanes without records of theirs are moved on in the ledger.
    pub pass_over_interval: Duration,
}

/// What of the settings can be changed while delivery runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// How objects are compressed, from the next batch on.
    pub gzip_level: Level,
    /// How long the journal holds frames.
    pub retention: Retention,
}

/// When failed uploads are tried again: after up to `first`, then up to twice as long each time,
/// up to `max`. The waits are spread over all that they may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// The first wait.
    pub first: Duration,
    /// The longest wait for what passes by itself.
    pub max: Duration,
    /// The longest wait for what the customer or the operator has to mend.
    pub slow_max: Duration,
}

impl Settings {
    /// The defaults, with the spool at `spool_dir`.
    pub fn new(spool_dir: PathBuf) -> Self {
        Self {
            spool_dir,
            spool_memory_bytes: 64 << 20,
            spool_disk_bytes: 10 << 30,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            uploads_max: 32,
            uploads_per_destination_max: 8,
            upload_memory_bytes: 64 << 20,
            destination_bytes_per_second: None,
            lane_backlog_max: 4,
            part_bytes: 8 << 20,
            gzip_level: Level::Auto,
            retry: RetrySettings {
                first: Duration::from_millis(500),
                max: Duration::from_secs(30),
                slow_max: Duration::from_secs(300),
            },
            retention: Retention {
                max_age_seconds: Some(7 * 24 * 3600),
                max_bytes: Some(100 << 30),
            },
            trim_interval: Duration::from_secs(30),
            reload_interval: Duration::from_secs(5),
            pass_over_interval: Duration::from_secs(10),
        }
    }
}
