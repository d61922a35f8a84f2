//! Health, metrics, and the answers that no handler gives.

use reqwest::Method;
use serde_json::json;

use crate::site::{Site, send};

#[tokio::test]
async fn it_tells_that_it_is_alive_and_ready() {
    let site = Site::start().await;
    let alive = send(site.request(Method::GET, "/healthz")).await;
    assert_eq!((alive.status, alive.json()), (200, json!({"status": "ok"})));
    let ready = send(site.request(Method::GET, "/readyz")).await;
    let expected = json!({
        "status": "ok", "journal": "ok", "catalog": "ok", "delivery": "ok",
        "jobs": "ok", "settings": "ok",
    });
    assert_eq!(ready.json(), expected);
    let head = send(site.request(Method::HEAD, "/healthz")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn who_has_a_token_learns_what_is_the_matter_and_the_operator_why() {
    let site = Site::start_with(None, |config| config.journal.free_bytes_min = 1 << 50).await;
    let path = "/client/v4/logpush/health";
    send(site.request(Method::GET, path)).await.failure(401, 10000);
    let token = site.add_token(&json!({"permissions": ["logs:read"], "zone_id": site.zone})).await;
    let tokens = [token.as_str(), site.service.admin_token()];
    for token in tokens {
        let well = send(site.request(Method::GET, path).bearer_auth(token)).await.result();
        assert_eq!(well, json!({"journal": {"state": "ok"}, "catalog": {"state": "ok"}}));
    }
    site.ingest("{\"RayID\":\"1\"}").await.failure(503, 1053);
    for (token, is_told) in tokens.into_iter().zip([false, true]) {
        let ill = send(site.request(Method::GET, path).bearer_auth(token)).await.result();
        assert_eq!(ill["journal"]["state"], "refusing", "{ill}");
        assert!(ill["journal"]["message"].is_string(), "{ill}");
        assert_eq!(ill["journal"]["reason"].is_string(), is_told, "{ill}");
    }
}

#[tokio::test]
async fn metrics_count_what_came_in() {
    let site = Site::start().await;
    site.ingest("{\"RayID\":\"1\"}\nbad\n").await.result();
    site.ingest("{\"RayID\":\"1\"}\n").await.result();
    let page = send(site.request(Method::GET, "/metrics")).await;
    assert_eq!(page.status, 200);
    for line in [
        "logpush_ingest_records_total{dataset=\"http_requests\"} 2",
        "logpush_ingest_bytes_total{dataset=\"http_requests\"} 28",
        "logpush_ingest_quarantined_records_total{dataset=\"http_requests\"} 1",
        "logpush_ingest_requests_total{status=\"200\"} 2",
        "# EOF",
    ] {
        assert!(page.text.contains(line), "no `{line}` in:\n{}", page.text);
    }
    for name in [
        "logpush_delivered_records",
        "logpush_delivered_objects",
        "logpush_delivery_lag_seconds",
        "logpush_upload_retries",
        "logpush_dropped_records",
    ] {
        assert!(page.text.contains(&format!("# TYPE {name} ")), "no `{name}` in:\n{}", page.text);
    }
}

#[tokio::test]
async fn metrics_can_be_for_the_operator_only() {
    let site = Site::start_with(None, |config| config.api.metrics_public = false).await;
    send(site.request(Method::GET, "/metrics")).await.failure(401, 10000);
    let bound = json!({"permissions": ["admin"], "account_id": site.account});
    let token = site.add_token(&bound).await;
    let request = site.request(Method::GET, "/metrics");
    send(request.bearer_auth(token)).await.failure(403, 9109);
    let request = site.request(Method::GET, "/metrics").bearer_auth(site.service.admin_token());
    assert_eq!(send(request).await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_answered_in_the_envelope() {
    let site = Site::start().await;
    for path in
        ["/nowhere", "/client/v4", "/client/v4/zones/", "/client/v4/user", "/ingest/v2/x", "/%ff"]
    {
        let message = send(site.request(Method::GET, path)).await.failure(404, 7003);
        assert!(message.starts_with("could not route to /"), "{message}");
    }
    for path in ["edge", "edge/jobs"] {
        let path = format!("/{}/logpush/{path}", site.scope());
        site.post(&path, &json!({})).await.failure(404, 7003);
    }
    let answer = send(site.request(Method::DELETE, "/client/v4/zones")).await;
    let message = answer.failure(405, 7001);
    assert!(message.contains("DELETE"), "{message}");
    assert_eq!(answer.headers["allow"], "GET, POST, HEAD, OPTIONS");
}
