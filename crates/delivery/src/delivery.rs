//! The room's handle: starts delivery, keeps it in step with the catalogue, stops it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::destination::Destination;
use model::{JobId, Partition};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use crate::metrics::JobsCollector;
use crate::progress::LaneProgress;
use crate::protocol::seal::Order;
use crate::reader::{Reader, ReaderHandle};
use crate::room::{Doubted, Room};
use crate::supervisor::{Supervisor, reader_start};
use crate::trim::{self, Trimmer};
use crate::upload::look_after_leftovers;
use crate::verify::Verifier;
use crate::workers::Workers;
use crate::{CheckStep, Content, JobStatus, Parts, PutObject, Settings, StoreError, Tuning};

/// Why delivery could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
    /// Worker threads cannot be started.
    #[error("cannot start the worker threads: {0}")]
    Workers(std::io::Error),
    /// The folder for spooled batches cannot be made.
    #[error("cannot create the spool folder `{dir}`: {source}")]
    Spool {
        /// The folder.
        dir: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Delivery, running. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub struct Delivery {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) room: Arc<Room>,
    requests: mpsc::UnboundedSender<Request>,
    readers: Vec<ReaderHandle>,
    lanes: Lanes,
    tasks: Vec<AbortHandle>,
}

/// The lanes that run, for those who ask how they stand.
type Lanes = Arc<Mutex<Vec<Arc<LaneProgress>>>>;

/// What the supervisor's task is asked for.
#[derive(Debug)]
enum Request {
    Reload(oneshot::Sender<()>),
    Stop { limit: Duration, left: oneshot::Sender<usize> },
}

impl Delivery {
    /// Starts to deliver what the catalogue's enabled jobs want, from where their cursors stand,
    /// sealed batches that were not delivered first. Metrics are registered in `registry`.
    pub async fn start(
        settings: Settings,
        parts: Parts,
        registry: &mut Registry,
    ) -> Result<Self, StartError> {
        let threads = NonZeroUsize::new(settings.workers).unwrap_or(NonZeroUsize::MIN);
        let workers = Workers::threads(threads).map_err(StartError::Workers)?;
        std::fs::create_dir_all(&settings.spool_dir)
            .map_err(|source| StartError::Spool { dir: settings.spool_dir.clone(), source })?;
        let delivery = Self::start_with(settings, parts, workers).await?;
        let inner = Arc::downgrade(&delivery.inner);
        delivery.inner.room.metrics.register(registry);
        registry.register_collector(Box::new(JobsCollector { inner }));
        Ok(delivery)
    }

    /// As [`Delivery::start`], with all work in tasks of the current runtime and none on threads,
    /// so that a simulator holds everything in its hand.
    pub async fn start_in_one_thread(settings: Settings, parts: Parts) -> Result<Self, StartError> {
        Self::start_with(settings, parts, Workers::inline()).await
    }

    async fn start_with(
        settings: Settings,
        parts: Parts,
        workers: Workers,
    ) -> Result<Self, StartError> {
        let room = Room::new(settings, parts, workers);
        // Before anything is read: what is read then, nobody else changes any more.
        room.catalog.take_over().await?;
        let cursors = room.catalog.all_cursors().await?;
        let mut readers = Vec::new();
        let mut tasks = Vec::new();
        for partition in (0..room.journal.partitions()).map(Partition) {
            let of_partition = cursors.iter().filter(|(_, cursor)| cursor.partition == partition);
            let end = room.journal.bounds(partition).end;
            let start = reader_start(end, of_partition.map(|(_, cursor)| cursor.next));
            let reader = Reader::new(Arc::clone(&room), partition, start);
            readers.push(reader.handle());
            tasks.push(reader);
        }
        let capabilities = room.catalog.capabilities().await?;
        room.gates.remember(&capabilities, room.clock.now());
        let mut supervisor = Supervisor::new(Arc::clone(&room), readers.clone());
        supervisor.reconcile().await;
        let lanes = Lanes::default();
        publish_lanes(&supervisor, &lanes);
        let (requests, inbox) = mpsc::unbounded_channel();
        let mut tasks: Vec<AbortHandle> =
            tasks.into_iter().map(|reader| tokio::spawn(reader.run()).abort_handle()).collect();
        tasks.push(tokio::spawn(look_after_leftovers(Arc::clone(&room))).abort_handle());
        let serving = serve(supervisor, inbox, Arc::clone(&lanes));
        tasks.push(tokio::spawn(serving).abort_handle());
        Ok(Self { inner: Arc::new(Inner { room, requests, readers, lanes, tasks }) })
    }

