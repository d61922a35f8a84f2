//! Jobs: made, shown, listed, deleted; fields, destinations, status.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bucket::{Bucket, NAME};
use crate::site::Site;

/// A destination with keys, which needs no proof of ownership.
pub(crate) const KEYED: &str = "s3://burritobot/logs/{DATE}?region=us-west-2\
    &access-key-id=AKID&secret-access-key=verysecret&endpoint=s3.burritobot.example";

fn job() -> Value {
    json!({
        "dataset": "http_requests",
        "destination_conf": KEYED,
        "name": "my job",
        "output_options": {"field_names": ["RayID", "ClientIP"], "timestamp_format": "rfc3339"},
        "filter": r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#,
        "max_upload_records": 1000,
    })
}

fn jobs_path(site: &Site) -> String {
    format!("/{}/logpush/jobs", site.scope())
}

#[tokio::test]
async fn a_job_reads_back_as_the_contract_says() {
    let site = Site::start().await;
    let made = site.post(&jobs_path(&site), &job()).await.result();
    let expected = json!({
        "id": made["id"],
        "dataset": "http_requests",
        "name": "my job",
        "enabled": false,
        "destination_conf": KEYED,
        "kind": "",
        "filter": r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":500}}"#,
        "output_options": {"field_names": ["RayID", "ClientIP"], "timestamp_format": "rfc3339"},
        "logpull_options": "",
        "frequency": "high",
        "max_upload_bytes": null,
        "max_upload_interval_seconds": null,
        "max_upload_records": 1000,
        "filter_attack_traffic": false,
        "last_complete": null,
        "last_error": null,
        "error_message": null,
    });
    assert_eq!(made, expected);
    assert!(made["id"].is_u64());
    let path = format!("{}/{}", jobs_path(&site), made["id"]);
    assert_eq!(site.get(&path).await.result(), made);
    for list in [jobs_path(&site), format!("/{}/logpush/datasets/http_requests/jobs", site.scope())]
    {
        let listed = site.get(&list).await;
        assert_eq!(listed.result(), json!([made]), "{list}");
        assert_eq!(listed.json()["result_info"]["total_count"], 1);
    }
    let firewall = format!("/{}/logpush/datasets/firewall_events/jobs", site.scope());
    assert_eq!(site.get(&firewall).await.result(), json!([]));
    assert_eq!(site.delete(&path).await.result(), json!({"id": made["id"]}));
    site.get(&path).await.failure(404, 1001);
    site.delete(&path).await.failure(404, 1001);
}

#[tokio::test]
async fn the_least_job_takes_every_default() {
    let site = Site::start().await;
    let body = json!({"dataset": "http_requests", "destination_conf": KEYED});
    let made = site.post(&jobs_path(&site), &body).await.result();
    for (key, expected) in [
        ("name", json!(null)),
        ("enabled", json!(false)),
        ("kind", json!("")),
        ("filter", json!("")),
        ("output_options", json!(null)),
        ("frequency", json!("high")),
    ] {
        assert_eq!(made[key], expected, "{key}");
    }
}

#[tokio::test]
async fn a_whole_model_with_everything_unset_is_taken() {
    let site = Site::start().await;
    let body = json!({
        "dataset": "http_requests", "destination_conf": KEYED, "enabled": true, "name": "",
        "kind": "", "filter": "", "frequency": null, "logpull_options": "",
        "max_upload_bytes": 0, "max_upload_interval_seconds": 0, "max_upload_records": null,
        "ownership_challenge": "", "output_options": null, "filter_attack_traffic": null,
        "last_complete": null, "last_error": null, "error_message": null,
    });
    let made = site.post(&jobs_path(&site), &body).await.result();
    assert_eq!((&made["name"], &made["max_upload_bytes"]), (&json!(""), &json!(0)));
    assert_eq!((&made["frequency"], &made["enabled"]), (&json!("high"), &json!(true)));
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let site = Site::start().await;
    let body = json!({
        "dataset": "http_requests",
        "destination_conf": "s3://burritobot/logs?region=us-west-2&secret-access-key=verysecret",
        "filter": r#"{"where":{"key":"RayId","operator":"eq","value":"x"}}"#,
        "output_options": {"field_names": ["ClientIp"]},
        "max_upload_bytes": 5,
        "name": "n".repeat(513),
        "enabled": "yes",
        "kind": "instant-logs",
        "frequency": "often",
        "logpull_options": "fields=RayID,ClientIp",
        "filter_attack_traffic": "no",
        "filters": "",
    });
    let answer = site.post(&jobs_path(&site), &body).await;
    let message = answer.failure(400, 1003);
    let pointers = answer.pointers();
    for pointer in [
        "/destination_conf",
        "/filter/where/key",
        "/output_options/field_names/0",
        "/max_upload_bytes",
        "/name",
        "/enabled",
        "/kind",
        "/frequency",
        "/logpull_options",
        "/filter_attack_traffic",
        "/filters",
    ] {
        assert!(pointers.iter().any(|found| found == pointer), "no {pointer}: {message}");
    }
    assert!(message.contains("did you mean `ClientIP`?"), "{message}");
    assert!(!answer.text.contains("verysecret"));

    let answer = site.post(&jobs_path(&site), &json!({"dataset": "http_request"})).await;
    assert_eq!(answer.pointers(), ["/destination_conf", "/dataset"]);
    let answer = site.post(&jobs_path(&site), &json!({})).await;
    assert_eq!(answer.pointers(), ["/destination_conf", "/dataset"]);
    let account = format!("/accounts/{}/logpush/jobs", site.account);
    let message = site.post(&account, &job()).await.failure(400, 1003);
    assert!(message.contains("`http_requests` has no jobs of an account"), "{message}");
}

