//! A job on a partition: it reads, closes, seals and uploads as `delivery::protocol` says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use catalog::{CatalogError, Ledger};
use delivery::protocol::cut::{Cut, Extent};
use delivery::protocol::follow::Follow;
use delivery::protocol::plan::Reading;
use delivery::protocol::seal::{AfterSeal, Going, Leftover, Order, Publishing, SealAnswer};
use delivery::protocol::upload::Upload;
use model::destination::Destination;
use model::object_key::{ObjectIdentity, ObjectNaming, object_key};
use model::output::Compression;
use model::{Batch, Frequency, JobId, Offset, OffsetRange, Partition, Revision};

use super::process::Known;
use super::sending::Sending;
use super::world::World;
use crate::flaw::Flaw;
use crate::history::{Line, Wish};
use crate::oracle::evidence::Stored;

/// Frames that a lane reads in a turn.
const FRAMES_PER_TURN: usize = 4;
/// Batches that a lane has under way before it reads on.
const BACKLOG_MAX: usize = 5;
/// How long a flawed ledger takes for what it has answered.
const LATE: Duration = Duration::from_secs(5);

/// A job on a partition.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) job: JobId,
    pub(super) partition: Partition,
    pub(super) revision: Revision,
    pub(super) reading: Reading,
    /// How it ends, once it does.
    pub(super) ending: Option<Follow>,
    wish: Wish,
    to: Destination,
    cut: Cut,
    close_at: Option<Duration>,
    unsealed: VecDeque<Batch>,
    seal_at: Duration,
    publishing: Publishing,
    waiting: BTreeMap<Offset, Sending>,
    running: Vec<Sending>,
    leftovers: Vec<Leftover>,
}

