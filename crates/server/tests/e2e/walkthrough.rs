//! The walk through the API in docs/api.md, run as it is shown.

use std::fmt::Write;

use serde_json::json;
use tokio::process::Command;

use crate::s3::{ACCESS_KEY, SECRET_KEY};
use crate::tools;
use crate::world::{BUCKET, World};

const PAGE: &str = include_str!("../../../../docs/api.md");
const HEADING: &str = "## A walk through with curl";

/// The commands of the walk, in their order.
fn commands() -> Vec<&'static str> {
    let walk = PAGE.split(HEADING).nth(1).expect("docs/api.md has the walk");
    let walk = walk.split("\n## ").next().unwrap_or_default();
    let blocks = walk.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_the_api_works_as_it_is_shown() {
    if !tools::programs(&["curl", "jq", "aws"]).await {
        return;
    }
    let world = World::start().await;
    let token = json!({
        "name": "walk", "permissions": ["logs:write"], "account_id": world.account,
    });
    let token = world.api.create("/user/tokens", &token).await;

    let mut script = "set -euo pipefail\n".to_owned();
    for command in commands() {
        writeln!(script, "{command}\necho").unwrap();
    }
    let mut bash = Command::new("bash");
    bash.args(["-c", &script])
        .current_dir(world.home.path())
        .env("LOGPUSH_URL", world.service.url())
        .env("LOGPUSH_TOKEN", token["value"].as_str().unwrap())
        .env("ZONE_ID", &world.zone)
        .env("BUCKET", BUCKET)
        .env("AWS_ENDPOINT_URL", world.s3.url())
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_REGION", "us-east-1");
    let said = tools::run(bash).await;
    let answers = said.matches("\"success\":true").count();
    assert_eq!(answers, 4, "create, enable, change, delete:\n{said}");
    assert!(!said.contains("\"success\":false"), "{said}");
    let left = world.api.read(&format!("/zones/{}/logpush/jobs", world.zone)).await;
    assert_eq!(left, json!([]));
}
