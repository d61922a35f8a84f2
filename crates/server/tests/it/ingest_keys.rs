//! Requests with an idempotency key: sent again they store nothing again.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::site::{Answer, Site, config, send};

const BODY: &str = "{\"RayID\":\"1\"}\nbad\n{\"RayID\":\"2\"}\n";

fn keyed(site: &Site, key: &str) -> RequestBuilder {
    site.door("http_requests").header("idempotency-key", key)
}

#[track_caller]
fn check_replayed(first: &Answer, again: &Answer) {
    assert_eq!(first.result(), again.result());
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.headers["idempotent-replayed"], "true");
}

#[tokio::test]
async fn a_repetition_stores_nothing_and_gets_the_first_answer() {
    let site = Site::start().await;
    let first = send(keyed(&site, "k1").body(BODY)).await;
    let again = send(keyed(&site, "k1").body(BODY)).await;
    check_replayed(&first, &again);
    assert_eq!(
        (&first.result()["accepted"], &first.result()["quarantined"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(site.stop_and_read_records().await.len(), 2);
}

#[tokio::test]
async fn a_repetition_is_known_in_another_coding_and_after_a_restart() {
    let site = Site::start().await;
    let first = send(keyed(&site, "k1").body(BODY)).await;
    let zipped = zstd::encode_all(BODY.as_bytes(), 1).unwrap();
    let request = keyed(&site, "k1").header("content-encoding", "zstd").body(zipped);
    check_replayed(&first, &send(request).await);

    let (zone, dir) = (site.zone, site.dir);
    site.service.stop().await;
    let service = server::Service::start(config(dir.path()), None).await.unwrap();
    let url = format!("http://{}/ingest/v1/zones/{zone}/http_requests", service.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).bearer_auth(service.admin_token());
    let again = send(request.header("idempotency-key", "k1").body(BODY)).await;
    check_replayed(&first, &again);
    service.stop().await;
}

#[tokio::test]
async fn a_repetition_is_known_after_partitions_were_added() {
    let site = Site::start().await;
    let first = send(keyed(&site, "k1").body(BODY)).await;
    let (zone, dir) = (site.zone, site.dir);
    site.service.stop().await;
    let mut more = config(dir.path());
    more.journal.partitions = 16;
    let service = server::Service::start(more, None).await.unwrap();
    let url = format!("http://{}/ingest/v1/zones/{zone}/http_requests", service.address());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).bearer_auth(service.admin_token());
    let again = send(request.header("idempotency-key", "k1").body(BODY)).await;
    check_replayed(&first, &again);
    service.stop().await;
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let site = Site::start().await;
    send(keyed(&site, "k1").body(BODY)).await.result();
    let message = send(keyed(&site, "k1").body("{}")).await.failure(422, 1022);
    assert!(message.contains("another body"), "{message}");
    assert_eq!(site.stop_and_read_records().await.len(), 2);
}

#[tokio::test]
async fn a_key_counts_within_its_dataset_and_scope_only() {
    let site = Site::start().await;
    let body = "{\"RayID\":\"1\"}";
    send(keyed(&site, "k1").body(body)).await.result();
    let other = site.door("firewall_events").header("idempotency-key", "k1").body(body);
    assert!(!send(other).await.headers.contains_key("idempotent-replayed"));
    assert!(!send(keyed(&site, "k2").body(body)).await.headers.contains_key("idempotent-replayed"));
    assert_eq!(site.stop_and_read_records().await.len(), 3);
}

#[tokio::test]
async fn requests_with_one_key_at_the_same_time_store_once() {
    let site = Site::start().await;
    let requests = (0..8).map(|_| send(keyed(&site, "k1").body(BODY)));
    let answers = futures_util::future::join_all(requests).await;
    for answer in &answers {
        assert_eq!(answer.result(), answers[0].result());
    }
    let replayed = answers.iter().filter(|a| a.headers.contains_key("idempotent-replayed"));
    assert_eq!(replayed.count(), 7);
    assert_eq!(site.stop_and_read_records().await.len(), 2);
}

#[tokio::test]
async fn a_key_that_can_be_none_is_refused() {
    let site = Site::start().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let message = send(keyed(&site, key).body(BODY)).await.failure(400, 1002);
        assert!(message.contains("Idempotency-Key"), "{message}");
    }
}
