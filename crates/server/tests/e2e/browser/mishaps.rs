//! What goes wrong for people, and what the pages tell them then.

use super::driver::Look;
use super::visitor::Visitor;
use super::walk::{challenge, name_destination, to_destination};
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
    let job = world.job(&world.zone, "two", &serde_json::json!({ "name": "Both" })).await;
    let Some(visitor) = at_logs(&world).await else { return };
    visitor.go(&format!("/zones/{}/logs/{job}/edit", world.zone)).await;
    visitor.follow("Name and options").await;
    visitor.fill("textbox", "Job name", "Mine").await;
    visitor.press("Continue").await;
    visitor.find("heading", "Summary").await;
    world.change(&world.zone, job, &serde_json::json!({ "name": "Theirs" })).await;
    visitor.press("Save").await;
    visitor.sees("Somebody else changed this job").await;
    visitor.press("Keep mine").await;
    visitor.press("Save").await;
    visitor.find("heading", "Mine").await;
}
