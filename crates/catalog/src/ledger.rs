//! The entries of the delivery ledger.

use model::{Batch, JobId, Offset, OffsetRange, Partition, UnixNanos};

use crate::JobEvent;
use crate::history::{KIND_DROPPED, KIND_RECOVERED};

/// Where a job stands in a partition: everything before `next` is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The partition.
    pub partition: Partition,
    /// The first frame that is not decided yet.
    pub next: Offset,
}

/// What the store said of a delivered object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// When it was delivered.
    pub at: UnixNanos,
    /// The object's bytes, compressed.
    pub object_bytes: u64,
    /// The CRC-64/NVME of the object's bytes, compressed; `None` where it was delivered before
    /// checksums were kept.
    pub checksum: Option<u64>,
    /// The object's ETag, as the store gave it; empty where it gave none.
    pub etag: String,
    /// How many attempts it took, from 1.
    pub attempts: u32,
    /// How long the attempt took that succeeded, in milliseconds.
    pub duration_millis: u64,
}

impl Delivered {
    /// The delivery as the event that ends a job's failures.
    pub fn recovery(&self) -> JobEvent {
        JobEvent::new(self.at, KIND_RECOVERED, None, "delivers again".to_owned())
    }
}

/// What has become of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchState {
    /// Sealed; its object may or may not be visible already.
    Sealed,
    /// Its object is in the bucket.
    Delivered(Delivered),
    /// Its frames expired before it could be delivered.
    Lost,
}

impl BatchState {
    /// `sealed`, `delivered` or `lost`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Delivered(_) => "delivered",
            Self::Lost => "lost",
        }
    }

    /// What the store said, where the object is in the bucket.
    pub const fn delivered(&self) -> Option<&Delivered> {
        match self {
            Self::Delivered(delivered) => Some(delivered),
            Self::Sealed | Self::Lost => None,
        }
    }
}

/// A batch and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRecord {
    /// The batch.
    pub batch: Batch,
    /// When it was sealed.
    pub sealed_at: UnixNanos,
    /// What has become of it.
    pub state: BatchState,
}

/// Frames that expired before a job could deliver them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The job.
    pub job: JobId,
    /// The partition.
    pub partition: Partition,
    /// The frames.
    pub range: OffsetRange,
    /// How many records of them the job would have delivered.
    pub records: u64,
    /// When they were given up.
    pub at: UnixNanos,
}

impl Loss {
    /// The loss as an event.
    pub fn event(&self) -> JobEvent {
        let message = format!(
            "gave up frames {} of partition {}, {} records of them for this job: they expired \
             before they could be delivered",
            self.range, self.partition, self.records
        );
        JobEvent::new(self.at, KIND_DROPPED, None, message)
    }
}

/// What a job has delivered since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Objects delivered.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Their bytes before compression.
    pub raw_bytes: u64,
    /// Their bytes, compressed.
    pub object_bytes: u64,
}
