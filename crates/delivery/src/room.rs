//! What all tasks of delivery share.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use catalog::{Catalog, CatalogError};
use journal::{Clock, Frame, Journal, Retention};
use model::{JobId, Offset, UnixNanos};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use crate::gate::Gates;
use crate::level::{LevelInForce, Pace};
use crate::metrics::UploadMetrics;
use crate::protocol::doubt::Doubt;
use crate::route::{Route, RouteKey};
use crate::spool::SpoolSpace;
use crate::store::Store;
use crate::totals::JobTotals;
use crate::workers::{Bench, Workers};
use crate::{Parts, Settings, Tuning};

/// Batches that are encoded again at a time.
const ENCODINGS_MAX: usize = 4;
/// Lanes that read on their own at a time. Each holds the frames of one read of the journal.
const CATCH_UPS_MAX: usize = 4;

/// What all tasks of delivery share.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) settings: Settings,
    pub(crate) parts: Parts,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) workers: Workers,
    pub(crate) space: Arc<SpoolSpace>,
    pub(crate) level: LevelInForce,
    retention: Mutex<Retention>,
    pub(crate) gates: Gates,
    pub(crate) metrics: Arc<UploadMetrics>,
    /// Batches that are encoded again at a time.
    pub(crate) encodings: Semaphore,
    pub(crate) catch_ups: Semaphore,
    /// Woken when a lane has ended without being recalled and has to be started again.
    pub(crate) lane_lost: Notify,
    /// Whether another process has taken the ledger over.
    is_superseded: AtomicBool,
    totals: Mutex<HashMap<JobId, Arc<JobTotals>>>,
    /// Frames that each job will lose soon unless it delivers them.
    expiring: Mutex<BTreeMap<JobId, u64>>,
    /// Why the catalogue's word on the jobs is not believed now, if it is not.
    doubted: Mutex<Option<Doubted>>,
}

/// A doubt, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubted {
    /// Why the catalogue's word is not believed.
    pub doubt: Doubt,
    /// Since when.
    pub since: UnixNanos,
}

impl Room {
    pub(crate) fn new(settings: Settings, parts: Parts, workers: Workers) -> Arc<Self> {
        let metrics = Arc::<UploadMetrics>::default();
        Arc::new(Self {
            journal: Arc::clone(&parts.journal),
            catalog: Arc::clone(&parts.catalog),
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            parts,
            workers,
            space: SpoolSpace::new(
                settings.spool_dir.clone(),
                settings.spool_memory_bytes,
                settings.spool_disk_bytes,
            ),
            level: LevelInForce::new(settings.gzip_level),
            retention: Mutex::new(settings.retention),
            gates: Gates::new(&settings, Arc::clone(&metrics)),
            metrics,
            encodings: Semaphore::new(ENCODINGS_MAX),
            catch_ups: Semaphore::new(CATCH_UPS_MAX),
            lane_lost: Notify::new(),
            is_superseded: AtomicBool::new(false),
            totals: Mutex::default(),
            expiring: Mutex::default(),
            doubted: Mutex::default(),
            settings,
        })
    }

    /// Puts other settings in force.
    pub(crate) fn tune(&self, tuning: Tuning) {
        self.level.set(tuning.gzip_level);
        *self.retention.lock().unwrap_or_else(PoisonError::into_inner) = tuning.retention;
    }

