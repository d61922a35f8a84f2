//! What lasts while processes come and go: the disk, the ledger, the buckets, the customers, the
//! clients, and the storm that shakes them.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::journal::Clock;
use catalog::{Actor, BatchState, CatalogError, Tenants};
use delivery::{RetrySettings, StoreErrorKind};
use futures_util::FutureExt;
use model::{Id, InstallationId, JobId, Offset, Partition, Scope, UnixNanos};

use super::disk::{Disk, Written};
use super::meeting::Meeting;
use crate::catalog::MemoryCatalog;
use crate::flaw::Flaw;
use crate::history::{BUCKETS, Record};
use crate::oracle::evidence::{Evidence, Seen, Stored, job_of};
use crate::rng::Rng;
use crate::store::{Buckets, Fate, Manners, StoreRates, Work, draw};
use crate::storm::Storm;
use crate::violation::Rule;
use crate::world::{JobStory, Options};

const SECOND: Duration = Duration::from_secs(1);
/// 2024-02-29T23:58:00Z, shortly before the end of a leap day.
const ORIGIN: UnixNanos = UnixNanos(1_709_251_080 * model::time::NANOS_PER_SECOND);
const ZONES: u8 = 2;

/// A client's request that is not acknowledged.
#[derive(Debug)]
struct Waiting {
    request: u64,
    partition: Partition,
    frames: Vec<Stored>,
    keyed: bool,
    /// Whether it has to be sent, again or for the first time.
    is_to_send: bool,
}

/// How rough the ledger is: of a thousand calls.
#[derive(Debug, Clone, Copy)]
struct LedgerRates {
    failing: u32,
    lost_answer: u32,
    deadly: u32,
}

/// What lasts.
#[derive(Debug)]
pub(super) struct World {
    pub(super) storm: Arc<Storm>,
    pub(super) catalog: Arc<MemoryCatalog>,
    /// The handle of the process whose turn it is.
    pub(super) ledger: Arc<MemoryCatalog>,
    pub(super) buckets: Buckets,
    pub(super) disk: Disk,
    pub(super) stories: BTreeMap<JobId, JobStory>,
    pub(super) rng: Rng,
    pub(super) flaw: Flaw,
    pub(super) ticks: u64,
    pub(super) part_bytes: u64,
    pub(super) retry: RetrySettings,
    pub(super) retention: Option<i64>,
    /// Of a thousand turns, in so many a second process takes over from one that goes on.
    pub(super) takeovers: u32,
    pub(super) meeting: Meeting,
    pub(super) refusing: BTreeMap<&'static str, StoreErrorKind>,
    /// Seals that were answered and are not done: only a flawed ledger has some.
    pub(super) late_seals: Vec<(Duration, model::Batch)>,
    manners: BTreeMap<&'static str, Manners>,
    store: StoreRates,
    failures: LedgerRates,
    waiting: Vec<Waiting>,
    requests: u64,
    next_record: u32,
    acknowledged: Vec<u32>,
    set_back: i64,
    has_died: bool,
    /// Whether the ledger has told the process whose turn it is that another has taken over.
    is_superseded: bool,
}

