//! Terraform's way of working, replayed: its whole model in each request, read back and compared,
//! taken over by id, and planned again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bucket::{Bucket, NAME};
use crate::site::{Answer, Site};

struct Provider {
    bucket: Bucket,
    site: Site,
    token: String,
}

impl Provider {
    async fn start() -> Self {
        let bucket = Bucket::start().await;
        let site = Site::start_with(Some(&bucket), |_| {}).await;
        let bound = json!({"permissions": ["logs:write"], "account_id": site.account});
        let token = site.add_token(&bound).await;
        Self { bucket, site, token }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let path = format!("/{}/logpush/{path}", self.site.scope());
        self.site.call(&self.token, method, &path, body).await
    }

    async fn challenge(&self, destination: &str) -> String {
        let body = json!({"destination_conf": destination});
        let written = self.call(Method::POST, "ownership", Some(&body)).await.result();
        std::fs::read_to_string(self.bucket.file(written["filename"].as_str().unwrap())).unwrap()
    }

    /// Creates what a configuration says.
    async fn apply(&self, model: &Value) -> String {
        self.call(Method::POST, "jobs", Some(model)).await.result()["id"].to_string()
    }

    async fn read(&self, id: &str) -> Value {
        self.call(Method::GET, &format!("jobs/{id}"), None).await.result()
    }

    async fn update(&self, id: &str, model: &Value) -> Answer {
        self.call(Method::PUT, &format!("jobs/{id}"), Some(model)).await
    }
}

fn destination() -> String {
    format!("s3://{NAME}/logs/{{DATE}}?region=us-east-1")
}

/// Everything that a configuration can set, with these values laid over what is set by default.
fn model(challenge: &str, more: Value) -> Value {
    let mut model = json!({
        "dataset": "http_requests",
        "destination_conf": destination(),
        "ownership_challenge": challenge,
        "enabled": true,
        "name": "terraform",
        "kind": "",
        "frequency": "high",
        "filter": r#"{"where":{"key":"EdgeResponseStatus","operator":"geq","value":"500"}}"#,
        "filter_attack_traffic": true,
        "logpull_options": "fields=RayID&timestamps=rfc3339",
        "max_upload_bytes": 5_000_000,
        "max_upload_interval_seconds": 30,
        "max_upload_records": 1000,
        "output_options": {
            "field_names": ["RayID", "ClientIP"], "timestamp_format": "rfc3339",
            "sample_rate": 1, "CVE-2021-44228": false, "batch_prefix": "", "record_delimiter": "",
        },
    });
    if let Value::Object(more) = more {
        model.as_object_mut().unwrap().extend(more);
    }
    model
}

/// What a plan would change: members of the model that read back otherwise. The challenge can
/// only be written, and what a configuration leaves out is the service's to say.
fn plan(model: &Value, state: &Value) -> Vec<String> {
    let members = model.as_object().unwrap().iter();
    members
        .filter(|(name, wanted)| *name != "ownership_challenge" && !wanted.is_null())
        .filter(|(name, wanted)| state[*name] != **wanted)
        .map(|(name, wanted)| format!("{name}: {} -> {wanted}", state[name]))
        .collect()
}

const NOTHING: [String; 0] = [];

#[tokio::test]
async fn what_was_sent_reads_back_and_the_second_plan_is_empty() {
    let provider = Provider::start().await;
    let challenge = provider.challenge(&destination()).await;
    let everything = model(&challenge, json!({}));
    let id = provider.apply(&everything).await;
    let state = provider.read(&id).await;
    assert_eq!(plan(&everything, &state), NOTHING);
    // Taken over by id: another reader finds the very same.
    assert_eq!(provider.read(&id).await, state);
    // Applied again, nothing changes.
    assert_eq!(provider.update(&id, &everything).await.result(), state);
}

#[tokio::test]
async fn empty_texts_zeros_and_nulls_mean_unset_and_read_back_as_sent() {
    let provider = Provider::start().await;
    let challenge = provider.challenge(&destination()).await;
    let id = provider.apply(&model(&challenge, json!({}))).await;
    let empty = model(
        &challenge,
        json!({
            "name": "", "filter": "", "logpull_options": "", "filter_attack_traffic": false,
            "max_upload_bytes": 0, "max_upload_interval_seconds": 0, "max_upload_records": 0,
        }),
    );
    let state = provider.update(&id, &empty).await.result();
    assert_eq!(plan(&empty, &state), NOTHING);
    assert_eq!(plan(&empty, &provider.read(&id).await), NOTHING);

    let nulls = model(
        &challenge,
        json!({
            "name": null, "filter": null, "logpull_options": null, "frequency": null,
            "filter_attack_traffic": null, "output_options": null, "kind": null,
            "max_upload_bytes": null, "max_upload_interval_seconds": null,
            "max_upload_records": null, "ownership_challenge": null,
        }),
    );
    let state = provider.update(&id, &nulls).await.result();
    assert_eq!(plan(&nulls, &state), NOTHING);
    for unset in ["name", "output_options", "max_upload_bytes", "max_upload_records"] {
        assert_eq!(state[unset], Value::Null, "{unset}");
    }
    assert_eq!((&state["kind"], &state["frequency"]), (&json!(""), &json!("high")));
    assert_eq!((&state["filter"], &state["enabled"]), (&json!(""), &json!(true)));
}

#[tokio::test]
async fn an_old_challenge_is_no_matter_while_the_destination_stays() {
    let provider = Provider::start().await;
    let challenge = provider.challenge(&destination()).await;
    let id = provider.apply(&model(&challenge, json!({}))).await;
    let stale = "expired.long.ago";
    let renamed = model(stale, json!({ "name": "renamed" }));
    let state = provider.update(&id, &renamed).await.result();
    assert_eq!(plan(&renamed, &state), NOTHING);

    let elsewhere = format!("s3://{NAME}/elsewhere?region=us-east-1");
    let moved = model(stale, json!({ "destination_conf": elsewhere }));
    let refused = provider.update(&id, &moved).await;
    refused.failure(400, 1003);
    assert_eq!(refused.pointers(), ["/ownership_challenge"]);
    let fresh = provider.challenge(&elsewhere).await;
    let moved = model(&fresh, json!({ "destination_conf": elsewhere }));
    assert_eq!(plan(&moved, &provider.update(&id, &moved).await.result()), NOTHING);
}

#[tokio::test]
async fn what_is_fixed_is_refused_where_it_would_change() {
    let provider = Provider::start().await;
    let challenge = provider.challenge(&destination()).await;
    let id = provider.apply(&model(&challenge, json!({}))).await;
    let other = model(&challenge, json!({ "dataset": "dns_logs", "kind": "edge" }));
    let refused = provider.update(&id, &other).await;
    refused.failure(400, 1003);
    let pointers = refused.pointers();
    assert!(pointers.contains(&"/dataset".to_owned()), "{pointers:?}");
    assert!(pointers.contains(&"/kind".to_owned()), "{pointers:?}");
}
