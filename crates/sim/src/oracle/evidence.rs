//! What the oracle looks at, laid out by job and position.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use ::journal::FrameKind;
use catalog::{BatchRecord, Loss, Totals};
use model::{JobId, Offset, OffsetRange, Partition, Scope, UnixNanos};

use crate::history::{Event, Line, Record, Wish, numbers_in};
use crate::store::{Manners, Object, Place, gunzip};
use crate::world::{JobStory, RevisionStory, World};

/// After a change of a job, batches of the revision before may still begin for so long.
const GRACE: Duration = Duration::from_secs(300);

/// A frame as the oracle sees it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) scope: Scope,
    pub(crate) dataset: String,
    pub(crate) is_quarantine: bool,
    pub(crate) arrival: UnixNanos,
    pub(crate) at: Duration,
    pub(crate) records: Vec<Record>,
}

/// An object as the oracle sees it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) place: Place,
    pub(crate) object: Object,
    /// What it unfolds to; `None` where it is no gzip.
    pub(crate) content: Option<Vec<u8>>,
    /// The job that its name tells.
    pub(crate) job: Option<JobId>,
}

/// Everything that lasts.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) frames: BTreeMap<(Partition, Offset), Stored>,
    pub(crate) objects: Vec<Seen>,
    pub(crate) batches: Vec<BatchRecord>,
    pub(crate) cursors: BTreeMap<(JobId, Partition), Offset>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) totals: BTreeMap<JobId, Totals>,
    pub(crate) manners: BTreeMap<&'static str, Manners>,
    pub(crate) jobs: BTreeMap<JobId, JobStory>,
    pub(crate) acknowledged: Vec<u32>,
    pub(crate) partitions: u16,
    /// How old a frame has to be to expire, in nanoseconds; `None` where none expires.
    pub(crate) expires_after: Option<i64>,
    /// By how many nanoseconds, over all, the clock was set back. What is given up has expired
    /// by the clock of a moment before.
    pub(crate) set_back: i64,
}

impl Evidence {
    pub(crate) fn gather(world: &World) -> Self {
        let archive = world.journal.archive();
        let frames = archive.into_iter().map(|(at, archived)| {
            let frame = archived.frame;
            let numbers = numbers_in(&frame.payload);
            let stored = Stored {
                scope: frame.scope,
                dataset: frame.dataset,
                is_quarantine: frame.kind == FrameKind::Quarantine,
                arrival: frame.arrival,
                at: archived.stored_at,
                records: numbers.iter().map(|&n| Record::of(n, world.plan.bulk)).collect(),
            };
            (at, stored)
        });
        let objects = world.store.objects().into_iter().map(|(place, object)| Seen {
            job: job_of(&place.key),
            content: gunzip(&object.body),
            place,
            object,
        });
        let jumps = world.plan.events.iter().map(|(_, event)| match event {
            Event::Jump { nanos } => (-nanos).max(0),
            _ => 0,
        });
        let seconds = world.plan.settings.retention.max_age_seconds;
        Self {
            frames: frames.collect(),
            objects: objects.collect(),
            batches: world.catalog.all_batches(),
            cursors: world.catalog.every_cursor(),
            losses: world.catalog.every_loss(),
            totals: world.catalog.every_total(),
            manners: world.plan.manners.clone(),
            jobs: world.customers.stories.clone(),
            acknowledged: world.clients.acknowledged(),
            partitions: world.plan.partitions,
            expires_after: seconds.map(|age| age as i64 * model::time::NANOS_PER_SECOND),
            set_back: jumps.sum(),
        }
    }