impl World {
    pub(super) fn new(seed: u64, options: Options) -> Self {
        let mut rng = Rng::of_part(seed, "bare");
        let storm = Storm::new(ORIGIN, options.is_traced);
        let installation = InstallationId::from_random([(seed % 36) as u8; 12]);
        let catalog = Arc::new(MemoryCatalog::flawed(installation, options.flaw));
        let manners: BTreeMap<_, _> =
            BUCKETS.into_iter().map(|bucket| (bucket, Manners::draw(&mut rng))).collect();
        let buckets =
            Buckets::new(Arc::clone(&storm), Arc::clone(&catalog), options.flaw, manners.clone());
        let rates = |rng: &mut Rng, most: u64| rng.below(most) as u32;
        let world = Self {
            buckets,
            disk: Disk::new(rng.between(1, 2) as u16, options.flaw),
            stories: BTreeMap::new(),
            flaw: options.flaw,
            ticks: rng.between(40, 160),
            part_bytes: rng.pick(&[40, 150, 1 << 20]),
            retry: RetrySettings { first: SECOND, max: SECOND * 8, slow_max: SECOND * 30 },
            retention: rng
                .per_mille(250)
                .then(|| rng.between(60, 200) as i64 * model::time::NANOS_PER_SECOND),
            takeovers: rng.pick(&[0, 0, 20]),
            meeting: Meeting::draw(seed),
            refusing: BTreeMap::new(),
            late_seals: Vec::new(),
            manners,
            store: StoreRates {
                slow_down: rates(&mut rng, 100),
                unavailable: rates(&mut rng, 100),
                unreachable: rates(&mut rng, 50),
                lost_answer: rates(&mut rng, 100),
                stall: rates(&mut rng, 30),
                twice: rates(&mut rng, 60),
                latency: SECOND * rng.between(1, 4) as u32,
            },
            failures: LedgerRates {
                failing: rates(&mut rng, 60),
                lost_answer: rates(&mut rng, 60),
                deadly: rates(&mut rng, 8),
            },
            waiting: Vec::new(),
            requests: 0,
            next_record: 1,
            acknowledged: Vec::new(),
            set_back: 0,
            has_died: false,
            is_superseded: false,
            ledger: Arc::clone(&catalog),
            storm,
            catalog,
            rng,
        };
        world.add_zones();
        world
    }

    fn add_zones(&self) {
        const ACCOUNT: Id = Id::from_bytes([0xac; 16]);
        let by = Actor::system(UnixNanos(0));
        now(self.catalog.add_account(ACCOUNT, "customer", "external id", &by))
            .expect("the catalogue is empty");
        for number in 0..ZONES {
            let name = format!("zone-{number}.example");
            now(self.catalog.add_zone(Self::zone(number).id, ACCOUNT, &name, &by))
                .expect("no two zones are alike");
        }
    }

    pub(super) fn zone(number: u8) -> Scope {
        Scope::zone(Id::from_bytes([number + 1; 16]))
    }

    pub(super) fn any_zone(&mut self) -> Scope {
        Self::zone(self.rng.below(u64::from(ZONES)) as u8)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.storm.clock.elapsed()
    }

    pub(super) fn now(&self) -> UnixNanos {
        self.storm.clock.now()
    }

    pub(super) fn ends(&self) -> Vec<Offset> {
        self.disk.partitions().map(|partition| self.disk.end(partition)).collect()
    }

    /// Time passes.
    pub(super) fn pass(&mut self, time: Duration) {
        self.storm.clock.end_life(time);
        let elapsed = self.elapsed();
        self.buckets.deliver_wire(Some(elapsed));
        let (due, later) =
            std::mem::take(&mut self.late_seals).into_iter().partition(|(at, _)| *at <= elapsed);
        self.late_seals = later;
        let due: Vec<(Duration, model::Batch)> = due;
        for (_, batch) in due {
            let _ = now(catalog::Ledger::seal(&*self.catalog, &batch, self.now()));
        }
    }

    pub(super) fn tick(&mut self) {
        let step = Duration::from_millis(self.rng.between(1, 3_000));
        self.pass(step);
        if !self.storm.is_calm() && self.rng.per_mille(4) {
            let most = model::time::NANOS_PER_SECOND as u64 * self.rng.pick(&[1, 90, 3600]);
            let size = self.rng.between(1, most) as i64;
            let nanos = if self.rng.per_mille(500) { size } else { -size };
            self.set_back += (-nanos).max(0);
            self.storm.clock.jump(nanos);
            self.storm.saw("the clock jumps");
        }
    }

    pub(super) fn begin_turn(&mut self) {
        self.is_superseded = false;
        self.has_died = !self.storm.is_calm() && self.rng.per_mille(8);
        if self.has_died {
            self.storm.trace.note(|| "world: a process dies");
        }
    }