    /// How long the journal holds frames.
    pub(crate) fn retention(&self) -> Retention {
        *self.retention.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job's counters, which outlive its lanes.
    pub(crate) fn totals(&self, job: JobId, dataset: &str) -> Arc<JobTotals> {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(JobTotals { dataset: dataset.to_owned(), ..JobTotals::default() });
        Arc::clone(totals.entry(job).or_insert_with(new))
    }

    /// All jobs' counters.
    pub(crate) fn all_totals(&self) -> Vec<(JobId, Arc<JobTotals>)> {
        let totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.iter().map(|(&job, totals)| (job, Arc::clone(totals))).collect()
    }

    /// Frames that each job will lose soon unless it delivers them.
    pub(crate) fn expiring(&self) -> BTreeMap<JobId, u64> {
        self.expiring.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes down what will expire soon.
    pub(crate) fn set_expiring(&self, frames: BTreeMap<JobId, u64>) {
        *self.expiring.lock().unwrap_or_else(PoisonError::into_inner) = frames;
    }

    /// Whether another process has taken the ledger over: nothing is delivered here any more.
    pub(crate) fn is_superseded(&self) -> bool {
        self.is_superseded.load(Ordering::Acquire)
    }

    /// Takes it down, where an answer of the ledger says that another process has taken it over;
    /// says whether it does. Told once.
    pub(crate) fn heeds(&self, error: &CatalogError) -> bool {
        if !matches!(error, CatalogError::Superseded { .. }) {
            return false;
        }
        if !self.is_superseded.swap(true, Ordering::AcqRel) {
            tracing::error!(%error, "delivery stops here");
            self.lane_lost.notify_one();
        }
        true
    }

    /// Why the catalogue's word on the jobs is not believed now, if it is not.
    pub(crate) fn doubted(&self) -> Option<Doubted> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is not believed: nothing is given up or cleared away meanwhile.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes down a doubt, or that there is none.
    pub(crate) fn set_doubted(&self, now: Option<Doubted>) {
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Reads frames for a route at this pace, at once; the future gives the route back, or `None`
    /// where it was lost to a panic.
    pub(crate) fn start_reading(
        self: &Arc<Self>,
        route: Route,
        frames: Vec<Frame>,
        pace: Pace,
    ) -> impl Future<Output = Option<Route>> + use<> {
        self.workers.start(move |bench| {
            let mut route = route;
            route.read(&frames, pace, bench);
            route
        })
    }

    /// Reads each route's frames at this pace; gives the routes back, but for those that were lost
    /// to a panic.
    pub(crate) async fn read_routes(
        &self,
        routes: Vec<(RouteKey, Route, Vec<Frame>)>,
        pace: Pace,
    ) -> Vec<(RouteKey, Route)> {
        let bytes = |frames: &Vec<Frame>| frames.iter().map(|frame| frame.payload.len()).sum();
        let work = move |route: &mut Route, frames: Vec<Frame>, bench: &mut Bench| {
            route.read(&frames, pace, bench);
        };
        self.side_by_side(routes, bytes, work).await
    }

    /// Closes the routes' batches whose time has come; gives the routes back, but for those that
    /// were lost to a panic.
    pub(crate) async fn close_routes(
        &self,
        routes: Vec<(RouteKey, Route)>,
        now: Instant,
        next: Offset,
    ) -> Vec<(RouteKey, Route)> {
        let routes = routes.into_iter().map(|(key, route)| (key, route, ())).collect();
        let work = move |route: &mut Route, (): (), bench: &mut Bench| {
            route.close_due(now, next, bench);
        };
        self.side_by_side(routes, |()| 1, work).await
    }

    /// Works on routes on all workers, which share them out by `weight`: to wake a worker for each
    /// of many small ones would cost more than their work.
    async fn side_by_side<W: Send + 'static>(
        &self,
        routes: Vec<(RouteKey, Route, W)>,
        weight: impl Fn(&W) -> usize,
        work: impl Fn(&mut Route, W, &mut Bench) + Copy + Send + 'static,
    ) -> Vec<(RouteKey, Route)> {
        let shares = share_out(routes, self.settings.workers, |(_, _, with)| weight(with));
        let start = |share: Vec<(RouteKey, Route, W)>| {
            self.workers.start(move |bench| {
                let mut done = Vec::with_capacity(share.len());
                for (key, mut route, with) in share {
                    // A panic must not cost the route's neighbours.
                    let one = AssertUnwindSafe(|| work(&mut route, with, bench));
                    match catch_unwind(one) {
                        Ok(()) => done.push((key, route)),
                        Err(_) => *bench = Bench::default(),
                    }
                }
                done
            })
        };
        let working: Vec<_> = shares.into_iter().map(start).collect();
        let mut done = Vec::new();
        for share in working {
            done.extend(share.await.unwrap_or_default());
        }
        done
    }

    /// Closes the route's batches whose time has come; `None` where it was lost to a panic.
    pub(crate) async fn close_due(
        &self,
        mut route: Route,
        now: Instant,
        next: Offset,
    ) -> Option<Route> {
        let work = self.workers.start(move |bench| {
            route.close_due(now, next, bench);
            route
        });
        work.await
    }
}

/// Shares things out, in order, into at most so many shares of about the same weight, none empty.
fn share_out<T>(things: Vec<T>, shares_max: usize, weight: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let count = shares_max.clamp(1, things.len().max(1));
    let mut shares: Vec<(usize, Vec<T>)> = (0..count).map(|_| (0, Vec::new())).collect();
    for thing in things {
        if let Some((total, share)) = shares.iter_mut().min_by_key(|(total, _)| *total) {
            *total += weight(&thing).max(1);
            share.push(thing);
        }
    }
    shares.into_iter().map(|(_, share)| share).filter(|share| !share.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_out_by_its_weight_and_keeps_its_order() {
        let of = |weights: &[usize], shares| share_out(weights.to_vec(), shares, |weight| *weight);
        assert_eq!(of(&[5, 1, 1, 1, 2], 2), [vec![5], vec![1, 1, 1, 2]]);
        assert_eq!(of(&[5, 1], 8), [vec![5], vec![1]]);
        assert_eq!(of(&[0, 0, 0, 0], 2), [vec![0, 0], vec![0, 0]]);
        assert_eq!(of(&[3, 4], 0), [vec![3, 4]]);
        assert!(of(&[], 4).is_empty());
    }
}
