//! The way to the buckets: how many requests are under way to each, and what is known of it.
//!
//! ```text
//!  a batch ──► is it held? ──► a turn of its bucket ──► a turn over all ──► memory ──► request
//!                  ▲            (fewer after SlowDown)    (or of probes)    and pace      │
//!                  └──────────────── what its outcome tells of the bucket ◄───────────────┘
//! ```
//!
//! **Rules.** A bucket has a share of the turns only, so that one that stalls leaves the others
//! theirs. While a bucket is known to fail, one request at a time probes it, and those probes have
//! turns of their own; all other batches wait for what it brings. A turn that is dropped without
//! an outcome leaves nothing behind.

mod limit;
mod place;
mod trouble;

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use catalog::Capability;
use model::UnixNanos;
use model::destination::Destination;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Settings;
use crate::metrics::UploadMetrics;
use crate::protocol::abandon::Aborting;
use crate::store::{StoreError, StoreErrorKind};

pub(crate) use place::Place;
pub(crate) use trouble::Held;

use limit::{Limit, Slot};
use trouble::{Claim, Look, Troubles};

/// Buckets whose state is kept while nobody sends to them.
const IDLE_GATES_MAX: usize = 1_000;
/// Of all turns, one in so many may probe buckets that fail, beside the others.
const TURNS_PER_PROBE: usize = 4;

/// What the catalogue remembers of a store that does not know guarded writes.
pub(crate) const NO_GUARD: &str = "guarded writes";
/// How long it is remembered: stores learn.
const REMEMBERED_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// All buckets' gates, and what they share.
#[derive(Debug)]
pub(crate) struct Gates {
    shared: Arc<Shared>,
    /// The places of stores that are known not to know guarded writes.
    without_guard: Mutex<HashSet<String>>,
    by_place: Mutex<HashMap<Place, Arc<Gate>>>,
}

/// What all gates share.
#[derive(Debug)]
struct Shared {
    turns: Semaphore,
    probes: Semaphore,
    memory: Semaphore,
    settings: GateSettings,
    metrics: Arc<UploadMetrics>,
}

#[derive(Debug, Clone, Copy)]
struct GateSettings {
    turns_max: usize,
    memory_bytes: u32,
    bytes_per_second: Option<u64>,
    retry: crate::RetrySettings,
}

/// The way to one bucket.
#[derive(Debug)]
pub(crate) struct Gate {
    shared: Arc<Shared>,
    limit: Limit,
    /// No more than half of the memory is in the hands of one bucket.
    memory: Semaphore,
    troubles: Mutex<Troubles>,
    /// Woken when a trouble has ended or has been probed.
    changed: Notify,
    /// When the next byte may go, where there is a limit on bandwidth.
    paced_until: Mutex<Option<Instant>>,
    knows_no_guard: AtomicBool,
    aborting: Mutex<Aborting>,
}

impl Gates {
    pub(crate) fn new(settings: &Settings, metrics: Arc<UploadMetrics>) -> Self {
        let turns = settings.uploads_max.max(1);
        let memory_bytes = u32::try_from(settings.upload_memory_bytes).unwrap_or(u32::MAX).max(2);
        let shared = Shared {
            turns: Semaphore::new(turns),
            probes: Semaphore::new(turns.div_ceil(TURNS_PER_PROBE)),
            memory: Semaphore::new(memory_bytes as usize),
            settings: GateSettings {
                turns_max: settings.uploads_per_destination_max.clamp(1, turns),
                memory_bytes,
                bytes_per_second: settings.destination_bytes_per_second,
                retry: settings.retry,
            },
            metrics,
        };
        Self {
            shared: Arc::new(shared),
            without_guard: Mutex::default(),
            by_place: Mutex::default(),
        }
    }

    /// Begins with what the catalogue remembers.
    pub(crate) fn remember(&self, capabilities: &[Capability], now: UnixNanos) {
        let horizon = now.0.saturating_sub(REMEMBERED_FOR.as_nanos() as i64);
        let without_guard =
            capabilities.iter().filter(|known| known.what == NO_GUARD && known.at.0 >= horizon);
        lock(&self.without_guard).extend(without_guard.map(|known| known.place.clone()));
    }

    /// The gate of the destination's bucket.
    pub(crate) fn gate(&self, to: &Destination) -> Arc<Gate> {
        let place = Place::of(to);
        let mut gates = lock(&self.by_place);
        if let Some(gate) = gates.get(&place) {
            return Arc::clone(gate);
        }
        if gates.len() >= IDLE_GATES_MAX {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let gate = Gate::new(&place, Arc::clone(&self.shared));
        let knows_no_guard = lock(&self.without_guard).contains(&place.to_string());
        gate.knows_no_guard.store(knows_no_guard, Ordering::Relaxed);
        let gate = Arc::new(gate);
        gates.insert(place, Arc::clone(&gate));
        gate
    }
}

impl Gate {
    fn new(place: &Place, shared: Arc<Shared>) -> Self {
        let settings = shared.settings;
        Self {
            limit: Limit::new(settings.turns_max),
            memory: Semaphore::new(settings.memory_bytes.div_ceil(2) as usize),
            troubles: Mutex::new(Troubles::new(place, settings.retry)),
            changed: Notify::new(),
            paced_until: Mutex::default(),
            knows_no_guard: AtomicBool::new(false),
            aborting: Mutex::default(),
            shared,
        }
    }

