//! Idempotency keys: a request that is repeated is stored once, and answered as the first time.

use futures_util::future::join_all;
use serde_json::json;

use crate::api::Answer;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::world::World;

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
