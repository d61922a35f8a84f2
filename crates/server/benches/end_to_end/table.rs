//! The table of workloads: what each costs, what it should cost, and how that compares with gzip.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::load::Load;
use crate::workload::{self, Figures, Workload};
use crate::{argument, gb, mb, mib, process};

/// Runs the workloads that are wanted, prints a line for each, and gives all as JSON.
pub(crate) fn measure(runtime: &Runtime, load: &Load) -> Value {
    let gzip = gzip_seconds(load) / gb(load.bytes);
    println!(
        "{} records of {} fields, {:.1} MB, {} bytes each; `gzip -6 -c`: {gzip:.2} CPU-s/GB",
        load.records,
        load.fields.len(),
        mb(load.bytes),
        load.bytes / load.records as u64
    );
    println!(
        "{:<5} {:<33} {:>8} {:>6} {:>6} {:>8} {:>6} {:>10} {:>8} {:>8} {:>8}",
        "",
        "",
        "CPU-s/GB",
        "user",
        "system",
        "at most",
        "× gzip",
        "records/s",
        "peak MiB",
        "at most",
        "smaller"
    );
    let only = argument("--only");
    let is_wanted = |workload: &Workload| {
        only.as_deref().is_none_or(|only| only.split(',').any(|name| name == workload.name))
    };
    let mut rows = Vec::new();
    for workload in workload::all().iter().filter(|workload| is_wanted(workload)) {
        let figures = runtime.block_on(workload.run(load));
        rows.push(row(workload, &figures, load, gzip));
    }
    json!({
        "records": load.records,
        "bytes": load.bytes,
        "fields": load.fields.len(),
        "gzip_cpu_seconds_per_gb": gzip,
        "workloads": rows,
    })
}

/// Prints a workload's line, and gives it as JSON.
fn row(workload: &Workload, figures: &Figures, load: &Load, gzip: f64) -> Value {
    let per_gb = figures.cpu_seconds() / gb(load.bytes);
    let smaller = (figures.compressed > 0).then(|| load.bytes as f64 / figures.compressed as f64);
    let misses = misses(workload, figures, per_gb);
    println!(
        "{:<5} {:<33} {per_gb:>8.2} {:>6.2} {:>6.2} {:>8.1} {:>6.1} {:>10.0} {:>8.1} {:>8} {:>8}{}",
        workload.name,
        workload.what,
        figures.user_seconds / gb(load.bytes),
        figures.system_seconds / gb(load.bytes),
        workload.aim,
        gzip / per_gb,
        figures.records_per_second,
        mib(figures.peak_bytes),
        workload.peak_mib_aim.map_or("-".to_owned(), |aim| aim.to_string()),
        smaller.map_or("-".to_owned(), |smaller| format!("{smaller:.1}")),
        if misses.is_empty() { String::new() } else { format!("  misses {}", misses.join(", ")) },
    );
    json!({
        "name": workload.name,
        "what": workload.what,
        "cpu_seconds_per_gb": per_gb,
        "user_seconds_per_gb": figures.user_seconds / gb(load.bytes),
        "system_seconds_per_gb": figures.system_seconds / gb(load.bytes),
        "at_most": workload.aim,
        "times_gzip": gzip / per_gb,
        "records_per_second": figures.records_per_second,
        "peak_bytes": figures.peak_bytes,
        "peak_bytes_at_most": workload.peak_mib_aim.map(|aim| u64::from(aim) << 20),
        "times_smaller": smaller,
        "misses": misses,
    })
}

/// Which aims a workload misses.
fn misses(workload: &Workload, figures: &Figures, per_gb: f64) -> Vec<&'static str> {
    let is_large = |aim| mib(figures.peak_bytes) > f64::from(aim);
    let cpu = (per_gb > workload.aim).then_some("CPU");
    let memory = workload.peak_mib_aim.is_some_and(is_large).then_some("memory");
    cpu.into_iter().chain(memory).collect()
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
