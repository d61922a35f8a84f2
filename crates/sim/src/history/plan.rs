//! The course of a history, drawn from its seed before it runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use delivery::{Level, RetrySettings, Settings, StoreErrorKind};
use journal::Retention;
use model::UnixNanos;

use super::wish::DATASETS;
use super::{BUCKETS, Wish};
use crate::catalog::CatalogRates;
use crate::journal::JournalRates;
use crate::rng::Rng;
use crate::store::{Manners, StoreRates};

/// 2024-03-01T00:00:00Z, the end of a leap day.
const MIDNIGHT: i64 = 1_709_251_200;
const SECOND: Duration = Duration::from_secs(1);

/// The course of a history.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The time of day at its beginning.
    pub origin: UnixNanos,
    /// How many partitions the journal has.
    pub partitions: u16,
    /// How many zones there are.
    pub zones: u8,
    /// Whether some records are long.
    pub bulk: bool,
    /// How rough the store is.
    pub store: StoreRates,
    /// What the buckets know and allow.
    pub manners: BTreeMap<&'static str, Manners>,
    /// How rough the catalogue is.
    pub catalog: CatalogRates,
    /// How rough the journal is.
    pub journal: JournalRates,
    /// What the operator has set.
    pub settings: Settings,
    /// What happens, in order.
    pub events: Vec<(Duration, Event)>,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Event {
    /// Somebody sends records in; with a key, until it is acknowledged.
    Append {
        /// To which partition.
        partition: u16,
        /// What.
        frames: Vec<FramePlan>,
        /// Whether with an idempotency key.
        keyed: bool,
    },
    /// A customer adds a job to a zone.
    AddJob {
        /// To which zone.
        zone: u8,
        /// What it is to do.
        wish: Wish,
    },
    /// A customer changes something about one of the jobs.
    ChangeJob {
        /// Chooses the job and what is changed.
        choice: u64,
    },
    /// A customer gives a job of this bucket another bucket.
    MoveJob {
        /// The bucket.
        bucket: &'static str,
        /// Chooses the job and the other bucket.
        choice: u64,
    },
    /// A customer pauses one of the jobs, or lets one go on that was paused.
    Toggle {
        /// Chooses the job.
        choice: u64,
    },
    /// A customer deletes one of the jobs.
    Delete {
        /// Chooses the job.
        choice: u64,
    },
    /// From now on a bucket refuses everything, or nothing any more.
    Refuse {
        /// The bucket.
        bucket: &'static str,
        /// With which error.
        refusal: Option<StoreErrorKind>,
    },
    /// Somebody else puts an object where a batch is to go that was sealed and not yet written.
    Intrude {
        /// Chooses the batch.
        choice: u64,
    },
    /// Whoever put objects where batches are to go removes them.
    Withdraw,
    /// Somebody sets the clock.
    Jump {
        /// By so many nanoseconds.
        nanos: i64,
    },
    /// The process dies, at once or after some steps and some polls, and is started again after
    /// a pause.
    Crash {
        /// After so many steps.
        steps: u64,
        /// And then after so many polls of its tasks.
        polls: u64,
        /// The pause.
        pause: Duration,
    },
    /// Another process takes over, while the one before goes on in the belief to be the owner.
    TakeOver,
    /// The process is stopped cleanly within a limit, and started again after a pause.
    Stop {
        /// The limit.
        limit: Duration,
        /// The pause.
        pause: Duration,
    },
}

/// A frame that somebody sends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramePlan {
    /// Of which zone.
    pub zone: u8,
    /// Of which dataset.
    pub dataset: &'static str,
    /// Whether it holds quarantined lines, which no job wants.
    pub is_quarantine: bool,
    /// The number of its first record; the others follow.
    pub first: u32,
    /// How many records.
    pub records: u32,
}

