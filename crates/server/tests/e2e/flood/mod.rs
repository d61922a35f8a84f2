//! More than the door can take: it says so, keeps within its memory, and loses nothing.

mod neighbours;

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::api::Answer;
use crate::records::{assert_each_once, delivered, id, ids};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// Senders at a time, each of which waits for nobody.
const SENDERS: u64 = 24;
/// Requests of each.
const REQUESTS: u64 = 4;
/// Records of a request, each of 20 KB.
const RECORDS: u64 = 40;
/// What the service may take beyond its budgets, for its program and its threads.
const MEMORY_MAX: u64 = 300 << 20;

fn body_of(stream: &str, first: u64, records: u64) -> String {
    let long = "x".repeat(20_000);
    (first..first + records).fold(String::new(), |mut body, number| {
        let id = id(stream, number);
        writeln!(body, r#"{{"RayID":"{id}","ClientRequestURI":"/{long}"}}"#).unwrap();
        body
    })
}

/// Sends a stream as fast as the door takes it; how often it was told to come again.
async fn send(world: &World, sender: u64) -> u64 {
    let stream = format!("sender{sender}");
    let mut refused = 0;
    for number in 0..REQUESTS {
        let first = number * RECORDS;
        let body = body_of(&stream, first, RECORDS);
        loop {
            let request = world.api.ingest(&world.zone, "http_requests").body(body.clone());
            let request = request.header("idempotency-key", format!("{stream}-{number}"));
            let answer = Answer::of(request).await;
            if answer.status == 200 {
                assert_eq!(answer.result()["accepted"], RECORDS);
                break;
            }
            assert!(matches!(answer.status, 429 | 503), "{:.300}", answer.text);
            let again = answer.retry_after.as_deref().map(str::parse::<u64>);
            assert!(matches!(again, Some(Ok(1..))), "comes again when? {again:?}");
            refused += 1;
            sleep(Duration::from_millis(30)).await;
        }
    }
    refused
}

/// The most memory that a process has had, in bytes; `None` where the system does not tell.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_held_back_and_all_that_was_acknowledged_arrives() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_INGEST__BODY_BYTES_MAX", "1MiB")
        .set("LOGPUSH_INGEST__DECODED_BYTES_MAX", "1MiB")
        .set("LOGPUSH_INGEST__QUARANTINE_BYTES_MAX", "1MiB")
        .set("LOGPUSH_INGEST__IN_FLIGHT_BYTES_MAX", "4MiB")
        .set("LOGPUSH_DELIVERY__SPOOL_MEMORY_BYTES", "1MiB");
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "logs", &json!({})).await;
    let refused: u64 = join_all((0..SENDERS).map(|sender| send(&world, sender))).await.iter().sum();
    assert!(refused > 0, "it was no flood");
    // Nothing has to be done for it to be well again.
    assert_eq!(world.api.get("/readyz").await.status, 200);
    world.send(&world.zone, "after", 0..100).await;
    if let Some(bytes) = peak_memory(world.service.id()) {
        println!("{refused} refusals; at most {} MiB of memory", bytes >> 20);
        assert!(bytes < MEMORY_MAX, "{bytes} bytes of memory");
    }
    let sent =
        (0..SENDERS).flat_map(|sender| ids(&format!("sender{sender}"), 0..REQUESTS * RECORDS));
    let expected: Vec<String> = sent.chain(ids("after", 0..100)).collect();
    assert_each_once(&delivered(&world.finish().await), &expected);
}
