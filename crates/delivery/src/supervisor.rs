//! Keeps the lanes in step with the catalogue: one per enabled job and partition.
//!
//! | the catalogue says | the lane |
//! |---|---|
//! | the job is new or enabled again | starts at its cursor, with what was sealed and not delivered |
//! | the job has a new revision | seals its open batch under the old one, ends, starts again |
//! | the job is paused or deleted | ends; what is open is read again when the job goes on |
//!
//! What the catalogue says is believed where it can be ([`Doubt`]): otherwise the lanes stay, by
//! what was known last, and nothing is given up or forgotten until it can be again.
//!
//! Batches that certainly never became visible because the old destination failed are unsealed
//! at a change of the job, so that a corrected destination gets them too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use catalog::history::KIND_DOUBTED;
use catalog::{CatalogError, Job, JobChanges, JobEvent, JobFailure};
use model::{JobId, Offset, Partition, Revision};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use crate::lane::{JobPlan, Lane, LaneEnds};
use crate::plans::Plans;
use crate::progress::LaneProgress;
use crate::protocol::doubt::Doubt;
use crate::protocol::follow::Follow;
use crate::protocol::recover::unseal_from;
use crate::protocol::seal::{Leftover, Order};
use crate::publisher::Publisher;
use crate::reader::ReaderHandle;
use crate::room::{Doubted, Room};
use crate::upload::SealedBatch;

/// Offsets that a partition's reader may begin behind its end, to serve many lanes at once.
const READER_LAG_MAX: u64 = 50_000;

/// How long after a doubt nothing is given up yet: the lanes that it ended catch up first.
const GRACE_AFTER_DOUBT: Duration = Duration::from_mins(10);

/// A running lane.
#[derive(Debug)]
pub(crate) struct RunningLane {
    revision: Revision,
    pub(crate) progress: Arc<LaneProgress>,
    home: oneshot::Receiver<Lane>,
    orders: watch::Sender<Order>,
    publisher: JoinHandle<Vec<Leftover>>,
}

/// Which lanes run.
#[derive(Debug)]
pub(crate) struct Supervisor {
    room: Arc<Room>,
    readers: Vec<ReaderHandle>,
    plans: Plans,
    /// The enabled jobs, as the catalogue had them at `version`.
    jobs: BTreeMap<JobId, Job>,
    /// Those, and the paused ones.
    known: BTreeSet<JobId>,
    version: u64,
    /// When the newest doubt was over.
    believed_at: Option<Instant>,
    pub(crate) lanes: BTreeMap<(JobId, Partition), RunningLane>,
}

/// Where a partition's reader best begins: at the oldest cursor that is not far behind.
pub(crate) fn reader_start(end: Offset, cursors: impl Iterator<Item = Offset>) -> Offset {
    let oldest = Offset(end.0.saturating_sub(READER_LAG_MAX));
    cursors.filter(|&cursor| cursor >= oldest && cursor < end).min().unwrap_or(end)
}

impl Supervisor {
    pub(crate) fn new(room: Arc<Room>, readers: Vec<ReaderHandle>) -> Self {
        let plans = Plans::new(Arc::clone(&room));
        Self {
            room,
            readers,
            plans,
            jobs: BTreeMap::new(),
            known: BTreeSet::new(),
            version: 0,
            believed_at: None,
            lanes: BTreeMap::new(),
        }
    }

    pub(crate) fn room(&self) -> Arc<Room> {
        Arc::clone(&self.room)
    }

    /// Starts, changes and ends lanes until they are what the catalogue says. What did not change
    /// since the last time is not read again.
    pub(crate) async fn reconcile(&mut self) {
        if self.room.is_superseded() {
            return self.stand_down().await;
        }
        if !self.follow().await {
            return;
        }
        let follow = |(key, lane): (&(JobId, Partition), &RunningLane)| {
            let wanted = self.jobs.get(&key.0).map(|job| job.revision);
            (*key, Follow::of(lane.revision, lane.publisher.is_finished(), wanted))
        };
        let lanes: Vec<_> = self.lanes.iter().map(follow).collect();
        for (key, follow) in lanes {
            let Some(order) = follow.order() else { continue };
            let left = self.end_lane(key, order).await;
            if follow == Follow::Changes {
                self.unseal(key, &left).await;
            }
        }
        let partitions = self.readers.len() as u16;
        let lacks_lane = |job: &&Job| {
            (0..partitions).any(|number| !self.lanes.contains_key(&(job.id, Partition(number))))
        };
        let to_start: Vec<Job> = self.jobs.values().filter(lacks_lane).cloned().collect();
        for job in to_start {
            self.start_job(&job).await;
        }
    }

