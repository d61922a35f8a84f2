//! Lets the journal forget what has expired, and says what a job loses by it.
//!
//! Frames are held for as long as the retention says, delivered or not, so that history can be
//! pushed again. A job that has not delivered frames by then loses them: announced before,
//! by an event, in the job's status and in a metric; counted when it happens; kept in the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::{Cursor, Job, JobEvent, Loss};
use journal::{Frame, Retention};
use model::{Batch, JobId, Offset, OffsetRange, Partition};

use crate::lane::JobPlan;
use crate::plans::Plans;
use crate::protocol::trim::{Undelivered, forgets_before};
use crate::reader::{CHUNK_BYTES, belongs};
use crate::room::Room;
use crate::route::{FrameDecoder, RouteKey};

/// The kind of the event that announces a loss.
const KIND_EXPIRING: &str = "expiring";

/// What a look at the ledger and at the journal's retention has found.
#[derive(Debug)]
pub(crate) struct Round {
    /// What every job, paused ones included, has not delivered.
    needs: BTreeMap<(JobId, Partition), Undelivered>,
    /// Of each partition, up to where frames have expired.
    expired: BTreeMap<Partition, Offset>,
}

impl Round {
    /// The lanes that hold up the trimming of expired frames, with the offset up to which they
    /// have expired.
    pub(crate) fn expired_lanes(&self) -> Vec<(JobId, Partition, Offset)> {
        let lanes = self.needs.iter().filter_map(|(&(job, partition), undelivered)| {
            let expired = *self.expired.get(&partition)?;
            (undelivered.needs() < expired).then_some((job, partition, expired))
        });
        lanes.collect()
    }

    /// The frames of a partition from which on its jobs need them.
    fn needed(&self, partition: Partition) -> impl Iterator<Item = Offset> {
        let mine = self.needs.iter().filter(move |((_, of), _)| *of == partition);
        mine.map(|(_, undelivered)| undelivered.needs())
    }
}

/// Looks after the journal's retention.
#[derive(Debug)]
pub(crate) struct Trimmer {
    room: Arc<Room>,
    plans: Plans,
    /// Lanes whose coming loss was announced.
    announced: BTreeSet<(JobId, Partition)>,
}

impl Trimmer {
    pub(crate) fn new(room: Arc<Room>) -> Self {
        let plans = Plans::new(Arc::clone(&room));
        Self { room, plans, announced: BTreeSet::new() }
    }

    /// Looks at what every job needs and at what has expired, and announces what soon will.
    pub(crate) async fn look(&mut self) -> Result<Round, Error> {
        let retention = self.room.retention();
        let needs = self.needs(None).await?;
        let mut round = Round { needs, expired: BTreeMap::new() };
        let mut soon = BTreeMap::new();
        for partition in self.partitions() {
            let now = self.room.clock.now();
            let journal = &self.room.journal;
            round.expired.insert(partition, journal.expired(partition, retention, now).await?);
            soon.insert(partition, journal.expired(partition, mostly(retention), now).await?);
        }
        self.announce(&round, &soon).await;
        Ok(round)
    }

    /// Tells, once, of lanes that will lose frames soon; takes down how many for each job.
    async fn announce(&mut self, round: &Round, soon: &BTreeMap<Partition, Offset>) {
        let mut expiring: BTreeMap<JobId, u64> = BTreeMap::new();
        let mut lanes = BTreeSet::new();
        for (&(job, partition), undelivered) in &round.needs {
            let soon = soon.get(&partition).copied().unwrap_or_default();
            let frames = OffsetRange::new(undelivered.needs(), soon).frames();
            if frames > 0 {
                lanes.insert((job, partition));
                *expiring.entry(job).or_default() += frames;
            }
        }
        for &(job, partition) in lanes.difference(&self.announced) {
            self.tell(job, partition).await;
        }
        self.room.set_expiring(expiring);
        self.announced = lanes;
    }

    async fn tell(&self, job: JobId, partition: Partition) {
        let message = "records will expire before they are delivered: mend the destination, \
                       resume the job, or have the journal's retention raised";
        tracing::warn!(%job, %partition, "{message}");
        let event = JobEvent::new(self.room.clock.now(), KIND_EXPIRING, None, message.to_owned());
        if let Err(error) = self.room.catalog.note_event(job, event).await {
            tracing::warn!(%job, %error, "cannot note an event in the catalogue");
        }
        // A job that was paused since the program started has no counters yet.
        if let Ok(job) = self.room.catalog.job(job).await {
            self.room.totals(job.id, &job.spec.dataset);
        }
    }