#[tokio::test]
async fn a_member_of_another_type_is_told_with_what_was_found() {
    let site = Site::start().await;
    for (key, value, expected) in [
        ("filter", json!({"where": {}}), "expected a string that holds the JSON, its quotes"),
        ("filter", json!({"where": {}}), "found an object"),
        ("output_options", json!([1]), "expected an object, found an array"),
        ("enabled", json!("verysecret"), "expected `true` or `false`, found a string"),
        ("name", json!(true), "expected a string, found `true`"),
        ("max_upload_records", json!(-1), "expected a whole number, found `-1`"),
    ] {
        let mut body = job();
        body[key] = value;
        let answer = site.post(&jobs_path(&site), &body).await;
        let message = answer.failure(400, 1003);
        assert_eq!(answer.pointers(), [format!("/{key}")]);
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("verysecret"), "{message}");
    }
}

#[tokio::test]
async fn secrets_are_shown_to_those_only_who_may_write() {
    let site = Site::start().await;
    let made = site.post(&jobs_path(&site), &job()).await.result();
    let reader = json!({"permissions": ["logs:read"], "zone_id": site.zone});
    let reader = site.add_token(&reader).await;
    let path = format!("{}/{}", jobs_path(&site), made["id"]);
    for path in [path.clone(), jobs_path(&site), format!("{path}/status"), "/logpush/status".into()]
    {
        let answer = site.call(&reader, Method::GET, &path, None).await;
        answer.result();
        assert!(!answer.text.contains("verysecret"), "{}", answer.text);
        assert!(answer.text.contains("secret-access-key=****"), "{}", answer.text);
    }
    assert!(site.get(&path).await.text.contains("verysecret"));
}

#[tokio::test]
async fn there_is_a_most_of_jobs_in_a_scope() {
    let site = Site::start_with(None, |config| config.api.jobs_per_scope_max = 2).await;
    let path = jobs_path(&site);
    let first = site.post(&path, &job()).await.result();
    site.post(&path, &job()).await.result();
    let message = site.post(&path, &job()).await.failure(403, 1004);
    assert_eq!(message, "creating a new job is not allowed: exceeded max jobs allowed");
    site.delete(&format!("{path}/{}", first["id"])).await.result();
    site.post(&path, &job()).await.result();
}

#[tokio::test]
async fn a_job_is_reached_by_its_own_scope_only() {
    let site = Site::start().await;
    let made = site.post(&jobs_path(&site), &job()).await.result();
    let other = site.add_zone(&site.account, "other.example").await;
    let path = format!("/zones/{other}/logpush/jobs/{}", made["id"]);
    site.get(&path).await.failure(404, 1001);
    site.put(&path, &json!({"enabled": true})).await.failure(404, 1001);
    site.delete(&path).await.failure(404, 1001);
    let in_account = format!("/accounts/{}/logpush/jobs/{}", site.account, made["id"]);
    site.get(&in_account).await.failure(404, 1001);
    let [signed, padded] = ["+", "0"].map(|before| format!("{before}{}", made["id"]));
    for id in ["x", "-1", "1.5", &signed, &padded] {
        site.get(&format!("{}/{id}", jobs_path(&site))).await.failure(404, 7003);
    }
}

#[tokio::test]
async fn the_fields_of_a_dataset_are_told_with_their_types() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/datasets/http_requests/fields", site.scope());
    let fields = site.get(&path).await.result();
    assert_eq!(fields.as_object().unwrap().len(), 123);
    assert_eq!(fields["ClientIP"], "string; Client address");
    let defaults = site.get(&format!("{path}/default")).await.result();
    assert!(defaults.as_object().unwrap().len() <= 123);
    let message = site.get(&path.replace("http_requests", "http_request")).await.failure(404, 1001);
    assert!(
        message.contains("no such dataset: `http_request`; did you mean `http_requests`?"),
        "{message}"
    );
    let message = site.get(&path.replace("http_requests", "audit_logs")).await.failure(400, 1002);
    assert_eq!(message, "dataset `audit_logs` has no records of a zone");
}

