//! The door for a shared edge: the zone is found for each record.

use journal::FrameKind;
use reqwest::Method;
use serde_json::json;

use crate::site::{Answer, Site, send};

async fn send_edge(site: &Site, token: &str, body: &'static str) -> Answer {
    let request = site.request(Method::POST, "/ingest/v1/http_requests").bearer_auth(token);
    send(request.body(body)).await
}

const MIXED: &str = r#"{"RayID":"1","ClientRequestHost":"www.burritobot.example"}
{"RayID":"2","ClientRequestHost":"api.shop.burritobot.example:8443"}
{"RayID":"3","ClientRequestHost":"www.burritobot.example","ZoneName":"tacobot.example"}
{"RayID":"4","ClientRequestHost":"nobody.example"}
{"RayID":"5"}
"#;

#[tokio::test]
async fn each_record_goes_to_the_zone_with_the_longest_name() {
    let site = Site::start().await;
    let shop = site.add_zone(&site.account, "shop.burritobot.example").await;
    let other_account = site.add_account("Tacos").await;
    let taco = site.add_zone(&other_account, "tacobot.example").await;
    let result = send_edge(&site, site.service.admin_token(), MIXED).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(3), &json!(2)));
    assert_eq!(
        (&result["errors"][0]["line"], &result["errors"][1]["line"]),
        (&json!(4), &json!(5))
    );

    let operators = site.get("/logpush/quarantine").await;
    assert_eq!(operators.text.lines().count(), 2);
    let zone = site.zone.clone();
    let frames = site.stop_and_read().await;
    let stored: Vec<_> = frames
        .iter()
        .filter(|frame| frame.kind == FrameKind::Records)
        .map(|frame| frame.scope.to_string())
        .collect();
    let expected = [zone, shop, taco].map(|id| format!("zone/{id}"));
    assert_eq!(stored, expected);
}

#[tokio::test]
async fn a_token_reaches_its_own_zones_only_and_keeps_the_rest_in_its_own_quarantine() {
    let site = Site::start().await;
    let other_account = site.add_account("Tacos").await;
    site.add_zone(&other_account, "tacobot.example").await;
    let bound = json!({"permissions": ["logs:ingest"], "account_id": site.account});
    let token = site.add_token(&bound).await;
    let result = send_edge(&site, &token, MIXED).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(2), &json!(3)));
    let path = format!("/accounts/{}/logpush/quarantine", site.account);
    assert_eq!(site.get(&path).await.text.lines().count(), 3);
    assert_eq!(site.quarantine("").await.len(), 0);
}

#[tokio::test]
async fn a_zones_token_keeps_what_is_not_the_zones_in_the_zones_quarantine() {
    let site = Site::start().await;
    let bound = json!({"permissions": ["logs:ingest"], "zone_id": site.zone});
    let token = site.add_token(&bound).await;
    let result = send_edge(&site, &token, MIXED).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(2), &json!(3)));
    assert_eq!(site.quarantine("").await.len(), 3);
}

#[tokio::test]
async fn a_dataset_of_accounts_has_no_shared_edge() {
    let site = Site::start().await;
    let request = site.request(Method::POST, "/ingest/v1/audit_logs");
    let request = request.bearer_auth(site.service.admin_token()).body("{}");
    let message = send(request).await.failure(400, 1002);
    assert!(message.contains("`audit_logs`"), "{message}");
}

#[tokio::test]
async fn a_new_zone_counts_at_once() {
    let site = Site::start().await;
    let body = r#"{"ClientRequestHost":"new.example"}"#;
    let token = site.service.admin_token();
    assert_eq!(send_edge(&site, token, body).await.result()["accepted"], 0);
    site.add_zone(&site.account, "new.example").await;
    assert_eq!(send_edge(&site, token, body).await.result()["accepted"], 1);
}
