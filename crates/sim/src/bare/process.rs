//! A process of delivery: it keeps lanes in step with the catalogue, passes frames over, looks
//! after retention and after uploads that were left over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalog::{Job, Jobs, Ledger, Loss, OpenUpload};
use delivery::protocol::abandon::Aborting;
use delivery::protocol::follow::Follow;
use delivery::protocol::recover::{Stand, left_over, unseal_from};
use delivery::protocol::seal::{Going, Order, Way};
use delivery::protocol::trim::{Undelivered, forgets_before};
use delivery::protocol::upload::Upload;
use model::{Batch, JobId, Offset, OffsetRange, Partition, Revision};

use super::lane::Lane;
use super::sending::{Sending, abandon};
use super::world::World;
use crate::catalog::MemoryCatalog;
use crate::history::Wish;

type Key = (JobId, Partition);
type Needs = BTreeMap<Key, Undelivered>;

/// What a process has learnt of buckets.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) without_guard: BTreeSet<&'static str>,
    pub(super) aborting: BTreeMap<&'static str, Aborting>,
}

impl Known {
    /// The bucket has answered to a request that writes.
    pub(super) fn answered(&mut self, bucket: &'static str, is_taken: bool, after_denial: bool) {
        if is_taken {
            self.aborting.entry(bucket).or_default().written(after_denial);
        }
    }

    /// Whether what is sent to the bucket now is sent after it has denied an abort.
    pub(super) fn is_denied(&self, bucket: &'static str) -> bool {
        self.aborting.get(bucket).is_some_and(|aborting| aborting.is_denied())
    }
}

/// A process of delivery.
#[derive(Debug)]
pub(super) struct Process {
    lanes: BTreeMap<Key, Lane>,
    known: Known,
    ledger: Arc<MemoryCatalog>,
    standing: Standing,
}

/// How a process stands towards the ledger, as far as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It has not taken the ledger over yet.
    New,
    /// It owns the ledger, or believes so.
    Owner,
    /// It was told that another has taken over.
    Superseded,
}

impl Process {
    pub(super) fn new(world: &mut World) -> Self {
        world.buckets.begin_life();
        let ledger = Arc::new(world.catalog.another());
        Self { lanes: BTreeMap::new(), known: Known::default(), ledger, standing: Standing::New }
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.standing == Standing::Superseded
    }

    /// The process dies with all that it holds in memory.
    pub(super) fn die(self, world: &mut World) {
        self.lanes.into_values().for_each(|lane| lane.die(world));
    }

    /// Does a part of its work; the world knows whether it died of it.
    pub(super) fn step(&mut self, world: &mut World) {
        world.ledger = Arc::clone(&self.ledger);
        if self.standing == Standing::New {
            let taking = Arc::clone(&self.ledger);
            if world.ask("take the ledger over", taking.take_over()).is_ok() {
                self.standing = Standing::Owner;
            }
        }
        if self.standing == Standing::Owner {
            self.work(world);
        }
        if world.is_superseded() {
            world.storm.saw("an owner learns that it was superseded");
            self.standing = Standing::Superseded;
            std::mem::take(&mut self.lanes).into_values().for_each(|lane| lane.die(world));
        }
    }

    fn work(&mut self, world: &mut World) {
        let is_calm = world.storm.is_calm();
        let mut turn = |rate: u32| is_calm || world.rng.per_mille(rate);
        let (follows, passes, trims, tidies) = (turn(250), turn(150), turn(60), turn(80));
        if follows {
            // What fails is tried again at another turn.
            let _ = self.follow(world);
        }
        for lane in self.lanes.values_mut() {
            if !world.has_died() {
                lane.step(world, &mut self.known);
            }
        }
        self.end_lanes(world);
        if passes {
            let _ = self.pass_over(world);
        }
        if trims {
            let _ = self.look_after_retention(world);
        }
        if tidies {
            let _ = self.abandon_leftovers(world);
        }
    }

