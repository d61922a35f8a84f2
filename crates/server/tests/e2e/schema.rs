//! schemathesis: requests made from the description of the API, answers held against it.

use std::fs;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::tools;
use crate::world::{BUCKET, World};

/// What is checked of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_breaks_the_description_or_the_service() {
    let Some(python) = tools::python_with("schemathesis").await else { return };
    let home = crate::service::Home::new("http://127.0.0.1:9")
        .set("LOGPUSH_API__REQUESTS_PER_SECOND", "100000");
    let world = World::start_in(crate::s3::S3Server::start(&[BUCKET]).await, home).await;
    let job = world.job(&world.zone, "logs", &json!({ "enabled": false })).await;
    let token = json!({ "name": "tester", "permissions": ["admin"], "account_id": world.account });
    let token = world.api.create("/user/tokens", &token).await;
    let token = token["value"].as_str().unwrap();

    let config = world.home.path().join("schemathesis.toml");
    let parameters = format!(
        "[parameters]\n\"path.zone_id\" = \"{}\"\n\"path.account_id\" = \"{}\"\n\
         \"path.job_id\" = {job}\n\"path.dataset\" = [\"http_requests\", \"audit_logs\", \"nothing\"]\n",
        world.zone, world.account
    );
    fs::write(&config, parameters).unwrap();
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&config)
        .args(["run", &format!("{}/openapi.json", world.service.url())])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--seed", "1", "--max-examples", "15", "--workers", "2", "--no-color"])
        .args(["--suppress-health-check", "all", "--generation-database", "none"])
        .current_dir(world.home.path());
    tools::run(command).await;
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
