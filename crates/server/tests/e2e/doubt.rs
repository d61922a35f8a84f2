//! A catalogue that suddenly lists fewer jobs, or can be read no more, while they are delivered:
//! what nobody has decided is not followed, is said loudly, and is over when it is mended.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Answer;
use crate::catalog_file::{TakenOut, catalog_of, sql, told};
use crate::cli::Ran;
use crate::records::{assert_each_once, delivered, ids};
use crate::s3::S3Server;
use crate::service::{FREE_PORT, Home};
use crate::world::{BUCKET, World};

/// A world that expects to be told of a doubt.
async fn world() -> World {
    let s3 = S3Server::start(&[BUCKET]).await;
    let expected = ["in doubt", "cannot seal", "cannot settle", "saved in a copy", "cannot start"];
    let home = Home::new(&s3.url()).expecting_errors(&expected);
    World::start_in(s3, home).await
}

async fn wait_for_doubt(world: &World) {
    let ready = world.wait_for_service("in doubt", |ready| ready["jobs"] == "doubted").await;
    // It takes records in, and delivers.
    assert_eq!(ready["status"], "ok", "{ready}");
    assert_eq!(gauge(world).await, "1");
    let status = world.cli().run(&["status"]).await;
    status.assert_done();
    assert!(status.stdout.contains("in doubt"), "{}", status.stdout);
}

async fn wait_for_belief(world: &World) {
    world.wait_for_service("believed again", |ready| ready["jobs"] == "ok").await;
    assert_eq!(gauge(world).await, "0");
    assert!(!world.cli().run(&["status"]).await.stdout.contains("in doubt"));
    let events = world.service.events();
    assert_eq!(told(&events, "ERROR", "in doubt"), 1, "a doubt is told once");
    assert_eq!(told(&events, "INFO", "believed again"), 1);
}

/// Whether the catalogue is doubted, as Prometheus reads it.
async fn gauge(world: &World) -> String {
    let page = world.api.get("/metrics").await.text;
    let line = page.lines().find_map(|line| line.strip_prefix("logpush_catalog_doubted "));
    line.unwrap().trim_end_matches(".0").to_owned()
}

/// The ids that the objects in a folder of the bucket hold.
fn in_folder(world: &World, folder: &str) -> Vec<String> {
    let mut objects = world.s3.objects(BUCKET);
    objects.retain(|object| object.key.starts_with(&format!("{folder}/")));
    delivered(&objects)
}

async fn events_of(world: &World, zone: &str, job: u64) -> Vec<Value> {
    match world.api.read(&format!("/zones/{zone}/logpush/jobs/{job}/events")).await {
        Value::Array(events) => events,
        other => panic!("not a list: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_vanishes_is_kept_and_goes_on_when_it_is_there_again() {
    let world = world().await;
    let (zone, other_zone) = (world.zone.clone(), world.add_zone("other.example").await);
    let lost = world.job(&zone, "lost", &json!({})).await;
    let kept = world.job(&other_zone, "kept", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.send(&other_zone, "b", 0..1_000).await;
    world.wait_until_delivered(lost, 1_000).await;
    world.wait_until_delivered(kept, 1_000).await;

    let taken_out = TakenOut::jobs(&world.home, &format!("id = {lost}")).await;
    wait_for_doubt(&world).await;
    let events = world.service.events();
    let error = events.iter().find(|event| event["level"] == "ERROR").unwrap();
    assert_eq!(error["reason"], "vanished");
    assert!(error["message"].as_str().unwrap().contains("lost 1 of 2 jobs"), "{error}");
    world.send(&zone, "a", 1_000..1_500).await;
    world.send(&other_zone, "b", 1_000..3_000).await;
    world.wait_until_delivered(kept, 3_000).await;

    taken_out.put_back().await;
    wait_for_belief(&world).await;
    let events = events_of(&world, &zone, lost).await;
    assert!(events.iter().any(|event| event["kind"] == "doubted"), "{events:?}");
    world.send(&zone, "a", 1_500..1_600).await;
    world.wait_until_read().await;
    let world = world.restart().await;
    assert_each_once(&in_folder(&world, "lost"), &ids("a", 0..1_600));
    assert_each_once(&in_folder(&world, "kept"), &ids("b", 0..3_000));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_lists_no_job_any_more_loses_nothing() {
    let world = world().await;
    let zone = world.zone.clone();
    for folder in ["one", "two"] {
        world.job(&zone, folder, &json!({})).await;
    }
    world.send(&zone, "a", 0..1_250).await;
    world.wait_until_read().await;
    let taken_out = TakenOut::jobs(&world.home, "TRUE").await;
    wait_for_doubt(&world).await;
    world.send(&zone, "a", 1_250..2_600).await;
    taken_out.put_back().await;
    wait_for_belief(&world).await;
    world.wait_until_read().await;
    let world = world.restart().await;
    for folder in ["one", "two"] {
        assert_each_once(&in_folder(&world, folder), &ids("a", 0..2_600));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_that_cannot_be_read_is_followed_again_when_it_can() {
    let world = world().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..100).await;
    let catalog = catalog_of(&world.home);
    sql(&catalog, "PRAGMA legacy_alter_table = ON; ALTER TABLE job RENAME TO away").await;
    wait_for_unreadable(&world).await;
    sql(&catalog, "PRAGMA legacy_alter_table = ON; ALTER TABLE away RENAME TO job").await;
    world.wait_for_service("believed again", |ready| ready["jobs"] == "ok").await;
    world.send(&zone, "a", 100..1_250).await;
    world.wait_until_read().await;
    let world = world.restart().await;
    assert_each_once(&in_folder(&world, "logs"), &ids("a", 0..1_250));
    world.finish().await;
}

async fn wait_for_unreadable(world: &World) {
    world.wait_for_service("in doubt", |ready| ready["jobs"] == "doubted").await;
    let events = world.service.events();
    let is_it = |event: &&Value| event["reason"] == "unreadable";
    assert_eq!(events.iter().filter(is_it).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_job_can_be_deleted() {
    let world = world().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    let path = format!("/client/v4/zones/{zone}/logpush/jobs/{job}");
    Answer::of(world.api.request(Method::DELETE, &path)).await.result();
    // Longer than the catalogue is not looked at.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(world.api.get("/readyz").await.json()["jobs"], "ok");
    let world = world.restart().await;
    assert!(world.statuses().await.is_empty());
    assert_eq!(told(&world.service.events(), "ERROR", "in doubt"), 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_replaced_under_the_service_is_told_and_what_was_open_is_saved() {
    let world = world().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    world.send(&zone, "a", 0..1_000).await;
    world.wait_until_delivered(job, 1_000).await;
    let catalog = catalog_of(&world.home);
    std::fs::rename(&catalog, world.home.path().join("away")).unwrap();
    std::fs::write(&catalog, "").unwrap();
    wait_for_doubt(&world).await;
    world.send(&zone, "a", 1_000..3_250).await;
    world.wait_until_delivered(job, 3_000).await;
    let stopped = world.stop().await;

    let mut serve = stopped.home.serve(FREE_PORT);
    let refused = Ran::of(serve.stderr(std::process::Stdio::piped())).await;
    refused.assert_failed(1, &["the file is empty", "stays as it is"]);
    let saved = stopped.home.data_dir().join("catalog.sqlite.saved");
    std::fs::rename(saved, &catalog).unwrap();
    let world = stopped.start().await;
    world.send(&zone, "a", 3_250..3_300).await;
    world.wait_until_read().await;
    let world = world.restart().await;
    assert_each_once(&in_folder(&world, "logs"), &ids("a", 0..3_300));
    world.finish().await;
}
