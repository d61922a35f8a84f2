//! Every page for everybody: axe finds nothing serious, light and dark; and pictures of each page.

use serde_json::json;

use super::axe;
use super::driver::Look;
use super::visitor::Visitor;
use super::walk::{name_destination, to_destination};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

/// A page, and what its picture is called.
struct Stop {
    name: &'static str,
    path: String,
    /// How far down its picture goes.
    height_max: u64,
}

fn stop(name: &'static str, path: String) -> Stop {
    let height_max = if matches!(name, "job" | "options") { 3_200 } else { 1_500 };
    Stop { name, path, height_max }
}

/// A world with something to show: jobs that deliver, that are paused, that fail.
async fn furnished() -> World {
    let s3 = S3Server::start(&[BUCKET]).await;
    let principal = "arn:aws:iam::111122223333:role/logpush";
    let home = Home::new(&s3.url()).set("LOGPUSH_DELIVERY__PRINCIPAL_ARN", principal);
    let world = World::start_in(s3, home).await;
    let good = world.job(&world.zone, "good", &json!({ "name": "Burritobot requests" })).await;
    let paused = json!({ "name": "Paused", "enabled": false });
    world.job(&world.zone, "paused", &paused).await;
    world.send(&world.zone, "shown", 0..3_000).await;
    world.wait_until_delivered(good, 3_000).await;
    let hostile = "{\"RayID\": \"<b>\\u202e\", \"EdgeResponseStatus\": \"<script>\"}";
    world.api.ingest(&world.zone, "http_requests").body(hostile).send().await.unwrap();
    world
}

/// The pages that can be gone to, after the steps of the walk were made once.
async fn stops(visitor: &Visitor, world: &World) -> Vec<Stop> {
    let logs = format!("/zones/{}/logs", world.zone);
    let job = world.statuses().await[0]["job_id"].as_u64().unwrap();
    visitor.go(&logs).await;
    to_destination(visitor).await;
    let destination = visitor.path().await;
    name_destination(visitor, &format!("{BUCKET}/shown"), "US East (N. Virginia)").await;
    visitor.press("Validate access").await;
    visitor.sees("Access works.").await;
    let draft = destination.trim_end_matches("destination").to_owned();
    let mut stops = vec![
        stop("domains", "/accounts".to_owned()),
        stop("logs", logs.clone()),
        stop("quarantine", format!("/zones/{}/quarantine", world.zone)),
        stop("job", format!("{logs}/{job}?range=1h")),
        stop("remove", format!("{logs}/{job}/remove")),
    ];
    for step in [
        "dataset",
        "fields",
        "filter",
        "service",
        "destination",
        "access",
        "ownership",
        "options",
        "summary",
    ] {
        stops.push(stop(step, format!("{draft}{step}")));
    }
    stops
}

/// The pages that the administrator alone can go to.
fn settings(world: &World) -> Vec<Stop> {
    let page = |name, page| stop(name, format!("/accounts/{}/settings/{page}", world.account));
    vec![page("settings", "zones"), page("tokens", "tokens"), page("audit", "audit")]
}

/// Goes to a page, and unfolds its panels.
async fn show(visitor: &Visitor, stop: &Stop) {
    visitor.go(&stop.path).await;
    let unfold = "document.querySelectorAll('details.panel').forEach(panel => panel.open = true);
                  arguments[0]()";
    visitor.browser.run(unfold).await;
}

async fn look_for_hindrances(visitor: &Visitor, stops: &[Stop], library: &str) -> Vec<String> {
    let mut found = Vec::new();
    for is_dark in [false, true] {
        visitor.browser.look(Look { is_dark, ..Look::WIDE }).await;
        for stop in stops {
            show(visitor, stop).await;
            let page = format!("{}, {}", stop.name, if is_dark { "dark" } else { "light" });
            found.extend(axe::violations(visitor, library, &page).await);
        }
    }
    found
}

async fn take_pictures(visitor: &Visitor, stops: &[Stop]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/screenshots");
    std::fs::create_dir_all(folder).unwrap();
    for (is_dark, scheme) in [(false, "light"), (true, "dark")] {
        for width in [390, 1440] {
            visitor.browser.look(Look { is_dark, width, ..Look::WIDE }).await;
            for stop in stops {
                show(visitor, stop).await;
                let png = visitor.browser.picture(width, stop.height_max).await;
                let file = format!("{folder}/{}-{width}-{scheme}.png", stop.name);
                std::fs::write(file, png).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn no_page_hinders_anybody_seriously() {
    let Some(library) = axe::library() else { return };
    let world = furnished().await;
    let Some(visitor) = Visitor::of(&world, Look::WIDE).await else { return };
    visitor.go("/login").await;
    let mut found = axe::violations(&visitor, &library, "login").await;
    visitor.log_in(&visitor.token).await;
    visitor.find("button", "Log out").await;
    let stops = stops(&visitor, &world).await;
    found.extend(look_for_hindrances(&visitor, &stops, &library).await);
    visitor.become_administrator().await;
    found.extend(look_for_hindrances(&visitor, &settings(&world), &library).await);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// `cargo test -p server --test e2e screenshots -- --ignored` renews `docs/screenshots/`.
#[tokio::test]
#[ignore = "writes into the repository"]
async fn screenshots() {
    let world = furnished().await;
    let Some(visitor) = Visitor::of(&world, Look::WIDE).await else { return };
    take_pictures(&visitor, &[stop("login", "/login".to_owned())]).await;
    visitor.log_in(&visitor.token).await;
    visitor.find("button", "Log out").await;
    let stops = stops(&visitor, &world).await;
    take_pictures(&visitor, &stops).await;
    visitor.become_administrator().await;
    take_pictures(&visitor, &settings(&world)).await;
}
