//! Seals a lane's closed batches in the ledger, in order, and has them uploaded.
//!
//! ```text
//!   closed ──seal──► sealed ──upload──► visible ──settle──► delivered
//!             │                  │
//!        in the ledger     again and again, at the same key with the same bytes,
//!        before anything   until the store has taken it
//!        is visible
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use catalog::CatalogError;
use model::object_key::{ObjectIdentity, ObjectNaming, object_key};
use model::{Batch, JobId, OffsetRange, Partition};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::lane::ClosedBatch;
use crate::progress::LaneProgress;
use crate::room::Room;
use crate::upload::{self, Outcome, SealedBatch, deliver};

/// Uploads of one lane at a time.
const UPLOADS_PER_LANE: usize = 4;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What a publisher is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Seal and upload.
    Work,
    /// Seal and upload what has been closed, then end.
    Drain,
    /// Seal what has been closed, begin no further attempt, then end.
    Seal,
    /// Seal nothing more, begin no further attempt, then end. What is not sealed will be read
    /// from the journal again.
    Drop,
}

impl Order {
    pub(crate) const fn seals(self) -> bool {
        !matches!(self, Self::Drop)
    }

    pub(crate) const fn uploads(self) -> bool {
        matches!(self, Self::Work | Self::Drain)
    }
}

/// A sealed batch that a publisher left undelivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) range: OffsetRange,
    /// Whether its object may be visible all the same.
    pub(crate) maybe_visible: bool,
    /// Whether an attempt has failed.
    pub(crate) failed: bool,
}

/// Batches that wait for their upload, and uploads that run.
#[derive(Debug)]
struct Uploads {
    waiting: VecDeque<SealedBatch>,
    running: JoinSet<Outcome>,
    running_max: usize,
}

impl Uploads {
    fn new(waiting: Vec<SealedBatch>, running_max: usize) -> Self {
        Self { waiting: waiting.into(), running: JoinSet::new(), running_max }
    }
}

/// Seals and uploads the batches of one lane.
#[derive(Debug)]
pub(crate) struct Publisher {
    room: Arc<Room>,
    job: JobId,
    partition: Partition,
    progress: Arc<LaneProgress>,
    inbox: mpsc::UnboundedReceiver<ClosedBatch>,
    orders: watch::Receiver<Order>,
    uploads: Uploads,
    /// Of batches that go to a place that the job has left.
    stranded: Uploads,
    leftovers: Vec<Leftover>,
}

impl Publisher {
    /// A publisher that begins with batches that were sealed before.
    pub(crate) fn new(
        room: Arc<Room>,
        progress: Arc<LaneProgress>,
        inbox: mpsc::UnboundedReceiver<ClosedBatch>,
        orders: watch::Receiver<Order>,
        recovered: Vec<SealedBatch>,
    ) -> Self {
        let (stranded, recovered) = recovered.into_iter().partition(|sealed| sealed.is_stranded);
        Self {
            room,
            job: progress.job,
            partition: progress.partition,
            progress,
            inbox,
            orders,
            uploads: Uploads::new(recovered, UPLOADS_PER_LANE),
            // They go to several places: those of one must not wait for those of another.
            stranded: Uploads::new(stranded, usize::MAX),
            leftovers: Vec::new(),
        }
    }

    fn order(&mut self) -> Order {
        *self.orders.borrow_and_update()
    }

