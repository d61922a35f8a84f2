//! A batch that grows: records are encoded into it frame by frame and compressed member by
//! member.
//!
//! The same code serves the first encoding and every later one, and what it writes depends on
//! nothing but the frames, the job's revision and the level: members end where the uncompressed
//! bytes since the last one reach a bound, at frame boundaries, wherever these bytes lie. So a
//! batch that is encoded again after a crash has the same bytes.
//!
//! Where there is no room for its bytes a batch goes on without them: it counts what it holds, as
//! before, and is encoded again when it is uploaded.

use std::io;
use std::sync::Arc;

use model::UnixNanos;
use model::compiled_job::CompiledJob;
use model::limits::GZIP_MEMBER_BYTES;
use model::record::Scanner;
use model::sample::RecordPosition;

use crate::checksum::ObjectChecksum;
use crate::protocol::cut::Extent;
use crate::spool::{FinishedSpool, LastResort, Spool, SpoolSpace};
use crate::workers::Bench;

/// Bytes of one frame after which a batch looks whether there is room for them.
const SETTLE_BYTES: u64 = 64 << 10;

/// A batch that grows, and the frame that is being read into it.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    /// How far it reaches; `None` before the first frame that gave a record.
    extent: Option<Extent>,
    level: u8,
    frame: FrameSoFar,
    /// Encoded but not yet compressed.
    staged: Spool,
    compressed: Spool,
    /// Of what is compressed.
    checksum: ObjectChecksum,
    has_bytes: bool,
}

/// What the frame that is being read has given so far.
#[derive(Debug, Default)]
struct FrameSoFar {
    records: u64,
    bytes: u64,
    settled: u64,
}

/// A batch that takes no more.
#[derive(Debug)]
pub(crate) struct EncodedBatch {
    pub(crate) extent: Extent,
    pub(crate) level: u8,
    /// Its bytes; `None` where there was no room for them.
    pub(crate) spool: Option<FinishedSpool>,
}

impl OpenBatch {
    /// A batch that waits for its first record.
    pub(crate) fn new(job: &CompiledJob, space: &Arc<SpoolSpace>) -> Self {
        Self::in_spools(job, Spool::new(space), Spool::new(space))
    }

    /// A batch that keeps its bytes in any case.
    pub(crate) fn beyond_budgets(
        job: &CompiledJob,
        space: &Arc<SpoolSpace>,
        right: &Arc<LastResort>,
    ) -> Self {
        let spool = || Spool::beyond_budgets(space, right);
        Self::in_spools(job, spool(), spool())
    }

    fn in_spools(job: &CompiledJob, mut staged: Spool, compressed: Spool) -> Self {
        job.begin(staged.end());
        let frame = FrameSoFar::default();
        let checksum = ObjectChecksum::new();
        Self { extent: None, level: 1, frame, staged, compressed, checksum, has_bytes: true }
    }

    /// How far the batch reaches, without the frame that is being read; `None` before its first
    /// record.
    pub(crate) fn extent(&self) -> Option<&Extent> {
        self.extent.as_ref()
    }

    /// Encodes a record that `scanner` has just scanned, where the job lets it through.
    pub(crate) fn encode(
        &mut self,
        job: &CompiledJob,
        scanner: &Scanner,
        line: &[u8],
        at: RecordPosition,
    ) {
        let is_first = self.extent.is_none() && self.frame.records == 0;
        let staged = self.staged.end();
        let before = staged.len();
        if !job.encode(scanner, line, at, is_first, staged) {
            return;
        }
        self.frame.records += 1;
        self.frame.bytes += (staged.len() - before) as u64;
        if !self.has_bytes {
            staged.clear();
        } else if self.frame.bytes - self.frame.settled >= SETTLE_BYTES {
            self.frame.settled = self.frame.bytes;
            self.settle();
        }
    }

    /// What the frame that has been read would add to the batch; `None` where it gave no record.
    pub(crate) fn frame_extent(&self, arrival: UnixNanos) -> Option<Extent> {
        let FrameSoFar { records, bytes, .. } = self.frame;
        let extent = Extent { start: arrival, end: arrival, records, raw_bytes: bytes };
        (records > 0).then_some(extent)
    }

