//! What the whole costs: the real server over loopback, an S3 that takes everything at once.
//!
//! ```text
//! cargo bench -p server --bench end_to_end [-- --records N] [--only A,C] [--json FILE]
//! ```
//!
//! prints for each workload the server's CPU-seconds (user and system) per GB of input, what they
//! should be at most, how many times less that is than what `gzip -6 -c` takes for the same input
//! in the same run (so that machines can be compared), the records per second, the server's peak
//! memory, and how many times smaller the objects are than the input. All records are counted in
//! the bucket: a figure of a run that lost something is not printed. MB are 10^6 bytes, GB 10^9.
//!
//! `--binary FILE` measures another build of `logpush`. With `--memory` it prints instead the
//! server's peak memory with 1,000 open batches, and with one job whose objects have 1 GB before
//! compression.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints and fails")]

mod load;
mod memory;
mod process;
mod sink;
mod workload;

use std::process::{Command, Stdio};

use load::Load;
use serde_json::{Value, json};
use workload::{Figures, Workload};

const RECORDS: usize = 250_000;

fn main() {
    let records = argument("--records").and_then(|count| count.parse().ok()).unwrap_or(RECORDS);
    let load = Load::generate(records);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "--memory") {
        runtime.block_on(memory::many_open_batches(&load));
        runtime.block_on(memory::large_objects(&load));
        return;
    }
    let gzip = gzip_seconds(&load) / gb(&load);
    println!(
        "{records} records of {} fields, {:.1} MB, {} bytes each; `gzip -6 -c`: {gzip:.2} CPU-s/GB",
        load.fields.len(),
        mb(load.bytes),
        load.bytes / records as u64
    );
    println!(
        "{:<5} {:<33} {:>8} {:>6} {:>6} {:>8} {:>6} {:>10} {:>8} {:>8}",
        "",
        "",
        "CPU-s/GB",
        "user",
        "system",
        "at most",
        "× gzip",
        "records/s",
        "peak MiB",
        "smaller"
    );
    let only = argument("--only");
    let is_wanted = |workload: &Workload| {
        only.as_deref().is_none_or(|only| only.split(',').any(|name| name == workload.name))
    };
    let mut rows = Vec::new();
    for workload in workload::all().iter().filter(|workload| is_wanted(workload)) {
        let figures = runtime.block_on(workload.run(&load));
        rows.push(row(workload, &figures, &load, gzip));
    }
    if let Some(file) = argument("--json") {
        let result = json!({
            "records": records,
            "bytes": load.bytes,
            "fields": load.fields.len(),
            "gzip_cpu_seconds_per_gb": gzip,
            "workloads": rows,
        });
        std::fs::write(file, format!("{result:#}\n")).unwrap();
    }
}

/// Prints a workload's line, and gives it as JSON.
fn row(workload: &Workload, figures: &Figures, load: &Load, gzip: f64) -> Value {
    let per_gb = figures.cpu_seconds() / gb(load);
    let smaller = (figures.compressed > 0).then(|| load.bytes as f64 / figures.compressed as f64);
    let shown =
        |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"));
    println!(
        "{:<5} {:<33} {per_gb:>8.2} {:>6.2} {:>6.2} {:>8} {:>6.1} {:>10.0} {:>8.1} {:>8}",
        workload.name,
        workload.what,
        figures.user_seconds / gb(load),
        figures.system_seconds / gb(load),
        shown(Some(workload.aim)),
        gzip / per_gb,
        figures.records_per_second,
        figures.peak_bytes as f64 / f64::from(1 << 20),
        shown(smaller),
    );
    json!({
        "name": workload.name,
        "what": workload.what,
        "cpu_seconds_per_gb": per_gb,
        "user_seconds_per_gb": figures.user_seconds / gb(load),
        "system_seconds_per_gb": figures.system_seconds / gb(load),
        "at_most": workload.aim,
        "times_gzip": gzip / per_gb,
        "records_per_second": figures.records_per_second,
        "peak_bytes": figures.peak_bytes,
        "times_smaller": smaller,
    })
}

/// CPU-seconds of `gzip -6 -c` for the whole input.
fn gzip_seconds(load: &Load) -> f64 {
    let before = process::children_seconds();
    let status = Command::new("gzip")
        .args(["-6", "-c"])
        .arg(load.file.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "gzip: {status}");
    process::children_seconds() - before
}

/// What follows `name` on the command line; what else cargo passes to a benchmark is ignored.
pub(crate) fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn gb(load: &Load) -> f64 {
    load.bytes as f64 / 1e9
}
