//! Workload C with much input: whether a GB costs the same when the journal is old and long.
//!
//! The same bodies are posted again and again, and the bucket counts records and keeps no bytes, so
//! that this process stays small. The journal is never trimmed in the run.

use std::time::Instant;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::load::Load;
use crate::process::{BATCH_RECORDS, Server, Setup};
use crate::sink::{Keeping, Sink};
use crate::workload::{Workload, all_delivered, wait_for_delivery};
use crate::{disk, gb, mib, number};

/// GB of input, where `--gb` does not say it.
const GB: f64 = 50.0;
const PARTS: u64 = 10;

/// Sends ten tenths, and prints what each cost.
pub(crate) async fn measure(load: &Load) -> Value {
    let total = (number("--gb").unwrap_or(GB) * 1e9) as u64;
    let data = disk::room_for(total);
    let sink = Sink::serve(Keeping::Counts).await;
    let retention = format!("{}GB", 10 + total / 500_000_000);
    let setup = Setup::new(sink.address, Some(1)).on(data.path());
    let server = Server::spawn(&setup.with("LOGPUSH_JOURNAL__RETENTION_BYTES", retention));
    server.until_ready().await;
    let zones = Workload::named("C").prepare(&server, load, BATCH_RECORDS).await;
    println!("workload C, {:.1} GB in {PARTS} parts", gb(total));
    println!(
        "{:<6} {:>8} {:>8} {:>6} {:>6} {:>10} {:>8} {:>10}",
        "", "GB", "CPU-s/GB", "user", "system", "records/s", "peak MiB", "journal GB"
    );
    let mut input = Input { load, next: 0, records: 0 };
    let mut parts = Vec::new();
    for part in 1..=PARTS {
        let (before, started, records_before) = (server.cost(), Instant::now(), input.records);
        let (bodies, bytes) = input.take(total / PARTS);
        server.post(&zones, bodies, false).await;
        wait_for_delivery(&server, input.records.saturating_sub(BATCH_RECORDS)).await;
        let (after, seconds) = (server.cost(), started.elapsed().as_secs_f64());
        let user = (after.user_seconds - before.user_seconds) / gb(bytes);
        let system = (after.system_seconds - before.system_seconds) / gb(bytes);
        let rate = (input.records - records_before) as f64 / seconds;
        let journal = disk::bytes_in(&data.path().join("journal"));
        println!(
            "{part:<6} {:>8.2} {:>8.2} {user:>6.2} {system:>6.2} {rate:>10.0} {:>8.1} {:>10.2}",
            gb(bytes),
            user + system,
            mib(after.peak_bytes),
            gb(journal),
        );
        parts.push(json!({
            "bytes": bytes,
            "cpu_seconds_per_gb": user + system,
            "user_seconds_per_gb": user,
            "system_seconds_per_gb": system,
            "records_per_second": rate,
            "peak_bytes": after.peak_bytes,
            "journal_bytes": journal,
        }));
    }
    all_delivered(&server, &sink, input.records).await;
    let dropped = server.metric("logpush_dropped_records_total").await;
    assert_eq!(dropped, 0, "records that retention gave up");
    let growth = growth(&parts);
    println!("the last three parts cost {growth:.2} times what the first three cost");
    json!({"parts": parts, "last_to_first": growth, "peak_bytes": server.cost().peak_bytes})
}

/// What the last three parts cost for each second that the first three cost.
fn growth(parts: &[Value]) -> f64 {
    let cost = |parts: &[Value]| {
        parts.iter().filter_map(|part| part["cpu_seconds_per_gb"].as_f64()).sum::<f64>()
    };
    cost(&parts[parts.len() - 3..]) / cost(&parts[..3])
}

/// The bodies, again and again.
struct Input<'l> {
    load: &'l Load,
    /// The number of the next body.
    next: usize,
    /// Records in all bodies that were taken.
    records: u64,
}

impl Input<'_> {
    /// Bodies of so many bytes together, or a little more.
    fn take(&mut self, wanted: u64) -> (Vec<(usize, Bytes)>, u64) {
        let (mut bodies, mut bytes) = (Vec::new(), 0);
        while bytes < wanted {
            let body = &self.load.bodies[self.next];
            bytes += body.len() as u64;
            self.records += self.load.records_in(self.next) as u64;
            bodies.push((0, body.clone()));
            self.next = (self.next + 1) % self.load.bodies.len();
        }
        (bodies, bytes)
    }
}
