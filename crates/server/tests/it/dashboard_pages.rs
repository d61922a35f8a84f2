//! The dashboard's pages: what they show, to whom, and that hostile text stays text.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;

use crate::api_jobs::KEYED;
use crate::browser::{Browser, location};
use crate::site::{Site, send};

/// The pages of a scope and of its account.
fn pages(scope: &str, account: &str) -> Vec<String> {
    let mut pages: Vec<String> = ["logs", "quarantine", "quarantine.ndjson"]
        .iter()
        .map(|page| format!("/{scope}/{page}"))
        .collect();
    for page in ["zones", "tokens", "audit"] {
        pages.push(format!("/accounts/{account}/settings/{page}"));
    }
    pages
}

#[tokio::test]
async fn pages_of_another_customer_are_not_there() {
    let site = Site::start().await;
    let other = site.add_account("Tacos").await;
    let other_zone = site.add_zone(&other, "tacos.example").await;
    let token = site.add_token(&json!({"permissions": ["admin"], "account_id": other})).await;
    let browser = Browser::logged_in(&site, &token).await;
    for path in pages(&format!("zones/{other_zone}"), &other) {
        browser.page(&path).await;
    }
    let absent = "0".repeat(32);
    let mine = [site.scope(), format!("accounts/{}", site.account)];
    for (own, none) in mine.iter().zip([format!("zones/{absent}"), format!("accounts/{absent}")]) {
        let theirs = pages(own, &site.account);
        for (path, absent) in theirs.iter().zip(pages(&none, &absent)) {
            let (answer, nothing) = (browser.get(path).await, browser.get(&absent).await);
            assert_eq!((answer.status, nothing.status), (404, 404), "{path}");
            assert_eq!(answer.text, nothing.text, "{path}");
        }
    }
    for path in ["zones", "zones/remove", "tokens", "tokens/revoke"] {
        let path = format!("/accounts/{}/settings/{path}", site.account);
        let from = format!("/accounts/{other}/settings/zones");
        assert_eq!(browser.send(&from, &path, &[("name", "x.example")]).await.status, 404);
    }
    let selection = browser.page("/accounts").await;
    assert!(selection.contains("tacos.example") && !selection.contains("burritobot"));
}

#[tokio::test]
async fn who_may_only_look_sees_no_settings() {
    let site = Site::start().await;
    let body = json!({"permissions": ["logs:read"], "account_id": site.account});
    let browser = Browser::logged_in(&site, &site.add_token(&body).await).await;
    let logs = browser.page(&format!("/{}/logs", site.scope())).await;
    assert!(!logs.contains("/settings/") && !logs.contains("/logs/new"), "{logs}");
    let path = format!("/accounts/{}/settings/tokens", site.account);
    assert_eq!(browser.get(&path).await.status, 403);
}

#[tokio::test]
async fn refused_lines_are_shown_harmlessly() {
    let site = Site::start().await;
    let long = "x".repeat(70_000);
    let hostile =
        format!("<script>alert(1)</script>\u{202e}\u{200b}\u{7}&amp;\n\"{long}\"\n[]\u{0}\n");
    site.ingest(hostile).await.result();
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let path = format!("/{}/quarantine", site.scope());
    let page = browser.page(&path).await;
    for harmful in ["<script>alert", "\u{202e}", "\u{200b}", "\u{7}", "\0"] {
        assert!(!page.contains(harmful), "{harmful:?}");
    }
    for shown in ["⟨U+202E⟩", "⟨U+200B⟩", "⟨U+0007⟩", "⟨U+0000⟩", "&#38;amp;", "cut here"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(page.len() < 20_000, "{}", page.len());
    let file = browser.get(&format!("{path}.ndjson")).await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"quarantine.ndjson\"");
    assert_eq!(file.text.lines().count(), 3);
    assert!(file.text.contains(&long[..60_000]));
}

#[tokio::test]
async fn a_thousand_jobs_are_paged_and_searched() {
    let site = Site::start_with(None, |config| {
        config.api.jobs_per_scope_max = 2_000;
        config.api.requests_burst = 10_000;
    })
    .await;
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let logs = format!("/{}/logs", site.scope());
    let page = browser.page(&logs).await;
    assert!(page.contains("Connect a service") && !page.contains("<table"), "{page}");
    add_jobs(&site, 1_000).await;
    let page = browser.page(&logs).await;
    assert!(page.contains("1–25 of 1,000") && page.contains("Paused"), "{page}");
    assert_eq!(page.matches("<tr>").count(), 26);
    let last = browser.page(&format!("{logs}?page=40")).await;
    assert!(last.contains("976–1,000 of 1,000"));
    let beyond = browser.page(&format!("{logs}?page=99999")).await;
    assert!(beyond.contains("976–1,000 of 1,000"));
    let found = browser.page(&format!("{logs}?q=BURRITO-0777")).await;
    assert!(found.contains("burrito-0777") && found.contains("1 found"), "{found}");
    let none = browser.page(&format!("{logs}?q=%3Cb%3E")).await;
    assert!(none.contains("Nothing is called like that") && !none.contains("<b>"));
}