impl Lane {
    pub(super) fn new(
        (job, partition): (JobId, Partition),
        (revision, wish): (Revision, Wish),
        cursor: Offset,
        recovered: Vec<Sending>,
    ) -> Self {
        let spec = wish.spec();
        let to = Destination::parse(&spec.destination).expect("wishes name valid destinations");
        let limits = spec.batch_limits(Frequency::High);
        let ways = recovered.iter().map(|sending| (sending.batch.range.first, sending.way));
        Self {
            job,
            partition,
            revision,
            reading: Reading::new(cursor),
            ending: None,
            cut: Cut { limits, boundary: to.path.boundary() },
            wish,
            to,
            close_at: None,
            unsealed: VecDeque::new(),
            seal_at: Duration::ZERO,
            publishing: Publishing::new(ways),
            waiting: recovered.into_iter().map(|one| (one.batch.range.first, one)).collect(),
            running: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    pub(super) fn going(&self) -> Going {
        self.publishing.going()
    }

    /// What it leaves undelivered, in order.
    pub(super) fn leftovers(&self) -> Vec<Leftover> {
        let mut left = self.leftovers.clone();
        left.extend(self.waiting.values().map(Sending::left));
        left.sort_by_key(|leftover| leftover.range.first);
        left
    }

    pub(super) fn die(self, world: &mut World) {
        self.running.into_iter().for_each(|sending| sending.die(world));
    }

    /// The range that the ledger's cursor can be moved over.
    pub(super) fn passes(&self) -> Option<OffsetRange> {
        if self.ending.is_some() {
            return None;
        }
        self.reading.passes(self.reading.position(), self.unsealed.len())
    }

    /// The lane is to end in this way.
    pub(super) fn end(&mut self, follow: Follow, order: Order, world: &mut World) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(follow);
        self.publishing.ordered(order);
        if order.seals() {
            let next = self.reading.position();
            self.close_before(next, world);
        } else {
            self.unsealed.clear();
        }
    }

    pub(super) fn step(&mut self, world: &mut World, known: &mut Known) {
        if self.ending.is_none() {
            self.read(world);
            if self.close_at.is_some_and(|at| at <= world.elapsed()) {
                let next = self.reading.position();
                self.close_before(next, world);
            }
        }
        self.seal(world);
        if self.ending.is_some() && self.unsealed.is_empty() {
            self.publishing.lane_ended();
        }
        while let Some((first, _)) = self.publishing.next_upload() {
            self.running.extend(self.waiting.remove(&first));
        }
        let is_left = self.ending.is_some();
        for mut sending in std::mem::take(&mut self.running) {
            if is_left {
                self.leftovers.push(sending.left());
                self.publishing.upload_ended(sending.way);
                sending.die(world);
                continue;
            }
            sending.step(world, known);
            if sending.is_done() && !world.has_died() {
                self.publishing.upload_ended(sending.way);
            } else {
                self.running.push(sending);
            }
        }
    }

    fn read(&mut self, world: &mut World) {
        self.reading.read_to(world.disk.start(self.partition));
        for _ in 0..FRAMES_PER_TURN {
            let backlog = self.unsealed.len() + self.waiting.len() + self.running.len();
            let at = self.reading.position();
            let Some(frame) = world.disk.frame(self.partition, at) else { return };
            if backlog >= BACKLOG_MAX {
                return;
            }
            let lines = world.wanted(self.job, (self.partition, at), &self.wish, frame);
            let (arrival, records) = (frame.arrival, lines.len() as u64);
            if records > 0 {
                let extent = Extent { start: arrival, end: arrival, records, raw_bytes: 0 };
                self.take(at, extent, world);
            }
            self.reading.read_to(at.next());
        }
    }

    fn take(&mut self, at: Offset, frame: Extent, world: &mut World) {
        let open = self.reading.open().copied();
        if let Some(range) = self.reading.arrives(self.cut, at, &frame) {
            self.close(range, open, world);
        }
        let open = match self.reading.open() {
            Some(open) => Extent { end: frame.end, records: open.records + frame.records, ..*open },
            None => {
                self.close_at = Some(world.elapsed() + self.cut.longest_open());
                frame
            }
        };
        if let Some(range) = self.reading.takes(self.cut, at, &open) {
            self.close(range, Some(open), world);
        }
    }

    fn close_before(&mut self, next: Offset, world: &mut World) {
        let open = self.reading.open().copied();
        if let Some(range) = self.reading.close(next) {
            self.close(range, open, world);
        }
    }

    fn close(&mut self, range: OffsetRange, open: Option<Extent>, world: &mut World) {
        self.close_at = None;
        let Some(Extent { start, end, records, .. }) = open else { return };
        let key = object_key(
            &self.to.path,
            &ObjectNaming {
                start,
                end,
                dataset: self.wish.dataset,
                zone: None,
                compression: Compression::Gzip,
            },
            ObjectIdentity {
                installation: catalog::Tenants::installation(&*world.catalog),
                job: self.job,
                partition: self.partition,
                first: range.first,
            },
        );
        let mut batch = Batch {
            job: self.job,
            revision: self.revision,
            partition: self.partition,
            range,
            key,
            start,
            end,
            records,
            raw_bytes: 0,
            gzip_level: 1,
        };
        match world.encode(&batch, &self.wish) {
            Some(body) => batch.raw_bytes = body.len() as u64,
            // Another owner has let the journal forget its frames: the ledger will fence it.
            None => world.storm.saw("a batch's frames are gone when it closes"),
        }
        self.unsealed.push_back(batch);
    }

    fn seal(&mut self, world: &mut World) {
        while self.publishing.seals() && self.seal_at <= world.elapsed() && !world.has_died() {
            let Some(batch) = self.unsealed.front() else { return };
            let answer = ask_ledger(world, batch);
            match self.publishing.answered(batch.range.first, answer) {
                AfterSeal::Again(wait) => self.seal_at = world.elapsed() + wait,
                AfterSeal::Ends => self.unsealed.clear(),
                AfterSeal::Uploads => {
                    let Some(batch) = self.unsealed.pop_front() else { return };
                    let way = delivery::protocol::seal::Way::Current;
                    let sending = Sending::new(batch, self.wish.clone(), way, Upload::fresh());
                    self.waiting.insert(sending.batch.range.first, sending);
                }
            }
        }
    }
}

fn ask_ledger(world: &mut World, batch: &Batch) -> SealAnswer {
    if world.flaw == Flaw::AnswersBeforeTheSeal {
        let due = world.elapsed() + LATE;
        world.late_seals.push((due, batch.clone()));
        return SealAnswer::Sealed;
    }
    let (catalog, now) = (Arc::clone(&world.ledger), world.now());
    let sealed = world.ask("seal", catalog.seal(batch, now));
    world.storm.trace.note(|| format!("ledger: seal {} {}: {sealed:?}", batch.key, batch.range));
    match sealed {
        Ok(()) => SealAnswer::Sealed,
        Err(CatalogError::Fenced(_) | CatalogError::Superseded { .. }) => {
            world.storm.saw("a seal is fenced");
            SealAnswer::Fenced
        }
        Err(_) => SealAnswer::Failed,
    }
}

impl World {
    /// What a job wants of a frame.
    fn wanted(
        &self,
        job: JobId,
        at: (Partition, Offset),
        wish: &Wish,
        frame: &Stored,
    ) -> Vec<Line> {
        let is_of = self.stories.get(&job).is_some_and(|story| frame.is_of(story));
        if is_of { frame.wanted(at, wish) } else { Vec::new() }
    }

    /// What a batch's object holds; `None` where its frames are gone.
    pub(super) fn encode(&mut self, batch: &Batch, wish: &Wish) -> Option<String> {
        let mut wish = wish.clone();
        let draws = self.flaw == Flaw::SamplesByChance && wish.share.is_some();
        if draws {
            wish.share = None;
        }
        let mut lines = Vec::new();
        for at in (batch.range.first.0..batch.range.next.0).map(Offset) {
            let frame = self.disk.frame(batch.partition, at)?;
            lines.extend(self.wanted(batch.job, (batch.partition, at), &wish, frame));
        }
        if draws {
            lines.retain(|_| self.rng.per_mille(500));
        }
        Some(wish.object(&lines))
    }
}
