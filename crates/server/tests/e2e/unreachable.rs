//! A destination that cannot be written: the job says why, the data waits, and delivery goes on by
//! itself when the destination is there.

use serde_json::json;

use crate::records::{assert_each_once, delivered, ids};
use crate::s3::S3Server;
use crate::world::{BUCKET, World};

/// Checks that the job tells its trouble, with all the `parts`, wherever one looks for it.
async fn assert_trouble_is_told(world: &World, job: u64, parts: &[&str]) {
    let failing = |status: &serde_json::Value| !status["error_message"].is_null();
    let status = world.wait_for(job, "an error", failing).await;
    assert_eq!(status["state"], "retrying", "{status}");
    let number = job.to_string();
    let cli = world.cli();
    let shown = cli.json(&["job", "show", &number]).await;
    assert!(shown["last_error"].is_string(), "{shown}");
    let page = cli.run(&["status"]).await;
    let person = cli.run(&["job", "show", &number]).await;
    for part in parts {
        for text in [&shown["error_message"].to_string(), &page.stdout, &person.stdout] {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
    }
}

/// Checks that the job has no trouble any more, and delivered everything once.
async fn assert_recovered(world: World, job: u64) {
    world.wait_until_delivered(job, 1_000).await;
    let status = world.status(job).await;
    assert!(status["error_message"].is_null() && status["last_error"].is_null(), "{status}");
    assert!(status["retries"].as_u64() > Some(0), "{status}");
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_wait_for_a_bucket_that_is_missing() {
    let world = World::start_with(S3Server::start(&[]).await).await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    assert_trouble_is_told(&world, job, &[BUCKET, "does not exist"]).await;

    let destination = format!("s3://{BUCKET}/logs?region=us-east-1");
    let ask = ["destination", "challenge", "--zone", &zone, &destination];
    world.cli().run(&ask).await.assert_failed(1, &["cannot be written", BUCKET]);

    world.s3.create_bucket(BUCKET);
    assert_recovered(world, job).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_wait_for_a_store_that_does_not_answer() {
    let world = World::start_with(S3Server::away(&[BUCKET]).await).await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    assert_trouble_is_told(&world, job, &["nothing answers there"]).await;
    world.s3.come_back().await;
    assert_recovered(world, job).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_jobs_trouble_is_no_other_jobs_trouble() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let lost = json!({ "destination_conf": "s3://nobodys-bucket/logs?region=us-east-1" });
    let lost = world.job(&zone, "lost", &lost).await;
    let good = world.job(&zone, "good", &json!({})).await;
    for number in 0..5 {
        world.send(&zone, "a", number * 1_000..(number + 1) * 1_000).await;
    }
    world.wait_until_delivered(good, 5_000).await;
    assert_eq!(world.status(lost).await["delivered_records"], 0);
    world.s3.create_bucket("nobodys-bucket");
    world.wait_until_delivered(lost, 5_000).await;
    let s3 = world.finish_with_s3().await;
    for bucket in [BUCKET, "nobodys-bucket"] {
        assert_each_once(&delivered(&s3.objects(bucket)), &ids("a", 0..5_000));
    }
}
