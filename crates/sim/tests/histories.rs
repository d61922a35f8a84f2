//! Histories by the hundred: none breaks a promise, and the oracle finds it where one does.
//!
//! | variable | test | meaning |
//! |---|---|---|
//! | `LOGPUSH_SIM_SEED` | `one_history` | the seed to run, with its trace and delivery's log |
//! | `LOGPUSH_SIM_HISTORIES` | `many_histories` | how many seeds to run instead of a few hundred |
//! | `LOGPUSH_SIM_FIRST` | `many_histories` | the first of them instead of 0 |

use std::collections::BTreeMap;
use std::time::Instant;

use sim::{Flaw, Options, Report, run};

/// Histories of the short run.
const SHORT_RUN: u64 = 300;

#[allow(clippy::disallowed_methods, reason = "a test is told by its environment what to run")]
fn number_from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`: expected a number")))
}

#[track_caller]
fn assert_sound(report: &Report) {
    let Report { seed, violations, .. } = report;
    let list: Vec<String> = violations.iter().take(10).map(ToString::to_string).collect();
    let list = list.join("\n  ");
    assert!(
        violations.is_empty(),
        "history {seed} broke {} promises:\n  {list}\nrun it again with its trace:\n  \
         LOGPUSH_SIM_SEED={seed} cargo test -p sim --test histories one_history -- --nocapture",
        violations.len()
    );
}

#[test]
fn many_histories() {
    let first = number_from_environment("LOGPUSH_SIM_FIRST").unwrap_or(0);
    let count = number_from_environment("LOGPUSH_SIM_HISTORIES").unwrap_or(SHORT_RUN);
    let began = Instant::now();
    let (mut records, mut objects) = (0, 0);
    let mut sights: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first..first + count {
        let report = run(seed, Options::default());
        assert_sound(&report);
        records += report.records;
        objects += report.objects;
        for (sight, times) in report.sights {
            *sights.entry(sight).or_default() += times;
        }
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{count} histories, {rate:.0} a second: {records} records, {objects} objects");
    for (sight, times) in &sights {
        println!("{times:>8} × {sight}");
    }
}

#[test]
fn one_history() {
    let Some(seed) = number_from_environment("LOGPUSH_SIM_SEED") else { return };
    let report = run(seed, Options { is_traced: true, ..Options::default() });
    for line in &report.trace {
        println!("{line}");
    }
    assert_sound(&report);
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 0..10 {
        let trace = || run(seed, Options { is_traced: true, ..Options::default() }).trace;
        let (first, second) = (trace(), trace());
        let differing = first.iter().zip(&second).position(|(first, second)| first != second);
        assert_eq!(differing, None, "seed {seed} goes another way from this line of its trace on");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

/// The oracle is worth something only if it sees what is broken.
#[test]
fn every_flaw_is_found() {
    for flaw in [
        Flaw::AcknowledgesBeforeStoring,
        Flaw::ForgetsTheLastSeal,
        Flaw::AnswersBeforeTheSeal,
        Flaw::RewritesObjects,
    ] {
        let is_found = |seed| !run(seed, Options { flaw, is_traced: false }).violations.is_empty();
        assert!((0..1000).any(is_found), "{flaw:?} is not found in 1,000 histories");
    }
}
