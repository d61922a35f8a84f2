//! Retention: within it a job that is paused or fails loses nothing and catches up by itself.
//! What lies beyond it is announced before it is given up, and counted exactly.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::Answer;
use crate::objects::Object;
use crate::records::{assert_each_once, delivered, id, ids};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// A bucket that is not there at first.
const MISSING: &str = "not-made-yet";
/// Records of a request, each of 800 bytes: 400 KB in a segment of 1 MiB.
const RECORDS: u64 = 500;
/// How often the service looks what has expired.
const CHECK: Duration = Duration::from_secs(1);

/// A service whose journal holds four MiB, with a job for each of the buckets.
async fn start() -> World {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_JOURNAL__SEGMENT_BYTES", "1MiB")
        .set("LOGPUSH_JOURNAL__RETENTION_BYTES", "4MiB")
        .set("LOGPUSH_JOURNAL__RETENTION_CHECK", "1s")
        .expecting_errors(&["records expired before they were delivered"]);
    World::start_in(s3, home).await
}

/// Whether the record is one of those that a job for errors wants: every third.
const fn is_error(number: u64) -> bool {
    number.is_multiple_of(3)
}

/// Sends the records of request `number`.
async fn send(world: &World, number: u64) {
    let long = "x".repeat(700);
    let mut body = String::new();
    for number in number * RECORDS..(number + 1) * RECORDS {
        let (id, status) = (id("a", number), if is_error(number) { 503 } else { 200 });
        writeln!(
            body,
            r#"{{"RayID":"{id}","EdgeResponseStatus":{status},"ClientRequestURI":"/{long}"}}"#
        )
        .unwrap();
    }
    let request = world.api.ingest(&world.zone, "http_requests").body(body);
    assert_eq!(Answer::of(request).await.result()["accepted"], RECORDS);
}