impl Plan {
    /// The course that this seed decides.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::of_part(seed, "plan");
        let rng = &mut rng;
        let origin = MIDNIGHT - rng.between(0, 900) as i64;
        let mut course = Course {
            length: SECOND * rng.between(60, 500) as u32,
            partitions: rng.between(1, 3) as u16,
            zones: rng.between(1, 3) as u8,
            next_record: 0,
            events: Vec::new(),
        };
        course.draw_jobs(rng);
        course.draw_appends(rng);
        course.draw_changes(rng);
        course.draw_refusals(rng);
        course.draw_ends(rng);
        // Drawn apart, so that what is older in a history stays as it was.
        let later = &mut Rng::of_part(seed, "manners");
        let manners = BUCKETS.map(|bucket| (bucket, Manners::draw(later)));
        course.draw_intruders(later);
        course.draw_takeovers(later);
        course.events.sort_by_key(|(at, _)| *at);
        Self {
            origin: UnixNanos(origin * model::time::NANOS_PER_SECOND),
            partitions: course.partitions,
            zones: course.zones,
            bulk: rng.per_mille(10),
            store: store_rates(rng),
            manners: manners.into(),
            catalog: CatalogRates {
                failing: rng.pick(&[0, 5, 50, 250]),
                lost_answer: rng.pick(&[0, 0, 20, 100]),
                slow: rng.pick(&[0, 200, 800]),
                delay: rng.pick(&[SECOND / 100, SECOND, SECOND * 4]),
            },
            journal: JournalRates {
                refusing: rng.pick(&[0, 50]),
                lost_answer: rng.pick(&[0, 100]),
                unreadable: rng.pick(&[0, 10]),
                delay: rng.pick(&[SECOND / 100, SECOND * 2]),
            },
            settings: settings(rng, later),
            events: course.events,
        }
    }
}

fn store_rates(rng: &mut Rng) -> StoreRates {
    let mut rate = || rng.pick(&[0, 0, 30, 150]);
    StoreRates {
        slow_down: rate(),
        unavailable: rate(),
        unreachable: rate(),
        lost_answer: rate(),
        stall: rate() / 2,
        twice: rate() / 2,
        latency: rng.pick(&[SECOND / 100, SECOND / 2, SECOND * 5]),
    }
}

fn settings(rng: &mut Rng, later: &mut Rng) -> Settings {
    let retention = Retention {
        max_age_seconds: rng.per_mille(250).then(|| rng.between(60, 400)),
        max_bytes: None,
    };
    Settings {
        // There is no such folder: what does not fit into the memory is encoded again.
        spool_dir: PathBuf::from("/nonexistent/spool"),
        spool_disk_bytes: 0,
        spool_memory_bytes: rng.pick(&[0, 4 << 10, 64 << 20]),
        workers: 1,
        uploads_max: rng.between(1, 8) as usize,
        uploads_per_destination_max: later.between(1, 5) as usize,
        upload_memory_bytes: later.pick(&[64, 4 << 10, 64 << 20]),
        destination_bytes_per_second: later.pick(&[None, None, Some(2_000)]),
        lane_backlog_max: rng.between(1, 5) as usize,
        part_bytes: rng.pick(&[48, 400, 4000, 8 << 20, 8 << 20]),
        gzip_level: Level::Fixed(1),
        retry: RetrySettings {
            first: SECOND * rng.between(1, 4) as u32 / 2,
            max: SECOND * rng.between(5, 30) as u32,
            slow_max: SECOND * later.between(10, 300) as u32,
        },
        retention,
        trim_interval: SECOND * rng.between(5, 40) as u32,
        reload_interval: SECOND * rng.between(5, 60) as u32,
        pass_over_interval: SECOND * rng.between(3, 30) as u32,
    }
}

/// The course while it is drawn.
struct Course {
    length: Duration,
    partitions: u16,
    zones: u8,
    next_record: u32,
    events: Vec<(Duration, Event)>,
}

impl Course {
    fn at(&mut self, at: Duration, event: Event) {
        self.events.push((at, event));
    }

    fn any_time(&self, rng: &mut Rng) -> Duration {
        Duration::from_nanos(rng.below(self.length.as_nanos() as u64))
    }

    fn zone(&self, rng: &mut Rng) -> u8 {
        rng.below(u64::from(self.zones)) as u8
    }

    fn draw_jobs(&mut self, rng: &mut Rng) {
        for number in 0..rng.between(1, 4) {
            let is_late = number > 0 && rng.per_mille(400);
            let at = if is_late { self.any_time(rng) } else { Duration::ZERO };
            let (zone, wish) = (self.zone(rng), Wish::draw(rng));
            self.at(at, Event::AddJob { zone, wish });
        }
    }

