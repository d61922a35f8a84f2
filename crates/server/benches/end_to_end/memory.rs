//! What the server's memory comes to where much is open at once.

use std::time::Instant;

use serde_json::{Value, json};

use crate::load::Load;
use crate::process::Server;
use crate::sink::{Keeping, Sink};
use crate::workload::all_delivered;
use crate::{mb, mib};

/// Jobs with an open batch each.
const JOBS: usize = 1_000;
/// Bytes that each of their batches holds: less than a member, so that nothing is compressed.
const OPEN_BYTES: usize = 700 << 10;
/// Bytes that the job of large objects gets: a little more than one object.
const LARGE_BYTES: u64 = 1_100_000_000;

/// Both, one after the other.
pub(crate) async fn measure(load: &Load) -> Value {
    json!({
        "many_open_batches": many_open_batches(load).await,
        "large_objects": large_objects(load).await,
    })
}

/// A thousand jobs, each with a batch that is open and not worth compressing yet.
async fn many_open_batches(load: &Load) -> Value {
    let sink = Sink::serve(Keeping::Bytes).await;
    let server = Server::start(sink.address, None).await;
    let fields = json!({"field_names": load.fields});
    let mut zones = Vec::new();
    for number in 0..JOBS {
        let zone = server.create_zone(&format!("burritobot-{number}.example")).await;
        let spec = json!({"max_upload_interval_seconds": 60, "output_options": fields});
        server.create_job_of(&zone, spec).await;
        zones.push(zone);
    }
    let idle = server.cost().peak_bytes;
    let started = Instant::now();
    let mut records = 0_u64;
    let mut bytes = 0;
    for (zone, body) in zones.iter().zip(load.bodies.iter().cycle()) {
        let end = body.len().min(OPEN_BYTES);
        let end = body[..end].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
        records += body[..end].split_inclusive(|&byte| byte == b'\n').count() as u64;
        bytes += end as u64;
        server.post(std::slice::from_ref(zone), vec![(0, body.slice(..end))], false).await;
    }
    let open = server.cost().peak_bytes;
    let sent = started.elapsed();
    all_delivered(&server, &sink, records).await;
    println!("{JOBS} open batches of {:.1} MB, sent in {sent:.1?}", mb(bytes) / JOBS as f64);
    print_peaks(&[("idle", idle), ("open", open), ("delivered", server.cost().peak_bytes)])
}

/// One job with objects of 1 GB before compression.
async fn large_objects(load: &Load) -> Value {
    let sink = Sink::serve(Keeping::Bytes).await;
    let server = Server::start(sink.address, None).await;
    let zone = server.create_zone("burritobot.example").await;
    let spec = json!({
        "max_upload_bytes": 1_000_000_000,
        "max_upload_interval_seconds": 60,
        "output_options": {"field_names": load.fields},
    });
    server.create_job_of(&zone, spec).await;
    let (mut records, mut bytes) = (0, 0);
    while bytes < LARGE_BYTES {
        server.post(std::slice::from_ref(&zone), load.for_one_zone(), false).await;
        records += load.records as u64;
        bytes += load.bytes;
    }
    all_delivered(&server, &sink, records).await;
    println!("one job with objects of 1 GB, {:.0} MB sent", mb(bytes));
    print_peaks(&[("delivered", server.cost().peak_bytes)])
}

/// Prints the peaks, and gives them as JSON.
fn print_peaks(peaks: &[(&str, u64)]) -> Value {
    for (when, peak) in peaks {
        println!("    {when:<10} peak {:>6.1} MiB", mib(*peak));
    }
    peaks.iter().map(|(when, peak)| ((*when).to_owned(), json!(peak))).collect()
}
