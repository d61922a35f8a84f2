//! `logpush send`: every form of input arrives, and a run that was broken off is simply repeated.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::sleep;

use crate::cli::Ran;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::service::{ADMIN_TOKEN, logpush};
use crate::world::World;

/// `logpush send` into the zone of every world.
fn send(world: &World, args: &[&str]) -> Command {
    let zone = ["send", "--json", "--zone", "burritobot.example", "--dataset", "http_requests"];
    let mut command = logpush(&[&zone, args].concat());
    command.env("LOGPUSH_URL", world.service.url()).env("LOGPUSH_TOKEN", ADMIN_TOKEN);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Writes a file of the world's home; its path.
fn file(world: &World, name: &str, content: &[u8]) -> String {
    let path = world.home.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Waits for a run that must succeed; its report.
async fn report(command: &mut Command) -> Value {
    let ran = Ran::of(command).await;
    ran.assert_done();
    serde_json::from_str(&ran.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_every_form_and_standard_input_arrive() {
    let world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let plain = file(&world, "plain.ndjson", body("plain", 0..500).as_bytes());
    let mut packed = Vec::new();
    let mut packing = GzEncoder::new(&mut packed, Compression::fast());
    packing.write_all(body("packed", 0..500).as_bytes()).unwrap();
    packing.finish().unwrap();
    let packed = file(&world, "packed.ndjson.gz", &packed);
    let array = format!("[\n{}\n]", body("array", 0..500).trim_end().replace('\n', ",\n"));
    let array = file(&world, "array.json", array.as_bytes());

    let two = report(&mut send(&world, &[&plain, &packed])).await;
    assert_eq!((&two["lines"], &two["accepted"]), (&json!(1_000), &json!(1_000)));
    let one = report(&mut send(&world, &["--format", "json-array", &array])).await;
    assert_eq!(one["accepted"], 500);
    let mut run = send(&world, &["-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = run.stdin.take().unwrap();
    stdin.write_all(body("stdin", 0..500).as_bytes()).await.unwrap();
    drop(stdin);
    assert!(run.wait().await.unwrap().success());

    let streams = ["plain", "packed", "array", "stdin"];
    let expected: Vec<String> = streams.iter().flat_map(|stream| ids(stream, 0..500)).collect();
    assert_each_once(&delivered(&world.finish().await), &expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_is_repeated_and_adds_only_the_rest() {
    const RECORDS: u64 = 40_000;
    let world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let path = file(&world, "many.ndjson", body("a", 0..RECORDS).as_bytes());
    let mut run = send(&world, &["--connections", "2", &path]).spawn().unwrap();
    // Some of the eight requests are through then.
    loop {
        let page = world.api.get("/metrics").await.text;
        let came_in = page.lines().any(|line| {
            let count =
                line.strip_prefix("logpush_ingest_records_total{dataset=\"http_requests\"}");
            count.is_some_and(|count| count.trim() != "0")
        });
        if came_in || run.try_wait().unwrap().is_some() {
            break;
        }
        sleep(Duration::from_millis(1)).await;
    }
    // An error where it has ended by itself.
    let _ = run.kill().await;
    let rest = report(&mut send(&world, &[&path])).await;
    assert_eq!(rest["lines"], RECORDS);
    let number = |name: &str| rest[name].as_u64().unwrap();
    assert_eq!(number("accepted") + number("already_there"), RECORDS);
    assert!(number("already_there") > 0, "{rest}");
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..RECORDS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_outlives_restarts_of_the_service() {
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let mut run = send(&world, &["--connections", "1", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = run.stdin.take().unwrap();
    for number in 0..3_u64 {
        let records = body("a", number * 10_000..(number + 1) * 10_000);
        stdin.write_all(records.as_bytes()).await.unwrap();
        world = world.crash_in_place().await;
    }
    drop(stdin);
    let output = run.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["lines"], 30_000);
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..30_000));
}
