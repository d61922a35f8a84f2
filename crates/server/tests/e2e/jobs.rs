//! What a job sees: its own zone, from its creation on, with nothing skipped while it rests.

use serde_json::json;

use crate::api::Answer;
use crate::objects::Object;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::world::World;

/// The ids of the records below a folder of the bucket.
fn below(objects: &[Object], folder: &str) -> Vec<String> {
    let prefix = format!("{folder}/");
    let of_folder = objects.iter().filter(|object| object.key.starts_with(&prefix));
    of_folder.flat_map(|object| delivered(std::slice::from_ref(object))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_zones_never_see_each_others_records() {
    let world = World::start().await;
    let (one, two) = (world.zone.clone(), world.add_zone("taco.example").await);
    world.job(&one, "one", &json!({})).await;
    world.job(&two, "two", &json!({})).await;
    let sends = (0..12).map(|number| {
        let (zone, stream) = if number % 2 == 0 { (&one, "one") } else { (&two, "two") };
        let from = number / 2 * 300;
        world.send(zone, stream, from..from + 300)
    });
    futures_util::future::join_all(sends).await;
    let objects = world.finish().await;
    assert_each_once(&below(&objects, "one"), &ids("one", 0..1_800));
    assert_each_once(&below(&objects, "two"), &ids("two", 0..1_800));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_opens_the_door_of_its_own_zone_only() {
    let world = World::start().await;
    let (one, two) = (world.zone.clone(), world.add_zone("taco.example").await);
    world.job(&two, "two", &json!({})).await;
    let sender = world.api.with_token(&world.token("logs:ingest", &one).await);
    let reader = world.api.with_token(&world.token("logs:read", &one).await);
    let foreign = sender.ingest(&two, "http_requests").body(body("a", 0..1));
    Answer::of(foreign).await.assert_refused(403, &["another zone"]);
    for api in [&sender, &reader] {
        let jobs = api.get(&format!("/client/v4/zones/{two}/logpush/jobs")).await;
        jobs.assert_refused(403, &["another zone"]);
    }
    let own = reader.ingest(&one, "http_requests").body("{}");
    Answer::of(own).await.assert_refused(403, &["logs:ingest"]);
    // A record that names the other zone does not get there by the shared door.
    let hosted = r#"{"RayID":"x","ClientRequestHost":"taco.example"}"#;
    let shared = sender.request(reqwest::Method::POST, "/ingest/v1/http_requests").body(hosted);
    let taken = Answer::of(shared).await.result();
    assert_eq!((&taken["accepted"], &taken["quarantined"]), (&json!(0), &json!(1)), "{taken}");
    assert!(world.finish().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_begins_at_its_creation() {
    let world = World::start().await;
    let zone = world.zone.clone();
    world.job(&zone, "early", &json!({})).await;
    world.send(&zone, "a", 0..400).await;
    world.job(&zone, "late", &json!({})).await;
    world.send(&zone, "a", 400..900).await;
    let objects = world.finish().await;
    assert_each_once(&below(&objects, "early"), &ids("a", 0..900));
    assert_each_once(&below(&objects, "late"), &ids("a", 400..900));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_enabled_again_goes_on_where_it_stopped() {
    let mut world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..300).await;
    world.wait_for(job, "reading", |status| status["pending_records"] == 300).await;
    world.change(&zone, job, &json!({ "enabled": false })).await;
    assert_eq!(world.status(job).await["state"], "disabled");
    world.send(&zone, "a", 300..700).await;
    // Also over a restart.
    world = world.restart().await;
    world.send(&zone, "a", 700..800).await;
    let number = job.to_string();
    world.cli().run(&["job", "enable", &number]).await.assert_done();
    world.send(&zone, "a", 800..900).await;
    assert_each_once(&delivered(&world.finish().await), &ids("a", 0..900));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_deleted_pushes_nothing_more() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let gone = world.job(&zone, "gone", &json!({})).await;
    world.job(&zone, "stays", &json!({})).await;
    let number = gone.to_string();
    world.cli().run(&["job", "delete", &number]).await.assert_done();
    world.cli().run(&["job", "show", &number]).await.assert_failed(1, &["no job", &number]);
    world.send(&zone, "a", 0..500).await;
    let objects = world.finish().await;
    assert!(below(&objects, "gone").is_empty());
    assert_each_once(&below(&objects, "stays"), &ids("a", 0..500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_filters_and_writes_follows_its_changes() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..300).await;
    world.wait_for(job, "reading", |status| status["pending_records"] == 300).await;
    let number = job.to_string();
    let filter = r#"{"where":{"key":"ClientIP","operator":"eq","value":"192.0.2.7"}}"#;
    let change = ["job", "update", &number, "--filter", filter, "--fields", "ClientIP,RayID"];
    let shown = world.cli().json(&change).await;
    assert_eq!(shown["filter"], filter);
    world.send(&zone, "a", 300..600).await;
    let objects = world.finish().await;
    // 300 of before; then only those numbers whose last byte of the address is 7.
    let mut expected = ids("a", 0..300);
    expected.extend(ids("a", 519..520));
    assert_each_once(&delivered(&objects), &expected);
    let last = objects.last().unwrap().lines();
    assert_eq!(last, [r#"{"ClientIP":"192.0.2.7","RayID":"a-000519"}"#]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_option_that_is_named_leaves_what_logpull_options_say() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let logpull = "fields=RayID,EdgeStartTimestamp&timestamps=unix&sample=0.000001";
    let older = json!({ "output_options": null, "logpull_options": logpull });
    let job = world.job(&zone, "logs", &older).await.to_string();
    let shown = world.cli().json(&["job", "update", &job, "--sample-rate", "1"]).await;
    assert_eq!(shown["logpull_options"], "");
    world.send(&zone, "a", 0..300).await;
    let objects = world.finish().await;
    assert_each_once(&delivered(&objects), &ids("a", 0..300));
    let lines = objects[0].lines();
    assert_eq!(lines[0], r#"{"RayID":"a-000000","EdgeStartTimestamp":null}"#);
}
