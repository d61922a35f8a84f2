//! The ledger in order, and verification: what can be asked, and of what.

use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::site::Site;

const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-east-1";

/// A site with a job that pushes into the bucket, and the job's path below its scope.
async fn site(bucket: &Bucket) -> (Site, String) {
    let site = Site::start_with(Some(bucket), |_| {}).await;
    let job = json!({"dataset": "http_requests", "destination_conf": DESTINATION, "enabled": true});
    let job = site.post(&format!("/{}/logpush/jobs", site.scope()), &job).await.result();
    (site, format!("logpush/jobs/{}", job["id"]))
}

#[tokio::test]
async fn a_job_that_has_delivered_nothing_is_verified() {
    let bucket = Bucket::start().await;
    let (site, job) = site(&bucket).await;
    let path = format!("/{}/{job}", site.scope());
    let ledger = site.get(&format!("{path}/ledger")).await.result();
    assert_eq!(ledger["installation_id"].as_str().unwrap().len(), 12);
    assert!(!ledger["cursors"].as_array().unwrap().is_empty(), "{ledger}");
    assert_eq!((&ledger["losses"], &ledger["totals"]["objects"]), (&json!([]), &json!(0)));
    let batches = site.get(&format!("{path}/ledger/batches")).await.result();
    assert_eq!(batches, json!({"batches": [], "next": null}));
    let answer = site.post(&format!("{path}/verify"), &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last(), Some(&json!({"type": "end", "next": null})));
    assert!(lines.iter().rev().skip(1).all(|line| line["type"] == "working"), "{lines:?}");
    std::fs::write(bucket.file("notes.txt"), "mine").unwrap();
    let listed = site.post(&format!("{path}/verify/extra"), &json!({})).await.result();
    assert_eq!(listed, json!({"keys": 0, "extra": [], "unlisted": [], "next": null}));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let bucket = Bucket::start().await;
    let (site, job) = site(&bucket).await;
    let path = format!("/{}/{job}", site.scope());
    for (what, query, named) in [
        ("ledger/batches", "after=7", "`after`"),
        ("ledger/batches", "after=0-x", "`after`"),
        ("ledger/batches", "after=70000-1", "`after`"),
        ("ledger/batches", "limit=0", "`limit`"),
        ("ledger/batches", "limit=1001", "`limit`"),
        ("ledger/batches", "from=yesterday", "`yesterday`"),
        ("ledger/batches", "from=1700000000&to=1700000000", "`from`"),
        ("verify", "after=x", "`after`"),
        ("verify", "to=tomorrow", "`tomorrow`"),
        ("verify/extra", "after=x", "`after`"),
        ("verify/extra", "revisions=0", "`revisions`"),
        ("verify/extra", "revisions=1,2", "1 to 1"),
        ("verify/extra", "revisions=1;", "`revisions`"),
    ] {
        let path = format!("{path}/{what}?{query}");
        let answer = match what {
            "ledger/batches" => site.get(&path).await,
            _ => site.post(&path, &json!({})).await,
        };
        let message = answer.failure(400, 1002);
        assert!(message.contains(named), "{query}: {message}");
    }
}

#[tokio::test]
async fn a_job_is_verified_in_its_own_scope_only() {
    let bucket = Bucket::start().await;
    let (site, job) = site(&bucket).await;
    let other = site.add_account("Tacos").await;
    let other = site.add_zone(&other, "tacobot.example").await;
    let token = json!({"permissions": ["logs:read"], "zone_id": other});
    let token = site.add_token(&token).await;
    for (method, what) in [
        (reqwest::Method::GET, "ledger"),
        (reqwest::Method::GET, "ledger/batches"),
        (reqwest::Method::POST, "verify"),
        (reqwest::Method::POST, "verify/extra"),
    ] {
        let theirs = format!("/zones/{other}/{job}/{what}");
        site.call(&token, method.clone(), &theirs, None).await.failure(404, 1001);
        let not_theirs = format!("/{}/{job}/{what}", site.scope());
        site.call(&token, method, &not_theirs, None).await.failure(403, 9109);
    }
}
