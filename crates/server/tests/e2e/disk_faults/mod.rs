//! Disks that fail: I/O errors, a file system that becomes read-only, an fsync that fails, under
//! the journal, the catalogue and the spool. Nothing is acknowledged that is not durable, the
//! service says what is the matter, and all that was acknowledged arrives once.

mod disk;

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::Answer;
use crate::records::{assert_each_once, body, delivered, id, ids};
use crate::s3::S3Server;
use crate::senders::Dice;
use crate::service::Home;
use crate::world::{BUCKET, World};
use disk::{EIO, EROFS, FaultyDisk};

/// Records of a request.
const RECORDS: u64 = 50;
/// Attempts at something that has to come about; far more than it takes.
const ATTEMPTS: u32 = 600;

/// A service with a job, whose disk can be made to fail.
async fn start(expected_errors: &[&str]) -> Option<(World, FaultyDisk)> {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url()).expecting_errors(expected_errors);
    let (home, disk) = FaultyDisk::before(home).await?;
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "logs", &json!({})).await;
    Some((world, disk))
}

/// Sends the records of request `number`, once.
async fn send(world: &World, number: u64) -> Answer {
    let records = number * RECORDS..(number + 1) * RECORDS;
    let request = world.api.ingest(&world.zone, "http_requests").body(body("a", records));
    Answer::of(request.header("idempotency-key", format!("request-{number}"))).await
}

async fn acknowledged(world: &World, number: u64) {
    let answer = send(world, number).await;
    assert_eq!(answer.result()["accepted"], RECORDS);
}

/// Sends the records of request `number` until they are acknowledged.
async fn acknowledged_in_the_end(world: &World, number: u64) {
    for _ in 0..ATTEMPTS {
        if send(world, number).await.status == 200 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("request {number} is refused though the disk works again");
}

async fn refused(world: &World, number: u64) {
    let answer = send(world, number).await;
    answer.assert_refused(503, &["the log cannot take more now"]);
    assert!(answer.retry_after.is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
}

/// Checks that everything that tells of the service's health tells of this.
async fn assert_told(world: &World, part: &str, state: &str, reason: &str) {
    let ready = world.api.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()[part]), (503, &json!(state)));
    assert_eq!(world.api.get("/healthz").await.status, 200);
    let health = world.api.read("/logpush/health").await;
    assert_eq!(health[part]["state"], state, "{health}");
    assert!(health[part]["reason"].as_str().unwrap().contains(reason), "{health}");
    let metrics = world.api.get("/metrics").await.text;
    let line = format!("logpush_{part}_state{{state=\"{state}\"}} 1\n");
    assert!(metrics.contains(&line), "no `{line}` in {metrics}");
    let told = status(world).await;
    assert!(told.contains(state) && told.contains(reason), "{told}");
    // A customer learns what it means, and nothing of the operator's disk.
    let token = world.token("logs:read", &world.zone).await;
    let health = world.api.with_token(&token).read("/logpush/health").await;
    assert_eq!(health[part]["state"], state, "{health}");
    assert!(health[part]["message"].is_string() && health[part]["reason"].is_null(), "{health}");
}

/// What `logpush status` prints.
async fn status(world: &World) -> String {
    let ran = world.cli().run(&["status"]).await;
    ran.assert_done();
    ran.stdout
}

async fn assert_well(world: &World) {
    let ready = world.api.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ok")));
    let told = status(world).await;
    assert!(!told.contains("refusing") && !told.contains("poisoned"), "{told}");
}