#[tokio::test]
async fn a_destination_in_use_is_told() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/validate/destination/exists", site.scope());
    let ask = json!({"destination_conf": KEYED});
    assert_eq!(site.post(&path, &ask).await.result(), json!({"exists": false}));
    site.post(&jobs_path(&site), &job()).await.result();
    assert_eq!(site.post(&path, &ask).await.result(), json!({"exists": true}));
    let elsewhere = json!({"destination_conf": KEYED.replace("/logs/", "/other/")});
    assert_eq!(site.post(&path, &elsewhere).await.result(), json!({"exists": false}));
    site.post(&path, &json!({"destination_conf": "x"})).await.failure(400, 1003);
}

#[tokio::test]
async fn a_destination_is_tried_by_writing_to_it() {
    let bucket = Bucket::start().await;
    let site = Site::start_with(Some(&bucket), |_| {}).await;
    let path = format!("/{}/logpush/validate/destination", site.scope());
    let ask = |text: String| json!({"destination_conf": text});
    let good = ask(format!("s3://{NAME}/logs?region=us-east-1"));
    assert_eq!(site.post(&path, &good).await.result(), json!({"valid": true, "message": ""}));
    assert!(bucket.file("logs/logpush-check.txt").exists());
    let check = path.replace("validate/destination", "destination/check");
    let checked = site.post(&check, &good).await.result();
    assert_eq!(checked["ok"], true);
    let steps = checked["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["outcome"] != "failed"), "{steps:?}");
    assert!(steps.iter().any(|step| step["name"] == "write" && step["outcome"] == "ok"));
    let checked = site.post("/logpush/destination/check", &ask(bucket.with_wrong_keys())).await;
    assert_eq!(checked.result()["ok"], false);
    assert_eq!(site.post(&check, &ask("s3://x".into())).await.pointers()[0], "/destination_conf");
    let private = KEYED.replace("s3.burritobot.example", "169.254.169.254");
    for bad in [bucket.with_wrong_keys(), private, "s3://burritobot".into(), "ftp://x".into()] {
        let answer = site.post(&path, &ask(bad)).await;
        assert_eq!(answer.result()["valid"], false);
        assert!(!answer.result()["message"].as_str().unwrap().is_empty());
        assert!(!answer.text.contains("verysecret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn status_and_ledger_tell_how_a_job_stands() {
    let site = Site::start().await;
    let mut body = job();
    body["enabled"] = json!(true);
    let made = site.post(&jobs_path(&site), &body).await.result();
    let path = format!("{}/{}", jobs_path(&site), made["id"]);
    let status = site.get(&format!("{path}/status")).await.result();
    assert_eq!((&status["job_id"], &status["scope"]), (&made["id"], &json!(site.scope())));
    assert_eq!((&status["enabled"], &status["dataset"]), (&json!(true), &json!("http_requests")));
    assert_eq!(status["totals"]["records"], 0);
    assert_eq!(site.get("/logpush/status").await.result()[0]["job_id"], made["id"]);
    let batches = site.get(&format!("{path}/batches")).await;
    assert_eq!(batches.result(), json!([]));
    assert_eq!(batches.json()["result_info"]["total_count"], 0);
    site.put(&path, &json!({"enabled": false})).await.result();
    let status = site.get(&format!("{path}/status")).await.result();
    assert_eq!(status["state"], "disabled");
}

#[tokio::test]
async fn a_token_sees_the_status_of_its_own_jobs_only() {
    let site = Site::start().await;
    site.post(&jobs_path(&site), &job()).await.result();
    let tacos = site.add_account("Tacos").await;
    let zone = site.add_zone(&tacos, "taco.example").await;
    site.post(&format!("/zones/{zone}/logpush/jobs"), &job()).await.result();
    for (key, id, expected) in [
        ("account_id", &site.account, site.scope()),
        ("account_id", &tacos, format!("zones/{zone}")),
        ("zone_id", &zone, format!("zones/{zone}")),
    ] {
        let token = site.add_token(&json!({"permissions": ["logs:read"], key: id})).await;
        let all = site.call(&token, Method::GET, "/logpush/status", None).await.result();
        assert_eq!(all.as_array().unwrap().len(), 1);
        assert_eq!(all[0]["scope"], expected);
    }
    assert_eq!(site.get("/logpush/status").await.result().as_array().unwrap().len(), 2);
}