    /// Adds the frame that has been read, which gave `frame`, to the batch. The level counts where
    /// it is the batch's first.
    pub(crate) fn take_frame(&mut self, job: &CompiledJob, frame: &Extent, level: u8) {
        match &mut self.extent {
            Some(extent) => {
                extent.end = frame.end;
                extent.records += frame.records;
                extent.raw_bytes += frame.raw_bytes;
            }
            None => {
                let mut prefix = Vec::new();
                job.begin(&mut prefix);
                let raw_bytes = frame.raw_bytes + prefix.len() as u64;
                self.extent = Some(Extent { raw_bytes, ..*frame });
                self.level = level;
            }
        }
        self.frame = FrameSoFar::default();
        self.settle();
    }

    /// Moves the frame that has been read, which would add `frame`, to `next`, which is new, and
    /// gives what it adds there: no delimiter stands before it any more.
    pub(crate) fn move_frame(
        &mut self,
        job: &CompiledJob,
        frame: &Extent,
        next: &mut Self,
    ) -> Extent {
        self.frame = FrameSoFar::default();
        let delimiter = job.record_delimiter().len();
        let moved = Extent { raw_bytes: frame.raw_bytes - delimiter as u64, ..*frame };
        if !self.has_bytes {
            next.give_up_bytes();
            return moved;
        }
        match self.staged.take_end(frame.raw_bytes as usize) {
            Ok(bytes) => next.staged.end().extend_from_slice(&bytes[delimiter..]),
            Err(error) => {
                warn_of(&error);
                self.give_up_bytes();
                next.give_up_bytes();
            }
        }
        moved
    }

    /// Compresses what is staged once it is enough for a member.
    pub(crate) fn compress_full_member(&mut self, job: &CompiledJob, bench: &mut Bench) {
        if self.staged.len() >= GZIP_MEMBER_BYTES as u64 {
            self.compress(job, bench);
        }
    }

    /// Ends the batch; `None` where it holds no record.
    pub(crate) fn close(mut self, job: &CompiledJob, bench: &mut Bench) -> Option<EncodedBatch> {
        let mut extent = self.extent?;
        let staged = self.staged.end();
        let before = staged.len();
        job.end(staged);
        extent.raw_bytes += (staged.len() - before) as u64;
        // Records may all be empty texts, but no file of a compressed format is.
        if self.staged.len() > 0 || extent.raw_bytes == 0 {
            self.compress(job, bench);
        }
        let checksum = self.checksum.value();
        let spool = self.has_bytes.then(|| self.compressed.finish(checksum));
        Some(EncodedBatch { extent, level: self.level, spool })
    }

    fn compress(&mut self, job: &CompiledJob, bench: &mut Bench) {
        if !self.has_bytes {
            return;
        }
        let compression = job.compression();
        let (level, compressed) = (self.level, &mut self.compressed);
        let checksum = &mut self.checksum;
        let Bench { press, gathered, .. } = bench;
        let pushed = self.staged.with_bytes(gathered, |bytes| {
            let member = press.member(compression, level, bytes)?;
            checksum.add(member);
            compressed.end().extend_from_slice(member);
            compressed.settle()
        });
        match pushed {
            // One frame of extreme expansion must not keep its memory for the whole batch.
            Ok(Ok(())) => self.staged.clear(2 * GZIP_MEMBER_BYTES),
            Ok(Err(_)) => self.give_up_bytes(),
            Err(error) => {
                warn_of(&error);
                self.give_up_bytes();
            }
        }
        bench.shrink();
    }

    fn settle(&mut self) {
        if !self.has_bytes {
            self.staged.end().clear();
        } else if self.staged.settle().is_err() {
            self.give_up_bytes();
        }
    }

    /// Goes on without bytes: there is no room for them.
    fn give_up_bytes(&mut self) {
        self.has_bytes = false;
        self.staged.clear(0);
        self.compressed.clear(0);
    }
}

fn warn_of(error: &io::Error) {
    tracing::warn!(%error, "cannot read the spool; the batch is encoded again later");
}
