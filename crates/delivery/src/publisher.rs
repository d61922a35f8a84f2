//! Seals a lane's closed batches in the ledger, in order, and has them uploaded.
//!
//! ```text
//!   closed ──seal──► sealed ──upload──► visible ──settle──► delivered
//!             │                  │
//!        in the ledger     again and again, at the same key with the same bytes,
//!        before anything   until the store has taken it
//!        is visible
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::CatalogError;
use model::object_key::{ObjectIdentity, ObjectNaming, object_key};
use model::{Batch, JobId, Offset, Partition};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::lane::ClosedBatch;
use crate::progress::LaneProgress;
use crate::protocol::seal::{AfterSeal, Going, Leftover, Order, Publishing, SealAnswer, Way};
use crate::protocol::upload::Upload;
use crate::room::Room;
use crate::upload::{Outcome, SealedBatch, deliver};

/// Seals and uploads the batches of one lane.
#[derive(Debug)]
pub(crate) struct Publisher {
    room: Arc<Room>,
    job: JobId,
    partition: Partition,
    progress: Arc<LaneProgress>,
    inbox: mpsc::UnboundedReceiver<ClosedBatch>,
    orders: watch::Receiver<Order>,
    publishing: Publishing,
    /// Sealed batches that wait for their upload.
    waiting: BTreeMap<Offset, SealedBatch>,
    uploads: JoinSet<Outcome>,
    /// Of batches that go to a place that the job has left.
    stranded: JoinSet<Outcome>,
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
        let ways = recovered.iter().map(|sealed| (sealed.batch.range.first, sealed.way()));
        Self {
            room,
            job: progress.job,
            partition: progress.partition,
            progress,
            inbox,
            orders,
            publishing: Publishing::new(ways),
            waiting: recovered.into_iter().map(|one| (one.batch.range.first, one)).collect(),
            uploads: JoinSet::new(),
            stranded: JoinSet::new(),
            leftovers: Vec::new(),
        }
    }

    fn hear_order(&mut self) {
        let order = *self.orders.borrow_and_update();
        self.publishing.ordered(order);
    }

    /// Works until the lane is gone and the order is carried out; gives what is undelivered.
    pub(crate) async fn run(mut self) -> Vec<Leftover> {
        loop {
            self.hear_order();
            match self.publishing.going() {
                Going::On => self.start_uploads(),
                Going::Done => break,
                Going::Lost => {
                    self.room.lane_lost.notify_one();
                    return Vec::new();
                }
            }
            tokio::select! {
                biased;
                Some(outcome) = self.uploads.join_next() => self.note(Way::Current, outcome),
                Some(outcome) = self.stranded.join_next() => self.note(Way::Stranded, outcome),
                closed = self.inbox.recv(), if !self.publishing.lane_is_gone() => match closed {
                    Some(closed) => self.seal(closed).await,
                    None => self.publishing.lane_ended(),
                },
                Ok(()) = self.orders.changed() => {}
            }
        }
        self.leftovers.extend(self.waiting.values().map(SealedBatch::left));
        self.leftovers.sort_by_key(|leftover| leftover.range.first);
        self.leftovers
    }

    fn start_uploads(&mut self) {
        while let Some((first, way)) = self.publishing.next_upload() {
            let Some(sealed) = self.waiting.remove(&first) else { continue };
            let (room, progress) = (Arc::clone(&self.room), Arc::clone(&self.progress));
            let uploads = match way {
                Way::Current => &mut self.uploads,
                Way::Stranded => &mut self.stranded,
            };
            uploads.spawn(deliver(room, progress, sealed, self.orders.clone()));
        }
    }

    fn note(&mut self, way: Way, outcome: Result<Outcome, JoinError>) {
        self.publishing.upload_ended(way);
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

    /// Seals a batch, where the order wants it.
    async fn seal(&mut self, closed: ClosedBatch) {
        let batch = self.decide(&closed);
        let first = batch.range.first;
        loop {
            self.hear_order();
            if !self.publishing.seals() {
                return;
            }
            let answer = self.ask_ledger(&batch).await;
            match self.publishing.answered(first, answer) {
                AfterSeal::Uploads => break self.progress.ledger_works(),
                AfterSeal::Again(wait) => sleep(wait).await,
                AfterSeal::Ends => return,
            }
        }
        self.progress.sealed();
        tracing::debug!(
            job = %self.job, key = %batch.key, records = batch.records, "sealed a batch"
        );
        let sealed = SealedBatch {
            batch,
            destination: closed.plan.compiled.destination().clone(),
            plan: closed.plan,
            spool: closed.encoded.spool,
            is_stranded: false,
            upload: Upload::fresh(),
        };
        self.waiting.insert(first, sealed);
    }

    async fn ask_ledger(&self, batch: &Batch) -> SealAnswer {
        match self.room.catalog.seal(batch, self.room.clock.now()).await {
            Ok(()) => SealAnswer::Sealed,
            Err(error) if self.room.heeds(&error) => SealAnswer::Fenced,
            Err(error @ CatalogError::Fenced(_)) => {
                tracing::warn!(job = %self.job, %error, "the lane is fenced; starting it anew");
                SealAnswer::Fenced
            }
            Err(error) => {
                tracing::error!(job = %self.job, %error, "cannot seal a batch; trying again");
                self.progress.ledger_fails(&error, self.room.clock.now());
                SealAnswer::Failed
            }
        }
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
