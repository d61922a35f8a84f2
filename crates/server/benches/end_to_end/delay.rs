//! How long after its acknowledgement a record can be read in the bucket, at a fifth of the rate
//! that the server reaches.
//!
//! The job closes its batches by their interval alone. Each body is posted with ray ids of its own,
//! so that the records in the objects can be matched with the acknowledgement of their body.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::synthetic::traffic::parse_ray_id;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::load::Load;
use crate::number;
use crate::process::{Door, Server};
use crate::report::Quantiles;
use crate::sink::{Keeping, Sink};
use crate::workload::{SOME_FIELDS, Workload, wait_for_delivery};

/// The interval of the job's batches.
const INTERVAL_SECONDS: u64 = 30;
/// What 99 % of the records may take beyond the interval.
const BEYOND_INTERVAL_AIM: f64 = 2.0;
/// How much of the rate that workload C reaches is sent.
const SHARE: f64 = 0.2;
/// How long is sent, where `--seconds` does not say it.
const SECONDS: f64 = 180.0;
/// Most bodies under way.
const UNDER_WAY: usize = 8;
/// What comes before the number of the run in a ray id.
const RAY_ID: &[u8] = b"\"RayID\":\"";

/// When bodies were acknowledged, by the number of their run and their number in it.
type Acknowledged = BTreeMap<(u32, usize), Instant>;

/// Sends for a while, and prints the delays.
pub(crate) async fn measure(load: &Load) -> Value {
    let rate = match number("--rate") {
        Some(rate) => rate,
        None => Workload::named("C").run(load).await.records_per_second * SHARE,
    };
    let seconds = number("--seconds").unwrap_or(SECONDS);
    let sink = Sink::serve(Keeping::Bytes).await;
    let server = Server::start(sink.address, None).await;
    let zone = server.create_zone("burritobot.example").await;
    let spec = json!({
        "max_upload_interval_seconds": INTERVAL_SECONDS,
        "max_upload_records": 1_000_000,
        "max_upload_bytes": 1_000_000_000,
        "output_options": {"field_names": SOME_FIELDS, "timestamp_format": "rfc3339"},
    });
    server.create_job_of(&zone, spec).await;
    let started = Instant::now();
    let acknowledged = send(load, &server.door(&zone), rate, seconds).await;
    let reached_in = started.elapsed().as_secs_f64();
    let records = acknowledged.keys().map(|&(_, body)| load.records_in(body)).sum::<usize>();
    wait_for_delivery(&server, records as u64).await;
    let reached = records as f64 / reached_in;
    println!("{reached:.0} of {rate:.0} records/s for {reached_in:.0} s, {records} records");
    let mut figures = delays(load, &sink, &acknowledged);
    figures["records_per_second"] = reached.into();
    figures["records"] = records.into();
    figures
}

/// Posts bodies at this rate, each when it is due.
async fn send(load: &Load, door: &Door, rate: f64, seconds: f64) -> Acknowledged {
    let started = Instant::now();
    let free = Arc::new(Semaphore::new(UNDER_WAY));
    let mut posts = JoinSet::new();
    let mut records = 0;
    for post in 0.. {
        let (run, body) = ((post / load.bodies.len()) as u32, post % load.bodies.len());
        let due = records as f64 / rate;
        if due > seconds {
            break;
        }
        tokio::time::sleep_until((started + Duration::from_secs_f64(due)).into()).await;
        let place = Arc::clone(&free).acquire_owned().await.unwrap();
        let (door, bytes) = (door.clone(), of_run(&load.bodies[body], run));
        posts.spawn(async move {
            door.post(bytes, "identity").await.unwrap();
            drop(place);
            ((run, body), Instant::now())
        });
        records += load.records_in(body);
    }
    posts.join_all().await.into_iter().collect()
}

/// A body with the ray ids of a run.
fn of_run(body: &Bytes, run: u32) -> Bytes {
    let mut bytes = body.to_vec();
    let places: Vec<usize> = memchr::memmem::find_iter(body, RAY_ID).collect();
    for place in places {
        let digits = place + RAY_ID.len();
        bytes[digits..digits + 8].copy_from_slice(format!("{run:08x}").as_bytes());
    }
    Bytes::from(bytes)
}

/// Matches the records in the bucket with their acknowledgements. Each has to be there once.
fn delays(load: &Load, sink: &Sink, acknowledged: &Acknowledged) -> Value {
    let mut seen = BTreeMap::<(u32, usize), usize>::new();
    let (mut of_records, mut of_objects) = (Vec::new(), Vec::new());
    for (visible, text) in sink.objects() {
        let mut bodies = BTreeMap::<(u32, usize), usize>::new();
        for place in memchr::memmem::find_iter(&text, RAY_ID) {
            let (run, number) = ray(&text[place..]);
            *bodies.entry((run, load.body_of(number as usize))).or_default() += 1;
        }
        let delay = |body| visible.saturating_duration_since(acknowledged[body]).as_secs_f64();
        of_objects.extend(bodies.keys().map(delay).max_by(f64::total_cmp).map(|delay| (delay, 1)));
        for (body, &records) in &bodies {
            of_records.push((delay(body), records as u64));
            *seen.entry(*body).or_default() += records;
        }
    }
    for &(run, body) in acknowledged.keys() {
        let arrived = seen.get(&(run, body)).copied();
        assert_eq!(arrived, Some(load.records_in(body)), "records of body {body} in run {run}");
    }
    let objects = of_objects.len();
    let (records, oldest) = (Quantiles::of(of_records), Quantiles::of(of_objects));
    records.print("from a record's acknowledgement to its object");
    oldest.print(&format!("the same for the oldest record of each of {objects} objects"));
    let interval = INTERVAL_SECONDS as f64;
    let beyond = records.p99 - interval;
    println!(
        "beyond the interval of {interval} s: p99 {beyond:.2} s, at most {BEYOND_INTERVAL_AIM} s{}; oldest: \
         p50 {:.2} s, p99 {:.2} s, max {:.2} s",
        if beyond > BEYOND_INTERVAL_AIM { " (missed)" } else { "" },
        oldest.p50 - interval,
        oldest.p99 - interval,
        oldest.max - interval,
    );
    json!({
        "interval_seconds": INTERVAL_SECONDS,
        "records_delay": records.json(),
        "oldest_records_delay": oldest.json(),
        "p99_beyond_interval_seconds": beyond,
        "p99_beyond_interval_seconds_at_most": BEYOND_INTERVAL_AIM,
        "objects": objects,
    })
}

/// The run and the number in the ray id that `text` begins with.
fn ray(text: &[u8]) -> (u32, u32) {
    let digits = &text[RAY_ID.len()..RAY_ID.len() + 16];
    parse_ray_id(std::str::from_utf8(digits).unwrap()).unwrap()
}