    pub(super) const fn has_died(&self) -> bool {
        self.has_died
    }

    pub(super) const fn is_superseded(&self) -> bool {
        self.is_superseded
    }

    pub(super) fn crash_disk(&mut self) {
        if self.disk.crash(&mut self.rng) {
            self.storm.saw("unsynced writes are lost");
        }
        self.waiting.retain(|waiting| waiting.keyed);
        self.waiting.iter_mut().for_each(|waiting| waiting.is_to_send = true);
    }

    /// Asks the ledger, which may fail before or after its work; the process may die with it.
    pub(super) fn ask<T>(
        &mut self,
        what: &'static str,
        call: impl Future<Output = catalog::Result<T>>,
    ) -> catalog::Result<T> {
        let failed = || CatalogError::Conflict(format!("the storm: {what}"));
        if self.has_died {
            return Err(failed());
        }
        let case = self.rng.below(1000) as u32;
        let LedgerRates { failing, lost_answer, deadly } = self.failures;
        if self.storm.is_calm() || case >= failing + lost_answer + 2 * deadly {
            let answer = now(call);
            self.is_superseded |= matches!(answer, Err(CatalogError::Superseded { .. }));
            return answer;
        }
        self.storm.saw("the ledger fails");
        let is_done = case >= failing + deadly;
        self.has_died =
            (failing..failing + deadly).contains(&case) || case >= failing + deadly + lost_answer;
        let (dies, what) = (self.has_died, what);
        self.storm.trace.note(|| format!("ledger: cannot {what}, done: {is_done}, dies: {dies}"));
        if is_done {
            let _ = now(call);
        }
        Err(failed())
    }

    /// What becomes of a request to a bucket.
    pub(super) fn fate(&mut self, bucket: &str) -> Fate {
        let refusal = self.refusing.get(bucket).copied().or(self.meeting.refusal());
        if self.storm.is_calm() && refusal.is_none() {
            return Fate::CALM;
        }
        draw(&mut self.rng, self.store, refusal)
    }

    /// Carries out a request at once, in the storm's way.
    pub(super) fn call(&mut self, bucket: &str, work: Work) -> Result<(), StoreErrorKind> {
        if self.has_died {
            return Err(StoreErrorKind::NoAnswer);
        }
        let fate = self.fate(bucket);
        let elapsed = self.elapsed();
        let at_once = Fate { until_done: Duration::ZERO, ..fate };
        let done = self.buckets.send_off(elapsed, work, &at_once).map(|number| {
            self.buckets.deliver_wire(Some(elapsed));
            self.buckets.take_outcome(number)
        });
        match (fate.error, done.flatten()) {
            (Some(kind), _) | (None, Some(Err(kind))) => Err(kind),
            (None, Some(Ok(_))) => Ok(()),
            (None, None) => Err(StoreErrorKind::NoAnswer),
        }
    }

