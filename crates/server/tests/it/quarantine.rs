//! The quarantine, downloaded.

use serde_json::json;

use crate::site::{Site, send};

#[tokio::test]
async fn lines_come_with_dataset_and_arrival_newest_last() {
    let site = Site::start().await;
    site.ingest("first\n{\"RayID\":\"1\"}\nsecond\n").await.result();
    send(site.door("firewall_events").body("third\n")).await.result();
    let kept = site.quarantine("").await;
    let contents: Vec<_> = kept.iter().map(|line| line["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["first", "second", "third"]);
    assert_eq!((&kept[1]["dataset"], &kept[1]["line"]), (&json!("http_requests"), &json!(3)));
    assert!(kept[0]["arrival"].as_str().unwrap().ends_with('Z'));
    assert!(kept[0]["source"].is_null());

    assert_eq!(site.quarantine("?limit=1").await[0]["content"], "third");
    let firewall = site.quarantine("?dataset=firewall_events").await;
    assert_eq!(firewall.len(), 1);
    assert_eq!(firewall[0]["content"], "third");
    let path = format!("/{}/logpush/quarantine?limit=0", site.scope());
    site.get(&path).await.failure(400, 1002);
}

#[tokio::test]
async fn each_scope_has_its_own() {
    let site = Site::start().await;
    site.ingest("bad\n").await.result();
    let other = site.add_zone(&site.account, "other.example").await;
    assert_eq!(site.get(&format!("/zones/{other}/logpush/quarantine")).await.text, "");
    assert_eq!(site.get("/logpush/quarantine").await.text, "");
    assert_eq!(site.quarantine("").await.len(), 1);
}
