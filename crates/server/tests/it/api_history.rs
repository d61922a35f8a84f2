//! Who changed what, what happened to a job, and what cannot be deleted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_jobs::KEYED;
use crate::site::{Site, send};

fn actions(log: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let entries = log.as_array().expect("a list").iter();
    entries.map(|entry| (text(&entry["action"]), text(&entry["resource"]["type"]))).collect()
}

fn pair(action: &str, kind: &str) -> (String, String) {
    (action.to_owned(), kind.to_owned())
}

#[tokio::test]
async fn every_change_is_on_the_trail_with_who_made_it_and_no_secrets() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let body = json!({"name": "deployer", "permissions": ["logs:write"], "zone_id": site.zone});
    let token = site.post("/user/tokens", &body).await.result();
    let (id, text) = (&token["id"], token["value"].as_str().unwrap());
    let ask = async |method, path: &str, body: Option<Value>| {
        site.call(text, method, path, body.as_ref()).await.result()
    };
    let job = json!({"dataset": "http_requests", "destination_conf": KEYED});
    let made = ask(Method::POST, &path, Some(job)).await;
    let one = format!("{path}/{}", made["id"]);
    for change in [
        json!({"enabled": true}),
        json!({"enabled": false}),
        json!({"name": "other"}),
        json!({"name": "other"}),
    ] {
        ask(Method::PUT, &one, Some(change)).await;
    }
    ask(Method::DELETE, &one, None).await;

    let trail = format!("/accounts/{}/audit_logs", site.account);
    let log = site.get(&trail).await;
    assert!(!log.text.contains("verysecret") && log.text.contains("****"), "{}", log.text);
    assert!(!log.text.contains(text));
    let log = log.result();
    let expected = [
        pair("delete", "job"),
        pair("update", "job"),
        pair("disable", "job"),
        pair("enable", "job"),
        pair("create", "job"),
        pair("create", "token"),
        pair("create", "zone"),
        pair("create", "account"),
    ];
    assert_eq!(actions(&log), expected, "a change that changes nothing is none");
    let update = &log[1];
    let actor = json!({"token_id": id, "name": "deployer", "ip": "127.0.0.1"});
    assert_eq!((&update["actor"], &update["account_id"]), (&actor, &json!(site.account)));
    assert_eq!(
        (&update["before"]["name"], &update["after"]["name"]),
        (&Value::Null, &json!("other"))
    );
    let page = site.get(&format!("{trail}?per_page=3&page=3")).await;
    assert_eq!(page.json()["result_info"]["total_count"], 8);
    assert_eq!(actions(&page.result()), expected[6..]);

    site.add_account("Tacos").await;
    assert_eq!(site.get(&trail).await.json()["result_info"]["total_count"], 8);
    let all = site.get("/audit_logs").await.json();
    assert!(all["result_info"]["total_count"].as_u64() > Some(8));
}

#[tokio::test]
async fn a_trusted_proxy_tells_who_asked() {
    let trusted = |config: &mut server::Config| {
        config.api.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    let site = Site::start_with(None, trusted).await;
    let request = site
        .request(Method::POST, "/client/v4/accounts")
        .bearer_auth(site.service.admin_token())
        .header("x-forwarded-for", "192.0.2.1, 198.51.100.7")
        .json(&json!({"name": "Tacos"}));
    send(request).await.result();
    let log = site.get("/audit_logs?per_page=1").await.result();
    assert_eq!(log[0]["actor"]["ip"], "198.51.100.7");
}

#[tokio::test]
async fn a_job_tells_what_happened_and_what_it_did() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/jobs", site.scope());
    let job = json!({"dataset": "http_requests", "destination_conf": KEYED});
    let path = format!("{path}/{}", site.post(&path, &job).await.result()["id"]);
    let events = site.get(&format!("{path}/events")).await;
    assert_eq!(
        (events.result(), &events.json()["result_info"]["total_count"]),
        (json!([]), &json!(0))
    );
    for query in ["", "?from=2026-11-01T00:00:00Z&to=2026-11-23T00:00:00Z", "?to=1700000000"] {
        assert_eq!(
            site.get(&format!("{path}/history{query}")).await.result(),
            json!([]),
            "{query}"
        );
    }
    for query in [
        "?from=yesterday",
        "?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z",
        "?from=2026-01-01T00:00:00Z&to=2026-11-22T00:00:00Z",
    ] {
        site.get(&format!("{path}/history{query}")).await.failure(400, 1002);
    }
}

