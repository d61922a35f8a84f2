//! What goes wrong for people, and what the pages tell them then.

use serde_json::json;
use sim::s3::{BucketSettings, Policy, S3Server as PickyServer};

use super::driver::Look;
use super::visitor::Visitor;
use super::walk::{challenge, name_destination, to_destination};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

const EAST: &str = "US East (N. Virginia)";

/// Somebody at the list of the zone's services.
async fn at_logs(world: &World) -> Option<Visitor> {
    let visitor = Visitor::logged_in(world, Look::WIDE).await?;
    visitor.go(&format!("/zones/{}/logs", world.zone)).await;
    Some(visitor)
}

#[tokio::test]
async fn a_wrong_token_does_not_log_in() {
    let world = World::start().await;
    let Some(visitor) = Visitor::of(&world, Look::WIDE).await else { return };
    visitor.log_in("not-a-token-of-anybody").await;
    visitor.find("heading", "Log in").await;
    let told = visitor.browser.select("[role=alert]").await;
    assert!(!told.is_empty(), "{}", visitor.shown().await);
    visitor.go(&format!("/zones/{}/logs", world.zone)).await;
    visitor.find("heading", "Log in").await;
}

#[tokio::test]
async fn a_missing_bucket_is_told_with_its_mend() {
    let world = World::start().await;
    let Some(visitor) = at_logs(&world).await else { return };
    to_destination(&visitor).await;
    name_destination(&visitor, "no-such-burrito/logs", EAST).await;
    visitor.press("Validate access").await;
    visitor.sees("failed").await;
    visitor.sees("no-such-burrito").await;
    visitor.follow("change the destination").await;
    assert_eq!(visitor.value("textbox", "Bucket path").await, "no-such-burrito/logs");
}

#[tokio::test]
async fn a_region_in_china_is_refused_with_the_reason() {
    let world = World::start().await;
    let Some(visitor) = at_logs(&world).await else { return };
    to_destination(&visitor).await;
    visitor.fill("textbox", "Bucket path", &format!("{BUCKET}/logs")).await;
    visitor.pick("Bucket region", "China (Beijing)").await;
    visitor.press("Continue").await;
    visitor.sees("There is something to mend").await;
    visitor.sees("China").await;
    assert_eq!(visitor.value("textbox", "Bucket path").await, format!("{BUCKET}/logs"));
}

#[tokio::test]
async fn the_token_of_another_file_proves_nothing() {
    let world = World::start().await;
    let Some(visitor) = at_logs(&world).await else { return };
    to_destination(&visitor).await;
    name_destination(&visitor, &format!("{BUCKET}/first"), EAST).await;
    visitor.press("Validate access").await;
    visitor.sees("Access works.").await;
    visitor.press("Continue").await;
    let stale = challenge(&visitor, &world.s3).await;
    visitor.follow("Back").await;
    visitor.follow("Back").await;
    name_destination(&visitor, &format!("{BUCKET}/second"), EAST).await;
    visitor.press("Validate access").await;
    visitor.sees("Access works.").await;
    visitor.press("Continue").await;
    visitor.fill("textbox", "Ownership token", &stale).await;
    visitor.press("Prove ownership").await;
    visitor.sees("There is something to mend").await;
    assert_eq!(visitor.value("textbox", "Ownership token").await, stale.trim());
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_loses_nothing() {
    let world = World::start().await;
    let Some(visitor) = at_logs(&world).await else { return };
    to_destination(&visitor).await;
    visitor.fill("textbox", "Bucket path", "kept-burrito/logs").await;
    visitor.pick("Bucket region", EAST).await;
    visitor.browser.forget_cookies().await;
    visitor.press("Continue").await;
    visitor.fill("textbox", "API token", &visitor.token).await;
    visitor.press("Log in").await;
    let heading = visitor.find("heading", "").await;
    if visitor.browser.label(&heading).await.as_deref() != Some("Validate access") {
        visitor.press("").await;
    }
    visitor.sees("kept-burrito/logs").await;
}

#[tokio::test]
async fn two_who_edit_the_same_job_are_told_of_each_other() {
    let world = World::start().await;
    let job = world.job(&world.zone, "two", &json!({ "name": "Both" })).await;
    let Some(visitor) = at_logs(&world).await else { return };
    visitor.go(&format!("/zones/{}/logs/{job}/edit", world.zone)).await;
    visitor.follow("Name and options").await;
    visitor.fill("textbox", "Job name", "Mine").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Summary").await;
    world.change(&world.zone, job, &json!({ "name": "Theirs" })).await;
    visitor.press("Save").await;
    visitor.sees("Somebody else changed this job").await;
    visitor.press("Keep mine").await;
    visitor.press("Save").await;
    visitor.find("heading", "Mine").await;
}

/// A server whose bucket nobody may write to.
async fn closed() -> PickyServer {
    let store = PickyServer::start(1, &[]).await;
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
        }],
    });
    let policy = Some(Policy::parse(&policy.to_string()).unwrap());
    store.set_bucket(BUCKET, BucketSettings { policy, ..BucketSettings::default() });
    store
}

#[tokio::test]
async fn a_bucket_that_lets_nobody_in_is_told_with_its_mend() {
    let store = closed().await;
    let world = World::start_in(S3Server::start(&[]).await, Home::new(&store.url())).await;
    let Some(visitor) = at_logs(&world).await else { return };
    to_destination(&visitor).await;
    name_destination(&visitor, &format!("{BUCKET}/logs"), EAST).await;
    visitor.press("Validate access").await;
    visitor.sees("failed").await;
    visitor.sees("AccessDenied").await;
    visitor.find("link", "change the destination").await;
}

#[tokio::test]
async fn a_job_that_is_kept_out_says_so_until_it_is_let_in() {
    let store = closed().await;
    let world = World::start_in(S3Server::start(&[]).await, Home::new(&store.url())).await;
    let job = world.job(&world.zone, "out", &json!({ "name": "Kept out" })).await;
    world.send(&world.zone, "out", 0..1_000).await;
    world.wait_for(job, "a failure", |status| !status["error_message"].is_null()).await;
    let Some(visitor) = at_logs(&world).await else { return };
    visitor.follow("Kept out").await;
    visitor.sees("Waiting for you").await;
    visitor.sees("The last upload failed").await;
    visitor.sees("Pushing goes on by itself").await;
    visitor.sees("1,000").await;
    store.set_bucket(BUCKET, BucketSettings::default());
    world.wait_until_delivered(job, 1_000).await;
    let page = visitor.path().await;
    visitor.go(&format!("{page}?range=1h")).await;
    visitor.sees("recovered").await;
    assert!(!visitor.shown().await.contains("The last upload failed"));
}

#[tokio::test]
async fn refused_lines_are_shown_and_do_nothing() {
    let world = World::start().await;
    let script =
        "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>";
    let line = json!({ "EdgeResponseStatus": script, "RayID": "\u{202e}\0" }).to_string();
    world.api.ingest(&world.zone, "http_requests").body(line).send().await.unwrap();
    let Some(visitor) = at_logs(&world).await else { return };
    visitor.follow("Quarantine").await;
    visitor.find("heading", "Quarantine").await;
    visitor.sees("<script>document.title='taken'</script>").await;
    let title = visitor.browser.run("arguments[0](document.title)").await;
    assert!(title.as_str().unwrap().starts_with("Quarantine"), "{title}");
    assert!(visitor.browser.select("main script, main img").await.is_empty());
}
