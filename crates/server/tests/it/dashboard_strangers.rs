//! Every page of the table, asked for by somebody whose it is not.

use reqwest::Method;
use serde_json::json;
use server::{Access, Offered, pages};

use crate::api_jobs::KEYED;
use crate::browser::{Browser, csrf, location};
use crate::site::{Answer, Site};

/// The pages that belong to a zone or account.
fn pages_of_scopes() -> Vec<Offered> {
    let is_of_scope = |page: &Offered| matches!(page.access, Access::InScope(_));
    let pages: Vec<Offered> = pages().into_iter().filter(is_of_scope).collect();
    assert!(pages.len() > 30, "{}", pages.len());
    pages
}

/// The path of a page of this zone or account.
fn path(page: &Offered, zone: &str, account: &str, job: &str) -> String {
    page.path
        .replace("{zone_id}", zone)
        .replace("{account_id}", account)
        .replace("{job_id}", job)
        .replace("{draft}", &"1".repeat(32))
        .replace("{step}", "fields")
        .replace("{format}", "json")
}

async fn add_job(site: &Site) -> String {
    let body = json!({ "dataset": "http_requests", "destination_conf": KEYED, "name": "mine" });
    let job = site.post(&format!("/{}/logpush/jobs", site.scope()), &body).await.result();
    job["id"].to_string()
}

async fn ask(browser: &Browser, page: &Offered, path: &str, csrf: &str) -> Answer {
    match page.method {
        Method::POST => browser.post(path, &[("csrf", csrf), ("name", "mine")]).await,
        _ => browser.get(path).await,
    }
}

#[tokio::test]
async fn every_page_of_another_customer_looks_like_one_that_is_not_there() {
    let site = Site::start().await;
    let job = add_job(&site).await;
    let other = site.add_account("Tacos").await;
    let token = site.add_token(&json!({"permissions": ["admin"], "account_id": other})).await;
    let browser = Browser::logged_in(&site, &token).await;
    let csrf = csrf(&browser.page(&format!("/accounts/{other}/logs")).await);
    let absent = "0".repeat(32);
    for page in pages_of_scopes() {
        let theirs = path(&page, &site.zone, &site.account, &job);
        let nowhere = path(&page, &absent, &absent, &job);
        let answer = ask(&browser, &page, &theirs, &csrf).await;
        let nothing = ask(&browser, &page, &nowhere, &csrf).await;
        let about = format!("{} {}", page.method, page.path);
        assert_eq!((answer.status, nothing.status), (404, 404), "{about}: {answer:?}");
        let same = answer.text.replace(&site.zone, &absent).replace(&site.account, &absent);
        assert_eq!(same, nothing.text, "{about}");
    }
    let job = site.get(&format!("/{}/logpush/jobs/{job}", site.scope())).await.result();
    assert_eq!(job["name"], "mine");
}

#[tokio::test]
async fn every_page_asks_a_stranger_to_log_in() {
    let site = Site::start().await;
    let job = add_job(&site).await;
    let stranger = Browser::new(&site);
    for page in pages_of_scopes() {
        let path = path(&page, &site.zone, &site.account, &job);
        let answer = ask(&stranger, &page, &path, "none").await;
        let about = format!("{} {}: {answer:?}", page.method, page.path);
        match page.method {
            Method::POST => assert_eq!(answer.status, 401, "{about}"),
            _ => assert!(location(&answer).starts_with("/login?next="), "{about}"),
        }
        assert!(!answer.text.contains("verysecret") && !answer.text.contains("burritobot"));
    }
}

#[tokio::test]
async fn every_form_needs_the_token_of_its_session() {
    let site = Site::start().await;
    let job = add_job(&site).await;
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    for page in pages_of_scopes().iter().filter(|page| page.method == Method::POST) {
        let path = path(page, &site.zone, &site.account, &job);
        let answer = ask(&browser, page, &path, "another").await;
        assert_eq!(answer.status, 403, "{}: {answer:?}", page.path);
    }
}