#[tokio::test]
async fn what_something_depends_on_is_not_deleted() {
    let site = Site::start().await;
    let (zone, account) = (format!("/zones/{}", site.zone), format!("/accounts/{}", site.account));
    let job = json!({"dataset": "http_requests", "destination_conf": KEYED});
    let jobs = format!("{zone}/logpush/jobs");
    let job = site.post(&jobs, &job).await.result();
    let message = site.delete(&zone).await.failure(409, 1009);
    assert!(message.contains("jobs: 1"), "{message}");
    site.delete(&account).await.failure(409, 1009);
    site.delete(&format!("{jobs}/{}", job["id"])).await.result();
    assert_eq!(site.delete(&zone).await.result(), json!({"id": site.zone}));
    site.get(&zone).await.failure(404, 1001);
    site.delete(&zone).await.failure(404, 1001);
    assert_eq!(site.ingest("{}").await.status, 404);
    site.add_zone(&site.account, crate::site::ZONE_NAME).await;
    site.delete(&account).await.failure(409, 1009);
}

#[tokio::test]
async fn what_to_paste_for_a_bucket_is_told() {
    let arn = "arn:aws:iam::111122223333:role/logpush";
    let known = |config: &mut server::Config| {
        config.delivery.principal_arn = Some(arn.parse().unwrap());
    };
    let site = Site::start_with(None, known).await;
    let path = format!("/{}/logpush/destination/policy", site.scope());
    let own = json!({"destination_conf": "s3://burritobot/logs?region=us-west-2"});
    let policy = site.post(&path, &own).await.result();
    assert_eq!((&policy["principal"], &policy["external_id"]), (&json!(arn), &Value::Null));
    assert_eq!(policy["documents"][0]["kind"], "bucket_policy");
    let statement = &policy["documents"][0]["document"]["Statement"][0];
    assert!(statement.to_string().contains("arn:aws:s3:::burritobot/logs/*"), "{statement}");

    let account = site.get(&format!("/accounts/{}", site.account)).await.result();
    let role = "s3://b-1/logs?region=us-west-2&role-arn=arn:aws:iam::444455556666:role/push";
    let policy = site.post(&path, &json!({"destination_conf": role})).await.result();
    assert_eq!(policy["external_id"], account["external_id"]);
    assert_eq!(policy["documents"][0]["kind"], "trust_policy");
    let operators = "/logpush/destination/policy";
    let answer = site.post(operators, &json!({"destination_conf": role})).await;
    answer.failure(400, 1003);
    assert_eq!(answer.pointers(), ["/account_id"]);
    let with_account = json!({"destination_conf": role, "account_id": site.account});
    assert_eq!(site.post(operators, &with_account).await.result(), policy);
}

#[tokio::test]
async fn without_an_identity_of_its_own_the_service_says_which_setting_to_make() {
    let site = Site::start().await;
    let path = format!("/{}/logpush/destination/policy", site.scope());
    let own = json!({"destination_conf": "s3://burritobot/logs?region=us-west-2"});
    let message = site.post(&path, &own).await.failure(409, 1009);
    assert!(message.contains("delivery.principal_arn"), "{message}");
}

#[tokio::test]
async fn a_role_is_taken_on_for_its_own_account_only() {
    let site = Site::start().await;
    let account = site.get(&format!("/accounts/{}", site.account)).await.result();
    let own = account["external_id"].as_str().unwrap();
    let role = "s3://b-1/logs?region=us-west-2&role-arn=arn:aws:iam::444455556666:role/push";
    let jobs = format!("/{}/logpush/jobs", site.scope());
    for text in [role.to_owned(), format!("{role}&external-id=somebody-elses")] {
        let body = json!({"dataset": "http_requests", "destination_conf": text});
        let answer = site.post(&jobs, &body).await;
        assert_eq!(answer.pointers(), ["/destination_conf"]);
        let message = answer.failure(400, 1003);
        assert!(message.contains(&format!("external-id={own}")), "{message}");
        for path in ["ownership", "destination/check"] {
            let path = format!("/{}/logpush/{path}", site.scope());
            site.post(&path, &json!({"destination_conf": text})).await.failure(400, 1003);
        }
        let path = format!("/{}/logpush/validate/destination", site.scope());
        let result = site.post(&path, &json!({"destination_conf": text})).await.result();
        assert_eq!(result["valid"], false);
    }
    let text = format!("{role}&external-id={own}");
    let body = json!({"dataset": "http_requests", "destination_conf": text});
    site.post(&jobs, &body).await.result();
}
