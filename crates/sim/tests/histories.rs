//! Histories by the hundred: none breaks a promise, and where one would, the oracle finds it.
//!
//! | variable | test | meaning |
//! |---|---|---|
//! | `LOGPUSH_SIM_SEED` | `one_history…` | the seed to run, with its trace |
//! | `LOGPUSH_SIM_HISTORIES` | `many_histories…` | how many seeds to run, 300 or 1,000 without it |
//! | `LOGPUSH_SIM_FIRST` | `many_histories…` | the first of them, 0 without it |

#![allow(clippy::print_stdout, reason = "figures and traces are what it is run for")]

use std::time::Instant;

use sim::storm::Sights;
use sim::{Flaw, Options, Report, Rule, bare, local, run};

/// Histories within which a flaw has to be found.
const FLAW_RUN: u64 = 1000;

/// Seeds that found a mistake once, and which.
const REGRESSIONS: [(u64, &str); 9] = [
    (3, "a clean stop gave up an upload after its first failure"),
    (44, "batches for a bucket that a job had left held up those for its new bucket for ever"),
    (64, "a cursor that had moved in a call without an answer was never passed over again"),
    (2848, "an upload was taken for closed because its bucket could not be found for a while"),
    (1_022_456, "an abort that a bucket refused while it let nobody in was never tried again"),
    (1_030_667, "the same, of a deleted job"),
    (1_050_808, "the same, of batches that followed their job to another bucket"),
    (8_013_720, "this world's store did later what it had refused"),
    (9_024_151, "an object was taken for ours as the bucket let nobody look at it for a while"),
];

/// Seeds of the bare protocol that found a mistake once, and which.
const BARE_REGRESSIONS: [(u64, &str); 6] = [
    (5_100, "of two owners one took for somebody else's what the other had written"),
    (106_476, "the same, of an object that was written in one request"),
    (201_295, "an abort that a bucket refused while it let nobody in was never tried again"),
    (401_158, "the same, where the bucket had taken a write just before"),
    (2_064_497, "this world's disk forgot a key with the frames that it stood for"),
    (4_037_976, "of an abort's denial, a write that was sent before it counted as one after it"),
];

/// Seeds of the local journal that found a mistake once, and which.
const LOCAL_REGRESSIONS: [(u64, &str); 3] = [
    (11, "of several trimmed segments an older one came back, and a gap behind it"),
    (201, "a segment that could not be made came back within the one that had gone on"),
    (2_000_223, "what was refused as if nothing of it were there came back after a power failure"),
];

/// What has to be seen in the bare protocol.
const BARE_CORNERS: [&str; 16] = [
    "a call is done after its end",
    "a call is done and its answer lost",
    "a crash",
    "a cursor stands elsewhere",
    "a guarded write finds an object",
    "a request comes twice",
    "a seal is fenced",
    "an upload in parts is aborted",
    "an upload of an earlier life is completed",
    "an owner learns that it was superseded",
    "batches are unsealed",
    "frames are given up",
    "the clock jumps",
    "the journal is trimmed",
    "two processes believe to be the owner",
    "unsynced writes are lost",
];

/// What has to be seen in the local journal.
const LOCAL_CORNERS: [&str; 14] = [
    "a damaged frame is refused",
    "a damaged journal is refused",
    "a damaged tail is cut",
    "a key is known again",
    "a partition is poisoned",
    "an append is refused",
    "several appends are answered together",
    "the clock jumps",
    "the journal cannot be opened for now",
    "the journal is closed",
    "the journal is trimmed",
    "the process is killed",
    "unsynced writes are lost",
    "what was not acknowledged is found",
];

/// What has to be seen in the room.
const CORNERS: [&str; 27] = [
    "a request comes twice",
    "an owner learns that it was superseded",
    "two processes believe to be the owner",
    "a guarded write finds an object",
    "a guarded write is refused",
    "a look at an object is refused",
    "an abort is refused",
    "an object is looked at",
    "an upload of an earlier life is completed",
    "somebody else writes where a batch is to go",
    "a batch is sealed",
    "a call fails without effect",
    "a call is done after its end",
    "a call is done and its answer lost",
    "a change is followed",
    "a clean stop",
    "a crash",
    "a read of the journal fails",
    "a seal is fenced",
    "an append is repeated and stores nothing",
    "an object is written again, to the same bytes",
    "an upload in parts is aborted",
    "an upload in parts is completed",
    "batches are unsealed",
    "frames are given up",
    "the catalogue does its work and fails",
    "the journal is trimmed",
];

