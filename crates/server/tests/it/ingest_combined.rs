//! Access log lines at the door.

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Site, send};

const LINES: &str = concat!(
    r#"203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "http://x/" "curl/8.5""#,
    "\n",
    r#"203.0.113.9 - - [17/May/2015:10:05:04 +0000] "GET /c HTTP/1.1" 200 12 "-" "Mozilla/5.0 (compatible; Goo"#,
    "\n",
    r#"203.0.113.9 - - [17/May/2015:10:05:05 +0000] "POST /caf\xc3\xa9 HTTP/1.1" 404 - "-" "a \"b\"""#,
    "\n",
);

#[tokio::test]
async fn lines_become_records_and_a_damaged_one_is_kept_with_number_and_reason() {
    let site = Site::start().await;
    let request = site.door("http_requests?first_line=11&source=access.log");
    let request = request.header("content-type", "text/plain; format=combined");
    let result = send(request.body(LINES)).await.result();
    let reason = "the user agent is not closed by a quote";
    let errors = json!([{"line": 12, "reason": reason}]);
    assert_eq!(result, json!({"accepted": 2, "quarantined": 1, "errors": errors}));
    let kept = site.quarantine("").await;
    assert_eq!((&kept[0]["line"], &kept[0]["reason"]), (&json!(12), &json!(reason)));
    assert_eq!(kept[0]["content"].as_str(), LINES.lines().nth(1));

    let records = site.stop_and_read_records().await;
    let second: Value = serde_json::from_str(&records[1]).unwrap();
    assert_eq!(second["ClientRequestURI"], r"/caf\xc3\xa9");
    assert_eq!(second["ClientRequestUserAgent"], r#"a \"b\""#);
    assert_eq!(second["EdgeResponseBytes"], 0);
    assert_eq!(second["EdgeStartTimestamp"], "2015-05-17T10:05:05+00:00");
}

#[tokio::test]
async fn the_same_lines_at_another_place_have_other_ray_ids() {
    let site = Site::start().await;
    for first_line in [1, 1, 4] {
        let request = site.door(&format!("http_requests?first_line={first_line}"));
        let request = request.header("content-type", "text/plain; format=combined");
        send(request.body(LINES)).await.result();
    }
    let records = site.stop_and_read_records().await;
    let ids: Vec<_> = records
        .iter()
        .map(|record| serde_json::from_str::<Value>(record).unwrap()["RayID"].clone())
        .collect();
    assert_eq!(ids[..2], ids[2..4]);
    assert!(ids[4..].iter().all(|id| !ids[..2].contains(id)));
}

#[tokio::test]
async fn they_fit_no_other_dataset_and_name_no_zone() {
    let site = Site::start().await;
    let combined = |request: reqwest::RequestBuilder| {
        request.header("content-type", "text/plain; format=combined").body(LINES)
    };
    let message = send(combined(site.door("firewall_events"))).await.failure(400, 1002);
    assert!(message.contains("`http_requests`"), "{message}");
    let edge = site.request(Method::POST, "/ingest/v1/http_requests");
    let edge = edge.bearer_auth(site.service.admin_token());
    send(combined(edge)).await.failure(400, 1002);
}
