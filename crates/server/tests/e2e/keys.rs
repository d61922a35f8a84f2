//! Idempotency keys: a request that is repeated is stored once, and answered as the first time.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::api::Answer;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::s3::S3Server;
use crate::senders::Dice;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// Sends a body with a key.
async fn send(world: &World, key: &str, body: String) -> Answer {
    let request = world.api.ingest(&world.zone, "http_requests");
    Answer::of(request.header("idempotency-key", key).body(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stands_for_one_body() {
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let first = send(&world, "k-1", body("a", 0..10) + "damaged\n").await;
    assert_eq!(first.result()["quarantined"], 1);
    for _ in 0..2 {
        let repeated = send(&world, "k-1", body("a", 0..10) + "damaged\n").await;
        assert_eq!((repeated.status, &repeated.text), (200, &first.text));
        send(&world, "k-1", body("a", 0..11)).await.assert_refused(422, &["another body"]);
        // Also for the next service.
        world = world.restart().await;
    }
    let long = "k".repeat(300);
    send(&world, &long, body("b", 0..1)).await.assert_refused(400, &["`Idempotency-Key`", "255"]);
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repetitions_at_the_same_moment_are_stored_once() {
    let world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    for round in 0..25 {
        let records = round * 40..(round + 1) * 40;
        let key = format!("round-{round}");
        let sends = (0..8).map(|_| send(&world, &key, body("a", records.clone())));
        for answer in join_all(sends).await {
            assert_eq!(answer.result()["accepted"], 40);
        }
    }
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..1_000));
}

/// A request whose service is killed at any moment, also after it was stored and before its
/// answer has left, is repeated until there is an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_outlives_a_kill_at_any_moment() {
    const REQUESTS: u64 = 12;
    const RECORDS: u64 = 500;
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let mut dice = Dice(77);
    let mut replayed = 0;
    for request in 0..REQUESTS {
        let records = request * RECORDS..(request + 1) * RECORDS;
        let (key, content) = (format!("request-{request}"), body("a", records));
        let sender = world.api.ingest(&world.zone, "http_requests");
        let sender = sender.header("idempotency-key", &key).body(content.clone());
        let attempt = tokio::spawn(Answer::try_of(sender));
        sleep(Duration::from_millis(dice.below(25))).await;
        world = world.crash(&[]).await;
        let was_answered = attempt.await.unwrap().is_ok_and(|answer| answer.status == 200);
        // Whatever the first attempt came to, and also where it was answered.
        let request = world.api.ingest(&world.zone, "http_requests");
        let request = request.header("idempotency-key", &key).body(content.clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let is_replayed = response.headers().contains_key("idempotent-replayed");
        assert!(is_replayed || !was_answered, "an acknowledged key is not known");
        replayed += u64::from(is_replayed);
        send(&world, &key, content + "{}\n").await.assert_refused(422, &["another body"]);
    }
    println!("{replayed} of {REQUESTS} requests were stored before the kill");
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..REQUESTS * RECORDS));
}

/// The sum of the values of a metric.
async fn metric(world: &World, name: &str) -> f64 {
    let page = world.api.get("/metrics").await.text;
    let lines = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_too_many_keys_come_the_oldest_is_forgotten_and_that_is_told() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_JOURNAL__IDEMPOTENCY_KEYS_MAX", "3");
    let world = World::start_in(s3, home).await;
    world.job(&world.zone, "logs", &json!({})).await;
    for number in 0..5 {
        send(&world, &format!("k-{number}"), body("a", number..number + 1)).await.result();
    }
    let is = |found: f64, expected: f64| (found - expected).abs() < f64::EPSILON;
    assert!(is(metric(&world, "logpush_idempotency_keys").await, 3.0));
    assert!(is(metric(&world, "logpush_idempotency_keys_forgotten_total").await, 2.0));
    // The newest three are known: they are not stored again.
    for number in 2..5 {
        send(&world, &format!("k-{number}"), body("a", number..number + 1)).await.result();
    }
    assert!(is(metric(&world, "logpush_ingest_repeated_requests_total").await, 3.0));
    // Also for the next service, which reads them from the disk.
    let world = world.crash(&[]).await;
    send(&world, "k-4", body("a", 4..5)).await.result();
    assert!(is(metric(&world, "logpush_ingest_repeated_requests_total").await, 1.0));
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_can_be_its_own_key() {
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let path = format!("/ingest/v1/zones/{}/http_requests?idempotency=content", world.zone);
    let by_content =
        |world: &World, body: String| Answer::of(world.api.request(Method::POST, &path).body(body));
    let first = by_content(&world, body("a", 0..10)).await;
    for _ in 0..2 {
        let again = by_content(&world, body("a", 0..10)).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        world = world.crash(&[]).await;
    }
    // Other content, and the same content by a client that has a key of its own, is new.
    by_content(&world, body("a", 10..20)).await.result();
    let keyed = world.api.request(Method::POST, &path).header("idempotency-key", "mine");
    Answer::of(keyed.body(body("a", 0..10))).await.result();
    let wrong = path.replace("=content", "=yes");
    let wrong = Answer::of(world.api.request(Method::POST, &wrong).body(body("a", 0..1))).await;
    wrong.assert_refused(400, &["`idempotency` is `yes`", "`content`"]);
    let expected = [ids("a", 0..20), ids("a", 0..10)].concat();
    assert_each_once(&delivered(&world.finish().await), &expected);
}
