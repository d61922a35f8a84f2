//! Figures as JSON, and the summary of many measurements.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::argument;

/// Adds figures under a name to the file that `--json` gives; other figures in it stay.
pub(crate) fn add(name: &str, figures: Value) {
    let Some(file) = argument("--json") else { return };
    let mut all = match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str::<Map<String, Value>>(&text)
            .unwrap_or_else(|error| panic!("`--json {file}`: not a JSON object: {error}")),
        Err(_) => Map::new(),
    };
    all.insert(name.to_owned(), figures);
    std::fs::write(file, format!("{:#}\n", Value::from(all))).unwrap();
}

/// Half of the measurements, 99 % of them, and all are at most so large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    /// Of measurements that each count so many times. There is at least one.
    pub(crate) fn of(mut measured: Vec<(f64, u64)>) -> Self {
        measured.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let total: u64 = measured.iter().map(|(_, times)| times).sum();
        let at = |share: f64| {
            let wanted = (total as f64 * share).ceil() as u64;
            let mut seen = 0;
            let reached = measured.iter().find(|(_, times)| {
                seen += times;
                seen >= wanted
            });
            reached.or(measured.last()).unwrap().0
        };
        Self { p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }

    /// Prints them with what they are of.
    pub(crate) fn print(&self, what: &str) {
        println!(
            "{what:<52} p50 {:>7.2}  p99 {:>7.2}  max {:>7.2} s",
            self.p50, self.p99, self.max
        );
    }

    pub(crate) fn json(&self) -> Value {
        json!({"p50_seconds": self.p50, "p99_seconds": self.p99, "max_seconds": self.max})
    }
}

/// Seconds, with what they should be at most.
pub(crate) fn print_seconds(what: &str, took: Duration, aim: f64) {
    let seconds = took.as_secs_f64();
    let verdict = if seconds > aim { "  misses its aim" } else { "" };
    println!("{what:<52} {seconds:>7.2} s, at most {aim} s{verdict}");
}
