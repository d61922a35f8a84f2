//! How far a lane and its publisher have come, shared between them and with whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::CatalogError;
use model::{JobId, Offset, Partition, UnixNanos};
use tokio::sync::Notify;

use crate::protocol::cut::Extent;
use crate::status::Retrying;
use crate::totals::JobTotals;
use crate::upload::SealedBatch;

/// What a customer is told while the ledger does not take a batch.
const LEDGER_FAILS: &str =
    "the service cannot note down what it delivers; it tries again by itself";

/// How far one lane has come.
#[derive(Debug)]
pub(crate) struct LaneProgress {
    pub(crate) job: JobId,
    pub(crate) partition: Partition,
    pub(crate) totals: Arc<JobTotals>,
    recalled: AtomicBool,
    catching_up: AtomicBool,
    /// Woken when the lane is recalled or its backlog shrinks.
    pub(crate) changed: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Start and records of the open batch.
    open: Option<Extent>,
    /// Closed batches that are not delivered, by the first frame of their range.
    waiting: BTreeMap<Offset, Extent>,
    /// Those of them that go to a place that the job has left.
    stranded: BTreeSet<Offset>,
    /// How many of them are not sealed.
    unsealed: usize,
    retrying: Option<Retrying>,
    ledger: Option<LedgerTrouble>,
    /// The first frame that was not read.
    position: Offset,
}

/// The ledger that does not take what the lane has to note there.
#[derive(Debug, Clone)]
struct LedgerTrouble {
    /// Why, in words for the operator.
    error: String,
    retrying: Retrying,
}

/// What is known of a lane at a moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) pending_records: u64,
    pub(crate) pending_bytes: u64,
    pub(crate) oldest_pending: Option<UnixNanos>,
    pub(crate) retrying: Option<Retrying>,
    pub(crate) position: Offset,
}

impl LaneProgress {
    pub(crate) fn new(
        job: JobId,
        partition: Partition,
        cursor: Offset,
        totals: Arc<JobTotals>,
    ) -> Self {
        let state = State { position: cursor, ..State::default() };
        Self {
            job,
            partition,
            totals,
            recalled: AtomicBool::new(false),
            catching_up: AtomicBool::new(false),
            changed: Notify::new(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn recall(&self) {
        self.recalled.store(true, Ordering::Release);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::Acquire)
    }

    pub(crate) fn catches_up(&self, on_its_own: bool) {
        self.catching_up.store(on_its_own, Ordering::Release);
    }

    /// Whether the lane reads on its own, behind its partition's reader.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.catching_up.load(Ordering::Acquire)
    }

    pub(crate) fn opened(&self, extent: &Extent) {
        self.state().open = Some(*extent);
    }

    pub(crate) fn closed(&self, first: Offset, extent: &Extent) {
        let mut state = self.state();
        state.open = None;
        state.unsealed += 1;
        state.waiting.insert(first, *extent);
    }

    /// A batch that was sealed before the lane started waits for its delivery.
    pub(crate) fn recovered(&self, sealed: &SealedBatch) {
        let batch = &sealed.batch;
        let extent = Extent {
            start: batch.start,
            end: batch.end,
            records: batch.records,
            raw_bytes: batch.raw_bytes,
        };
        let mut state = self.state();
        state.waiting.insert(batch.range.first, extent);
        if sealed.is_stranded {
            state.stranded.insert(batch.range.first);
        }
    }

    pub(crate) fn sealed(&self) {
        self.state().unsealed -= 1;
    }

    pub(crate) fn delivered(&self, first: Offset) {
        let mut state = self.state();
        state.waiting.remove(&first);
        state.stranded.remove(&first);
        state.retrying = None;
        drop(state);
        self.changed.notify_one();
    }

    /// An upload failed, or waits for others; says whether that was known already.
    pub(crate) fn retrying(&self, retrying: Retrying) -> bool {
        let mut state = self.state();
        let earlier = state.retrying.as_ref();
        let is_known = earlier.is_some_and(|earlier| earlier.message == retrying.message);
        let since = earlier.map_or(retrying.since, |earlier| earlier.since);
        state.retrying = Some(Retrying { since, ..retrying });
        is_known
    }

    /// The ledger did not take something of the lane's; it is tried again in a moment.
    pub(crate) fn ledger_fails(&self, error: &CatalogError, now: UnixNanos) {
        let mut state = self.state();
        let since = state.ledger.as_ref().map_or(now, |earlier| earlier.retrying.since);
        let message = LEDGER_FAILS.to_owned();
        let retrying = Retrying { message, since, next: now };
        state.ledger = Some(LedgerTrouble { error: error.to_string(), retrying });
    }

    /// The ledger took something of the lane's.
    pub(crate) fn ledger_works(&self) {
        self.state().ledger = None;
    }

    /// Why the ledger does not take what the lane has to note, where it does not.
    pub(crate) fn ledger_trouble(&self) -> Option<String> {
        self.state().ledger.as_ref().map(|trouble| trouble.error.clone())
    }

    pub(crate) fn read_to(&self, position: Offset) {
        let mut state = self.state();
        state.position = state.position.max(position);
    }

    /// Closed batches that are not sealed yet.
    pub(crate) fn unsealed(&self) -> usize {
        self.state().unsealed
    }

    /// Closed batches that are not delivered yet.
    pub(crate) fn undelivered(&self) -> usize {
        self.state().waiting.len()
    }

    /// Those of them that the lane waits for: a place that the job has left may never take what
    /// is stranded there, and must not hold up what goes to the new one.
    pub(crate) fn backlog(&self) -> usize {
        let state = self.state();
        state.waiting.len() - state.stranded.len()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.state();
        let ledger = state.ledger.as_ref().map(|trouble| &trouble.retrying);
        let extents = || state.waiting.values().chain(&state.open);
        Snapshot {
            pending_records: extents().map(|extent| extent.records).sum(),
            pending_bytes: extents().map(|extent| extent.raw_bytes).sum(),
            oldest_pending: extents().map(|extent| extent.start).min(),
            retrying: ledger.or(state.retrying.as_ref()).cloned(),
            position: state.position,
        }
    }
}
