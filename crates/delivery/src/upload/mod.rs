//! Delivers one sealed batch: uploads it until the store has taken it, then settles it.
//!
//! ```text
//!            ┌── held: the bucket is known to fail; another batch probes it
//!  attempt ──┼── failed: told on the job, tried again after a wait
//!     ▲      └── stored ──► uploads left open are aborted ──► settled
//!     └──────────────┘
//! ```
//!
//! **Rules.** No error gives up a batch: only its frames' expiry does. What may have happened is
//! taken down before a request is sent ([`Upload`]), so that an upload may be dropped at any await. A wait ends
//! when the batch is to be left; a request under way gets some seconds more.

mod abandon;
mod attempt;
mod error;
mod leftovers;
mod parts;
mod settle;
mod standing;

use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use model::Batch;
use model::destination::Destination;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::lane::JobPlan;
use crate::progress::LaneProgress;
use crate::protocol::seal::{Leftover, Order, Way};
use crate::protocol::upload::Upload;
use crate::room::Room;
use crate::spool::FinishedSpool;

pub(crate) use error::AttemptError;
pub(crate) use leftovers::look_after_leftovers;

/// How long a request under way may go on after its batch was to be left.
const GRACE: Duration = Duration::from_secs(5);
/// How long the store may take to tell what stands at a key, or to abort an upload.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A batch that stands in the ledger and is to be uploaded.
#[derive(Debug)]
pub(crate) struct SealedBatch {
    pub(crate) batch: Batch,
    pub(crate) plan: Arc<JobPlan>,
    /// Where it goes: the place of the batch's revision, by today's keys.
    pub(crate) destination: Destination,
    /// Its bytes; without them it is encoded again.
    pub(crate) spool: Option<FinishedSpool>,
    /// Whether it goes to a place that its job has left: the lane goes on without it.
    pub(crate) is_stranded: bool,
    /// How far its upload has come.
    pub(crate) upload: Upload,
}

impl SealedBatch {
    pub(crate) const fn way(&self) -> Way {
        if self.is_stranded { Way::Stranded } else { Way::Current }
    }

    pub(crate) fn left(&self) -> Leftover {
        Leftover {
            range: self.batch.range,
            maybe_visible: self.upload.maybe_visible(),
            failed: self.upload.has_failed(),
        }
    }
}

/// What has become of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    Delivered,
    Left(Leftover),
}

/// A batch on its way to the store.
#[derive(Debug)]
struct Delivering {
    room: Arc<Room>,
    progress: Arc<LaneProgress>,
    gate: Arc<Gate>,
    to: Arc<Destination>,
    sealed: SealedBatch,
    orders: watch::Receiver<Order>,
    /// What the batch was last told to wait for because of others.
    held_for: Option<String>,
}

/// Uploads `sealed` until the store has taken it or the order says to leave it.
pub(crate) async fn deliver(
    room: Arc<Room>,
    progress: Arc<LaneProgress>,
    sealed: SealedBatch,
    orders: watch::Receiver<Order>,
) -> Outcome {
    let delivering = Delivering {
        gate: room.gates.gate(&sealed.destination),
        to: Arc::new(sealed.destination.clone()),
        room,
        progress,
        sealed,
        orders,
        held_for: None,
    };
    delivering.run().await
}

impl Delivering {
    async fn run(mut self) -> Outcome {
        loop {
            let too_late = leaving(self.orders.clone());
            let too_late = async {
                too_late.await;
                sleep(GRACE).await;
            };
            let attempt = self.attempt_and_settle();
            let attempted = tokio::select! {
                biased;
                attempted = attempt => attempted,
                () = too_late => Err(AttemptError::Left),
            };
            let error = match attempted {
                Ok(()) => return Outcome::Delivered,
                Err(AttemptError::Left) => return Outcome::Left(self.sealed.left()),
                Err(error) => error,
            };
            // What fails must not take the room of what does not: it is encoded again.
            self.sealed.spool.take_if(|spool| spool.is_in_the_way());
            let is_left = if let AttemptError::Held(held) = error {
                self.sealed.upload.held();
                self.report_held(&held).await;
                is_first(leaving(self.orders.clone()), self.gate.wait(&self.to)).await
            } else {
                self.held_for = None;
                let wait = self.wait_after(&error);
                self.report(&error, wait).await;
                is_first(leaving(self.orders.clone()), sleep(wait)).await
            };
            if is_left {
                return Outcome::Left(self.sealed.left());
            }
        }
    }

    /// The wait before the next attempt.
    fn wait_after(&mut self, error: &AttemptError) -> Duration {
        let mut hasher = DefaultHasher::new();
        let batch = &self.sealed.batch;
        (batch.job, batch.partition, batch.range.first).hash(&mut hasher);
        let retry = self.room.settings.retry;
        let wait = self.sealed.upload.failed(retry, error.remedy(), hasher.finish());
        wait.max(error.retry_after())
    }
}

/// Whether `one` is done before `other`.
async fn is_first(one: impl Future<Output = ()>, other: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = one => true,
        () = other => false,
    }
}

/// Returns when uploads are to be left.
async fn leaving(mut orders: watch::Receiver<Order>) {
    if orders.wait_for(|order| !order.uploads()).await.is_err() {
        // Nobody is left to give an order: the last one holds.
        pending::<()>().await;
    }
}
