//! The whole walk by visible labels and roles: log in, select, connect, find the objects, edit,
//! pause, resume, remove; with scripts and without.

use serde_json::json;

use super::driver::Look;
use super::visitor::Visitor;
use crate::s3::S3Server;
use crate::world::{BUCKET, World};

/// From the list of services to the destination.
pub(super) async fn to_destination(visitor: &Visitor) {
    visitor.follow("Connect a service").await;
    visitor.choose("HTTP requests").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Select data fields").await;
    visitor.press("Continue").await;
    visitor.find("heading", "If logs match").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Select a service").await;
    visitor.choose("Amazon S3").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Destination information").await;
}

/// Fills in where to, and goes on.
pub(super) async fn name_destination(visitor: &Visitor, path: &str, region: &str) {
    visitor.fill("textbox", "Bucket path", path).await;
    visitor.choose("No").await;
    visitor.pick("Bucket region", region).await;
    visitor.press("Continue").await;
    visitor.find("heading", "Validate access").await;
}

/// What the file holds that the page of the ownership token names.
pub(super) async fn challenge(visitor: &Visitor, s3: &S3Server) -> String {
    visitor.find("heading", "Ownership token").await;
    visitor.sees("ownership-challenge-").await;
    let file = visitor.browser.select("#challenge-file").await;
    let key = visitor.browser.text(&file[0]).await.unwrap();
    s3.text(BUCKET, &key)
}

/// The whole of connecting a service under that name.
pub(super) async fn connect(visitor: &Visitor, s3: &S3Server, path: &str, name: &str) {
    to_destination(visitor).await;
    name_destination(visitor, path, "US East (N. Virginia)").await;
    visitor.press("Validate access").await;
    visitor.sees("Access works.").await;
    visitor.press("Continue").await;
    let token = challenge(visitor, s3).await;
    visitor.fill("textbox", "Ownership token", &token).await;
    visitor.press("Prove ownership").await;
    visitor.sees("The bucket is proven to be yours.").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Name and options").await;
    visitor.fill("textbox", "Job name", name).await;
    visitor.press("Continue").await;
    visitor.find("heading", "Summary").await;
    visitor.press("Save and Start Pushing").await;
    visitor.find("heading", name).await;
}

async fn whole_walk(look: Look) {
    let world = World::start().await;
    let Some(visitor) = Visitor::logged_in(&world, look).await else { return };
    visitor.go("/accounts").await;
    visitor.follow("burritobot.example").await;
    visitor.find("heading", "Logs").await;
    connect(&visitor, &world.s3, &format!("{BUCKET}/walk"), "My logs").await;
    visitor.sees("Upload Health").await;
    visitor.sees("Upload Reliability").await;

    let job = world.statuses().await[0]["job_id"].as_u64().unwrap();
    world.send(&world.zone, "walk", 0..100).await;
    visitor.follow("Edit").await;
    visitor.find("heading", "Summary").await;
    visitor.follow("Name and options").await;
    visitor.fill("textbox", "Job name", "Our logs").await;
    visitor.press("Continue").await;
    visitor.press("Save").await;
    visitor.find("heading", "Our logs").await;

    visitor.press("Pause").await;
    visitor.sees("Paused").await;
    assert_eq!(world.status(job).await["state"], "disabled");
    visitor.press("Resume").await;
    visitor.find("button", "Pause").await;
    assert_eq!(world.status(job).await["enabled"], json!(true));
    world.wait_until_read().await;

    visitor.follow("Remove").await;
    visitor.fill("textbox", "Type Our logs", "Their logs").await;
    visitor.press("Remove the job").await;
    visitor.sees("expected `Our logs`").await;
    visitor.fill("textbox", "Type Our logs", "Our logs").await;
    visitor.press("Remove the job").await;
    visitor.find("heading", "Push your logs to a bucket of yours").await;
    assert!(world.statuses().await.is_empty());
}

#[tokio::test]
async fn the_whole_walk_works() {
    whole_walk(Look::WIDE).await;
}

#[tokio::test]
async fn the_whole_walk_works_without_scripts() {
    whole_walk(Look::WITHOUT_SCRIPTS).await;
}

#[tokio::test]
async fn what_is_sent_after_connecting_is_in_the_bucket_and_on_the_page() {
    let world = World::start().await;
    let Some(visitor) = Visitor::logged_in(&world, Look::WIDE).await else { return };
    visitor.go(&format!("/zones/{}/logs", world.zone)).await;
    connect(&visitor, &world.s3, &format!("{BUCKET}/sent"), "Sent").await;
    let page = visitor.path().await;
    let job = world.statuses().await[0]["job_id"].as_u64().unwrap();
    world.send(&world.zone, "sent", 0..500).await;
    world.change(&world.zone, job, &json!({ "max_upload_records": 1000 })).await;
    world.send(&world.zone, "sent", 500..2_000).await;
    world.wait_until_delivered(job, 2_000).await;
    visitor.go(&format!("{page}?range=1h")).await;
    visitor.sees("Delivered").await;
    visitor.sees("2,000 lines").await;
    assert!(!world.s3.objects(BUCKET).is_empty());
}
