//! The frozen decision of what goes into one object.
//!
//! A batch is a pure function of (job revision, partition, range): encoding it again gives the
//! same records in the same order and lands at the same key. Batches end at frame boundaries.

use crate::{JobId, OffsetRange, Partition, Revision, UnixNanos};

/// A batch as the ledger knows it from its seal on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The job that it belongs to.
    pub job: JobId,
    /// The job's revision that decides fields, filter, format and destination.
    pub revision: Revision,
    /// The partition that it was read from.
    pub partition: Partition,
    /// The frames that it covers; those of other scopes among them gave nothing.
    pub range: OffsetRange,
    /// The key of its object, without the bucket.
    pub key: String,
    /// Arrival of the first frame that gave a record.
    pub start: UnixNanos,
    /// Arrival of the last frame that gave a record.
    pub end: UnixNanos,
    /// Records in the object.
    pub records: u64,
    /// Bytes of the object before compression.
    pub raw_bytes: u64,
    /// The gzip level that its members are compressed with: 1 to 12, or a number
    /// beside them that stands for another encoder.
    pub gzip_level: u8,
}

/// When an open batch closes, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most records in an object.
    pub max_records: Option<u64>,
    /// Most bytes of an object before compression.
    pub max_bytes: Option<u64>,
    /// Seconds from when a batch's first record is read to its seal, at most.
    pub interval_seconds: u64,
}
