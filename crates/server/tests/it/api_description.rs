//! `/openapi.json` against the service that it describes.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Site, send};

/// The members that a schema of a body names, wherever it stands.
fn members<'d>(document: &'d Value, schema: &'d Value) -> BTreeSet<&'d str> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn bodies_have_the_members_that_their_handlers_know() {
    let site = Site::start().await;
    let job = json!({
        "dataset": "http_requests",
        "destination_conf": "s3://burritobot/logs?region=us-east-1&access-key-id=a&secret-access-key=b",
    });
    let job = site.post(&format!("/{}/logpush/jobs", site.scope()), &job).await.result();
    let job = job["id"].to_string();
    let document = send(site.request(Method::GET, "/openapi.json")).await.json();
    let mut checked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        // An account's own job would have to be there; zones have the same handlers.
        if !path.starts_with("/client/") || path.contains("{account_id}") {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let path = path.replace("{zone_id}", &site.zone).replace("{job_id}", &job);
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = site.request(method.clone(), &path);
            let request = request.bearer_auth(site.service.admin_token());
            let answer = send(request.json(&json!({ "no such member of anything": 1 }))).await;
            let message = answer.failure(400, 1003);
            let known = message.split("unknown key; known are ").nth(1).unwrap_or_default();
            let known: BTreeSet<&str> =
                known.lines().next().unwrap_or_default().split(", ").collect();
            assert_eq!(members(&document, schema), known, "{method} {path}");
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}