    /// A digest of everything, the same wherever and whenever it is worked out.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut digest = DefaultHasher::new();
        for Seen { place, object, .. } in &self.objects {
            (place, &object.body, &object.etag).hash(&mut digest);
        }
        for (at, frame) in &self.frames {
            let numbers: Vec<u32> = frame.records.iter().map(|record| record.number).collect();
            (at, frame.arrival, frame.at, numbers).hash(&mut digest);
        }
        let ledger = (&self.batches, &self.cursors, &self.losses, &self.totals);
        format!("{ledger:?}").hash(&mut digest);
        self.acknowledged.hash(&mut digest);
        digest.finish()
    }

    /// The frames of a range.
    pub(crate) fn frames(
        &self,
        partition: Partition,
        range: OffsetRange,
    ) -> impl Iterator<Item = (Offset, &Stored)> {
        let range = (partition, range.first)..(partition, range.next.max(range.first));
        self.frames.range(range).map(|(&(_, offset), stored)| (offset, stored))
    }

    /// The frames with records of a job's scope and dataset, where the job began or later.
    pub(crate) fn frames_of<'e>(
        &'e self,
        story: &'e JobStory,
    ) -> impl Iterator<Item = (Partition, Offset, &'e Stored)> {
        let of_partition = move |partition: Partition| {
            let begin = story.begin[usize::from(partition.0)];
            let all = OffsetRange::new(begin, Offset(u64::MAX));
            let mine = self.frames(partition, all).filter(|(_, stored)| stored.is_of(story));
            mine.map(move |(offset, stored)| (partition, offset, stored))
        };
        (0..self.partitions).map(Partition).flat_map(of_partition)
    }

    /// The ledger's entry for an object.
    pub(crate) fn batch_of(&self, place: &Place) -> Option<&BatchRecord> {
        self.batches.iter().find(|record| record.batch.key == place.key)
    }

    /// Whether the job's frame was given up.
    pub(crate) fn is_lost(&self, job: JobId, partition: Partition, offset: Offset) -> bool {
        self.losses.iter().any(|loss| {
            (loss.job, loss.partition) == (job, partition) && loss.range.contains(offset)
        })
    }
}

impl Stored {
    /// Whether it holds records of the job's scope and dataset.
    pub(crate) fn is_of(&self, story: &JobStory) -> bool {
        !self.is_quarantine && self.scope == story.scope && self.dataset == story.wish().dataset
    }

    /// What a job of this wish wants of it.
    pub(crate) fn wanted(&self, at: (Partition, Offset), wish: &Wish) -> Vec<Line> {
        wish.lines(&self.records, at)
    }

    /// What the job wants of it by each revision that it may have been read by.
    pub(crate) fn readings(
        &self,
        at: (Partition, Offset),
        story: &JobStory,
    ) -> impl Iterator<Item = Vec<Line>> {
        story.possible(self).map(move |one| self.wanted(at, &one.wish))
    }

    /// The numbers of its records that the job wants, whichever revision they were read by.
    pub(crate) fn wanted_by_all(&self, at: (Partition, Offset), story: &JobStory) -> BTreeSet<u32> {
        let numbers = |lines: Vec<Line>| lines.iter().flat_map(Line::numbers).collect();
        let all = self.readings(at, story).map(numbers);
        all.reduce(|one: BTreeSet<u32>, other| &one & &other).unwrap_or_default()
    }
}

impl JobStory {
    /// The revisions by which a frame may have been read: all but those that were replaced long
    /// before it was stored.
    pub(crate) fn possible(&self, frame: &Stored) -> impl Iterator<Item = &RevisionStory> {
        let replaced_at =
            self.revisions.iter().skip(1).map(|next| next.since).chain([Duration::MAX]);
        let possible = self
            .revisions
            .iter()
            .zip(replaced_at)
            .filter(|(_, replaced_at)| frame.at <= replaced_at.saturating_add(GRACE));
        possible.map(|(revision, _)| revision)
    }
}

/// The job in an object's name, `…-JOB-PARTITION-OFFSET.log.gz`.
pub(crate) fn job_of(key: &str) -> Option<JobId> {
    let name = key.strip_suffix(".log.gz")?;
    name.rsplit('-').nth(2)?.parse().ok().map(JobId)
}
