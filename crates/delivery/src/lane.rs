//! One job on one partition: what it has read, the batch it is filling, and where closed batches
//! go.
//!
//! A lane's batches stand end to end: each begins where the one before it ended or where the
//! ledger's cursor was passed on to. What lies between two of them held nothing for the job.

use std::sync::Arc;

use journal::Frame;
use model::compiled_job::CompiledJob;
use model::{JobId, Offset, OffsetRange, Partition, Revision, Scope};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::cut::Cut;
use crate::open_batch::{EncodedBatch, EncodedFrame, OpenBatch};
use crate::progress::LaneProgress;
use crate::spool::SpoolBudget;
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
    pub(crate) gzip_level: u8,
}

impl JobPlan {
    fn cut(&self) -> Cut {
        let boundary = self.compiled.destination().path.boundary();
        Cut { limits: self.compiled.limits(), boundary }
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
    /// Where the next batch begins: the ledger's cursor once everything sent is sealed.
    pub(crate) cursor: Offset,
    /// The first frame that was not read for this lane.
    pub(crate) position: Offset,
    pub(crate) progress: Arc<LaneProgress>,
    open: Option<OpenBatch>,
    close_at: Option<Instant>,
    budget: Arc<SpoolBudget>,
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
            plan,
            partition,
            cursor,
            position: cursor,
            progress: ends.progress,
            open: None,
            close_at: None,
            budget: ends.budget,
            publisher: ends.publisher,
            home: Some(ends.home),
        }
    }

    /// When the open batch has to close, if there is one.
    pub(crate) fn close_at(&self) -> Option<Instant> {
        self.close_at
    }

    /// Whether nothing is open and everything sent is sealed, so that the ledger's cursor stands
    /// at `self.cursor`.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_none() && self.progress.unsealed() == 0
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

    /// Reads one frame of the lane's scope and dataset.
    pub(crate) fn read_frame(
        &mut self,
        frame: &Frame,
        encoded: Option<&EncodedFrame<'_>>,
        bench: &mut Bench,
    ) {
        if let Some(encoded) = encoded {
            self.take(frame.offset, encoded, bench);
        }
        self.position = frame.offset.next();
    }

    fn take(&mut self, offset: Offset, frame: &EncodedFrame<'_>, bench: &mut Bench) {
        let cut = self.plan.cut();
        if self.open.as_ref().is_some_and(|open| cut.before(open.extent(), &frame.extent())) {
            self.close(offset, bench);
        }
        let job = &self.plan.compiled;
        match &mut self.open {
            Some(open) => open.add(job, frame),
            None => {
                let level = self.plan.gzip_level;
                self.open = Some(OpenBatch::begin(job, level, &self.budget, frame));
                self.close_at = Some(Instant::now() + cut.longest_open());
            }
        }
        if let Some(open) = &mut self.open {
            open.compress_full_member(bench);
            self.progress.opened(open.extent());
            if cut.after(open.extent()) {
                self.close(offset.next(), bench);
            }
        }
    }

    /// Closes the open batch, if there is one, so that it ends before `next`.
    pub(crate) fn close(&mut self, next: Offset, bench: &mut Bench) {
        let Some(open) = self.open.take() else { return };
        self.close_at = None;
        let range = OffsetRange::new(self.cursor, next);
        let encoded = open.close(&self.plan.compiled, bench);
        self.progress.closed(range.first, &encoded.extent);
        self.cursor = next;
        // A publisher that is gone has left the lane to be recalled; the journal has the records.
        let _ = self.publisher.send(ClosedBatch { plan: Arc::clone(&self.plan), range, encoded });
    }
}

/// What ties a lane to the rest of the room.
#[derive(Debug)]
pub(crate) struct LaneEnds {
    pub(crate) progress: Arc<LaneProgress>,
    pub(crate) budget: Arc<SpoolBudget>,
    pub(crate) publisher: mpsc::UnboundedSender<ClosedBatch>,
    pub(crate) home: oneshot::Sender<Lane>,
}
