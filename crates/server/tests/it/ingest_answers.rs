//! Wrong requests at the door: each gets a clear answer, and nothing of it is stored.

use serde_json::json;

use crate::site::{Site, send};

#[tokio::test]
async fn unknown_things_are_named() {
    let site = Site::start().await;
    let record = "{\"RayID\":\"1\"}";
    let message = send(site.door("http_request").body(record)).await.failure(404, 1001);
    assert!(message.contains("`http_request`; did you mean `http_requests`?"), "{message}");
    let message = send(site.door("audit_logs").body(record)).await.failure(400, 1002);
    assert!(message.contains("accounts/{account_id}"), "{message}");
    let unknown = "00000000000000000000000000000001";
    let path = format!("/ingest/v1/zones/{unknown}/http_requests");
    let token = site.service.admin_token();
    let request = site.request(reqwest::Method::POST, &path).bearer_auth(token).body(record);
    let message = send(request).await.failure(404, 1001);
    assert!(message.contains(unknown), "{message}");
    let request = site.request(reqwest::Method::POST, "/ingest/v1/zones/nonsense/http_requests");
    send(request.bearer_auth(token).body(record)).await.failure(404, 7003);
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn records_of_an_account_come_in_by_its_own_door() {
    let site = Site::start().await;
    let path = format!("/ingest/v1/accounts/{}/audit_logs", site.account);
    let request = site.request(reqwest::Method::POST, &path);
    let body = "{\"ActorEmail\":\"a@b.example\"}";
    let result = send(request.bearer_auth(site.service.admin_token()).body(body)).await.result();
    assert_eq!(result["accepted"], 1);
    let account = site.account.clone();
    let frames = site.stop_and_read().await;
    assert_eq!(frames[0].scope.to_string(), format!("account/{account}"));
    assert_eq!(frames[0].dataset, "audit_logs");
}

#[tokio::test]
async fn an_empty_body_is_nothing_and_not_an_error() {
    let site = Site::start().await;
    let empty = json!({"accepted": 0, "quarantined": 0, "errors": []});
    assert_eq!(site.ingest("").await.result(), empty);
    assert_eq!(site.ingest("\n \n").await.result(), empty);
    let zipped = site.door("http_requests").header("content-encoding", "gzip");
    assert_eq!(send(zipped).await.result(), empty);
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused_whether_its_length_is_told_or_not() {
    let site = Site::start_with(None, |config| config.ingest.body_bytes_max = 1 << 20).await;
    let record = "{\"RayID\":\"0123456789abcdef\"}\n";
    let large = record.repeat((1 << 20) / record.len() + 1);
    let message = site.ingest(large.clone()).await.failure(413, 1013);
    assert!(message.contains("1048576 bytes"), "{message}");
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        large.as_bytes().chunks(100_000).map(|piece| Ok(piece.to_vec())).collect();
    let stream = futures_util::stream::iter(pieces);
    site.ingest(reqwest::Body::wrap_stream(stream)).await.failure(413, 1013);
    assert_eq!(site.ingest(record).await.result()["accepted"], 1);
    assert_eq!(site.stop_and_read().await.len(), 1);
}

#[tokio::test]
async fn when_the_memory_for_requests_is_taken_the_door_says_when_to_come_again() {
    let site = Site::start_with(None, |config| config.ingest.in_flight_bytes_max = 1000).await;
    let answer = site.ingest("{\"RayID\":\"0123456789abcdef\"}\n".repeat(100)).await;
    let message = answer.failure(503, 1052);
    assert!(message.contains("try again"), "{message}");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(site.ingest("{\"RayID\":\"1\"}").await.result()["accepted"], 1);
    let metrics = send(site.request(reqwest::Method::GET, "/metrics")).await.text;
    assert!(metrics.contains("logpush_ingest_in_flight_bytes 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_body_of_garbage_is_refused_before_it_fills_the_quarantine() {
    let site = Site::start_with(None, |config| config.ingest.quarantine_bytes_max = 1 << 20).await;
    let message = site.ingest("x\n".repeat(100_000)).await.failure(400, 1002);
    assert!(message.contains("line 1: not a JSON object"), "{message}");
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn only_the_first_hundred_refused_lines_are_explained() {
    let site = Site::start().await;
    let result = site.ingest("x\n".repeat(150)).await.result();
    assert_eq!(result["quarantined"], 150);
    assert_eq!(result["errors"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn lines_have_the_numbers_of_the_senders_file() {
    let site = Site::start().await;
    let request = site.door("http_requests?first_line=501&source=old%20access.log");
    let result = send(request.body("{\"RayID\":\"1\"}\nbad\n")).await.result();
    assert_eq!(result["errors"][0]["line"], 502);
    let kept = site.quarantine("").await;
    assert_eq!((&kept[0]["line"], &kept[0]["source"]), (&json!(502), &json!("old access.log")));
    let message = send(site.door("http_requests?first_line=x").body("{}")).await.failure(400, 1002);
    assert!(message.contains("`first_line` is `x`"), "{message}");
}