    /// Clients send, the disk syncs, and clients hear of it.
    pub(super) fn clients_act(&mut self) {
        if !self.storm.is_calm() && self.rng.per_mille(500) {
            let waiting = self.draw_request();
            self.waiting.push(waiting);
        }
        let (arrival, at) = (self.now(), self.elapsed());
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.is_to_send) {
            waiting.is_to_send = false;
            let written = waiting.frames.iter().map(|frame| Written {
                frame: Stored { arrival, at, ..frame.clone() },
                request: waiting.request,
            });
            self.disk.write(waiting.partition, written.collect());
        }
        let partitions: Vec<Partition> = self.disk.partitions().collect();
        for partition in partitions {
            if self.storm.is_calm() || self.rng.per_mille(600) {
                self.disk.sync(partition);
            }
        }
        let loses = if self.storm.is_calm() { 0 } else { 100 };
        let mut heard = Vec::new();
        for (at, waiting) in self.waiting.iter_mut().enumerate() {
            let is_early = self.flaw == Flaw::AcknowledgesBeforeStoring;
            if is_early || self.disk.is_durable(waiting.partition, waiting.request) {
                let is_lost = self.rng.per_mille(loses);
                waiting.is_to_send = is_lost && waiting.keyed;
                if !is_lost || !waiting.keyed {
                    heard.push((at, is_lost));
                }
            }
        }
        for (at, is_lost) in heard.into_iter().rev() {
            let waiting = self.waiting.remove(at);
            if !is_lost {
                let records = waiting.frames.iter().flat_map(|frame| &frame.records);
                self.acknowledged.extend(records.map(|record| record.number));
            }
        }
    }

    fn draw_request(&mut self) -> Waiting {
        self.requests += 1;
        let frames = (0..self.rng.between(1, 3)).map(|_| self.draw_frame()).collect();
        let partitions: Vec<Partition> = self.disk.partitions().collect();
        Waiting {
            request: self.requests,
            partition: self.rng.pick(&partitions),
            frames,
            keyed: self.rng.per_mille(600),
            is_to_send: true,
        }
    }

    fn draw_frame(&mut self) -> Stored {
        let records = self.rng.between(1, 6) as u32;
        let numbers = self.next_record..self.next_record + records;
        self.next_record = numbers.end;
        Stored {
            scope: self.any_zone(),
            dataset: self
                .rng
                .pick(&["http_requests", "http_requests", "firewall_events"])
                .to_owned(),
            is_quarantine: self.rng.per_mille(50),
            arrival: UnixNanos(0),
            at: Duration::ZERO,
            records: numbers.map(|number| Record::of(number, false)).collect(),
        }
    }

    pub(super) fn calm_down(&mut self) {
        self.storm.calm_down();
        self.refusing.clear();
        self.meeting.end();
        self.buckets.withdraw();
        self.resume_all();
    }

    /// Whether nothing is left to do.
    pub(super) fn is_delivered(&self) -> bool {
        self.left().is_empty()
    }

    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        if !self.waiting.is_empty() {
            left.push("a client still waits".to_owned());
        }
        let undelivered = now(catalog::Ledger::undelivered(&*self.catalog, None));
        for batch in undelivered.unwrap_or_default() {
            left.push(format!("the batch {} is not delivered", batch.key));
        }
        let cursors = now(catalog::Ledger::all_cursors(&*self.catalog)).unwrap_or_default();
        for (job, cursor) in cursors {
            if cursor.next < self.disk.end(cursor.partition) {
                left.push(format!("job {job} stands at {} in {}", cursor.next, cursor.partition));
            }
        }
        for (id, place) in self.buckets.open_uploads() {
            // With a delivered batch the ledger forgets what could not be aborted by then.
            let record = self.catalog.batch_of_key(&place.key);
            let is_delivered =
                record.is_some_and(|record| matches!(record.state, BatchState::Delivered(_)));
            if self.storm.has_noted(&id) && !is_delivered {
                left.push(format!("the upload {id} of {place} is left open"));
            }
        }
        left
    }

    pub(super) fn note_what_is_left(&mut self) {
        self.buckets.deliver_wire(None);
        for what in self.left() {
            self.storm.violated(Rule::EndsDelivered, what);
        }
    }

    pub(super) fn evidence(&self) -> Evidence {
        let objects = self.buckets.objects().into_iter().map(|(place, object)| Seen {
            job: job_of(&place.key),
            content: Some(object.body.to_vec()),
            place,
            object,
        });
        Evidence {
            frames: self.disk.archive.clone(),
            objects: objects.collect(),
            batches: self.catalog.all_batches(),
            cursors: self.catalog.every_cursor(),
            losses: self.catalog.every_loss(),
            totals: self.catalog.every_total(),
            manners: self.manners.clone(),
            jobs: self.stories.clone(),
            acknowledged: self.acknowledged.clone(),
            partitions: self.disk.partitions().count() as u16,
            expires_after: self.retention,
            set_back: self.set_back,
        }
    }
}

/// What a call to the catalogue in memory gives.
pub(super) fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("the catalogue in memory never waits")
}
