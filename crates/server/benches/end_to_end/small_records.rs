//! Records per second of workload D with records of 1 kB, and what kept it from being more.
//!
//! The generator and the S3 server run on the same machine, in this process.

use std::time::Instant;

use serde_json::{Value, json};

use crate::load::Load;
use crate::process::{self, Server};
use crate::sink::{Keeping, Sink};
use crate::workload::{Workload, all_delivered, wait_for_delivery};
use crate::{gb, number};

/// Records per second that it should take.
const AIM: f64 = 400_000.0;
/// How often the input is sent, where `--rounds` does not say it.
const ROUNDS: f64 = 8.0;
/// Records in an object, the fewest that a job may ask for: what has been delivered then follows
/// what has been read.
const BATCH_RECORDS: u64 = 1_000;

/// Sends the input some times, and prints the rate until all but the last object was delivered.
pub(crate) async fn measure(load: &Load) -> Value {
    let rounds = number("--rounds").unwrap_or(ROUNDS).ceil() as usize;
    let workload = Workload::named("D");
    let sink = Sink::serve(Keeping::Bytes).await;
    let server = Server::start(sink.address, Some(1)).await;
    let zones = workload.prepare(&server, load, BATCH_RECORDS).await;
    let mut bodies = Vec::with_capacity(load.bodies.len() * rounds);
    (0..rounds).for_each(|_| bodies.extend(load.for_one_zone()));
    let expected = workload.expected(load) * rounds as u64;
    let (server_before, own_before) = (server.cost().seconds(), process::own_seconds());
    let started = Instant::now();
    server.post(&zones, bodies, false).await;
    let acknowledged_in = started.elapsed().as_secs_f64();
    wait_for_delivery(&server, expected.saturating_sub(BATCH_RECORDS)).await;
    let seconds = started.elapsed().as_secs_f64();
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let server_cores = (server.cost().seconds() - server_before) / seconds;
    let own_cores = (process::own_seconds() - own_before) / seconds;
    all_delivered(&server, &sink, expected).await;
    let records = (load.records * rounds) as f64;
    let (rate, acknowledged) = (records / seconds, records / acknowledged_in);
    let bytes = load.bytes / load.records as u64;
    println!(
        "D with {bytes} bytes a record, {:.2} GB: {rate:.0} records/s delivered, {acknowledged:.0} \
         acknowledged; at least {AIM:.0}{}",
        gb(load.bytes) * rounds as f64,
        if rate < AIM { " (missed)" } else { "" },
    );
    println!(
        "of {cores} cores the server used {server_cores:.2}, the generator and S3 {own_cores:.2}: {}",
        limit(cores, server_cores, own_cores)
    );
    json!({
        "record_bytes": bytes,
        "records": records,
        "records_per_second": rate,
        "records_per_second_acknowledged": acknowledged,
        "at_least": AIM,
        "cores": cores,
        "server_cores": server_cores,
        "generator_and_store_cores": own_cores,
    })
}

/// What the rate was limited by.
fn limit(cores: f64, server: f64, own: f64) -> String {
    if server + own < 0.9 * cores {
        return "the processors were not the limit".to_owned();
    }
    let share = 100.0 * server / (server + own);
    format!("the processors were the limit, {share:.0} % of what was used by the server")
}
