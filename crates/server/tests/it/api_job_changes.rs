//! Changing a job: what is absent stays, what is fixed is refused, secrets survive a mask.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_jobs::KEYED;
use crate::site::{Site, send};

async fn made(site: &Site) -> (String, Value) {
    let body = json!({
        "dataset": "http_requests",
        "destination_conf": KEYED,
        "name": "my job",
        "output_options": {"field_names": ["RayID"], "timestamp_format": "rfc3339"},
        "filter": r#"{"where":{"key":"RayID","operator":"eq","value":"1"}}"#,
        "max_upload_records": 1000,
    });
    let path = format!("/{}/logpush/jobs", site.scope());
    let job = site.post(&path, &body).await.result();
    (format!("{path}/{}", job["id"]), job)
}

#[tokio::test]
async fn what_is_absent_stays_and_what_is_given_changes() {
    let site = Site::start().await;
    let (path, before) = made(&site).await;
    for (change, key, expected) in [
        (json!({}), "name", json!("my job")),
        (json!({"name": "other"}), "name", json!("other")),
        (json!({"name": null}), "name", json!(null)),
        (json!({"enabled": true}), "enabled", json!(true)),
        (json!({"enabled": false}), "enabled", json!(false)),
        (json!({"frequency": "low"}), "frequency", json!("low")),
        (json!({"frequency": null}), "frequency", json!("high")),
        (json!({"filter": ""}), "filter", json!("")),
        (json!({"max_upload_records": 0}), "max_upload_records", json!(0)),
        (json!({"max_upload_records": null}), "max_upload_records", json!(null)),
        (json!({"max_upload_bytes": 5_000_000}), "max_upload_bytes", json!(5_000_000)),
        // Replaced as a whole.
        (
            json!({"output_options": {"field_names": ["ClientIP"]}}),
            "output_options",
            json!({"field_names": ["ClientIP"]}),
        ),
        (json!({"output_options": null}), "output_options", json!(null)),
    ] {
        let job = site.put(&path, &change).await.result();
        assert_eq!(job[key], expected, "{change}");
        assert_eq!(site.get(&path).await.result(), job);
        assert_eq!(job["destination_conf"], before["destination_conf"]);
    }
}

#[tokio::test]
async fn what_a_client_read_can_be_sent_back() {
    let site = Site::start().await;
    let (path, before) = made(&site).await;
    assert_eq!(site.put(&path, &before).await.result(), before);
}

#[tokio::test]
async fn dataset_and_kind_are_fixed() {
    let site = Site::start().await;
    let (path, _) = made(&site).await;
    let change = json!({"dataset": "firewall_events", "kind": "edge"});
    let answer = site.put(&path, &change).await;
    let message = answer.failure(400, 1003);
    assert_eq!(answer.pointers(), ["/dataset", "/kind"]);
    assert!(message.contains("it is `http_requests`"), "{message}");
    let unset = json!({"dataset": "", "kind": "", "destination_conf": ""});
    site.put(&path, &unset).await.result();
    site.put(&path, &json!({"dataset": null, "kind": null})).await.result();
}

#[tokio::test]
async fn a_mask_keeps_the_stored_secret_and_only_for_the_place_it_was_given_for() {
    let site = Site::start().await;
    let (path, before) = made(&site).await;
    let masked = KEYED.replace("verysecret", "****");
    let same = site.put(&path, &json!({"destination_conf": masked})).await.result();
    assert_eq!(same, before);
    let moved = masked.replace("/logs/", "/other/");
    let job = site.put(&path, &json!({"destination_conf": moved})).await.result();
    assert_eq!(job["destination_conf"], KEYED.replace("/logs/", "/other/"));
    for elsewhere in [masked.replace("s3.burrito", "s3.taco"), masked.replace("AKID", "OTHER")] {
        let answer = site.put(&path, &json!({"destination_conf": elsewhere})).await;
        let message = answer.failure(400, 1003);
        assert!(message.contains("send the secret"), "{message}");
        assert!(!answer.text.contains("verysecret"));
    }
    let create = json!({"dataset": "http_requests", "destination_conf": masked});
    let jobs = format!("/{}/logpush/jobs", site.scope());
    site.post(&jobs, &create).await.failure(400, 1003);
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let site = Site::start().await;
    let (path, before) = made(&site).await;
    let change = json!({"name": "other", "max_upload_records": 5});
    assert_eq!(site.put(&path, &change).await.pointers(), ["/max_upload_records"]);
    assert_eq!(site.get(&path).await.result(), before);
    site.put(&path, &json!({"nmae": "x"})).await.failure(400, 1003);
    site.put(&path, &json!("x")).await.failure(400, 1002);
    site.put(&format!("{path}9"), &json!({})).await.failure(404, 1001);
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let site = Site::start().await;
    let (path, _) = made(&site).await;
    let changes = [
        json!({"name": "other"}),
        json!({"enabled": true}),
        json!({"frequency": "low"}),
        json!({"filter": ""}),
        json!({"max_upload_records": 2000}),
    ];
    let answers = changes.iter().map(|change| site.put(&path, change));
    for answer in futures_util::future::join_all(answers).await {
        answer.result();
    }
    let job = site.get(&path).await.result();
    for change in &changes {
        let (key, value) = change.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&job[key], value, "{key}");
    }
}