    fn draw_appends(&mut self, rng: &mut Rng) {
        for _ in 0..rng.between(5, 70) {
            let at = self.any_time(rng);
            self.append(at, 12, rng);
        }
        // Bursts fill batches up to their limits.
        for _ in 0..rng.pick(&[0, 0, 0, 1]) {
            let at = self.any_time(rng);
            for number in 0..rng.between(1, 3) {
                self.append(at + Duration::from_millis(200 * number), 500, rng);
            }
        }
    }

    fn append(&mut self, at: Duration, records_max: u64, rng: &mut Rng) {
        let partition = rng.below(u64::from(self.partitions)) as u16;
        let frames = (0..rng.between(1, 3)).map(|_| self.frame(records_max, rng)).collect();
        let keyed = rng.per_mille(600);
        self.at(at, Event::Append { partition, frames, keyed });
    }

    fn frame(&mut self, records_max: u64, rng: &mut Rng) -> FramePlan {
        let records = rng.between(1, records_max) as u32;
        let first = self.next_record;
        self.next_record += records;
        FramePlan {
            zone: self.zone(rng),
            dataset: rng.pick(&DATASETS),
            is_quarantine: rng.per_mille(50),
            first,
            records,
        }
    }

    fn draw_changes(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(5) {
            let (at, choice) = (self.any_time(rng), rng.draw());
            self.at(at, Event::ChangeJob { choice });
        }
        for _ in 0..rng.below(4) {
            let (at, choice) = (self.any_time(rng), rng.draw());
            self.at(at, Event::Toggle { choice });
        }
        if rng.per_mille(300) {
            let (at, choice) = (self.any_time(rng), rng.draw());
            self.at(at, Event::Delete { choice });
        }
        for _ in 0..rng.pick(&[0, 0, 0, 1, 2]) {
            let at = self.any_time(rng);
            let size = rng.pick(&[1, 90, 3600, 7200])
                * rng.between(1, model::time::NANOS_PER_SECOND as u64);
            let nanos = if rng.per_mille(500) { size as i64 } else { -(size as i64) };
            self.at(at, Event::Jump { nanos });
        }
    }

    fn draw_refusals(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(3) {
            let bucket = rng.pick(&BUCKETS);
            let refusal = Some(rng.pick(&[
                StoreErrorKind::AccessDenied,
                StoreErrorKind::NoSuchBucket,
                StoreErrorKind::SlowDown,
                StoreErrorKind::Unreachable,
                StoreErrorKind::Unavailable,
                StoreErrorKind::NoAnswer,
            ]));
            let at = self.any_time(rng);
            self.at(at, Event::Refuse { bucket, refusal });
            if rng.per_mille(600) {
                let later = at + SECOND * rng.between(35, 150) as u32;
                self.at(later, Event::MoveJob { bucket, choice: rng.draw() });
            }
            if rng.per_mille(500) {
                let later = at + SECOND * rng.between(5, 200) as u32;
                self.at(later, Event::Refuse { bucket, refusal: None });
            }
        }
    }

    fn draw_intruders(&mut self, rng: &mut Rng) {
        for _ in 0..rng.pick(&[0, 0, 4, 12]) {
            let (at, choice) = (self.any_time(rng), rng.draw());
            self.at(at, Event::Intrude { choice });
        }
        if rng.per_mille(500) {
            let at = self.any_time(rng);
            self.at(at, Event::Withdraw);
        }
    }

    fn draw_takeovers(&mut self, rng: &mut Rng) {
        for _ in 0..rng.pick(&[0, 0, 0, 1, 2]) {
            let at = self.any_time(rng);
            self.at(at, Event::TakeOver);
        }
    }

    fn draw_ends(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(6) {
            let (at, pause) = (self.any_time(rng), SECOND * rng.below(20) as u32);
            let steps = if rng.per_mille(300) { 0 } else { rng.between(1, 60) };
            let polls = if rng.per_mille(500) { 0 } else { rng.between(1, 60) };
            self.at(at, Event::Crash { steps, polls, pause });
        }
        for _ in 0..rng.below(3) {
            let (at, pause) = (self.any_time(rng), SECOND * rng.below(20) as u32);
            let limit = rng.pick(&[Duration::ZERO, SECOND, SECOND * 30]);
            self.at(at, Event::Stop { limit, pause });
        }
    }
}