    /// Waits for a turn. At once, and without one, where the bucket is known to fail and others
    /// find out whether it still does.
    pub(crate) async fn enter<'g>(&'g self, to: &'g Destination) -> Result<Turn<'g>, Held> {
        if let Some(held) = self.held(to) {
            return Err(held);
        }
        let slot = self.limit.acquire().await;
        let claim = match lock(&self.troubles).claim(to) {
            Look::Held(held) => return Err(held),
            Look::Probe(claim) => Some(claim),
            Look::Free => None,
        };
        let (permits, began) = (Vec::new(), Instant::now());
        let after_denial = false;
        let mut turn =
            Turn { gate: self, to, claim, _slot: slot, permits, after_denial, bytes: 0, began };
        let pool = match turn.claim {
            Some(_) => &self.shared.probes,
            None => &self.shared.turns,
        };
        turn.permits.push(permit(pool, 1).await);
        turn.begin();
        Ok(turn)
    }

    /// Waits until a batch that was held may ask again.
    pub(crate) async fn wait(&self, to: &Destination) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let look = lock(&self.troubles).look(to);
            match look {
                Look::Held(Held { until: Some(until), .. }) => {
                    // An error means that the time has come.
                    let _ = timeout_at(until, changed).await;
                }
                Look::Held(Held { until: None, .. }) => changed.await,
                Look::Free | Look::Probe(_) => return,
            }
        }
    }

    /// Whether the bucket's troubles are worth a probe at once, say because its job has changed.
    pub(crate) fn encourage(&self, to: &Destination) {
        lock(&self.troubles).encourage(to);
        self.changed.notify_waiters();
    }

    /// Why a request would be held, if it would.
    pub(crate) fn held(&self, to: &Destination) -> Option<Held> {
        match lock(&self.troubles).look(to) {
            Look::Held(held) => Some(held),
            Look::Free | Look::Probe(_) => None,
        }
    }

    /// Whether the store is known not to know guarded writes.
    pub(crate) fn knows_no_guard(&self) -> bool {
        self.knows_no_guard.load(Ordering::Relaxed)
    }

    /// Notes that the store does not know guarded writes; says whether that is new.
    pub(crate) fn note_no_guard(&self) -> bool {
        !self.knows_no_guard.swap(true, Ordering::Relaxed)
    }

    /// What is known of the bucket's letting uploads be aborted.
    pub(crate) fn aborting(&self) -> MutexGuard<'_, Aborting> {
        lock(&self.aborting)
    }

    /// The moment from which so many bytes may be sent.
    fn pace(&self, bytes: u64) -> Option<Instant> {
        let rate = self.shared.settings.bytes_per_second.filter(|&rate| rate > 0)?;
        let mut until = lock(&self.paced_until);
        let now = Instant::now();
        let start = until.map_or(now, |until| until.max(now));
        *until = Some(start + Duration::from_secs_f64(bytes as f64 / rate as f64));
        Some(start)
    }
}

/// The right to send one request.
#[derive(Debug)]
pub(crate) struct Turn<'g> {
    gate: &'g Gate,
    to: &'g Destination,
    /// The troubles that this request probes.
    claim: Option<Claim>,
    _slot: Slot<'g>,
    permits: Vec<SemaphorePermit<'g>>,
    /// Whether an abort was denied before it began.
    after_denial: bool,
    /// What it carries.
    bytes: u64,
    began: Instant,
}

impl Turn<'_> {
    /// Waits until so many bytes may be held in memory and sent.
    pub(crate) async fn carry(&mut self, bytes: u64) {
        let gate = self.gate;
        let share = gate.shared.settings.memory_bytes / 2;
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX).min(share);
        self.permits.push(permit(&gate.memory, permits).await);
        self.permits.push(permit(&gate.shared.memory, permits).await);
        if let Some(start) = gate.pace(bytes) {
            sleep_until(start).await;
        }
        self.bytes = bytes;
        self.begin();
    }

    /// The request is sent now.
    fn begin(&mut self) {
        self.began = Instant::now();
        self.after_denial = self.gate.aborting().is_denied();
    }

    /// Learns what the request's outcome tells of the bucket.
    pub(crate) fn end<T>(&mut self, outcome: &Result<T, StoreError>) {
        let gate = self.gate;
        let claim = self.claim.take();
        if outcome.is_ok() {
            gate.aborting().written(self.after_denial);
        }
        gate.shared.metrics.requested(outcome.as_ref().err(), self.bytes);
        let has_changed = match outcome {
            Ok(_) => {
                gate.limit.raise();
                lock(&gate.troubles).passed(self.to, claim)
            }
            Err(error) => {
                if error.kind == StoreErrorKind::SlowDown {
                    gate.limit.lower(self.began);
                }
                lock(&gate.troubles).failed(self.to, error, claim)
            }
        };
        if has_changed {
            gate.changed.notify_waiters();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            lock(&self.gate.troubles).give_back(claim);
            self.gate.changed.notify_waiters();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn permit(semaphore: &Semaphore, permits: u32) -> SemaphorePermit<'_> {
    semaphore.acquire_many(permits).await.expect("the gates' semaphores are never closed")
}

#[cfg(test)]
mod tests;
