//! Proof that a bucket is the customer's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bucket::{Bucket, NAME};
use crate::site::{Answer, Site};

struct Tenant {
    bucket: Bucket,
    site: Site,
    token: String,
}

impl Tenant {
    async fn start() -> Self {
        let bucket = Bucket::start().await;
        let site = Site::start_with(Some(&bucket), |_| {}).await;
        let bound = json!({"permissions": ["logs:write"], "account_id": site.account});
        let token = site.add_token(&bound).await;
        Self { bucket, site, token }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let path = format!("/{}/logpush/{path}", self.site.scope());
        self.site.call(&self.token, method, &path, Some(body)).await
    }

    /// The token that stands in the bucket after a challenge was asked for.
    async fn challenge(&self, destination: &str) -> String {
        let body = json!({"destination_conf": destination});
        let result = self.call(Method::POST, "ownership", &body).await.result();
        assert_eq!((&result["valid"], &result["message"]), (&json!(true), &json!("")));
        let name = result["filename"].as_str().unwrap();
        std::fs::read_to_string(self.bucket.file(name)).expect("the challenge is in the bucket")
    }

    async fn create(&self, destination: &str, challenge: Option<&str>) -> Answer {
        let body = json!({
            "dataset": "http_requests",
            "destination_conf": destination,
            "ownership_challenge": challenge,
        });
        self.call(Method::POST, "jobs", &body).await
    }
}

fn destination(path: &str) -> String {
    format!("s3://{NAME}/{path}?region=us-east-1")
}

#[tokio::test]
async fn who_can_read_the_bucket_can_push_to_it() {
    let tenant = Tenant::start().await;
    let place = destination("logs");
    let message = tenant.create(&place, None).await.failure(400, 1003);
    assert!(message.contains("`/ownership_challenge`: is required"), "{message}");
    let token = tenant.challenge(&place).await;
    let validate = json!({"destination_conf": place, "ownership_challenge": token});
    let valid = tenant.call(Method::POST, "ownership/validate", &validate).await.result();
    assert_eq!(valid, json!({"valid": true}));
    tenant.create(&place, Some(&token)).await.result();
}

#[tokio::test]
async fn the_challenge_stands_under_the_path_of_the_day() {
    let tenant = Tenant::start().await;
    let body = json!({"destination_conf": destination("logs/{DATE}")});
    let result = tenant.call(Method::POST, "ownership", &body).await.result();
    let name = result["filename"].as_str().unwrap();
    let (folder, file) = name.rsplit_once('/').unwrap();
    assert!(folder.strip_prefix("logs/").unwrap().bytes().all(|b| b.is_ascii_digit()), "{name}");
    assert!(file.starts_with("ownership-challenge-"), "{name}");
    assert_eq!(std::path::Path::new(file).extension().unwrap(), "txt");
}

#[tokio::test]
async fn a_challenge_for_something_else_is_refused_and_says_which() {
    let tenant = Tenant::start().await;
    let token = tenant.challenge(&destination("logs")).await;
    let message = tenant.create(&destination("other"), Some(&token)).await.failure(400, 1003);
    assert!(message.contains("for another bucket or path"), "{message}");
    let message =
        tenant.create(&destination("logs"), Some("made.up.token")).await.failure(400, 1003);
    assert!(message.contains("altered"), "{message}");
    let validate = json!({"destination_conf": destination("other"), "ownership_challenge": token});
    let result = tenant.call(Method::POST, "ownership/validate", &validate).await.result();
    assert_eq!(result["valid"], false);
    let zone = tenant.site.add_zone(&tenant.site.account, "other.example").await;
    let body = json!({"dataset": "http_requests", "destination_conf": destination("logs"), "ownership_challenge": token});
    let path = format!("/zones/{zone}/logpush/jobs");
    let answer = tenant.site.call(&tenant.token, Method::POST, &path, Some(&body)).await;
    assert!(answer.failure(400, 1003).contains("another account or zone"));
}

#[tokio::test]
async fn moving_needs_new_proof_and_staying_needs_none() {
    let tenant = Tenant::start().await;
    let place = destination("logs");
    let token = tenant.challenge(&place).await;
    let job = tenant.create(&place, Some(&token)).await.result();
    let path = format!("jobs/{}", job["id"]);
    let stay =
        json!({"destination_conf": place, "ownership_challenge": "long-expired", "enabled": true});
    assert_eq!(tenant.call(Method::PUT, &path, &stay).await.result()["enabled"], true);
    let move_away = json!({"destination_conf": destination("new")});
    let answer = tenant.call(Method::PUT, &path, &move_away).await;
    assert_eq!(answer.pointers(), ["/ownership_challenge"]);
    let token = tenant.challenge(&destination("new")).await;
    let proven = json!({"destination_conf": destination("new"), "ownership_challenge": token});
    let moved = tenant.call(Method::PUT, &path, &proven).await.result();
    assert_eq!(moved["destination_conf"], destination("new"));
}

#[tokio::test]
async fn the_operator_vouches_for_what_they_name_themselves() {
    let tenant = Tenant::start().await;
    let body = json!({"dataset": "http_requests", "destination_conf": destination("logs")});
    let path = format!("/{}/logpush/jobs", tenant.site.scope());
    tenant.site.post(&path, &body).await.result();
}

#[tokio::test]
async fn a_bucket_that_cannot_be_written_is_told_with_the_reason() {
    let tenant = Tenant::start().await;
    let body = json!({"destination_conf": tenant.bucket.with_wrong_keys()});
    let result = tenant.call(Method::POST, "ownership", &body).await.result();
    assert_eq!(result["valid"], false);
    assert!(result.get("filename").is_none());
    let message = result["message"].as_str().unwrap();
    assert!(message.contains("WRONG") || message.contains(NAME), "{message}");
    assert!(!message.contains("verysecret"), "{message}");
    let body = json!({"destination_conf": "s3://burritobot"});
    let answer = tenant.call(Method::POST, "ownership", &body).await;
    answer.failure(400, 1003);
    assert_eq!(answer.pointers(), ["/destination_conf"]);
}