    /// Another process delivers now: all lanes end, and none starts.
    async fn stand_down(&mut self) {
        let lanes: Vec<_> = self.lanes.keys().copied().collect();
        for key in lanes {
            self.end_lane(key, Order::Drop).await;
        }
    }

    /// Whether frames may be given up and trimmed: not in doubt, nor before what it held up has had
    /// time to be delivered.
    pub(crate) fn may_forget(&self) -> bool {
        let catches_up = self.believed_at.is_some_and(|at| at.elapsed() < GRACE_AFTER_DOUBT);
        !catches_up && !self.room.is_doubted()
    }

    /// Reads what has become of the jobs, and says whether that is believed.
    async fn follow(&mut self) -> bool {
        let (doubt, changes) = match self.look().await {
            Ok(found) => found,
            Err(error) => (Some(Doubt::Unreadable(error.to_string())), None),
        };
        self.note_doubt(doubt).await;
        let Some(changes) = changes else { return false };
        for job in changes.deleted {
            self.known.remove(&job);
            self.jobs.remove(&job);
        }
        for job in changes.changed {
            self.known.insert(job.id);
            if job.enabled {
                self.jobs.insert(job.id, job);
            } else {
                self.jobs.remove(&job.id);
            }
        }
        self.version = changes.version;
        true
    }

    /// What is to be doubted about the catalogue, and its changes where they are to be followed.
    async fn look(&self) -> Result<(Option<Doubt>, Option<JobChanges>), CatalogError> {
        let catalog = &self.room.catalog;
        let known: Vec<JobId> = self.known.iter().copied().collect();
        let testimony = catalog.testimony(&known).await?;
        let doubt = Doubt::of(catalog.installation(), self.version, known.len(), &testimony);
        if doubt.as_ref().is_some_and(|doubt| !doubt.follows()) {
            return Ok((doubt, None));
        }
        Ok((doubt, Some(catalog.jobs_changed_since(self.version).await?)))
    }

    /// Takes a doubt down, or that it is over; tells of either once.
    async fn note_doubt(&mut self, doubt: Option<Doubt>) {
        let before = self.room.doubted();
        let since = before.as_ref().map_or_else(|| self.room.clock.now(), |known| known.since);
        self.room.set_doubted(doubt.clone().map(|doubt| Doubted { doubt, since }));
        let was = before.as_ref().map(|known| known.doubt.name());
        match (before, doubt) {
            (_, Some(doubt)) if was != Some(doubt.name()) => tracing::error!(
                reason = doubt.name(),
                "in doubt: {doubt}. Deliveries go on by what was known last, and nothing is \
                 trimmed; docs/backup.md tells how to mend it"
            ),
            (Some(before), None) => {
                tracing::info!(reason = before.doubt.name(), "the catalogue is believed again");
                self.believed_at = Some(Instant::now());
                self.tell_doubted(&before).await;
            }
            _ => {}
        }
    }

    /// Tells the jobs that were missing, on their record.
    async fn tell_doubted(&self, before: &Doubted) {
        for &job in before.doubt.jobs() {
            let message = "the catalogue had lost the job, which nobody had deleted; it was kept, \
                           and is there again"
                .to_owned();
            let now = self.room.clock.now();
            let event =
                JobEvent { since: before.since, ..JobEvent::new(now, KIND_DOUBTED, None, message) };
            if let Err(error) = self.room.catalog.note_event(job, event).await {
                tracing::warn!(%job, %error, "cannot note an event in the catalogue");
            }
        }
    }

    /// Starts the lanes that the job lacks.
    async fn start_job(&mut self, job: &Job) {
        let partitions = (0..self.readers.len() as u16).map(Partition);
        let missing: Vec<Partition> = partitions
            .filter(|&partition| !self.lanes.contains_key(&(job.id, partition)))
            .collect();
        if missing.is_empty() {
            return;
        }
        if let Err(error) = self.start_lanes(job, &missing).await {
            if let StartError::Catalog(error) = &error
                && self.room.heeds(error)
            {
                return;
            }
            tracing::error!(job = %job.id, %error, "cannot start the job");
            let failure = JobFailure {
                at: self.room.clock.now(),
                message: error.to_string(),
                status: None,
                kind: "start".to_owned(),
            };
            if let Err(error) = self.room.catalog.note_failure(job.id, failure).await {
                tracing::error!(job = %job.id, %error, "cannot note the failure in the catalogue");
            }
        }
    }