/// Adds paused jobs.
async fn add_jobs(site: &Site, number: usize) {
    let path = format!("/{}/logpush/jobs", site.scope());
    for index in 0..number {
        let name = format!("burrito-{index:04}");
        let body = json!({
            "dataset": "http_requests", "destination_conf": KEYED, "name": name, "enabled": false,
        });
        site.post(&path, &body).await.result();
    }
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked() {
    let site = Site::start().await;
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let path = format!("/accounts/{}/settings/tokens", site.account);
    let answer = browser.send(&path, &path, &[("name", "edge <1>")]).await;
    assert!(answer.text.contains("Choose what the token may do."), "{answer:?}");
    assert!(answer.text.contains("value=\"edge &#60;1&#62;\""), "{answer:?}");
    let fields =
        [("name", "edge <1>"), ("permission", "logs:read"), ("place", &site.zone), ("days", "30")];
    let answer = browser.send(&path, &path, &fields).await;
    let text = answer.text.split("id=\"made\" tabindex=\"0\">").nth(1).expect("the token's text");
    let token = text.split('<').next().unwrap().to_owned();
    assert!(!browser.page(&path).await.contains(&token));
    site.call(&token, Method::GET, &format!("/{}/logpush/jobs", site.scope()), None).await.result();

    let page = browser.page(&path).await;
    let id = page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let revoked = browser.send(&path, &format!("{path}/revoke"), &[("token", id)]).await;
    assert_eq!(location(&revoked), path);
    assert!(browser.page(&path).await.contains("is revoked."));
    site.call(&token, Method::GET, "/zones", None).await.failure(401, 10000);
    let audit = browser.page(&format!("/accounts/{}/settings/audit", site.account)).await;
    assert!(audit.contains("revoked the token") && audit.contains("edge &#60;1&#62;"), "{audit}");
}

#[tokio::test]
async fn domains_are_the_operators_to_add_and_delete() {
    let site = Site::start().await;
    let path = format!("/accounts/{}/settings/zones", site.account);
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let refused = browser.send(&path, &path, &[("name", "no domain")]).await;
    assert!(refused.text.contains("This is no domain"), "{refused:?}");
    assert!(refused.text.contains("value=\"no domain\""));
    let taken = browser.send(&path, &path, &[("name", "burritobot.example")]).await;
    assert!(taken.text.contains("role=\"alert\""), "{taken:?}");
    let gone = browser.send(&path, &format!("{path}/remove"), &[("zone", &site.zone)]).await;
    assert_eq!(location(&gone), path);
    assert!(browser.page(&path).await.contains("No domain yet"));

    let body = json!({"permissions": ["admin"], "account_id": site.account});
    let customer = Browser::logged_in(&site, &site.add_token(&body).await).await;
    assert!(!customer.page(&path).await.contains("Add a domain"));
    assert_eq!(customer.send(&path, &path, &[("name", "b.example")]).await.status, 403);
}

#[tokio::test]
async fn the_first_page_is_small_with_all_that_it_loads() {
    let site = Site::start().await;
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let page = browser.page(&format!("/{}/logs", site.scope())).await;
    let mut transferred = page.len();
    let addresses: Vec<&str> =
        page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(addresses.len() >= 3, "{addresses:?}");
    for address in addresses {
        let asset = send(site.request(Method::GET, address)).await;
        assert_eq!(asset.status, 200);
        assert!(asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(asset.text.as_bytes()).unwrap();
        let gzipped = site.request(Method::GET, address).header("accept-encoding", "gzip");
        let gzipped = gzipped.send().await.unwrap();
        assert_eq!(gzipped.headers()["content-encoding"], "gzip");
        transferred += gzipped.bytes().await.unwrap().len();
    }
    assert!(transferred < 100_000, "{transferred} bytes");
    assert_eq!(send(site.request(Method::GET, "/assets/app.css")).await.status, 404);
}

#[tokio::test]
async fn what_is_the_matter_with_the_service_stands_above_the_list_of_logs() {
    // No disk has so much room.
    let site = Site::start_with(None, |config| config.journal.free_bytes_min = 1 << 50).await;
    let body = json!({"permissions": ["logs:read"], "zone_id": site.zone});
    let customer = Browser::logged_in(&site, &site.add_token(&body).await).await;
    let operator = Browser::logged_in(&site, site.service.admin_token()).await;
    let path = format!("/{}/logs", site.scope());
    let banner = "No records are taken in now";
    assert!(!operator.page(&path).await.contains(banner));
    site.ingest("{\"RayID\":\"1\"}").await.failure(503, 1053);
    let page = operator.page(&path).await;
    assert!(page.contains(banner) && page.contains("bytes are free"), "{page}");
    let page = customer.page(&path).await;
    assert!(page.contains(banner) && !page.contains("bytes are free"), "{page}");
}
