//! The official SDKs of the v4 API, with another base URL and nothing else changed.

use std::fs;

use serde_json::json;
use tokio::process::Command;

use crate::tools;
use crate::world::{BUCKET, World};

/// A customer: a token of the account that is no operator's, and what the scripts need to know.
async fn customer(world: &World) -> Vec<(&'static str, String)> {
    let token = json!({
        "name": "sdk",
        "permissions": ["logs:write"],
        "account_id": world.account,
    });
    let token = world.api.create("/user/tokens", &token).await;
    vec![
        ("CLOUDFLARE_BASE_URL", format!("{}/client/v4", world.service.url())),
        ("CLOUDFLARE_API_TOKEN", token["value"].as_str().unwrap().to_owned()),
        ("ACCOUNT_ID", world.account.clone()),
        ("ZONE_ID", world.zone.clone()),
        ("DESTINATION", format!("s3://{BUCKET}/logs?region=us-east-1")),
        ("BUCKET_FOLDER", world.s3.folder(BUCKET).to_str().unwrap().to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_python_sdk_works() {
    let Some(python) = tools::python_with("cloudflare").await else { return };
    let world = World::start().await;
    let mut command = Command::new(python);
    command.arg(tools::script("python/logpush.py")).envs(customer(&world).await);
    assert!(tools::run(command).await.ends_with("all of it works\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_typescript_sdk_works() {
    let Some(folder) = tools::node_with(&["cloudflare", "tsx"]) else { return };
    let world = World::start().await;
    // Packages are looked for from where the script stands.
    let script = folder.join("logpush.mts");
    fs::copy(tools::script("typescript/logpush.mts"), &script).unwrap();
    let mut command = Command::new("node");
    command
        .args(["--import", "tsx"])
        .arg(&script)
        .current_dir(&folder)
        .envs(customer(&world).await);
    assert!(tools::run(command).await.ends_with("all of it works\n"));
}