    /// Gives up, on the record, what a lane has not delivered before `expired`. The lane must not
    /// be running.
    pub(crate) async fn give_up(
        &self,
        round: &mut Round,
        job: &Job,
        partition: Partition,
        expired: Offset,
    ) -> Result<(), Error> {
        let key = (job.id, partition);
        // The lane may have gone on since the round began.
        let needs = self.needs(Some(job.id)).await?.remove(&key);
        let Some(undelivered) = needs else { return Ok(()) };
        round.needs.insert(key, undelivered.clone());
        if undelivered.needs() >= expired {
            return Ok(());
        }
        let (range, sealed_records) = undelivered.lost(expired);
        let unsealed = OffsetRange::new(undelivered.cursor, expired);
        let records = sealed_records + self.count(job, partition, unsealed).await?;
        let at = self.room.clock.now();
        self.room.catalog.give_up(&Loss { job: job.id, partition, range, records, at }).await?;
        self.room.totals(job.id, &job.spec.dataset).dropped_records.add(records);
        tracing::error!(
            job = %job.id, %partition, frames = %range, records,
            "records expired before they were delivered and were given up"
        );
        if let Some(left) = self.needs(Some(job.id)).await?.remove(&key) {
            round.needs.insert(key, left);
        }
        Ok(())
    }

    /// Trims every partition up to what has expired, but nothing that a lane still needs.
    pub(crate) async fn trim(&self, round: &Round) -> Result<(), Error> {
        // Only the owner changes what lanes need: what the round found, it has to have found as it.
        self.room.catalog.check_owner().await?;
        for (&partition, &expired) in &round.expired {
            let before = forgets_before(expired, round.needed(partition));
            if before > self.room.journal.bounds(partition).start {
                let start = self.room.journal.trim(partition, before).await?;
                tracing::info!(%partition, %start, "trimmed the journal");
            }
        }
        Ok(())
    }

    fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.room.journal.partitions()).map(Partition)
    }

    /// What one job, or every one, paused ones included, has not delivered.
    async fn needs(
        &self,
        job: Option<JobId>,
    ) -> Result<BTreeMap<(JobId, Partition), Undelivered>, Error> {
        let catalog = &self.room.catalog;
        let cursors = match job {
            Some(job) => catalog.cursors(job).await?.into_iter().map(|at| (job, at)).collect(),
            None => catalog.all_cursors().await?,
        };
        let mut needs: BTreeMap<(JobId, Partition), Undelivered> = BTreeMap::new();
        for (job, Cursor { partition, next }) in cursors {
            needs.insert((job, partition), Undelivered { cursor: next, sealed: Vec::new() });
        }
        for Batch { job, partition, range, records, .. } in catalog.undelivered(job).await? {
            needs.entry((job, partition)).or_default().sealed.push((range, records));
        }
        Ok(needs)
    }

    /// How many records of the frames the job would have delivered. Where it cannot be said which
    /// it wants, all of its scope and dataset count.
    async fn count(
        &self,
        job: &Job,
        partition: Partition,
        range: OffsetRange,
    ) -> Result<u64, Error> {
        let key = RouteKey { scope: job.scope, dataset: job.spec.dataset.clone() };
        let plan = self.plans.current(job).await.ok();
        let mut at = range.first.max(self.room.journal.bounds(partition).start);
        let mut records = 0;
        while at < range.next {
            let mut frames = self.room.journal.read(partition, at, CHUNK_BYTES).await?;
            let Some(last) = frames.last() else { break };
            at = last.offset.next();
            frames.retain(|frame| range.contains(frame.offset) && belongs(frame, &key));
            let all = frames.iter().map(|frame| u64::from(frame.records)).sum();
            let plan = plan.clone();
            let counting = self.room.workers.start(move |_| wanted(plan, &frames, partition));
            records += counting.await.unwrap_or(all);
        }
        Ok(records)
    }
}

/// How many records of the frames the job of that plan wants.
fn wanted(plan: Option<Arc<JobPlan>>, frames: &[Frame], partition: Partition) -> u64 {
    let decoder = plan.as_deref().and_then(|plan| FrameDecoder::new(std::iter::once(plan)));
    let (Some(plan), Some(mut decoder)) = (plan, decoder) else {
        return frames.iter().map(|frame| u64::from(frame.records)).sum();
    };
    let (mut records, mut unwanted) = (0, Vec::new());
    for frame in frames {
        decoder.decode(frame, partition, |scanner, line, at| {
            unwanted.clear();
            records += u64::from(plan.compiled.encode(scanner, line, at, true, &mut unwanted));
        });
    }
    records
}

/// Four fifths of a retention: when a loss is announced.
fn mostly(retention: Retention) -> Retention {
    let share = |whole: u64| whole / 5 * 4;
    Retention {
        max_age_seconds: retention.max_age_seconds.map(share),
        max_bytes: retention.max_bytes.map(share),
    }
}

/// Why retention could not be looked after; it is tried again at the next turn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Journal(#[from] journal::ReadError),
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
}