    /// Tells that jobs have changed in the catalogue, and waits until delivery follows them.
    pub async fn reload(&self) {
        let (done, answer) = oneshot::channel();
        if self.inner.requests.send(Request::Reload(done)).is_ok() {
            // An error means that delivery has stopped; then there is nothing to follow.
            let _ = answer.await;
        }
    }

    /// Whether another process has taken over, so that nothing is delivered here any more.
    pub fn is_superseded(&self) -> bool {
        self.inner.room.is_superseded()
    }

    /// How the jobs stand that are being delivered now, or will lose something soon.
    pub fn statuses(&self) -> Vec<JobStatus> {
        self.inner.statuses()
    }

    /// How one job stands; `None` where it is not being delivered now and loses nothing.
    pub fn status(&self, job: JobId) -> Option<JobStatus> {
        self.statuses().into_iter().find(|status| status.job == job)
    }

    /// Puts other settings in force, for what begins from now on.
    pub fn tune(&self, tuning: Tuning) {
        self.inner.room.tune(tuning);
    }

    /// Why the catalogue's word on the jobs is not believed now, if it is not.
    pub fn doubted(&self) -> Option<Doubted> {
        self.inner.room.doubted()
    }

    /// Why the ledger does not take what delivery has to note there, in words for the operator;
    /// `None` where it does. It is tried again all the time.
    pub fn ledger_trouble(&self) -> Option<String> {
        let lanes = self.inner.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lanes.iter().find_map(|lane| lane.ledger_trouble())
    }

    /// Writes one small object to a destination, in one attempt: the ownership challenge, a
    /// probe.
    pub async fn write(
        &self,
        to: &Destination,
        key: &str,
        content: Bytes,
    ) -> Result<(), StoreError> {
        let object = PutObject { key, body: content, content: Content::Text, guarded: false };
        self.inner.room.store.put(to, object).await.map(drop)
    }

    /// Tries step by step whether a destination can be written to, with a small object at `key`.
    /// The first step that fails is the one to mend.
    pub async fn check(&self, to: &Destination, key: &str) -> Vec<CheckStep> {
        self.inner.room.store.check(to, key).await
    }

    /// What compares a job's objects with its ledger.
    pub fn verifier(&self, job: JobId) -> Verifier {
        Verifier::new(Arc::clone(&self.inner.room), job)
    }

    /// Stops: open batches are sealed and delivered as far as `limit` lets them; the rest is left
    /// for the next start. Returns the number of sealed batches that were left.
    pub async fn stop(&self, limit: Duration) -> usize {
        let (left, answer) = oneshot::channel();
        let stopped = match self.inner.requests.send(Request::Stop { limit, left }) {
            Ok(()) => answer.await.unwrap_or(0),
            Err(_) => 0,
        };
        self.inner.tasks.iter().for_each(AbortHandle::abort);
        stopped
    }
}