    /// Takes away lanes that have ended, and unseals what follows its job.
    fn end_lanes(&mut self, world: &mut World) {
        let ended = |(key, lane): (&Key, &Lane)| (lane.going() != Going::On).then_some(*key);
        let ended: Vec<Key> = self.lanes.iter().filter_map(ended).collect();
        for (job, partition) in ended {
            if world.has_died() {
                return;
            }
            let Some(lane) = self.lanes.remove(&(job, partition)) else { continue };
            let changes = lane.ending == Some(Follow::Changes) && lane.going() == Going::Done;
            let from = unseal_from(&lane.leftovers()).filter(|_| changes);
            lane.die(world);
            if let Some(from) = from {
                let catalog = Arc::clone(&world.ledger);
                let unsealed = world.ask("unseal", catalog.unseal(job, partition, from));
                if unsealed.is_ok() {
                    world.storm.saw("batches are unsealed");
                }
                world
                    .storm
                    .trace
                    .note(|| format!("ledger: unseal {job}/{partition} {from}: {unsealed:?}"));
            }
        }
    }

    fn follow(&mut self, world: &mut World) -> catalog::Result<()> {
        let catalog = Arc::clone(&world.ledger);
        let mut jobs = world.ask("list jobs", catalog.jobs(None))?;
        jobs.retain(|job| job.enabled);
        for (key, lane) in &mut self.lanes {
            let wanted = jobs.iter().find(|job| job.id == key.0).map(|job| job.revision);
            let follow = Follow::of(lane.revision, false, wanted);
            if let Some(order) = follow.order() {
                lane.end(follow, order, world);
            }
        }
        for job in &jobs {
            self.start(job, world)?;
        }
        Ok(())
    }

    /// Starts the lanes that a job lacks.
    fn start(&mut self, job: &Job, world: &mut World) -> catalog::Result<()> {
        let partitions: Vec<Partition> = world.disk.partitions().collect();
        let lacks = |partition: &Partition| !self.lanes.contains_key(&(job.id, *partition));
        let missing: Vec<Partition> = partitions.into_iter().filter(lacks).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let catalog = Arc::clone(&world.ledger);
        let cursors = world.ask("list cursors", catalog.cursors(job.id))?;
        let open = world.ask("list uploads", catalog.open_uploads(Some(job.id)))?;
        let batches = world.ask("list batches", catalog.undelivered(Some(job.id)))?;
        // Another owner may take back the seals of its own batches: those must not be uploaded here.
        world.ask("tell who owns the ledger", catalog.check_owner())?;
        for partition in missing {
            let cursor = cursors.iter().find(|cursor| cursor.partition == partition);
            let cursor = cursor.map(|cursor| cursor.next);
            let (start, end) = (world.disk.start(partition), world.disk.end(partition));
            let next = match Stand::of(cursor, !cursors.is_empty(), start, end) {
                Stand::At(next) => next,
                Stand::Begins(next) => {
                    let begin = [catalog::Cursor { partition, next }];
                    world.ask("begin", catalog.begin(job.id, &begin))?;
                    next
                }
                Stand::Lost(range) => {
                    let at = world.now();
                    let loss = Loss { job: job.id, partition, range, records: 0, at };
                    world.ask("give up", catalog.give_up(&loss))?;
                    range.next
                }
                Stand::OtherJournal => {
                    let what = format!("job {} stands beyond {end} in {partition}", job.id);
                    world.storm.violated(crate::violation::Rule::AcknowledgedIsStored, what);
                    continue;
                }
            };
            let Some(wish) = wish_of(world, job.id, job.revision) else { continue };
            let mine = batches.iter().filter(|batch| batch.partition == partition);
            let recovered = mine.filter_map(|batch| recover(world, batch, &wish, &open)).collect();
            let lane = Lane::new((job.id, partition), (job.revision, wish), next, recovered);
            self.lanes.insert((job.id, partition), lane);
        }
        Ok(())
    }

    /// Moves the ledger's cursors over frames that hold nothing for their jobs.
    fn pass_over(&mut self, world: &mut World) -> catalog::Result<()> {
        let passes = |lane: &Lane| lane.passes().map(|range| (lane.job, lane.partition, range));
        let passed: Vec<_> = self.lanes.values().filter_map(passes).collect();
        let catalog = Arc::clone(&world.ledger);
        for one in passed {
            let (job, partition, range) = one;
            if world.ask("pass over", catalog.pass_over(&[one]))? == 0 {
                // The ledger stands elsewhere: the lane starts again from it.
                world.storm.saw("a cursor stands elsewhere");
                if let Some(lane) = self.lanes.remove(&(job, partition)) {
                    lane.die(world);
                }
            } else if let Some(lane) = self.lanes.get_mut(&(job, partition)) {
                lane.reading.passed(range.next);
            }
        }
        Ok(())
    }

