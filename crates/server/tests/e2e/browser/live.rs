//! What pages show at once while somebody types, without a button.

use super::driver::Look;
use super::visitor::Visitor;
use super::walk::to_destination;
use crate::world::{BUCKET, World};

#[tokio::test]
async fn a_page_follows_what_is_typed() {
    let world = World::start().await;
    let Some(visitor) = Visitor::logged_in(&world, Look::WIDE).await else { return };
    world.send(&world.zone, "live", 0..10).await;
    visitor.go(&format!("/zones/{}/logs", world.zone)).await;
    to_destination(&visitor).await;
    visitor.fill("textbox", "Bucket path", &format!("{BUCKET}/live")).await;
    visitor.pick("Bucket region", "US East (N. Virginia)").await;
    visitor.sees("Objects are then called like live/").await;

    let destination = visitor.path().await;
    visitor.go(&destination.replace("/destination", "/options")).await;
    visitor.sees("an object of the newest records").await;
    visitor.press("Advanced options").await;
    visitor.fill("textbox", "Sampling rate", "half").await;
    visitor.sees("It is shown once the options are complete.").await;

    visitor.go(&destination.replace("/destination", "/filter")).await;
    visitor.sees("10 of the last 10 records match.").await;
    visitor.press("Write the JSON").await;
    let filter = r#"{"where":{"key":"RayID","operator":"eq","value":"live-000003"}}"#;
    visitor.fill("textbox", "Filter as JSON", filter).await;
    visitor.sees("1 of the last 10 records match.").await;
}
