//! Logging in and out of the dashboard, what a session is worth, and what is asked of a form.

use reqwest::Method;
use serde_json::json;

use crate::browser::{Browser, csrf, location};
use crate::site::{Site, send};

#[tokio::test]
async fn a_token_logs_in_and_logging_out_ends_it() {
    let site = Site::start().await;
    let mut browser = Browser::new(&site);
    assert_eq!(location(&browser.get("/").await), "/login");
    let page = browser.page("/login").await;
    assert!(page.contains("API token"));

    for wrong in ["", "nonsense"] {
        let answer = browser.post("/login", &[("token", wrong)]).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(answer.text.contains("role=\"alert\""));
    }
    let token = site.service.admin_token();
    let answer = browser.post("/login", &[("token", token)]).await;
    assert_eq!(location(&answer), "/");
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for part in ["logpush_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains(token), "{cookie}");
    browser.take_cookie(&answer);
    let logs = format!("/{}/logs", site.scope());
    assert_eq!(location(&browser.get("/").await), logs);
    assert_eq!(location(&browser.get("/login").await), "/");

    let out = browser.send(&logs, "/logout", &[]).await;
    assert_eq!(location(&out), "/login?out=1");
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    // The cookie is worth nothing any more, whoever kept it.
    assert!(location(&browser.get(&logs).await).starts_with("/login?next="));
}

#[tokio::test]
async fn every_page_carries_the_headers_that_protect_it() {
    let site = Site::start().await;
    let browser = Browser::logged_in(&site, site.service.admin_token()).await;
    let logs = format!("/{}/logs", site.scope());
    for path in ["/login/once/x", "/accounts", &logs, "/zones/none/logs"] {
        let answer = browser.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
        for inline in ["style=\"", "<script>", " onclick=", "javascript:"] {
            assert!(!answer.text.contains(inline), "{path} has `{inline}`");
        }
    }
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_session_and_a_page_of_ours() {
    let site = Site::start().await;
    let admin = site.service.admin_token();
    let (browser, other) =
        (Browser::logged_in(&site, admin).await, Browser::logged_in(&site, admin).await);
    let path = format!("/accounts/{}/settings/zones", site.account);
    let own = csrf(&browser.page(&path).await);
    let foreign = csrf(&other.page(&path).await);
    assert_ne!(own, foreign);
    for fields in [&[("name", "a.example")][..], &[("name", "a.example"), ("csrf", &foreign)]] {
        assert_eq!(browser.post(&path, fields).await.status, 403);
    }
    let fields = [("name", "a.example"), ("csrf", own.as_str())];
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        assert_eq!(browser.post_with(&path, &fields, &[header]).await.status, 403, "{header:?}");
        let login = [("token", admin)];
        assert_eq!(browser.post_with("/login", &login, &[header]).await.status, 403);
    }
    assert!(!browser.page(&path).await.contains("a.example"));
    let same = [("sec-fetch-site", "same-origin")];
    assert_eq!(location(&browser.post_with(&path, &fields, &same).await), path);
    assert!(browser.page(&path).await.contains("a.example"));
}

#[tokio::test]
async fn a_revoked_token_ends_its_sessions() {
    let site = Site::start().await;
    let body = json!({"permissions": ["logs:read"], "zone_id": site.zone, "name": "short"});
    let token = site.post("/user/tokens", &body).await.result();
    let browser = Browser::logged_in(&site, token["value"].as_str().unwrap()).await;
    let logs = format!("/{}/logs", site.scope());
    browser.page(&logs).await;
    site.delete(&format!("/user/tokens/{}", token["id"].as_str().unwrap())).await.result();
    assert!(location(&browser.get(&logs).await).starts_with("/login"));
}

#[tokio::test]
async fn a_form_that_meets_an_ended_session_is_kept_over_the_login() {
    let site = Site::start().await;
    let admin = site.service.admin_token();
    let mut browser = Browser::logged_in(&site, admin).await;
    let path = format!("/accounts/{}/settings/zones", site.account);
    let old = csrf(&browser.page(&path).await);
    browser.send(&path, "/logout", &[]).await;

    let typed = "kept\"><b>.example";
    let answer = browser.post(&path, &[("csrf", &old), ("name", typed)]).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.text.contains("<b>.example"), "{answer:?}");
    assert!(answer.text.contains("name=\"kept.name\""), "{answer:?}");
    let fields = [("token", "wrong"), ("next", path.as_str()), ("kept.name", "kept.example")];
    let answer = browser.post("/login", &fields).await;
    assert!(answer.text.contains("value=\"kept.example\""), "{answer:?}");

    let fields = [("token", admin), ("next", path.as_str()), ("kept.name", "kept.example")];
    let answer = browser.post("/login", &fields).await;
    assert_eq!(answer.status, 200);
    browser.take_cookie(&answer);
    assert!(answer.text.contains(&format!("action=\"{path}\"")), "{answer:?}");
    let fresh = csrf(&answer.text);
    let answer = browser.post(&path, &[("csrf", &fresh), ("name", "kept.example")]).await;
    assert_eq!(location(&answer), path);
    assert!(browser.page(&path).await.contains("The domain kept.example is added."));
}

#[tokio::test]
async fn a_login_leads_back_to_the_page_and_nowhere_else() {
    let site = Site::start().await;
    let browser = Browser::new(&site);
    let token = site.service.admin_token();
    let login = async |next: &str| {
        let answer = browser.post("/login", &[("token", token), ("next", next)]).await;
        location(&answer).to_owned()
    };
    assert_eq!(login("/accounts?page=2").await, "/accounts?page=2");
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example", "x"] {
        assert_eq!(login(next).await, "/", "{next}");
    }
}

#[tokio::test]
async fn a_login_link_is_used_up_by_its_button_and_not_by_looking() {
    let site = Site::start().await;
    let path = site.service.login_path().unwrap();
    let mut browser = Browser::new(&site);
    for _ in 0..3 {
        assert!(browser.page(&path).await.contains("method=\"post\""));
    }
    let answer = browser.post(&path, &[]).await;
    assert_eq!(location(&answer), "/");
    browser.take_cookie(&answer);
    browser.page("/accounts").await;
    assert_eq!(browser.get(&path).await.status, 410);
    assert_eq!(Browser::new(&site).post(&path, &[]).await.status, 410);
}

#[tokio::test]
async fn a_cookie_is_secure_behind_a_trusted_proxy_with_tls_only() {
    let site = Site::start_with(None, |config| {
        config.api.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let token = site.service.admin_token();
    let browser = Browser::new(&site);
    for (proto, secure) in [("https", true), ("http", false)] {
        let headers = [("x-forwarded-proto", proto)];
        let answer = browser.post_with("/login", &[("token", token)], &headers).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
    }
    let untrusting = Site::start().await;
    let token = untrusting.service.admin_token();
    let headers = [("x-forwarded-proto", "https")];
    let browser = Browser::new(&untrusting);
    let answer = browser.post_with("/login", &[("token", token)], &headers).await;
    assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Secure"));
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_for_browsers_and_json_for_programs() {
    let site = Site::start().await;
    let browser = Browser::new(&site);
    let answer = browser.get("/nothing").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("There is nothing here"));
    assert!(browser.get("/client/v4/nothing").await.json()["success"] == false);
    send(site.request(Method::GET, "/nothing")).await.failure(404, 7003);
}
