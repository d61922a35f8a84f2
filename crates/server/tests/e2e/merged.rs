//! Subrequests on the record of the request that caused them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::api::Answer;
use crate::objects::{Object, lines};
use crate::records::assert_each_once;
use crate::s3::S3Server;
use crate::world::{BUCKET, World};

/// Families in each request.
const FAMILIES: u64 = 200;
/// Records of a family.
const MEMBERS: u64 = 4;

/// Families of a request, a record with three that it caused, and one that nobody did.
fn body(request: u64) -> String {
    let mut body = String::new();
    for family in 0..FAMILIES {
        let id = |member: u64| format!("{request:04x}{family:04x}{member:04x}");
        for member in 0..MEMBERS {
            let parent = if member == 0 { "00".to_owned() } else { id(member / 2) };
            let (id, is_caused) = (id(member), member > 0);
            writeln!(
                body,
                r#"{{"RayID":"{id}","ParentRayID":"{parent}","WorkerSubrequest":{is_caused}}}"#
            )
            .unwrap();
        }
    }
    body
}

async fn send(world: &World, request: u64) {
    let call = world.api.ingest(&world.zone, "http_requests").body(body(request));
    let taken = Answer::of(call).await.result();
    assert_eq!(taken["accepted"], FAMILIES * MEMBERS, "{taken}");
}

/// The lines of a request's families. Frames hold 500 records, a whole number of families.
fn expected(request: u64) -> Vec<String> {
    let line = |family: u64| {
        let id = |member: u64| format!(r#""RayID":"{request:04x}{family:04x}{member:04x}""#);
        format!(r#"{{{},"Subrequests":[{{{}}},{{{}}},{{{}}}]}}"#, id(0), id(1), id(2), id(3))
    };
    (0..FAMILIES).map(line).collect()
}

fn merging() -> Value {
    json!({ "output_options": { "field_names": ["RayID"], "merge_subrequests": true } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subrequests_stand_on_their_request_and_beside_it_where_nobody_asked() {
    let world = World::start().await;
    let merged = world.job(&world.zone, "merged", &merging()).await;
    let plain = json!({ "output_options": { "field_names": ["RayID"] } });
    let plain = world.job(&world.zone, "plain", &plain).await;
    for request in 0..6 {
        send(&world, request).await;
    }
    // Batches of at most 1,000 lines, which are counted as lines.
    world.wait_for(plain, "delivery", |status| status["delivered_records"] == 4_000).await;
    world
        .wait_for(merged, "reading", |status| {
            let count = |name: &str| status[name].as_u64().unwrap();
            count("delivered_records") + count("pending_records") == 6 * FAMILIES
        })
        .await;
    let objects = world.finish().await;
    let (merged, plain): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| object.key.starts_with("merged/"));
    assert!(merged.iter().all(|object| object.lines().len() <= 1_000));
    let all: Vec<String> = (0..6).flat_map(expected).collect();
    assert_each_once(&lines(&merged), &all);
    assert_eq!(lines(&plain).len() as u64, 6 * FAMILIES * MEMBERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_merged_survives_a_crash_and_arrives_once() {
    let world = World::start_with(S3Server::away(&[BUCKET]).await).await;
    let job = world.job(&world.zone, "logs", &merging()).await;
    for request in 0..8 {
        send(&world, request).await;
    }
    // Batches are sealed, and encoded again from the journal.
    world.wait_for(job, "trouble", |status| status["state"] == "retrying").await;
    let world = world.crash(&[]).await;
    world.s3.come_back().await;
    let all: Vec<String> = (0..8).flat_map(expected).collect();
    assert_each_once(&lines(&world.finish().await), &all);
}

/// Sends records until a job that merges has delivered two objects of 1,000 lines, and gives its
/// number and their keys.
async fn delivered_twice(world: &World, more: &Value) -> (String, Vec<String>) {
    let job = world.job(&world.zone, "logs", more).await;
    for request in 0..10 {
        send(world, request).await;
    }
    world.wait_until_delivered(job, 2_000).await;
    let path = format!("/zones/{}/logpush/jobs/{job}/ledger/batches", world.zone);
    let batches = world.api.read(&path).await;
    let batches = batches["batches"].as_array().unwrap();
    assert!(batches.iter().all(|batch| batch["records"] == 1_000), "{batches:?}");
    let keys = batches.iter().map(|batch| batch["key"].as_str().unwrap().to_owned());
    (job.to_string(), keys.collect())
}

/// Takes the last subrequest from the first line, and leaves a sound object of as many lines.
fn take_a_subrequest(path: &Path) {
    let object = Object { key: path.display().to_string(), bytes: std::fs::read(path).unwrap() };
    let mut lines = object.lines();
    let mut request: Value = serde_json::from_str(&lines[0]).unwrap();
    request["Subrequests"].as_array_mut().unwrap().pop().unwrap();
    lines[0] = request.to_string();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    lines.iter().for_each(|line| writeln!(encoder, "{line}").unwrap());
    std::fs::write(path, encoder.finish().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merged_records_are_verified_and_a_subrequest_that_is_gone_is_found() {
    let world = World::start().await;
    let (job, keys) = delivered_twice(&world, &merging()).await;
    let cli = world.cli();
    let verify = ["verify", "--job", &job];
    // A line counts as one record, with what it caused standing on it.
    let found = cli.json(&verify).await;
    assert_eq!(found["findings"], json!([]), "{found}");
    assert_eq!((&found["ok"], &found["complete"]), (&json!(true), &json!(true)), "{found}");
    assert_eq!((&found["objects"]["same"], &found["same"]["records"]), (&json!(2), &json!(2_000)));

    let folder = world.s3.folder(BUCKET);
    std::fs::remove_file(folder.join(&keys[0])).unwrap();
    take_a_subrequest(&folder.join(&keys[1]));
    let ran = cli.run(&verify).await;
    ran.assert_failed(1, &["differs", "1 missing", "1 altered"]);
    assert!(ran.stdout.contains(&format!("missing  {}: the ledger says", keys[0])), "{ran:?}");
    assert!(ran.stdout.contains(&format!("altered  {}", keys[1])), "{ran:?}");
    assert!(!ran.stdout.contains("lines, and the ledger"), "as many lines as before: {ran:?}");
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merged_records_are_verified_as_csv_too() {
    let world = World::start().await;
    let csv = json!({ "output_options": {
        "field_names": ["RayID"], "merge_subrequests": true, "output_type": "csv",
    } });
    let (job, keys) = delivered_twice(&world, &csv).await;
    let cli = world.cli();
    let found = cli.json(&["verify", "--job", &job]).await;
    assert_eq!(found["findings"], json!([]), "{found}");
    assert_eq!(found["same"]["records"], 2_000, "{found}");
    std::fs::remove_file(world.s3.folder(BUCKET).join(&keys[0])).unwrap();
    let ran = cli.run(&["verify", "--job", &job]).await;
    ran.assert_failed(1, &["differs", "1 missing"]);
    assert!(world.service.terminate().await.success());
}
