//! Accounts and zones.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn accounts_are_added_listed_and_shown() {
    let site = Site::start().await;
    let tacos = site.add_account("Tacos").await;
    let answer = site.get("/accounts?per_page=1&page=2").await;
    let info = json!({"page": 2, "per_page": 1, "count": 1, "total_count": 2, "total_pages": 2});
    assert_eq!(answer.json()["result_info"], info);
    assert_eq!(answer.result()[0]["id"], tacos.as_str());
    let shown = site.get(&format!("/accounts/{tacos}")).await.result();
    assert_eq!((&shown["id"], &shown["name"]), (&json!(tacos), &json!("Tacos")));
    let named = site.get("/accounts?name=Tacos").await;
    assert_eq!(
        (named.result()[0]["id"].as_str(), &named.json()["result_info"]["total_count"]),
        (Some(tacos.as_str()), &json!(1))
    );
    site.get("/accounts/00000000000000000000000000000001").await.failure(404, 1001);
    site.get("/accounts/xyz").await.failure(404, 7003);
}

#[tokio::test]
async fn zones_are_added_and_found_by_name() {
    let site = Site::start().await;
    let tacos = site.add_account("Tacos").await;
    let body = json!({"name": "Taco.Example.", "account": {"id": tacos}, "type": "full"});
    let zone = site.post("/zones", &body).await.result();
    assert_eq!((&zone["name"], &zone["status"]), (&json!("taco.example"), &json!("active")));
    assert_eq!(zone["account"], json!({"id": tacos, "name": "Tacos"}));
    let id = zone["id"].as_str().unwrap();
    for path in [
        format!("/zones/{id}"),
        "/zones?name=taco.example".to_owned(),
        "/zones?name=TACO.example&status=active&order=name".to_owned(),
        format!("/zones?account.id={tacos}"),
    ] {
        let found = site.get(&path).await.result();
        let found = if found.is_array() { found[0].clone() } else { found };
        assert_eq!(found, zone, "{path}");
    }
    assert_eq!(site.get("/zones?name=nobody.example").await.result(), json!([]));
    assert_eq!(site.get("/zones").await.json()["result_info"]["total_count"], 2);
}

#[tokio::test]
async fn what_cannot_be_is_refused_all_at_once() {
    let site = Site::start().await;
    let answer = site.post("/zones", &json!({"name": "a b", "acount": {}})).await;
    answer.failure(400, 1003);
    assert_eq!(answer.pointers(), ["/acount", "/name", "/account"]);
    let message = site.post("/zones", &json!({"acount": {}})).await.failure(400, 1003);
    assert!(message.contains("did you mean `account`?"), "{message}");
    let twice = json!({"name": "burritobot.example", "account": {"id": site.account}});
    site.post("/zones", &twice).await.failure(409, 1009);
    let nobody = json!({"name": "x.example", "account": {"id": "0".repeat(32)}});
    site.post("/zones", &nobody).await.failure(404, 1001);
    let answer = site.post("/accounts", &json!({"name": 5})).await;
    assert_eq!(
        (answer.failure(400, 1003), answer.pointers()),
        ("`/name`: expected a string, found `5`".to_owned(), vec!["/name".to_owned()])
    );
    site.post("/accounts", &json!([])).await.failure(400, 1002);
    for query in ["page=0", "per_page=1001", "page=x"] {
        site.get(&format!("/zones?{query}")).await.failure(400, 1002);
    }
}
