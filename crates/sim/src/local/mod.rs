//! The real local journal on a disk that forgets what was not synced.
//!
//! ```text
//!  clients ─► LocalJournal ─► group ─► rough disk: real files, and what of them would last
//!  readers ◄─      ▲                        │ fails; the power goes in any operation
//!  retention ──────┘ opened again ◄─────────┘ any of the unsynced writes and names come through
//! ```
//!
//! All of the journal's own code runs: appends with and without keys, groups, segments, indexes,
//! recovery, trimming, readers. Its writers are told when to write instead of running in threads.
//! A witness takes down all that the journal ever answered, and looks whether it holds that.
//!
//! **Rule.** One thread, one seed: every choice comes from the history's own generator. Only the
//! name of the folder is another one each time, and it is told to nobody.

mod damage;
mod disk;
mod image;
mod life;
mod request;
mod witness;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::LocalSettings;
use model::UnixNanos;
use tempfile::TempDir;

use crate::rng::Rng;
use crate::storm::Storm;
use crate::world::{Options, Report};

use disk::{RoughDisk, files_of};
use life::Life;
use request::Request;
use witness::Witness;

/// 2024-03-01T00:00:00Z.
const ORIGIN: UnixNanos = UnixNanos(1_709_251_200 * model::time::NANOS_PER_SECOND);
/// Requests that a history may make.
const REQUESTS_MAX: usize = 120;

/// What lasts.
#[derive(Debug)]
struct World {
    storm: Arc<Storm>,
    rng: Rng,
    folder: TempDir,
    disk: Arc<RoughDisk>,
    settings: LocalSettings,
    witness: Witness,
    requests: BTreeMap<u64, Request>,
    ticks: u64,
    /// Of a thousand operations of the disk, so many fail in rough weather.
    failing: u32,
    /// Of a thousand turns, in so many the power is made to fail.
    power: u32,
    /// The age that retention knows, in seconds.
    age: u64,
}

/// Runs the history of the local journal that `seed` decides, to its end.
pub fn run(seed: u64, options: Options) -> Report {
    let mut world = World::new(seed, options);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime for files").block_on(world.live_through());
    let records = world.witness.records();
    Report {
        seed,
        records,
        objects: 0,
        fingerprint: world.fingerprint(),
        violations: world.storm.violations(),
        trace: world.storm.trace.take(),
        sights: world.storm.sights(),
    }
}

impl World {
    fn new(seed: u64, options: Options) -> Self {
        let mut rng = Rng::of_part(seed, "local");
        let folder = folder();
        let disk_rng = Rng::of_part(seed, "disk");
        let disk = Arc::new(RoughDisk::new(folder.path(), disk_rng, options.flaw));
        let partitions = rng.between(1, 2) as u16;
        let settings = LocalSettings {
            partitions,
            segment_bytes: rng.pick(&[300, 700, 1_500, 6_000]),
            segment_seconds: rng.pick(&[20, 600, 1 << 30]),
            commit_bytes_max: rng.pick(&[1, 300, 1_000, 1 << 20]),
            queue_bytes_max: rng.pick(&[1, 600, 1 << 20]),
            tail_bytes_max: rng.pick(&[0, 900, 1 << 20]),
            free_bytes_min: 1,
            idempotency_keys_max: 1_000_000,
        };
        Self {
            storm: Storm::new(ORIGIN, options.is_traced),
            folder,
            disk,
            settings,
            witness: Witness::new(partitions),
            requests: BTreeMap::new(),
            ticks: rng.between(20, 120),
            failing: rng.pick(&[0, 0, 10, 60]),
            power: rng.pick(&[0, 30, 100, 300]),
            age: rng.between(20, 400),
            rng,
        }
    }

    /// One life of the process after the other, until the storm is over and all is checked.
    async fn live_through(&mut self) {
        let mut turns = self.ticks;
        while turns > 0 && self.storm.violations().is_empty() {
            turns -= 1;
            self.disk.fail(self.failing);
            if self.rng.per_mille(self.power) {
                self.disk.arm(self.rng.between(1, 40));
            }
            match Life::begin(self).await {
                Some(life) => life.live(self, &mut turns).await,
                None => self.storm.saw("the journal cannot be opened for now"),
            }
            self.after_a_life().await;
        }
        self.storm.calm_down();
        self.disk.fail(0);
        self.restart_machine();
        if let Some(life) = Life::begin(self).await {
            life.end(self).await;
        }
    }

    /// Between two lives: the machine starts again where it has to, or for another reason.
    async fn after_a_life(&mut self) {
        self.pass(Duration::from_secs(5));
        if self.disk.is_down() || self.rng.per_mille(300) {
            self.restart_machine();
        }
        if self.rng.per_mille(200) {
            damage::probe(self).await;
        }
    }

    fn restart_machine(&mut self) {
        let has_lost = self.disk.restart();
        self.storm.saw("the machine starts again");
        if has_lost {
            self.storm.saw("unsynced writes are lost");
        }
        let operations = self.disk.operations();
        self.storm.trace.note(|| format!("the machine starts again after {operations} operations"));
    }

    /// Time passes, up to `most`; now and then the clock is set.
    fn pass(&mut self, most: Duration) {
        let time = self.rng.time_up_to(most);
        self.storm.clock.end_life(time);
        if !self.storm.is_calm() && self.rng.per_mille(15) {
            let most = self.rng.pick(&[1, 90, 3_600, 26 * 3_600]);
            let nanos = self.rng.below(most * model::time::NANOS_PER_SECOND as u64) as i64;
            let nanos = if self.rng.per_mille(600) { nanos } else { -nanos };
            self.storm.clock.jump(nanos);
            self.storm.saw("the clock jumps");
        }
        let now = self.now();
        self.witness.it_is(now);
    }

    /// A digest of all files.
    fn fingerprint(&self) -> u64 {
        let mut digest = DefaultHasher::new();
        for path in files_of(self.folder.path()) {
            path.strip_prefix(self.folder.path()).ok().hash(&mut digest);
            fs::read(&path).ok().hash(&mut digest);
        }
        digest.finish()
    }

    fn now(&self) -> UnixNanos {
        journal::Clock::now(&*self.storm.clock)
    }
}

/// A folder in memory, where the machine has such a one: nothing in it has to last.
fn folder() -> TempDir {
    let shm = Path::new("/dev/shm");
    let folder = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    folder.expect("a temporary folder")
}
