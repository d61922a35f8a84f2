//! A batch that grows: records are encoded into it frame by frame and compressed member by
//! member.
//!
//! The same code serves the first encoding and every later one, and what it writes depends on
//! nothing but the frames, the job's revision and the level: gzip members end where the
//! uncompressed bytes since the last one reach a bound, at frame boundaries. So a batch that is
//! encoded again after a crash has the same bytes.

use std::sync::Arc;

use model::UnixNanos;
use model::compiled_job::CompiledJob;
use model::limits::GZIP_MEMBER_BYTES;

use crate::cut::Extent;
use crate::spool::{FinishedSpool, Spool, SpoolBudget};
use crate::workers::Bench;

/// A batch that grows.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    extent: Extent,
    /// Encoded but not yet compressed.
    staging: Vec<u8>,
    spool: Spool,
    level: u8,
}

/// A batch that takes no more.
#[derive(Debug)]
pub(crate) struct EncodedBatch {
    pub(crate) extent: Extent,
    pub(crate) spool: FinishedSpool,
}

/// One frame's records, encoded for a job: what it adds to a batch.
#[derive(Debug)]
pub(crate) struct EncodedFrame<'a> {
    /// When the frame arrived.
    pub(crate) arrival: UnixNanos,
    /// How many records were let through, at least 1.
    pub(crate) records: u64,
    /// The records, with a delimiter between each two of them.
    pub(crate) bytes: &'a [u8],
}

impl EncodedFrame<'_> {
    /// What the frame adds to a batch.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            start: self.arrival,
            end: self.arrival,
            records: self.records,
            raw_bytes: self.bytes.len() as u64,
        }
    }
}

impl OpenBatch {
    /// A batch that begins with this frame.
    pub(crate) fn begin(
        job: &CompiledJob,
        level: u8,
        budget: &Arc<SpoolBudget>,
        frame: &EncodedFrame<'_>,
    ) -> Self {
        let mut staging = Vec::with_capacity(frame.bytes.len() + (64 << 10));
        job.begin(&mut staging);
        staging.extend_from_slice(frame.bytes);
        let extent = Extent { raw_bytes: staging.len() as u64, ..frame.extent() };
        Self { extent, staging, spool: Spool::new(budget), level }
    }

    /// Adds a further frame.
    pub(crate) fn add(&mut self, job: &CompiledJob, frame: &EncodedFrame<'_>) {
        let before = self.staging.len();
        self.staging.extend_from_slice(job.record_delimiter());
        self.staging.extend_from_slice(frame.bytes);
        self.extent.end = frame.arrival;
        self.extent.records += frame.records;
        self.extent.raw_bytes += (self.staging.len() - before) as u64;
    }

    /// How far the batch reaches.
    pub(crate) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// Compresses what is staged once it is enough for a gzip member.
    pub(crate) fn compress_full_member(&mut self, bench: &mut Bench) {
        if self.staging.len() >= GZIP_MEMBER_BYTES {
            self.compress(bench);
        }
    }

    /// Ends the batch.
    pub(crate) fn close(mut self, job: &CompiledJob, bench: &mut Bench) -> EncodedBatch {
        let before = self.staging.len();
        job.end(&mut self.staging);
        self.extent.raw_bytes += (self.staging.len() - before) as u64;
        if !self.staging.is_empty() {
            self.compress(bench);
        }
        EncodedBatch { extent: self.extent, spool: self.spool.finish() }
    }

    fn compress(&mut self, bench: &mut Bench) {
        bench.gzip(self.level, &self.staging, |member| self.spool.push(member));
        self.staging.clear();
        // One frame of extreme expansion must not keep its memory for the whole batch.
        self.staging.shrink_to(2 * GZIP_MEMBER_BYTES);
    }
}