#[tokio::test]
async fn the_older_options_are_kept_and_cleared() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let options = "fields=RayID,ClientIP&timestamps=rfc3339&sample=0.5&CVE-2021-44228=true";
    let body = json!({
        "dataset": "http_requests", "destination_conf": KEYED,
        "logpull_options": options, "filter_attack_traffic": true,
    });
    let made = site.post(&path, &body).await.result();
    let path = format!("{path}/{}", made["id"]);
    let read = async || {
        let job = site.get(&path).await.result();
        (job["logpull_options"].as_str().unwrap().to_owned(), job["filter_attack_traffic"].clone())
    };
    assert_eq!(read().await, (options.to_owned(), json!(true)));
    site.put(&path, &json!({"name": "kept"})).await.result();
    assert_eq!(read().await, (options.to_owned(), json!(true)));
    site.put(&path, &json!({"logpull_options": "", "filter_attack_traffic": false})).await.result();
    assert_eq!(read().await, (String::new(), json!(false)));
    site.put(&path, &body).await.result();
    site.put(&path, &json!({"logpull_options": null, "filter_attack_traffic": null}))
        .await
        .result();
    assert_eq!(read().await, (String::new(), json!(false)));
    for (change, expected) in [
        (json!({"logpull_options": "fields=RayID,ClientIp"}), "ClientIP"),
        (json!({"logpull_options": "timestamp=unix"}), "did you mean `timestamps`?"),
        (json!({"logpull_options": "sample=2"}), "at most 1"),
    ] {
        let answer = site.put(&path, &change).await;
        assert_eq!(answer.pointers(), ["/logpull_options"]);
        let message = answer.failure(400, 1003);
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn older_options_are_validated_without_a_job() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/validate/origin", site.scope());
    let good = json!({"valid": true, "message": ""});
    for body in [
        json!({"logpull_options": "fields=RayID&timestamps=unixnano"}),
        json!({"logpull_options": "fields=QueryName", "dataset": "dns_logs"}),
        json!({"logpull_options": "", "dataset": ""}),
        json!({"logpull_options": null}),
    ] {
        assert_eq!(site.post(&path, &body).await.result(), good, "{body}");
    }
    let bad = json!({"logpull_options": "fields=RayId&sample=x"});
    let result = site.post(&path, &bad).await.result();
    assert_eq!(result["valid"], false);
    let message = result["message"].as_str().unwrap();
    assert!(message.contains("`RayID`") && message.contains("sample"), "{message}");
    let answer = site.post(&path, &json!({"logpull_options": "", "dataset": "dns_log"})).await;
    assert!(answer.failure(400, 1003).contains("did you mean `dns_logs`?"));
}

#[tokio::test]
async fn a_member_that_stands_twice_is_refused_with_its_place() {
    let site = Site::start().await;
    let path = format!("/client/v4{}", made(&site).await.0);
    for (body, pointer) in [
        (r#"{"enabled": true, "name": "a", "enabled": false}"#, "/enabled"),
        (
            r#"{"output_options": {"sample_rate": 1, "sample_rate": 0.1}}"#,
            "/output_options/sample_rate",
        ),
        (
            r#"{"filter": "{\"where\":{\"key\":\"RayID\",\"key\":\"ClientIP\",\"operator\":\"eq\",\"value\":\"x\"}}"}"#,
            "/filter/where/key",
        ),
    ] {
        let request = site.request(Method::PUT, &path).bearer_auth(site.service.admin_token());
        let answer = send(request.body(body)).await;
        let message = answer.failure(400, 1003);
        assert!(message.contains("stands twice"), "{message}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn what_could_not_be_read_is_told_once_and_no_more_than_a_hundred_things_are() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let masked = KEYED.replace("verysecret", "****");
    for body in [json!({"dataset": 5, "destination_conf": masked}), json!({"dataset": "x"})] {
        let answer = site.post(&path, &body).await;
        answer.failure(400, 1003);
        let mut pointers = answer.pointers();
        pointers.sort();
        assert_eq!(pointers, ["/dataset", "/destination_conf"], "{body}");
    }
    let many: serde_json::Map<_, _> = (0..5_000).map(|k| (format!("k/{k}"), json!(1))).collect();
    let answer = site.post(&path, &Value::Object(many)).await;
    assert_eq!(answer.pointers().len(), 100);
    assert!(answer.pointers().contains(&"/k~10".to_owned()), "{answer:?}");
}
