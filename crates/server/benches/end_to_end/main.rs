//! What the whole costs: the real server, a real S3 server on loopback, synthetic records.
//!
//! `cargo bench -p server --bench end_to_end [-- --records N]` prints, for each workload, the
//! records and megabytes per second, the server's CPU-seconds (user and system) per GB of input,
//! and its peak memory. All records are read back from the bucket and counted: a figure of a run
//! that lost something is not printed. MB are 10^6 bytes, GB 10^9.
//!
//! With `-- --memory` it prints instead the server's peak memory with 1,000 open batches, and with
//! one job whose objects have 1 GB before compression.
//!
//! | workload | |
//! |---|---|
//! | ingest | HTTP ingest alone: durable on disk, no job |
//! | http to S3 | HTTP ingest with one job, all fields that the records have |
//! | http to S3, 12 fields | the same with 12 fields |
//! | file to S3 | `logpush send` of a file, one job, all fields; client's CPU not counted |

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints and fails")]

mod bucket;
mod load;
mod memory;
mod process;

use std::time::{Duration, Instant};

use load::Load;
use process::{Cost, Server};

const RECORDS: usize = 700_000;

const SOME_FIELDS: &str = r#"["RayID","EdgeStartTimestamp","ClientIP","ClientRequestHost",
    "ClientRequestMethod","ClientRequestURI","ClientRequestUserAgent","EdgeResponseStatus",
    "EdgeResponseBytes","CacheCacheStatus","OriginResponseStatus","ClientCountry"]"#;

/// What is measured.
struct Workload {
    name: &'static str,
    /// The job's fields as JSON; `None` for no job.
    fields: Option<String>,
    by_command: bool,
}

fn main() {
    let records = records_wanted();
    let load = Load::generate(records);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "--memory") {
        runtime.block_on(memory::many_open_batches(&load));
        runtime.block_on(memory::large_objects(&load));
        return;
    }
    println!(
        "{} records, {:.1} MB, {} bytes each",
        records,
        mb(load.bytes),
        load.bytes / records as u64
    );
    println!(
        "{:<22} {:>10} {:>8} {:>10} {:>10} {:>8}",
        "workload", "records/s", "MB/s", "CPU-s/GB", "peak MiB", "ratio"
    );
    let all = serde_json::to_string(&load.fields).unwrap();
    let workload = |name, fields, by_command| Workload { name, fields, by_command };
    for workload in [
        workload("ingest", None, false),
        workload("http to S3", Some(all.clone()), false),
        workload("http to S3, 12 fields", Some(SOME_FIELDS.to_owned()), false),
        workload("file to S3", Some(all), true),
    ] {
        runtime.block_on(run(&workload, &load));
    }
}

/// `--records N`; what else cargo passes to a benchmark is ignored.
fn records_wanted() -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--records");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(RECORDS)
}

async fn run(workload: &Workload, load: &Load) {
    let bucket = bucket::Bucket::serve().await;
    let server = Server::start(bucket.address).await;
    let zone = server.create_zone("burritobot.example").await;
    if let Some(fields) = &workload.fields {
        server.create_job(&zone, fields).await;
    }
    let before = server.cost();
    let started = Instant::now();
    if workload.by_command {
        server.send_file(&zone, &load.file).await;
    } else {
        server.post(&zone, &load.bodies).await;
    }
    let mut compressed = 0;
    let mut counted = load.records;
    if workload.fields.is_some() {
        // The last batch waits for its interval: the rate is that of what came before it.
        counted = load.records.saturating_sub(process::BATCH_RECORDS);
        wait_for_delivery(&server, counted).await;
    }
    let rate = counted as f64 / started.elapsed().as_secs_f64();
    if workload.fields.is_some() {
        wait_for_delivery(&server, load.records).await;
    }
    let cost = server.cost();
    if workload.fields.is_some() {
        let (lines, bytes) = bucket.read_back();
        assert_eq!(lines, load.records as u64, "records in the bucket");
        compressed = bytes;
    }
    print(workload.name, load, rate, &before, &cost, compressed);
}

/// Waits until that many records are delivered, and counts them in the bucket.
async fn all_delivered(server: &Server, bucket: &bucket::Bucket, records: usize) {
    wait_for_delivery(server, records).await;
    assert_eq!(bucket.read_back().0, records as u64, "records in the bucket");
}

/// Waits until the server has delivered everything; the last batch closes by its interval.
async fn wait_for_delivery(server: &Server, records: usize) {
    let deadline = Instant::now() + memory::PATIENCE;
    while server.delivered().await < records as u64 {
        assert!(Instant::now() < deadline, "not delivered in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn print(name: &str, load: &Load, rate: f64, before: &Cost, after: &Cost, compressed: u64) {
    let cpu_per_gb = (after.cpu_seconds - before.cpu_seconds) / (load.bytes as f64 / 1e9);
    let ratio = if compressed > 0 { load.bytes as f64 / compressed as f64 } else { 0.0 };
    println!(
        "{name:<22} {rate:>10.0} {:>8.1} {cpu_per_gb:>10.2} {:>10.1} {ratio:>8.1}",
        rate * mb(load.bytes) / load.records as f64,
        after.peak_bytes as f64 / f64::from(1 << 20),
    );
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
