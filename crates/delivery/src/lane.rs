//! One job on one partition: what it has read, the batch it is filling, and where closed batches
//! go. Which ranges they have is decided by [`Reading`].

use std::sync::Arc;

use journal::Frame;
use model::compiled_job::CompiledJob;
use model::output::Compression;
use model::record::Scanner;
use model::sample::RecordPosition;
use model::{BatchLimits, JobId, Offset, OffsetRange, Partition, Revision, Scope};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::level::{LevelInForce, Pace};
use crate::merging::MergingDecoder;
use crate::open_batch::{EncodedBatch, OpenBatch};
use crate::progress::LaneProgress;
use crate::protocol::cut::{Cut, Extent};
use crate::protocol::plan::Reading;
use crate::spool::SpoolSpace;
use crate::store::Content;
use crate::workers::Bench;

/// One revision of a job, ready to work by.
#[derive(Debug)]
pub(crate) struct JobPlan {
    pub(crate) id: JobId,
    pub(crate) revision: Revision,
    pub(crate) scope: Scope,
    /// The zone's name, where the path names it.
    pub(crate) zone: Option<String>,
    pub(crate) compiled: CompiledJob,
    /// When its batches close.
    pub(crate) limits: BatchLimits,
    pub(crate) level: LevelInForce,
}

impl JobPlan {
    /// What the job's objects hold.
    pub(crate) fn content(&self) -> Content {
        match self.compiled.compression() {
            Compression::Gzip => Content::Gzip,
            Compression::Zstd => Content::Zstd,
        }
    }

    fn cut(&self) -> Cut {
        let boundary = self.compiled.destination().path.boundary();
        Cut { limits: self.limits, boundary }
    }
}

/// A batch on its way to the publisher, who seals it.
#[derive(Debug)]
pub(crate) struct ClosedBatch {
    pub(crate) plan: Arc<JobPlan>,
    pub(crate) range: OffsetRange,
    pub(crate) encoded: EncodedBatch,
}

/// One job on one partition.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) plan: Arc<JobPlan>,
    pub(crate) partition: Partition,
    pub(crate) reading: Reading,
    pub(crate) progress: Arc<LaneProgress>,
    /// What reads frames, where the job takes records other than as they are.
    merging: Option<MergingDecoder>,
    open: OpenBatch,
    close_at: Option<Instant>,
    space: Arc<SpoolSpace>,
    publisher: mpsc::UnboundedSender<ClosedBatch>,
    /// Gives the lane back to whoever asked for it.
    home: Option<oneshot::Sender<Lane>>,
}

impl Lane {
    pub(crate) fn new(
        plan: Arc<JobPlan>,
        partition: Partition,
        cursor: Offset,
        ends: LaneEnds,
    ) -> Self {
        Self {
            merging: MergingDecoder::new(&plan),
            open: OpenBatch::new(&plan.compiled, &ends.space),
            plan,
            partition,
            reading: Reading::new(cursor),
            progress: ends.progress,
            close_at: None,
            space: ends.space,
            publisher: ends.publisher,
            home: Some(ends.home),
        }
    }

    /// When the open batch has to close, if there is one.
    pub(crate) fn close_at(&self) -> Option<Instant> {
        self.close_at
    }

    /// The first frame that was not read for this lane.
    pub(crate) fn position(&self) -> Offset {
        self.reading.position()
    }

    /// Whether the lane is to be given back.
    pub(crate) fn is_recalled(&self) -> bool {
        self.progress.is_recalled()
    }

    /// Gives the lane back to its owner, who recalled it.
    pub(crate) fn go_home(mut self) {
        if let Some(home) = self.home.take() {
            // Where nobody waits any more the lane ends here; its records stay in the journal.
            let _ = home.send(self);
        }
    }

    /// Encodes a record of the frame that is being read, where the job lets it through. A lane that
    /// merges reads the whole frame at its end instead.
    pub(crate) fn encode(&mut self, scanner: &Scanner, line: &[u8], at: RecordPosition) {
        if self.merging.is_none() {
            self.open.encode(&self.plan.compiled, scanner, line, at);
        }
    }

    /// Ends a frame of the lane's scope and dataset, whose records have been encoded.
    pub(crate) fn end_frame(&mut self, frame: &Frame, pace: Pace, bench: &mut Bench) {
        if let Some(merging) = &mut self.merging {
            let (job, open) = (&self.plan.compiled, &mut self.open);
            merging.decode(frame, self.partition, |scanner, line, at| {
                open.encode(job, scanner, line, at);
            });
        }
        if let Some(extent) = self.open.frame_extent(frame.arrival) {
            self.take(frame.offset, &extent, pace, bench);
        }
        self.reading.read_to(frame.offset.next());
    }

    fn take(&mut self, offset: Offset, frame: &Extent, pace: Pace, bench: &mut Bench) {
        let cut = self.plan.cut();
        let mut frame = *frame;
        if let Some(range) = self.reading.arrives(cut, offset, &frame) {
            let mut next = OpenBatch::new(&self.plan.compiled, &self.space);
            frame = self.open.move_frame(&self.plan.compiled, &frame, &mut next);
            let full = std::mem::replace(&mut self.open, next);
            self.send(full, range, bench);
        }
        if self.open.extent().is_none() {
            self.close_at = Some(Instant::now() + cut.longest_open());
        }
        let job = &self.plan.compiled;
        self.open.take_frame(job, &frame, self.plan.level.get().at(pace));
        self.open.compress_full_member(job, bench);
        if let Some(open) = self.open.extent() {
            self.progress.opened(open);
            if let Some(range) = self.reading.takes(cut, offset, open) {
                self.send_open(range, bench);
            }
        }
    }

    /// Closes the open batch, if there is one, so that it ends before `next`.
    pub(crate) fn close(&mut self, next: Offset, bench: &mut Bench) {
        if let Some(range) = self.reading.close(next) {
            self.send_open(range, bench);
        }
    }

    fn send_open(&mut self, range: OffsetRange, bench: &mut Bench) {
        let new = OpenBatch::new(&self.plan.compiled, &self.space);
        let open = std::mem::replace(&mut self.open, new);
        self.send(open, range, bench);
    }

    fn send(&mut self, open: OpenBatch, range: OffsetRange, bench: &mut Bench) {
        self.close_at = None;
        let Some(encoded) = open.close(&self.plan.compiled, bench) else { return };
        self.progress.closed(range.first, &encoded.extent);
        // A publisher that is gone has left the lane to be recalled; the journal has the records.
        let _ = self.publisher.send(ClosedBatch { plan: Arc::clone(&self.plan), range, encoded });
    }
}

/// What ties a lane to the rest of the room.
#[derive(Debug)]
pub(crate) struct LaneEnds {
    pub(crate) progress: Arc<LaneProgress>,
    pub(crate) space: Arc<SpoolSpace>,
    pub(crate) publisher: mpsc::UnboundedSender<ClosedBatch>,
    pub(crate) home: oneshot::Sender<Lane>,
}
