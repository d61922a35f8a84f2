//! A service that is asked to stop delivers what it holds, and the next one has nothing to do.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::records::{assert_each_once, delivered, ids};
use crate::s3::S3Server;
use crate::senders::Senders;
use crate::service::Home;
use crate::world::{BUCKET, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_delivers_the_open_batch_and_the_next_start_has_nothing_to_do() {
    let mut world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_250).await;
    // The first 1,000 fill a batch; the rest waits for more.
    world.wait_for(job, "one object", |status| status["delivered_objects"] == 1).await;
    world.wait_for(job, "an open batch", |status| status["pending_records"] == 250).await;
    world = world.restart().await;
    let after_first = world.s3.objects(BUCKET).len();
    assert_eq!(after_first, 2);
    assert_each_once(&delivered(&world.s3.objects(BUCKET)), &ids("a", 0..1_250));

    let status = world.status(job).await;
    assert_eq!((&status["pending_records"], &status["unread_frames"]), (&json!(0), &json!(0)));
    assert_eq!(status["totals"]["records"], 1_250);
    assert_eq!(status["state"], "idle", "{status}");
    world = world.restart().await;
    assert_eq!(world.s3.objects(BUCKET).len(), after_first);
    world.send(&zone, "a", 1_250..1_300).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..1_300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_keeps_its_time_limit_while_the_store_is_away_and_loses_nothing() {
    let s3 = S3Server::away(&[BUCKET]).await;
    let home = Home::new(&s3.url()).set("LOGPUSH_SHUTDOWN_TIMEOUT", "2s");
    let mut world = World::start_in(s3, home).await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_250).await;
    world.wait_for(job, "a failed upload", |status| !status["retrying"].is_null()).await;
    let begun = Instant::now();
    world = world.restart().await;
    // Closing the journal and starting anew come on top of the limit.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(world.s3.objects(BUCKET).is_empty());
    world.s3.come_back().await;
    world.wait_until_delivered(job, 1_250).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..1_250));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_while_records_flow_in_lose_nothing() {
    let mut world = World::start().await;
    world.job(&world.zone, "logs", &json!({})).await;
    let senders = Senders::start(&world).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world = world.restart().await;
        senders.follow(&world);
    }
    senders.finish().await.assert_kept(world).await;
}