/// The journal's disk fails in this way for a while; nothing but its recovery has to be done.
async fn passes_by_itself(operations: &[(&str, i32)], reason: &str) {
    let Some((world, disk)) = start(&[]).await else { return };
    for number in 0..3 {
        acknowledged(&world, number).await;
    }
    disk.fails(operations, "/journal/");
    for number in 3..6 {
        refused(&world, number).await;
    }
    // Longer than it takes until the service looks whether the cause is gone.
    for _ in 0..5 {
        assert_told(&world, "journal", "refusing", reason).await;
        sleep(Duration::from_millis(500)).await;
    }
    refused(&world, 3).await;
    disk.works();
    acknowledged_in_the_end(&world, 3).await;
    for number in 4..20 {
        acknowledged(&world, number).await;
    }
    assert_well(&world).await;
    let world = world.crash(&[]).await;
    acknowledged(&world, 20).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..21 * RECORDS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_journals_disk_refuses_requests_until_it_is_gone() {
    passes_by_itself(&[("write", EIO)], "Input/output error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_torn_leaves_nothing_behind() {
    passes_by_itself(&[("tear", EIO)], "Input/output error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_system_that_becomes_read_only_refuses_requests_until_it_is_writable() {
    let read_only = ["open", "tear", "truncate"].map(|operation| (operation, EROFS));
    passes_by_itself(&read_only, "Read-only file system").await;
}

/// The journal's fsync fails; how the service ends before it is started again is `crashes`.
async fn waits_for_a_restart(crashes: bool) {
    let expected = "appends are refused until a restart";
    let Some((mut world, disk)) = start(&[expected]).await else { return };
    for number in 0..3 {
        acknowledged(&world, number).await;
    }
    disk.fails(&[("sync", EIO)], "/journal/");
    refused(&world, 3).await;
    disk.works();
    // Nobody knows what the disk holds, though it works again.
    for number in 3..6 {
        refused(&world, number).await;
    }
    assert_told(&world, "journal", "poisoned", "fdatasync failed").await;
    // What is durable is delivered all the same.
    world.wait_until_read().await;
    world = if crashes { world.crash(&[]).await } else { world.restart().await };
    assert_well(&world).await;
    // With its key, a request that was refused can be repeated, whatever became of it.
    for number in 0..20 {
        acknowledged(&world, number).await;
    }
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..20 * RECORDS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_fsync_nothing_is_acknowledged_before_a_restart() {
    waits_for_a_restart(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failed_fsync_and_a_crash_everything_acknowledged_is_there() {
    waits_for_a_restart(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_catalogue_cannot_be_written_deliveries_wait_and_records_are_taken_in() {
    let expected = ["in the catalogue", "cannot seal a batch", "cannot settle a batch"];
    let Some((world, disk)) = start(&expected).await else { return };
    let job = world.statuses().await[0]["job_id"].as_u64().unwrap();
    acknowledged(&world, 0).await;
    for operation in ["write", "sync"] {
        disk.fails(&[(operation, EIO)], "catalog.sqlite");
        let from = if operation == "write" { 1 } else { 41 };
        // Two batches, neither of which can be sealed.
        for number in from..from + 40 {
            acknowledged(&world, number).await;
        }
        let failing = |status: &Value| status["retrying"]["message"].is_string();
        let status = world.wait_for(job, "trouble", failing).await;
        assert!(status["retrying"]["message"].as_str().unwrap().contains("cannot note down"));
        assert_ledger_told(&world).await;
        disk.works();
        let done = (from + 39) * RECORDS / 1_000 * 1_000;
        world
            .wait_for(job, "delivery", |status| {
                status["delivered_records"].as_u64().unwrap() >= done
                    && status["retrying"].is_null()
            })
            .await;
        assert_well(&world).await;
    }
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..81 * RECORDS));
}

/// Checks what is told of a catalogue that cannot be written to.
async fn assert_ledger_told(world: &World) {
    let ready = world.api.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["catalog"]), (503, &json!("refusing")));
    let told = status(world).await;
    assert!(told.contains("catalogue refusing") && told.contains("disk I/O error"), "{told}");
    let metrics = world.api.get("/metrics").await.text;
    assert!(metrics.contains("logpush_catalog_state{state=\"refusing\"} 1\n"), "{metrics}");
    let zone = json!({ "name": "new.example", "account": { "id": world.account } });
    let request = world.api.request(reqwest::Method::POST, "/client/v4/zones");
    let answer = Answer::of(request.json(&zone)).await;
    answer.assert_refused(503, &["try again"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spool_that_cannot_be_written_costs_nothing_but_time() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_DELIVERY__SPOOL_MEMORY_BYTES", "1MiB");
    let Some((home, disk)) = FaultyDisk::before(home).await else { return };
    let world = World::start_in(s3, home).await;
    let fields = json!({ "output_options": { "field_names": ["RayID", "ClientRequestURI"] } });
    world.job(&world.zone, "logs", &fields).await;
    disk.fails(&[("write", EIO), ("open", EIO)], "/spool");
    // 8 MB that hardly compress.
    let mut dice = Dice(1);
    for first in (0..400).step_by(50) {
        let mut body = String::new();
        for number in first..first + 50 {
            let noise: String = (0..1_250).fold(String::new(), |mut noise, _| {
                write!(noise, "{:016x}", dice.below(u64::MAX)).unwrap();
                noise
            });
            let id = id("a", number);
            writeln!(body, r#"{{"RayID":"{id}","ClientRequestURI":"/{noise}"}}"#).unwrap();
        }
        let request = world.api.ingest(&world.zone, "http_requests").body(body);
        assert_eq!(Answer::of(request).await.result()["accepted"], 50);
    }
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..400));
}