impl Inner {
    pub(crate) fn statuses(&self) -> Vec<JobStatus> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut statuses: BTreeMap<JobId, JobStatus> = BTreeMap::new();
        for lane in lanes {
            let seen = lane.snapshot();
            let partition = lane.partition;
            let read_by_all = self.readers[usize::from(partition.0)].position();
            let read_to = if lane.is_catching_up() { seen.position } else { read_by_all };
            let end = self.room.journal.bounds(partition).end;
            let status =
                statuses.entry(lane.job).or_insert_with(|| JobStatus::of(lane.job, &lane.totals));
            status.pending_records += seen.pending_records;
            status.pending_bytes += seen.pending_bytes;
            status.unread_frames += end.0.saturating_sub(read_to.0);
            let oldest = [status.oldest_pending, seen.oldest_pending];
            status.oldest_pending = oldest.into_iter().flatten().min();
            status.retrying = status.retrying.take().or(seen.retrying);
        }
        let totals: BTreeMap<_, _> = self.room.all_totals().into_iter().collect();
        for (job, frames) in self.room.expiring() {
            // A paused job has no lane, and loses frames all the same.
            if let Some(totals) = totals.get(&job) {
                let status = statuses.entry(job).or_insert_with(|| JobStatus::of(job, totals));
                status.expiring_frames = frames;
            }
        }
        statuses.into_values().collect()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// The supervisor's task.
async fn serve(
    mut supervisor: Supervisor,
    mut inbox: mpsc::UnboundedReceiver<Request>,
    lanes: Lanes,
) {
    let room = supervisor.room();
    let mut trimmer = Trimmer::new(Arc::clone(&room));
    let mut reload = interval(room.settings.reload_interval);
    let mut trim = interval(room.settings.trim_interval);
    reload.set_missed_tick_behavior(MissedTickBehavior::Delay);
    trim.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            request = inbox.recv() => match request {
                Some(Request::Reload(done)) => {
                    supervisor.reconcile().await;
                    publish_lanes(&supervisor, &lanes);
                    let _ = done.send(());
                }
                Some(Request::Stop { limit, left }) => {
                    let _ = left.send(stop(&mut supervisor, limit).await);
                    return;
                }
                None => return,
            },
            () = room.lane_lost.notified() => supervisor.reconcile().await,
            _ = reload.tick() => supervisor.reconcile().await,
            _ = trim.tick() => match look_after_retention(&mut supervisor, &mut trimmer).await {
                Ok(()) => {}
                Err(trim::Error::Catalog(error)) if room.heeds(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot look after the journal's retention");
                }
            }
        }
        publish_lanes(&supervisor, &lanes);
    }
}

fn publish_lanes(supervisor: &Supervisor, lanes: &Lanes) {
    let running = supervisor.lanes.values().map(|lane| Arc::clone(&lane.progress)).collect();
    *lanes.lock().unwrap_or_else(PoisonError::into_inner) = running;
}

async fn stop(supervisor: &mut Supervisor, limit: Duration) -> usize {
    let deadline = tokio::time::Instant::now() + limit;
    let running: Vec<Arc<LaneProgress>> =
        supervisor.lanes.values().map(|lane| Arc::clone(&lane.progress)).collect();
    let publishers = supervisor.publishers();
    let draining = async {
        for publisher in supervisor.drain().await {
            // A panic was reported where it happened; the ledger knows what is left.
            let _ = publisher.await;
        }
    };
    if timeout_at(deadline, draining).await.is_err() {
        // The rest stays sealed in the ledger, or unread in the journal.
        publishers.iter().for_each(AbortHandle::abort);
    }
    running.iter().map(|lane| lane.undelivered()).sum()
}

async fn look_after_retention(
    supervisor: &mut Supervisor,
    trimmer: &mut Trimmer,
) -> Result<(), trim::Error> {
    let room = supervisor.room();
    supervisor.reconcile().await;
    if room.is_superseded() || !supervisor.may_forget() {
        // What a lost job needs would be taken for what nobody needs.
        return Ok(());
    }
    let mut round = trimmer.look().await?;
    for (job, partition, expired) in round.expired_lanes() {
        supervisor.end_lane((job, partition), Order::Drop).await;
        let job = room.catalog.job(job).await?;
        trimmer.give_up(&mut round, &job, partition, expired).await?;
    }
    trimmer.trim(&round).await?;
    supervisor.reconcile().await;
    Ok(())
}
