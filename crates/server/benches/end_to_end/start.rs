//! How long a start takes where much is there: 10,000 jobs in 250 zones, and a long journal.
//!
//! All jobs have delivered what the journal holds. The first start finds the files outside of the
//! page cache, as after a restart of the machine; the second one finds them in it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catalog::vault::Vault;
use catalog::{Actor, Cursor, JobChange, Jobs, SqliteCatalog, Tenants};
use journal::{
    Append, Clock, FrameDraft, FrameKind, Journal, LocalJournal, LocalSettings, SystemClock,
};
use model::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};
use model::{Id, JobSpec, Offset, Partition, Scope};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::load::Load;
use crate::process::{Server, Setup};
use crate::report::print_seconds;
use crate::sink::{Keeping, Sink};
use crate::workload::SOME_FIELDS;
use crate::{disk, gb, mb, number, sink};

const JOBS: f64 = 10_000.0;
const ZONES: usize = 250;
/// GB of journal, where `--journal-gb` does not say it.
const JOURNAL_GB: f64 = 20.0;
/// Seconds that a start may take.
const AIM: f64 = 5.0;
/// Appends under way while the journal is written.
const UNDER_WAY: usize = 16;
const P0: Partition = Partition(0);

/// Makes the data directory, and starts the server on it twice.
pub(crate) async fn measure(load: &Load) -> Value {
    let bytes = (number("--journal-gb").unwrap_or(JOURNAL_GB) * 1e9) as u64;
    let jobs = number("--jobs").unwrap_or(JOBS) as usize;
    let data = disk::room_for(bytes);
    let began = Instant::now();
    let end = write_journal(&data.path().join("journal"), load, bytes).await;
    write_catalog(data.path(), jobs, end).await;
    println!(
        "{jobs} jobs in {ZONES} zones, {:.1} GB of journal, made in {:.0} s",
        gb(disk::bytes_in(&data.path().join("journal"))),
        began.elapsed().as_secs_f64()
    );
    disk::forget(data.path());
    let cold = start("cold", data.path(), jobs).await;
    let warm = start("warm", data.path(), jobs).await;
    json!({"jobs": jobs, "journal_bytes": bytes, "cold": cold, "warm": warm, "at_most": AIM})
}

/// Starts the server, asks it, and stops it.
async fn start(files: &str, data: &Path, jobs: usize) -> Value {
    let sink = Sink::serve(Keeping::Counts).await;
    let began = Instant::now();
    let server = Server::spawn(&Setup::new(sink.address, None).on(data));
    server.until_ready().await;
    let ready = began.elapsed();
    let listed = server.jobs(&zone(0).to_string()).await;
    let listed_in = began.elapsed();
    assert!(listed > 0, "no job of {jobs} was listed");
    let (read, cost) = (server.read_bytes(), server.cost());
    print_seconds(&format!("{files}: until /readyz answers 200"), ready, AIM);
    print_seconds(&format!("{files}: until the API lists a zone's jobs"), listed_in, AIM);
    println!("    read {:.1} MB, {:.2} CPU-s", mb(read), cost.seconds());
    // What it does behind the first answers is not to be in the next start's way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    json!({
        "ready_seconds": ready.as_secs_f64(),
        "listed_seconds": listed_in.as_secs_f64(),
        "read_bytes": read,
        "cpu_seconds": cost.seconds(),
    })
}

fn zone(number: usize) -> Id {
    let mut bytes = [7; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Id::from_bytes(bytes)
}

/// Writes frames of all zones in turn, and gives the journal's end.
async fn write_journal(dir: &Path, load: &Load, bytes: u64) -> Offset {
    let clock = Arc::new(SystemClock);
    let journal = Arc::new(LocalJournal::open(dir, LocalSettings::default(), clock).unwrap());
    let payloads: Vec<(Bytes, u32)> = load.bodies.iter().flat_map(payloads).collect();
    let mut appends = JoinSet::new();
    let mut written = 0;
    for (number, (payload, records)) in payloads.iter().cycle().enumerate() {
        if written >= bytes {
            break;
        }
        written += payload.len() as u64;
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope: Scope::zone(zone(number % ZONES)),
            dataset: "http_requests".to_owned(),
            records: *records,
            payload: payload.clone(),
        };
        let journal = Arc::clone(&journal);
        appends.spawn(async move {
            journal.append(P0, Append { key: None, frames: vec![frame] }).await.unwrap();
        });
        if appends.len() >= UNDER_WAY {
            appends.join_next().await.unwrap().unwrap();
        }
    }
    appends.join_all().await;
    let end = journal.bounds(P0).end;
    journal.close().await;
    end
}

/// The payloads of frames that a body makes, with their numbers of records.
fn payloads(body: &Bytes) -> Vec<(Bytes, u32)> {
    let mut payloads = Vec::new();
    let (mut first, mut records) = (0, 0);
    let mut end = 0;
    for newline in memchr::memchr_iter(b'\n', body) {
        if newline + 1 - first > FRAME_BYTES_MAX || records as usize == FRAME_RECORDS_MAX {
            payloads.push((body.slice(first..end), records));
            (first, records) = (end, 0);
        }
        end = newline + 1;
        records += 1;
    }
    payloads.push((body.slice(first..end), records));
    payloads
}

/// Makes the zones, and jobs that have delivered everything before `end`.
async fn write_catalog(dir: &Path, jobs: usize, end: Offset) {
    let vault = Vault::open_or_create(&dir.join("secret.key")).unwrap();
    let now = SystemClock.now();
    let catalog = SqliteCatalog::open(&dir.join("catalog.sqlite"), vault, now).await.unwrap();
    let by = Actor::system(now);
    let account = Id::from_bytes([9; 16]);
    catalog.add_account(account, "Burritos", "external", &by).await.unwrap();
    for number in 0..ZONES {
        let name = format!("zone-{number}.example");
        catalog.add_zone(zone(number), account, &name, &by).await.unwrap();
    }
    let options = json!({"field_names": SOME_FIELDS, "timestamp_format": "rfc3339"}).to_string();
    for number in 0..jobs {
        let spec = JobSpec {
            dataset: "http_requests".to_owned(),
            destination: format!("s3://{}/logs/{{DATE}}?region=us-east-1", sink::NAME),
            output_options: Some(options.clone()),
            ..JobSpec::default()
        };
        let change = JobChange {
            spec,
            name: Some(format!("job {number}")),
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin = [Cursor { partition: P0, next: end }];
        catalog.add_job(Scope::zone(zone(number % ZONES)), change, &begin, &by).await.unwrap();
    }
    catalog.close().await;
}
