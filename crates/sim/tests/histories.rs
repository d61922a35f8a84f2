//! Histories by the hundred: none breaks a promise, and where one would, the oracle finds it.
//!
//! | variable | test | meaning |
//! |---|---|---|
//! | `LOGPUSH_SIM_SEED` | `one_history…` | the seed to run, with its trace |
//! | `LOGPUSH_SIM_HISTORIES` | `many_histories…` | how many seeds to run, 300 or 1,000 without it |
//! | `LOGPUSH_SIM_FIRST` | `many_histories…` | the first of them, 0 without it |

use std::time::Instant;

use sim::storm::Sights;
use sim::{Flaw, Options, Report, Rule, bare, run};

/// Histories of the short run.
const SHORT_RUN: u64 = 300;
/// Histories within which a flaw has to be found.
const FLAW_RUN: u64 = 1000;

/// Histories of the bare protocol in the short run.
const BARE_RUN: u64 = 1000;

/// Seeds that found a mistake once, and which.
const REGRESSIONS: [(u64, &str); 7] = [
    (3, "a clean stop gave up an upload after its first failure"),
    (44, "batches for a bucket that a job had left held up those for its new bucket for ever"),
    (64, "a cursor that had moved in a call without an answer was never passed over again"),
    (2848, "an upload was taken for closed because its bucket could not be found for a while"),
    (1_022_456, "an abort that a bucket refused while it let nobody in was never tried again"),
    (1_030_667, "the same, of a deleted job"),
    (1_050_808, "the same, of batches that followed their job to another bucket"),
];

/// Seeds of the bare protocol that found a mistake once, and which.
const BARE_REGRESSIONS: [(u64, &str); 4] = [
    (5_100, "of two owners one took for somebody else's what the other had written"),
    (106_476, "the same, of an object that was written in one request"),
    (201_295, "an abort that a bucket refused while it let nobody in was never tried again"),
    (401_158, "the same, where the bucket had taken a write just before"),
];

/// What has to be seen within the short run of the bare protocol.
const BARE_CORNERS: [&str; 14] = [
    "a call is done after its end",
    "a call is done and its answer lost",
    "a crash",
    "a cursor stands elsewhere",
    "a guarded write finds an object",
    "a seal is fenced",
    "an upload in parts is aborted",
    "an upload of an earlier life is completed",
    "batches are unsealed",
    "frames are given up",
    "the clock jumps",
    "the journal is trimmed",
    "two processes believe to be the owner",
    "unsynced writes are lost",
];

/// What has to be seen within the short run, so that the storm is known to reach it.
const CORNERS: [&str; 24] = [
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

#[track_caller]
fn assert_sound(report: &Report, repeated_by: &str) {
    let Report { seed, violations, .. } = report;
    let first: Vec<String> = violations.iter().take(10).map(ToString::to_string).collect();
    assert!(
        violations.is_empty(),
        "history {seed} broke promises ({} times):\n  {}\nrun it again with its trace:\n  \
         LOGPUSH_SIM_SEED={seed} cargo test -p sim --test histories {repeated_by} -- --exact --nocapture",
        violations.len(),
        first.join("\n  ")
    );
}

#[test]
fn many_histories() {
    let first = number_from_environment("LOGPUSH_SIM_FIRST").unwrap_or(0);
    let count = number_from_environment("LOGPUSH_SIM_HISTORIES").unwrap_or(SHORT_RUN);
    let began = Instant::now();
    let (mut records, mut objects, mut sights) = (0, 0, Sights::new());
    for seed in first..first + count {
        let report = run(seed, Options::default());
        assert_sound(&report, "one_history");
        records += report.records;
        objects += report.objects;
        for (sight, times) in report.sights {
            *sights.entry(sight).or_default() += times;
        }
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{count} histories, {rate:.0} a second: {records} records, {objects} objects");
    for (sight, times) in &sights {
        println!("{times:>10} × {sight}");
    }
    let unseen: Vec<_> = CORNERS.iter().filter(|corner| !sights.contains_key(*corner)).collect();
    assert!(unseen.is_empty() || count < SHORT_RUN, "the storm never reached {unseen:?}");
}

/// The bare protocol: about a thousand histories a second.
#[test]
fn many_histories_of_the_bare_protocol() {
    let first = number_from_environment("LOGPUSH_SIM_FIRST").unwrap_or(0);
    let count = number_from_environment("LOGPUSH_SIM_HISTORIES").unwrap_or(BARE_RUN);
    let began = Instant::now();
    let (mut records, mut objects, mut sights) = (0, 0, Sights::new());
    for seed in first..first + count {
        let report = bare::run(seed, Options::default());
        assert_sound(&report, "one_history_of_the_bare_protocol");
        records += report.records;
        objects += report.objects;
        for (sight, times) in report.sights {
            *sights.entry(sight).or_default() += times;
        }
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{count} histories, {rate:.0} a second: {records} records, {objects} objects");
    for (sight, times) in &sights {
        println!("{times:>10} × {sight}");
    }
    let unseen: Vec<_> =
        BARE_CORNERS.iter().filter(|corner| !sights.contains_key(*corner)).collect();
    assert!(unseen.is_empty() || count < BARE_RUN, "the storm never reached {unseen:?}");
}

#[test]
fn one_history_of_the_bare_protocol() {
    let Some(seed) = number_from_environment("LOGPUSH_SIM_SEED") else { return };
    let report = bare::run(seed, Options { is_traced: true, ..Options::default() });
    for line in &report.trace {
        println!("{line}");
    }
    assert_sound(&report, "one_history_of_the_bare_protocol");
}

#[test]
fn one_history() {
    let Some(seed) = number_from_environment("LOGPUSH_SIM_SEED") else { return };
    let report = run(seed, Options { is_traced: true, ..Options::default() });
    for line in &report.trace {
        println!("{line}");
    }
    assert_sound(&report, "one_history");
}

#[test]
fn what_went_wrong_once_does_not_again() {
    for (seed, mistake) in REGRESSIONS {
        println!("history {seed}: {mistake}");
        assert_sound(&run(seed, Options::default()), "one_history");
    }
    for (seed, mistake) in BARE_REGRESSIONS {
        println!("history {seed} of the bare protocol: {mistake}");
        let report = bare::run(seed, Options::default());
        assert_sound(&report, "one_history_of_the_bare_protocol");
    }
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..20 {
        let options = Options { is_traced: true, ..Options::default() };
        let (one, other) = (run(seed, options), run(seed, options));
        let differing = one.trace.iter().zip(&other.trace).find(|(one, other)| one != other);
        assert_eq!(differing, None, "history {seed}");
        assert_eq!(one.trace.len(), other.trace.len(), "history {seed}");
        let (one, other) = (bare::run(seed, options), bare::run(seed, options));
        assert_eq!(one.trace, other.trace, "history {seed} of the bare protocol");
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
}

#[test]
fn reading_before_the_fsync_is_found() {
    assert_found(bare::run, Flaw::ReadsUnsynced, Rule::ObjectIsItsBatch);
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
    assert_found(bare::run, Flaw::SamplesByChance, Rule::ObjectIsItsBatch);
    assert_found(bare::run, Flaw::SamplesByChance, Rule::ObjectsNeverChange);
}

#[test]
fn an_object_that_changes_is_found() {
    assert_found(run, Flaw::RewritesObjects, Rule::ObjectsNeverChange);
    assert_found(run, Flaw::RewritesObjects, Rule::NothingMissing);
}
