//! Trying a destination: each thing that can be wrong is told apart, with how to mend it.

use std::time::Duration;

use serde_json::json;
use sim::s3::{ACCESS_KEY, BucketSettings, Fault, Operation, Refusal, Rule, S3Server, SECRET_KEY};

use crate::site::{Site, send};

/// A store of several buckets, and a service that may ask it.
struct Place {
    store: S3Server,
    site: Site,
}

impl Place {
    async fn start() -> Self {
        let store = S3Server::start(1, &["open", "closed", "late"]).await;
        let far = BucketSettings { region: "eu-west-1".to_owned(), ..BucketSettings::default() };
        store.set_bucket("far", far);
        let refuses = |bucket: &str, refusal| {
            let rule = Rule::new(Fault::Refuses(refusal)).in_bucket(bucket);
            store.add_rule(rule.on(&[Operation::PutObject]));
        };
        refuses("closed", Refusal::access_denied());
        refuses("late", Refusal::skewed_clock());
        let site = Site::start_with(None, |config| {
            config.delivery.allow_private_endpoints = vec!["127.0.0.1".to_owned()];
        });
        Self { store, site: site.await }
    }

    /// A destination at that endpoint with these keys.
    fn destination(endpoint: &str, bucket: &str, id: &str, secret: &str) -> String {
        format!(
            "s3://{bucket}/logs?region=us-east-1&access-key-id={id}&secret-access-key={secret}\
             &endpoint={endpoint}"
        )
    }

    /// Why the destination cannot be; empty where it can.
    async fn validate(&self, destination: &str) -> String {
        let path = format!("/{}/logpush/validate/destination", self.site.scope());
        let body = json!({"destination_conf": destination});
        let result = self.site.post(&path, &body).await.result();
        let message = result["message"].as_str().unwrap().to_owned();
        assert_eq!(result["valid"], message.is_empty(), "{message}");
        message
    }
}

/// An address of this machine where nothing listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_destination_that_cannot_be_written_is_told_with_its_own_reason() {
    let place = Place::start().await;
    let (store, nobody) = (place.store.url(), nobody());
    let secret = "a-secret-that-nobody-may-see";
    for (endpoint, bucket, id, key, expected) in [
        (&store, "open", ACCESS_KEY, SECRET_KEY, ""),
        (&store, "absent", ACCESS_KEY, SECRET_KEY, "`absent` does not exist (NoSuchBucket)"),
        (&store, "closed", ACCESS_KEY, SECRET_KEY, "denied (AccessDenied"),
        (&store, "open", "UNKNOWN", SECRET_KEY, "(InvalidAccessKeyId); check `access-key-id`"),
        (&store, "open", ACCESS_KEY, secret, "(SignatureDoesNotMatch); check `secret-access-key`"),
        (&store, "far", ACCESS_KEY, SECRET_KEY, "write `region=eu-west-1`"),
        (&store, "late", ACCESS_KEY, SECRET_KEY, "the clock of this machine"),
        (&nobody, "open", ACCESS_KEY, SECRET_KEY, "check the endpoint's port"),
    ] {
        let message = place.validate(&Place::destination(endpoint, bucket, id, key)).await;
        assert!(message.contains(expected), "{bucket}, `{expected}`: {message}");
        assert!(!message.contains(secret) && !message.contains(SECRET_KEY), "{message}");
    }
}

#[tokio::test]
async fn the_status_tells_what_waits_and_when_it_is_tried_again() {
    let place = Place::start().await;
    let site = &place.site;
    let destination = Place::destination(&place.store.url(), "absent", ACCESS_KEY, SECRET_KEY);
    let job = json!({
        "dataset": "http_requests", "destination_conf": destination, "enabled": true,
        "max_upload_records": 1000,
    });
    let jobs = format!("/{}/logpush/jobs", site.scope());
    let id = site.post(&jobs, &job).await.result()["id"].clone();
    let line = "{\"RayID\":\"3a6050bcbe121a87\"}\n";
    let sent = send(site.door("http_requests").body(line.repeat(1000))).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let path = format!("{jobs}/{id}/status");
    let retrying = async {
        loop {
            let status = site.get(&path).await.result();
            if status["state"] == "retrying" {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(20), retrying).await.unwrap();
    assert_eq!((&status["pending_records"], &status["unread_frames"]), (&json!(1000), &json!(0)));
    assert!(status["pending_bytes"].as_u64() > Some(1000), "{status}");
    assert!(status["lag_seconds"].is_f64() && status["expiring_frames"] == 0, "{status}");
    let retrying = &status["retrying"];
    assert!(retrying["message"].as_str().unwrap().contains("`absent`"), "{status}");
    assert!(retrying["next_in_seconds"].is_f64() && retrying["next"].is_string(), "{status}");
}
