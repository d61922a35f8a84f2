//! Tokens.

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site, send};

async fn verify(site: &Site, token: &str) -> Answer {
    site.call(token, Method::GET, "/user/tokens/verify", None).await
}

#[tokio::test]
async fn a_token_shows_its_text_once_and_works_until_it_is_revoked() {
    let site = Site::start().await;
    let body = json!({
        "name": "edge", "permissions": ["logs:ingest"], "zone_id": site.zone,
        "expires_on": "2200-01-01T00:00:00Z",
    });
    let token = site.post("/user/tokens", &body).await.result();
    let (id, text) = (token["id"].as_str().unwrap(), token["value"].as_str().unwrap());
    assert_eq!(text.len(), 40);
    assert_eq!((&token["zone_id"], &token["account_id"]), (&json!(site.zone), &Value::Null));
    let verified = verify(&site, text).await.result();
    assert_eq!((verified["id"].as_str(), &verified["status"]), (Some(id), &json!("active")));
    assert_eq!(verified["expires_on"], "2200-01-01T00:00:00Z");

    let listed = site.get("/user/tokens").await;
    assert!(!listed.text.contains(text));
    let listed = listed.result();
    let listed = listed.as_array().unwrap().iter().find(|listed| listed["id"] == id).unwrap();
    assert_eq!(
        (&listed["name"], &listed["permissions"]),
        (&json!("edge"), &json!(["logs:ingest"]))
    );

    let revoked = site.delete(&format!("/user/tokens/{id}")).await.result();
    assert_eq!(revoked, json!({"id": id}));
    verify(&site, text).await.failure(401, 1000);
    site.delete(&format!("/user/tokens/{id}")).await.failure(404, 1001);
}

#[tokio::test]
async fn who_has_just_sent_records_sends_none_once_the_token_or_the_zone_is_gone() {
    let site = Site::start().await;
    let body = json!({"permissions": ["logs:ingest"], "account_id": site.account});
    let token = site.post("/user/tokens", &body).await.result();
    let (id, text) = (token["id"].as_str().unwrap(), token["value"].as_str().unwrap());
    let zone = site.add_zone(&site.account, "taco.example").await;
    let send_to = async |zone: &str| {
        let door = format!("/ingest/v1/zones/{zone}/http_requests");
        let request = site.request(Method::POST, &door).bearer_auth(text);
        send(request.body("{\"RayID\":\"1\"}\n")).await
    };
    for zone in [&zone, &site.zone] {
        send_to(zone).await.result();
        send_to(zone).await.result();
    }
    site.delete(&format!("/zones/{zone}")).await.result();
    send_to(&zone).await.failure(404, 1001);
    send_to(&site.zone).await.result();
    site.delete(&format!("/user/tokens/{id}")).await.result();
    send_to(&site.zone).await.failure(401, 10000);
}

#[tokio::test]
async fn an_administrator_makes_tokens_within_their_own_bounds_only() {
    let site = Site::start().await;
    let bound = |key: &str, id: &str| json!({"permissions": ["admin"], key: id});
    let admin = site.add_token(&bound("account_id", &site.account)).await;
    let zone_admin = site.add_token(&bound("zone_id", &site.zone)).await;
    let tacos = site.add_account("Tacos").await;
    let taco_zone = site.add_zone(&tacos, "taco.example").await;
    let create = |token: &str, body: Value| {
        let (site, token) = (&site, token.to_owned());
        async move { site.call(&token, Method::POST, "/user/tokens", Some(&body)).await }
    };
    create(&admin, bound("zone_id", &site.zone)).await.result();
    create(&admin, bound("account_id", &site.account)).await.result();
    create(&admin, bound("account_id", &tacos)).await.failure(403, 9109);
    create(&admin, bound("zone_id", &taco_zone)).await.failure(404, 1001);
    create(&admin, json!({"permissions": ["admin"]})).await.failure(403, 9109);
    create(&zone_admin, bound("zone_id", &site.zone)).await.result();
    create(&zone_admin, bound("account_id", &site.account)).await.failure(403, 9109);

    let own = site.call(&zone_admin, Method::GET, "/user/tokens", None).await.result();
    assert_eq!(own.as_array().unwrap().len(), 3);
    let of_account = site.call(&admin, Method::GET, "/user/tokens", None).await.result();
    assert_eq!(of_account.as_array().unwrap().len(), 5);
    let operators = site.get("/user/tokens").await.result();
    let operators = operators.as_array().unwrap().iter();
    let unbound = operators.filter(|t| t["account_id"].is_null() && t["zone_id"].is_null());
    let unbound = unbound.map(|t| t["id"].as_str().unwrap().to_owned()).next().unwrap();
    let path = format!("/user/tokens/{unbound}");
    site.call(&admin, Method::DELETE, &path, None).await.failure(404, 1001);
}

#[tokio::test]
async fn what_cannot_be_is_refused_all_at_once() {
    let site = Site::start().await;
    let body = json!({
        "name": "x".repeat(200), "permissions": ["logs:read", "logs:all"], "account_id": "5",
        "zone_id": site.zone, "expires_on": "2020-01-01T00:00:00Z", "policies": [],
    });
    let answer = site.post("/user/tokens", &body).await;
    let message = answer.failure(400, 1003);
    let expected = ["/policies", "/name", "/permissions/1", "/account_id", "/expires_on"];
    assert_eq!(answer.pointers(), expected);
    assert!(
        message.contains("`logs:all` is no permission: expected one of `logs:read`"),
        "{message}"
    );
    let both = json!({"permissions": ["admin"], "account_id": site.account, "zone_id": site.zone});
    assert_eq!(site.post("/user/tokens", &both).await.pointers(), ["/zone_id"]);
    assert_eq!(site.post("/user/tokens", &json!({})).await.pointers(), ["/permissions"]);
    let reserved = json!({"name": "administrator (from the settings)", "permissions": ["admin"]});
    assert_eq!(site.post("/user/tokens", &reserved).await.pointers(), ["/name"]);
}
