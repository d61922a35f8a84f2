//! One tenant floods, at forty times the rate that it may send; its neighbour sends as ever.
//!
//! | variable | meaning |
//! |---|---|
//! | `LOGPUSH_FLOOD_SECONDS` | how long, 5 without it |

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use super::{MEMORY_MAX, body_of, peak_memory};
use crate::records::{assert_each_once, body, delivered, ids};
use crate::s3::S3Server;
use crate::service::Home;
use crate::torture::number_from_environment;
use crate::world::{BUCKET, World};

/// What a tenant may send in a second.
const RATE: u64 = 1 << 20;
/// What the flood is to that.
const TIMES: u64 = 40;
/// Floods at a time.
const SENDERS: u64 = 8;
/// Records of a flood's request, each of 20 KB.
const RECORDS: u64 = 13;
/// Records of a neighbour's request.
const CALM_RECORDS: u64 = 50;

/// What a flood sent.
#[derive(Debug, Default)]
struct Flooded {
    requests: u64,
    offered: u64,
    accepted: u64,
    acknowledged: Vec<String>,
}

/// What became of an attempt.
enum Attempt {
    Done,
    Again,
}

async fn attempt(request: RequestBuilder) -> Attempt {
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    let again = response.headers().get("retry-after").cloned();
    let answer: Value = response.json().await.expect("every answer is JSON");
    if status == 200 {
        return Attempt::Done;
    }
    assert!(matches!(status, 429 | 503), "{answer}");
    assert!(again.is_some(), "it does not say when to come again: {answer}");
    Attempt::Again
}

/// Sends at its pace whatever the answers, and the same again until it is acknowledged.
fn flood(world: &World, sender: u64, go_on: watch::Receiver<bool>) -> JoinHandle<Flooded> {
    let (api, zone, stream) = (world.api.clone(), world.zone.clone(), format!("flood{sender}"));
    tokio::spawn(async move {
        let mut flooded = Flooded::default();
        let mut next = 0;
        let mut content = body_of(&stream, next, RECORDS);
        let bytes = content.len() as u64;
        let pace = Duration::from_secs_f64(bytes as f64 * SENDERS as f64 / (RATE * TIMES) as f64);
        let mut ticks = interval(pace);
        while *go_on.borrow() {
            ticks.tick().await;
            flooded.requests += 1;
            flooded.offered += bytes;
            let request = api.ingest(&zone, "http_requests").body(content.clone());
            if let Attempt::Done = attempt(request).await {
                flooded.accepted += bytes;
                flooded.acknowledged.extend(ids(&stream, next..next + RECORDS));
                next += RECORDS;
                content = body_of(&stream, next, RECORDS);
            }
        }
        flooded
    })
}

/// Sends a neighbour's requests for that long, each of which must be taken; how long each took.
async fn calm(world: &World, zone: &str, first: u64, time: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < time {
        let number = first + took.len() as u64 * CALM_RECORDS;
        let content = body("calm", number..number + CALM_RECORDS);
        let request = world.api.ingest(zone, "http_requests").body(content);
        let asked = Instant::now();
        let done = matches!(attempt(request).await, Attempt::Done);
        assert!(done, "a neighbour is refused because of the flood");
        took.push(asked.elapsed());
        sleep(Duration::from_millis(20)).await;
    }
    took.sort_unstable();
    took
}

/// The time that so many of a thousand stay below.
fn per_mille(sorted: &[Duration], share: usize) -> Duration {
    sorted[(sorted.len() * share / 1_000).min(sorted.len() - 1)]
}

/// How long a neighbour's requests took before the flood and during it.
fn compared(before: &[Duration], during: &[Duration]) -> String {
    let line = |(name, share)| {
        let (before, during) = (per_mille(before, share), per_mille(during, share));
        let ratio = during.as_secs_f64() / before.as_secs_f64();
        format!("a neighbour's {name}: {before:?} before, {during:?} during: × {ratio:.2}\n")
    };
    [("p50", 500), ("p99", 990)].map(line).concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_its_senders_trouble_and_not_its_neighbours() {
    let seconds = number_from_environment("LOGPUSH_FLOOD_SECONDS").unwrap_or(5);
    let time = Duration::from_secs(seconds);
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_INGEST__TENANT_BYTES_PER_SECOND", &RATE.to_string())
        .set("LOGPUSH_INGEST__TENANT_BURST", "2s");
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "flood", &json!({})).await;
    let account = world.api.create("/accounts", &json!({ "name": "Neighbour" })).await;
    let zone = json!({ "name": "calm.example", "account": { "id": account["id"] } });
    let zone = world.api.create("/zones", &zone).await["id"].as_str().unwrap().to_owned();
    world.job(&zone, "calm", &json!({})).await;

    let before = calm(&world, &zone, 0, time).await;
    let (go_on, watching) = watch::channel(true);
    let floods: Vec<_> =
        (0..SENDERS).map(|sender| flood(&world, sender, watching.clone())).collect();
    let begun = Instant::now();
    let during = calm(&world, &zone, before.len() as u64 * CALM_RECORDS, time).await;
    go_on.send(false).unwrap();
    let floods: Vec<Flooded> = join_all(floods).await.into_iter().map(Result::unwrap).collect();
    let took = begun.elapsed().as_secs_f64();

    let sum = |of: fn(&Flooded) -> u64| floods.iter().map(of).sum::<u64>();
    let (offered, accepted) = (sum(|flood| flood.offered), sum(|flood| flood.accepted));
    let refused = sum(|flood| flood.requests) - accepted / (offered / sum(|flood| flood.requests));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{took:.0} s: {:.1} MiB/s offered, {:.2} MiB/s taken, {refused} requests refused",
        mib(offered) / took,
        mib(accepted) / took
    );
    print!("{}", compared(&before, &during));
    assert!(refused > 0, "it was no flood");
    // The burst, what was let in at once before any of it was counted, and the rate.
    let most = RATE as f64 * (took + 2.0) + (SENDERS * RECORDS * 21_000) as f64;
    assert!((accepted as f64) < most, "{accepted} bytes taken of at most {most}");
    // It is measured for people; a machine that is busy otherwise must not fail the test.
    let (usual, flooded) = (per_mille(&before, 500), per_mille(&during, 500));
    assert!(flooded < usual * 20 + Duration::from_secs(1), "{flooded:?} instead of {usual:?}");
    if let Some(bytes) = peak_memory(world.service.id()) {
        println!("at most {} MiB of memory", bytes >> 20);
        assert!(bytes < MEMORY_MAX, "{bytes} bytes of memory");
    }
    assert_eq!(world.api.get("/readyz").await.status, 200);
    let calm_records = (before.len() + during.len()) as u64 * CALM_RECORDS;
    let flooded = floods.into_iter().flat_map(|flood| flood.acknowledged);
    let expected: Vec<String> = flooded.chain(ids("calm", 0..calm_records)).collect();
    assert_each_once(&delivered(&world.finish().await), &expected);
}