    async fn start_lanes(&mut self, job: &Job, missing: &[Partition]) -> Result<(), StartError> {
        let plan = self.plans.current(job).await?;
        // Whoever changes or enables a job may have mended its bucket too.
        let to = plan.compiled.destination();
        self.room.gates.gate(to).encourage(to);
        let cursors = self.plans.cursors(job, self.readers.len()).await?;
        let mut recovered = self.plans.recovered(job, &plan).await?;
        for &partition in missing {
            let Some(&cursor) = cursors.get(&partition) else { continue };
            let mine = recovered.remove(&partition).unwrap_or_default();
            self.start_lane(&plan, partition, cursor, mine);
        }
        Ok(())
    }

    fn start_lane(
        &mut self,
        plan: &Arc<JobPlan>,
        partition: Partition,
        cursor: Offset,
        recovered: Vec<SealedBatch>,
    ) {
        let totals = self.room.totals(plan.id, &plan.compiled.dataset().name);
        let progress = Arc::new(LaneProgress::new(plan.id, partition, cursor, totals));
        for sealed in &recovered {
            progress.recovered(sealed);
        }
        let (closed, inbox) = mpsc::unbounded_channel();
        let (orders, order) = watch::channel(Order::Work);
        let (home, come_home) = oneshot::channel();
        let publisher =
            Publisher::new(Arc::clone(&self.room), Arc::clone(&progress), inbox, order, recovered);
        let ends = LaneEnds {
            progress: Arc::clone(&progress),
            space: Arc::clone(&self.room.space),
            publisher: closed,
            home,
        };
        let lane = Lane::new(Arc::clone(plan), partition, cursor, ends);
        let running = RunningLane {
            revision: plan.revision,
            progress,
            home: come_home,
            orders,
            publisher: tokio::spawn(publisher.run()),
        };
        self.lanes.insert((plan.id, partition), running);
        // The reader lives as long as the program.
        let _ = self.readers[usize::from(partition.0)].attach.send(lane);
        tracing::debug!(job = %plan.id, revision = %plan.revision, %partition, %cursor, "started");
    }

    /// Ends a lane and gives the batches that it leaves undelivered.
    pub(crate) async fn end_lane(
        &mut self,
        key: (JobId, Partition),
        order: Order,
    ) -> Vec<Leftover> {
        let Some(running) = self.lanes.remove(&key) else { return Vec::new() };
        let Some(publisher) = self.send_home(running, key.1, order).await else {
            return Vec::new();
        };
        publisher.await.unwrap_or_default()
    }

    /// Takes the lane out of its reader, closes its open batch where the order seals, and tells
    /// the publisher.
    async fn send_home(
        &self,
        running: RunningLane,
        partition: Partition,
        order: Order,
    ) -> Option<JoinHandle<Vec<Leftover>>> {
        running.orders.send_replace(order);
        running.progress.recall();
        self.readers[usize::from(partition.0)].look();
        if let Ok(mut lane) = running.home.await
            && order.seals()
        {
            let closing = self.room.workers.start(move |bench| {
                let next = lane.position();
                lane.close(next, bench);
            });
            closing.await?;
        }
        Some(running.publisher)
    }

    /// What ends the publishers that run now at once.
    pub(crate) fn publishers(&self) -> Vec<AbortHandle> {
        self.lanes.values().map(|lane| lane.publisher.abort_handle()).collect()
    }

    /// Ends all lanes: what is closed is sealed and delivered. Gives the publishers at work.
    pub(crate) async fn drain(&mut self) -> Vec<JoinHandle<Vec<Leftover>>> {
        for running in self.lanes.values() {
            running.progress.recall();
        }
        let mut publishers = Vec::new();
        for ((_, partition), running) in std::mem::take(&mut self.lanes) {
            publishers.extend(self.send_home(running, partition, Order::Drain).await);
        }
        publishers
    }

    /// Takes back the seals of a lane's last batches where their destination failed for certain.
    async fn unseal(&self, (job, partition): (JobId, Partition), left: &[Leftover]) {
        let Some(from) = unseal_from(left) else { return };
        match self.room.catalog.unseal(job, partition, from).await {
            Ok(()) => tracing::info!(
                %job, %partition, %from,
                "undelivered batches follow the changed job"
            ),
            Err(error) if self.room.heeds(&error) => {}
            // A later batch was delivered: what is left goes where it was sealed for.
            Err(CatalogError::Fenced(_)) => {}
            Err(error) => tracing::error!(%job, %error, "cannot unseal undelivered batches"),
        }
    }
}

/// Why a job's lanes could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the dataset `{0}` is not defined here any more; define it again")]
    NoDataset(String),
    #[error("the job's settings are not valid any more: {0}")]
    Invalid(String),
    #[error(
        "the journal's partition {partition} ends at frame {end}, before frame {cursor} that the \
         job has read: it is not the journal that the catalogue belongs to; restore both from \
         one time"
    )]
    OtherJournal { partition: Partition, cursor: Offset, end: Offset },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}