fn number(status: &Value, name: &str) -> u64 {
    status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

/// A sample of a metric of a job, if it is there.
async fn metric(world: &World, name: &str, job: u64) -> Option<u64> {
    let page = world.api.get("/metrics").await.text;
    let begin = format!("{name}{{job=\"{job}\"");
    let line = page.lines().find(|line| line.starts_with(&begin))?;
    Some(line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// The messages of a job's events of that kind.
async fn events(world: &World, job: u64, kind: &str) -> Vec<String> {
    let path = format!("/zones/{}/logpush/jobs/{job}/events?per_page=1000", world.zone);
    let events = world.api.read(&path).await;
    let of_kind = events.as_array().unwrap().iter().filter(|event| event["kind"] == kind);
    of_kind.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

async fn set_enabled(world: &World, job: u64, enabled: bool) {
    world.change(&world.zone, job, &json!({ "enabled": enabled })).await;
}

/// A job into a bucket that is not there.
async fn failing_job(world: &World) -> u64 {
    let destination = format!("s3://{MISSING}/failing/{{DATE}}?region=us-east-1");
    world.job(&world.zone, "failing", &json!({ "destination_conf": destination })).await
}

/// The ids of the objects in a folder.
fn ids_below(objects: Vec<Object>, folder: &str) -> Vec<String> {
    let mine: Vec<Object> =
        objects.into_iter().filter(|object| object.key.starts_with(folder)).collect();
    delivered(&mine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_retention_a_job_that_fails_or_is_paused_loses_nothing() {
    let world = start().await;
    let failing = failing_job(&world).await;
    let paused = world.job(&world.zone, "paused", &json!({})).await;
    set_enabled(&world, paused, false).await;
    for number in 0..7 {
        send(&world, number).await;
    }
    // The service looks several times, and finds nothing to give up.
    sleep(3 * CHECK).await;
    for job in [failing, paused] {
        let status = world.status(job).await;
        assert_eq!((number(&status, "expiring_frames"), number(&status, "lost_records")), (0, 0));
        assert!(events(&world, job, "expiring").await.is_empty());
    }
    // Also across a crash.
    let world = world.crash(&[]).await;
    world.s3.create_bucket(MISSING);
    set_enabled(&world, paused, true).await;
    let s3 = world.finish_with_s3().await;
    let expected = ids("a", 0..7 * RECORDS);
    assert_each_once(&delivered(&s3.objects(MISSING)), &expected);
    assert_each_once(&ids_below(s3.objects(BUCKET), "paused/"), &expected);
}

/// Sends until the jobs are told that they will lose something; how many requests it took.
async fn send_until_announced(world: &World, jobs: &[u64]) -> u64 {
    for sent in 1..=20 {
        send(world, sent - 1).await;
        sleep(CHECK + CHECK / 2).await;
        let mut announced = 0;
        for &job in jobs {
            let status = world.status(job).await;
            let expiring = number(&status, "expiring_frames");
            // What is announced is still there.
            assert!(expiring == 0 || number(&status, "lost_records") == 0, "{status}");
            announced += usize::from(expiring > 0);
        }
        if announced == jobs.len() {
            return sent;
        }
    }
    panic!("nothing is announced")
}

/// Checks that what was given up is told in each place alike; gives how many records it was.
async fn assert_loss_is_told(world: &World, job: u64) -> u64 {
    let lost = number(&world.status(job).await, "lost_records");
    assert_eq!(metric(world, "logpush_dropped_records_total", job).await, Some(lost));
    let mut counted = 0;
    let mut next = 0;
    // Newest first.
    for message in events(world, job, "dropped").await.iter().rev() {
        // "gave up frames 0..3 of partition 0, 60 records of them for this job: …"
        let words: Vec<&str> = message.split_whitespace().collect();
        let (first, end) = words[3].split_once("..").unwrap_or_else(|| panic!("{message}"));
        assert_eq!(
            first.parse(),
            Ok(next),
            "a range does not begin where the last ended: {message}"
        );
        next = end.parse().unwrap();
        counted += words[7].parse::<u64>().unwrap_or_else(|_| panic!("{message}"));
    }
    assert_eq!(counted, lost, "the events tell of other losses than the status");
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_will_be_given_up_is_announced_and_what_was_is_counted_exactly() {
    let world = start().await;
    let failing = failing_job(&world).await;
    let filter = r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#;
    let paused = world.job(&world.zone, "paused", &json!({ "filter": filter })).await;
    set_enabled(&world, paused, false).await;
    let healthy = world.job(&world.zone, "healthy", &json!({})).await;

    let mut sent = send_until_announced(&world, &[failing, paused]).await;
    let told = world.cli().run(&["status"]).await.stdout;
    for job in [failing, paused] {
        assert!(metric(&world, "logpush_expiring_frames", job).await > Some(0));
        assert_eq!(events(&world, job, "expiring").await.len(), 1);
        assert!(told.contains(&format!("job {job}: ")) && told.contains("given up soon"), "{told}");
        assert_eq!(metric(&world, "logpush_dropped_records_total", job).await, Some(0));
    }

    // Now more than the journal holds.
    for _ in 0..12 {
        send(&world, sent).await;
        sent += 1;
    }
    for job in [failing, paused] {
        world.wait_for(job, "a loss", |status| number(status, "lost_records") > 0).await;
    }
    sleep(2 * CHECK).await;
    world.s3.create_bucket(MISSING);
    for job in [failing, paused] {
        set_enabled(&world, job, false).await;
        set_enabled(&world, job, true).await;
    }
    world.wait_until_read().await;
    let lost_by_failing = assert_loss_is_told(&world, failing).await;
    let lost_by_paused = assert_loss_is_told(&world, paused).await;
    assert_eq!(number(&world.status(healthy).await, "lost_records"), 0);

    let s3 = world.finish_with_s3().await;
    let all = 0..sent * RECORDS;
    let (in_bucket, in_missing) = (s3.objects(BUCKET), s3.objects(MISSING));
    let errors: Vec<u64> = all.clone().filter(|&number| is_error(number)).collect();
    let errors: Vec<String> = errors.into_iter().map(|number| id("a", number)).collect();
    // What is there is the newest of it, each record once, and the rest is what was counted.
    let rest = |lost: u64, wanted: &[String]| wanted[usize::try_from(lost).unwrap()..].to_vec();
    assert_each_once(&delivered(&in_missing), &rest(lost_by_failing, &ids("a", all.clone())));
    let of_paused = ids_below(s3.objects(BUCKET), "paused/");
    assert_each_once(&of_paused, &rest(lost_by_paused, &errors));
    assert_each_once(&ids_below(in_bucket, "healthy/"), &ids("a", all));
    let unique: BTreeSet<&String> = of_paused.iter().collect();
    assert!(!unique.is_empty() && lost_by_paused > 0, "too little happened");
}