#[allow(clippy::disallowed_methods, reason = "a test is told by its environment what to run")]
fn number_from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`: expected a number")))
}

/// A world, and how its histories are run.
struct World {
    name: &'static str,
    run: fn(u64, Options) -> Report,
    /// The test that runs one history of it.
    one: &'static str,
    /// Histories of the short run.
    short_run: u64,
    /// What has to be seen within the short run, so that the storm is known to reach it.
    corners: &'static [&'static str],
    /// Seeds that found a mistake once, and which.
    regressions: &'static [(u64, &'static str)],
}

const ROOM: World = World {
    name: "the room",
    run,
    one: "one_history",
    short_run: 300,
    corners: &CORNERS,
    regressions: &REGRESSIONS,
};

const BARE: World = World {
    name: "the bare protocol",
    run: bare::run,
    one: "one_history_of_the_bare_protocol",
    short_run: 1_000,
    corners: &BARE_CORNERS,
    regressions: &BARE_REGRESSIONS,
};

const LOCAL: World = World {
    name: "the local journal",
    run: local::run,
    one: "one_history_of_the_local_journal",
    short_run: 200,
    corners: &LOCAL_CORNERS,
    regressions: &LOCAL_REGRESSIONS,
};

impl World {
    fn run(&self, seed: u64) -> Report {
        (self.run)(seed, Options::default())
    }

    #[track_caller]
    fn assert_sound(&self, report: &Report) {
        let Report { seed, violations, .. } = report;
        let first: Vec<String> = violations.iter().take(10).map(ToString::to_string).collect();
        assert!(
            violations.is_empty(),
            "history {seed} of {} broke promises ({} times):\n  {}\nrun it again with its trace:\n  \
             LOGPUSH_SIM_SEED={seed} cargo test -p sim --test histories {} -- --exact --nocapture",
            self.name,
            violations.len(),
            first.join("\n  "),
            self.one
        );
    }

    /// Runs many histories, and looks whether the storm reached everything.
    fn run_many(&self) {
        let first = number_from_environment("LOGPUSH_SIM_FIRST").unwrap_or(0);
        let count = number_from_environment("LOGPUSH_SIM_HISTORIES").unwrap_or(self.short_run);
        let began = Instant::now();
        let (mut records, mut objects, mut sights) = (0, 0, Sights::new());
        for seed in first..first + count {
            let report = self.run(seed);
            self.assert_sound(&report);
            records += report.records;
            objects += report.objects;
            for (sight, times) in report.sights {
                *sights.entry(sight).or_default() += times;
            }
        }
        let rate = count as f64 / began.elapsed().as_secs_f64();
        println!("{}: {count} histories, {rate:.0} a second", self.name);
        println!("{records} records, {objects} objects");
        for (sight, times) in &sights {
            println!("{times:>10} × {sight}");
        }
        let is_unseen = |corner: &&&str| !sights.contains_key(**corner);
        let unseen: Vec<_> = self.corners.iter().filter(is_unseen).collect();
        assert!(unseen.is_empty() || count < self.short_run, "the storm never reached {unseen:?}");
    }

    /// Runs the history that the environment names, with its trace.
    fn run_one(&self) {
        let Some(seed) = number_from_environment("LOGPUSH_SIM_SEED") else { return };
        let report = (self.run)(seed, Options { is_traced: true, ..Options::default() });
        for line in &report.trace {
            println!("{line}");
        }
        self.assert_sound(&report);
    }
}

#[test]
fn many_histories() {
    ROOM.run_many();
}

#[test]
fn many_histories_of_the_bare_protocol() {
    BARE.run_many();
}

#[test]
fn many_histories_of_the_local_journal() {
    LOCAL.run_many();
}

#[test]
fn one_history() {
    ROOM.run_one();
}

#[test]
fn one_history_of_the_bare_protocol() {
    BARE.run_one();
}

#[test]
fn one_history_of_the_local_journal() {
    LOCAL.run_one();
}

#[test]
fn what_went_wrong_once_does_not_again() {
    for world in [ROOM, BARE, LOCAL] {
        for (seed, mistake) in world.regressions {
            println!("history {seed} of {}: {mistake}", world.name);
            world.assert_sound(&world.run(*seed));
        }
    }
}

/// Twice the same seed gives the same history, step by step, and leaves the same behind, byte by
/// byte; whether it is told or not.
#[test]
fn a_seed_decides_everything() {
    let traced = Options { is_traced: true, ..Options::default() };
    for world in [ROOM, BARE, LOCAL] {
        for seed in 0..20 {
            let (one, other) = ((world.run)(seed, traced), (world.run)(seed, traced));
            let differing = one.trace.iter().zip(&other.trace).find(|(one, other)| one != other);
            assert_eq!(differing, None, "history {seed} of {}", world.name);
            assert_eq!(one.trace.len(), other.trace.len(), "history {seed} of {}", world.name);
            let silent = world.run(seed);
            for report in [other, silent] {
                let left = (report.fingerprint, report.records, report.objects, &report.sights);
                let expected = (one.fingerprint, one.records, one.objects, &one.sights);
                assert_eq!(left, expected, "history {seed} of {}", world.name);
            }
        }
    }
}

/// The first history in which a flaw is found, by this rule among others.
#[track_caller]
fn assert_found(run: fn(u64, Options) -> Report, flaw: Flaw, rule: Rule) {
    let options = Options { flaw, ..Options::default() };
    let finds = |seed: &u64| run(*seed, options).violations.iter().any(|one| one.rule == rule);
    let found = (0..FLAW_RUN).find(finds);
    assert!(found.is_some(), "{flaw:?} was not found by {rule:?} in {FLAW_RUN} histories");
}

#[test]
fn an_acknowledgement_before_the_fsync_is_found() {
    assert_found(run, Flaw::AcknowledgesBeforeStoring, Rule::AcknowledgedIsStored);
    assert_found(bare::run, Flaw::AcknowledgesBeforeStoring, Rule::AcknowledgedIsStored);
    assert_found(local::run, Flaw::AcknowledgesBeforeStoring, Rule::AcknowledgedIsStored);
}

#[test]
fn reading_before_the_fsync_is_found() {
    assert_found(bare::run, Flaw::ReadsUnsynced, Rule::ObjectIsItsBatch);
}

#[test]
fn names_of_files_that_are_not_durable_are_found() {
    assert_found(local::run, Flaw::ForgetsNames, Rule::AcknowledgedIsStored);
}

#[test]
fn an_owner_that_is_not_fenced_is_found() {
    assert_found(run, Flaw::FencesNobody, Rule::NothingTwice);
    assert_found(bare::run, Flaw::FencesNobody, Rule::NothingTwice);
}

#[test]
fn a_forgotten_seal_is_found() {
    assert_found(run, Flaw::ForgetsTheLastSeal, Rule::NothingTwice);
}

#[test]
fn publishing_before_the_seal_is_found() {
    assert_found(run, Flaw::AnswersBeforeTheSeal, Rule::SealThenPublish);
    assert_found(bare::run, Flaw::AnswersBeforeTheSeal, Rule::SealThenPublish);
}

#[test]
fn sampling_by_chance_is_found() {
    assert_found(run, Flaw::SamplesByChance, Rule::ObjectIsItsBatch);
    assert_found(bare::run, Flaw::SamplesByChance, Rule::ObjectIsItsBatch);
    assert_found(bare::run, Flaw::SamplesByChance, Rule::ObjectsNeverChange);
}

#[test]
fn an_object_that_changes_is_found() {
    assert_found(run, Flaw::RewritesObjects, Rule::ObjectsNeverChange);
    assert_found(run, Flaw::RewritesObjects, Rule::NothingMissing);
}