    fn look_after_retention(&mut self, world: &mut World) -> catalog::Result<()> {
        let Some(age) = world.retention else { return Ok(()) };
        let needs = read_needs(world)?;
        for (&(job, partition), undelivered) in &needs {
            let expired = world.disk.expired(partition, age, world.now());
            if undelivered.needs() >= expired {
                continue;
            }
            if let Some(mut lane) = self.lanes.remove(&(job, partition)) {
                lane.end(Follow::Ends, Order::Drop, world);
                lane.die(world);
            }
            give_up(world, (job, partition), expired)?;
        }
        let needs = read_needs(world)?;
        let catalog = Arc::clone(&world.ledger);
        world.ask("tell who owns the ledger", catalog.check_owner())?;
        let partitions: Vec<Partition> = world.disk.partitions().collect();
        for partition in partitions {
            let expired = world.disk.expired(partition, age, world.now());
            let mine = needs.iter().filter(|((_, of), _)| *of == partition);
            let before = forgets_before(expired, mine.map(|(_, undelivered)| undelivered.needs()));
            if before > world.disk.start(partition) && !world.has_died() {
                world.disk.trim(partition, before);
                world.storm.saw("the journal is trimmed");
            }
        }
        Ok(())
    }

    fn abandon_leftovers(&mut self, world: &mut World) -> catalog::Result<()> {
        let catalog = Arc::clone(&world.ledger);
        let open = world.ask("list uploads", catalog.open_uploads(None))?;
        let undelivered = world.ask("list batches", catalog.undelivered(None))?;
        for open in left_over(open, &undelivered) {
            if let Some(wish) = wish_of(world, open.job, open.revision) {
                abandon(world, &mut self.known, wish.bucket, &open);
            }
        }
        Ok(())
    }
}

fn wish_of(world: &World, job: JobId, revision: Revision) -> Option<Wish> {
    let revisions = &world.stories.get(&job)?.revisions;
    revisions.iter().find(|one| one.revision == revision).map(|one| one.wish.clone())
}

/// A batch that was sealed before, on its way.
fn recover(world: &World, batch: &Batch, current: &Wish, open: &[OpenUpload]) -> Option<Sending> {
    let wish = wish_of(world, batch.job, batch.revision)?;
    let way = if wish.bucket == current.bucket { Way::Current } else { Way::Stranded };
    let is_of = |open: &&OpenUpload| {
        (open.partition, open.first, open.revision)
            == (batch.partition, batch.range.first, batch.revision)
    };
    let open = open.iter().filter(is_of).cloned().collect();
    Some(Sending::new(batch.clone(), wish, way, Upload::recovered(open)))
}

fn read_needs(world: &mut World) -> catalog::Result<Needs> {
    let catalog = Arc::clone(&world.ledger);
    let mut needs = Needs::new();
    for (job, cursor) in world.ask("list cursors", catalog.all_cursors())? {
        let undelivered = Undelivered { cursor: cursor.next, sealed: Vec::new() };
        needs.insert((job, cursor.partition), undelivered);
    }
    for Batch { job, partition, range, records, .. } in
        world.ask("list batches", catalog.undelivered(None))?
    {
        needs.entry((job, partition)).or_default().sealed.push((range, records));
    }
    Ok(needs)
}

/// Gives up, on the record, what a lane that does not run has not delivered before `expired`.
fn give_up(world: &mut World, key: Key, expired: Offset) -> catalog::Result<()> {
    let Some(undelivered) = read_needs(world)?.remove(&key) else { return Ok(()) };
    if undelivered.needs() >= expired {
        return Ok(());
    }
    let (job, partition) = key;
    let (range, sealed) = undelivered.lost(expired);
    let unsealed = OffsetRange::new(undelivered.cursor, expired);
    let records = sealed + count(world, key, unsealed);
    let loss = Loss { job, partition, range, records, at: world.now() };
    let catalog = Arc::clone(&world.ledger);
    let given_up = world.ask("give up", catalog.give_up(&loss));
    world.storm.trace.note(|| format!("ledger: give up {loss:?}: {given_up:?}"));
    world.storm.saw("frames are given up");
    given_up
}

/// How many records of a job's scope and dataset the frames hold.
fn count(world: &World, (job, partition): Key, range: OffsetRange) -> u64 {
    let Some(story) = world.stories.get(&job) else { return 0 };
    let frames = (range.first.0..range.next.0).map(Offset);
    let held = frames.filter_map(|offset| world.disk.frame(partition, offset));
    held.filter(|frame| frame.is_of(story)).map(|frame| frame.records.len() as u64).sum()
}
