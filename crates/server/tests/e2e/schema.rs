//! schemathesis: requests made from the description of the API, answers held against it.

use std::fs;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::s3::S3Server;
use crate::service::{ADMIN_TOKEN, Home};
use crate::tools;
use crate::world::{BUCKET, World};

/// What is checked of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// A dataset of accounts and of zones.
const DATASET: &str = "firewall_events";

/// A job of an account or a zone that pushes nothing.
async fn job(world: &World, scope: &str) -> u64 {
    let body = json!({
        "dataset": DATASET,
        "destination_conf": format!("s3://{BUCKET}/logs?region=us-east-1"),
    });
    let job = world.api.create(&format!("/{scope}/logpush/jobs"), &body).await;
    job["id"].as_u64().unwrap()
}

/// schemathesis' settings: requests name what is there, and what is deleted is of no more use.
async fn settings(world: &World) -> String {
    let (zone, account) = (&world.zone, &world.account);
    let of_zone = job(world, &format!("zones/{zone}")).await;
    let of_account = job(world, &format!("accounts/{account}")).await;
    let doomed = job(world, &format!("zones/{zone}")).await;
    format!(
        "[parameters]\n\
         \"path.zone_id\" = \"{zone}\"\n\
         \"path.account_id\" = \"{account}\"\n\
         \"path.dataset\" = \"{DATASET}\"\n\
         \"path.job_id\" = {of_zone}\n\
         [[operations]]\n\
         include-method = \"DELETE\"\n\
         parameters = {{ \"path.job_id\" = {doomed} }}\n\
         [[operations]]\n\
         include-path-regex = \"/accounts/\"\n\
         exclude-method = \"DELETE\"\n\
         parameters = {{ \"path.job_id\" = {of_account} }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_breaks_the_description_or_the_service() {
    let Some(python) = tools::python_with("schemathesis").await else { return };
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_API__REQUESTS_PER_SECOND", "100000")
        .set("LOGPUSH_API__REQUESTS_BURST", "100000");
    let world = World::start_in(s3, home).await;
    let file = world.home.path().join("schemathesis.toml");
    fs::write(&file, settings(&world).await).unwrap();
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&file)
        .args(["run", &format!("{}/openapi.json", world.service.url())])
        .args(["--header", &format!("Authorization: Bearer {ADMIN_TOKEN}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--seed", "1", "--max-examples", "20", "--workers", "1", "--no-color"])
        .args(["--suppress-health-check", "all", "--generation-database", "none"])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", tools::script("schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(world.home.path());
    tools::run(command).await;
    // Answers alone do not tell what the service's log says.
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_there_for_everybody() {
    let world = World::start().await;
    let answer = world.api.with_token("none").get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    let document: Value = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    let jobs = "/client/v4/zones/{zone_id}/logpush/jobs";
    assert!(document["paths"][jobs]["post"]["requestBody"].is_object());
}