    /// Works until the lane is gone and the order is carried out; gives what is undelivered.
    pub(crate) async fn run(mut self) -> Vec<Leftover> {
        let mut lane_is_gone = false;
        loop {
            self.start_uploads();
            let order = self.order();
            let is_done = |uploads: &Uploads| {
                uploads.running.is_empty() && (uploads.waiting.is_empty() || !order.uploads())
            };
            if lane_is_gone && is_done(&self.uploads) && is_done(&self.stranded) {
                break;
            }
            tokio::select! {
                biased;
                Some(outcome) = self.uploads.running.join_next() => self.note(outcome),
                Some(outcome) = self.stranded.running.join_next() => self.note(outcome),
                closed = self.inbox.recv(), if !lane_is_gone => match closed {
                    Some(closed) => lane_is_gone = !self.seal(closed).await,
                    None => lane_is_gone = true,
                },
                Ok(()) = self.orders.changed() => {}
            }
            if lane_is_gone && self.order() == Order::Work {
                // Nobody recalled the lane: it was lost. What is sealed waits in the ledger.
                self.room.lane_lost.notify_one();
                return Vec::new();
            }
        }
        let waiting = self.stranded.waiting.iter().chain(&self.uploads.waiting);
        self.leftovers.extend(waiting.map(SealedBatch::left));
        self.leftovers.sort_by_key(|leftover| leftover.range.first);
        self.leftovers
    }

    fn start_uploads(&mut self) {
        if !self.order().uploads() {
            return;
        }
        for uploads in [&mut self.uploads, &mut self.stranded] {
            while uploads.running.len() < uploads.running_max {
                let Some(sealed) = uploads.waiting.pop_front() else { break };
                let (room, progress) = (Arc::clone(&self.room), Arc::clone(&self.progress));
                uploads.running.spawn(deliver(room, progress, sealed, self.orders.clone()));
            }
        }
    }

    fn note(&mut self, outcome: Result<Outcome, tokio::task::JoinError>) {
        match outcome {
            Ok(Outcome::Delivered) => {}
            Ok(Outcome::Left(leftover)) => self.leftovers.push(leftover),
            Err(error) => {
                // The batch stays sealed in the ledger; a restart of the lane takes it up again.
                tracing::error!(job = %self.job, %error, "an upload panicked; this is a bug");
                self.room.lane_lost.notify_one();
            }
        }
    }

    /// Seals a batch; `false` where the lane cannot go on.
    async fn seal(&mut self, closed: ClosedBatch) -> bool {
        if !self.order().seals() {
            return true;
        }
        let batch = self.decide(&closed);
        loop {
            match self.room.catalog.seal(&batch, self.room.clock.now()).await {
                Ok(()) => break,
                Err(error @ CatalogError::Fenced(_)) => {
                    tracing::warn!(job = %self.job, %error, "the lane is fenced; starting it anew");
                    return false;
                }
                Err(error) => {
                    tracing::error!(job = %self.job, %error, "cannot seal a batch; trying again");
                    sleep(PAUSE_AFTER_ERROR).await;
                    if !self.order().seals() {
                        return true;
                    }
                }
            }
        }
        self.progress.sealed();
        tracing::debug!(
            job = %self.job, key = %batch.key, records = batch.records, "sealed a batch"
        );
        let destination = closed.plan.compiled.destination().clone();
        self.uploads.waiting.push_back(SealedBatch {
            batch,
            plan: closed.plan,
            destination,
            spool: closed.encoded.spool,
            maybe_visible: false,
            failed: false,
            is_stranded: false,
            uploads: upload::Uploads::default(),
        });
        true
    }

    /// The ledger's entry for a closed batch.
    fn decide(&self, closed: &ClosedBatch) -> Batch {
        let extent = closed.encoded.extent;
        let plan = &closed.plan;
        let key = object_key(
            &plan.compiled.destination().path,
            &ObjectNaming {
                start: extent.start,
                end: extent.end,
                dataset: &plan.compiled.dataset().name,
                zone: plan.zone.as_deref(),
                compression: plan.compiled.compression(),
            },
            ObjectIdentity {
                installation: self.room.catalog.installation(),
                job: self.job,
                partition: self.partition,
                first: closed.range.first,
            },
        );
        Batch {
            job: self.job,
            revision: plan.revision,
            partition: self.partition,
            range: closed.range,
            key,
            start: extent.start,
            end: extent.end,
            records: extent.records,
            raw_bytes: extent.raw_bytes,
            gzip_level: closed.encoded.level,
        }
    }
}
