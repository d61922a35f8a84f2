//! *Connect a service* without JavaScript: the whole walk by its forms.

use std::time::Duration;

use serde_json::json;

use crate::bucket::Bucket;
use crate::dashboard_hand::{Hand, Page};
use crate::site::Site;

/// A tenant's own hand in the dashboard of a site with a bucket.
async fn tenant(site: &Site) -> Hand<'_> {
    let bound = json!({"permissions": ["logs:write"], "account_id": site.account});
    Hand::with_token(site, &site.add_token(&bound).await).await
}

/// Walks to the destination with that dataset.
async fn to_destination(hand: &Hand<'_>, service: &str) -> Page {
    let page = hand.get(&format!("/{}/logs/new", hand.site.scope())).await;
    page.shows("Select the data set");
    let page = page.send(&[("dataset", "http_requests"), ("action", "next")]).await;
    page.shows("Select data fields");
    let fields = [("field", "RayID"), ("field", "ClientIP"), ("field", "EdgeStartTimestamp")];
    let page = page.send(&[&fields[..], &[("action", "next")]].concat()).await;
    page.shows("If logs match");
    let page = page.send(&[("action", "next")]).await;
    page.shows("Select a service");
    let page = page.send(&[("service", service), ("action", "next")]).await;
    page.shows("Destination information");
    page
}

const PLACE: [(&str, &str); 6] = [
    ("bucket_path", "burritobot/logs"),
    ("daily", "no"),
    ("region", "us-east-1"),
    ("encryption", ""),
    ("grant", "policy"),
    ("action", "next"),
];

/// Walks on to the ownership token.
async fn to_ownership(hand: &Hand<'_>) -> Page {
    let page = to_destination(hand, "amazon-s3").await;
    let page = page.send(&PLACE).await;
    page.shows("Validate access");
    let page = page.send(&[("action", "validate")]).await;
    page.shows("Access works.").shows("Write a file");
    let page = page.send(&[("action", "next")]).await;
    page.shows("Ownership token").shows("logs/ownership-challenge-");
    page
}

/// What the file holds that a page of the ownership token names.
fn token(page: &Page, bucket: &Bucket) -> String {
    let name = page.between("id=\"challenge-file\">", "<");
    std::fs::read_to_string(bucket.file(&name)).expect("the challenge is in the bucket")
}

#[tokio::test]
async fn a_customer_connects_a_bucket_and_objects_arrive() {
    let bucket = Bucket::start().await;
    let site = Site::start_with(Some(&bucket), |_| {}).await;
    let hand = tenant(&site).await;
    let page = to_ownership(&hand).await;
    let proof = token(&page, &bucket);
    let page = page.send(&[("ownership_token", &proof), ("action", "prove")]).await;
    page.shows("The bucket is proven to be yours.");
    let page = page.send(&[("ownership_token", &proof), ("action", "next")]).await;
    page.shows("Name and options").shows("RFC 3339").shows("192.0.2.10");
    let options = [
        ("name", "requests"),
        ("timestamp_format", "rfc3339"),
        ("max_upload_records", "1000"),
        ("action", "next"),
    ];
    let page = page.send(&options).await;
    page.shows("Summary").shows("3: ").shows("Save and Start Pushing");
    let path = page.send_to(&[("action", "next")]).await;
    let jobs = site.get(&format!("/{}/logpush/jobs", site.scope())).await.result();
    let job = &jobs[0];
    assert_eq!(path, format!("/{}/logs/{}", site.scope(), job["id"]));
    assert_eq!((&job["name"], &job["enabled"]), (&json!("requests"), &json!(true)));
    assert_eq!(job["destination_conf"], "s3://burritobot/logs?region=us-east-1");
    let options = &job["output_options"];
    let fields = json!(["ClientIP", "EdgeStartTimestamp", "RayID"]);
    let mut named = options["field_names"].as_array().unwrap().clone();
    named.sort_by_key(ToString::to_string);
    assert_eq!((json!(named), &options["timestamp_format"]), (fields, &json!("rfc3339")));

    let line = "{\"RayID\":\"3a6050bcbe121a87\",\"ClientIP\":\"192.0.2.1\"}\n";
    assert_eq!(site.ingest(line.repeat(1000)).await.status, 200);
    let arrived = async {
        while !objects(&bucket).iter().any(|name| name.ends_with(".log.gz")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("an object arrives");
}

fn objects(bucket: &Bucket) -> Vec<String> {
    let files = std::fs::read_dir(bucket.file("logs")).expect("a folder");
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let site = Site::start().await;
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "amazon-s3").await;
    let typed = [
        ("bucket_path", "Burritobot/lögs <b>"),
        ("daily", "yes"),
        ("region", "cn-north-1"),
        ("encryption", "aws:kms"),
        ("kms_key_id", "a,b"),
        ("grant", "role"),
        ("role_arn", "not-an-arn"),
        ("action", "next"),
    ];
    let page = page.send(&typed).await;
    page.shows("Destination information").shows("There is something to mend");
    for (field, expected) in [
        ("bucket_path", "lower-case letters"),
        ("region", "the China region `cn-north-1` is not supported"),
        ("kms_key_id", "visible ASCII characters without commas"),
        ("role_arn", "the ARN of a role is written"),
    ] {
        let problem = page.between(&format!("id=\"{field}-error\">"), "</p>");
        assert!(problem.contains(expected), "{field}: {problem}");
    }
    page.shows("value=\"Burritobot/lögs &#60;b&#62;\"").shows("value=\"not-an-arn\"");
    let later = hand.get(&page.path).await;
    later.shows("value=\"not-an-arn\"").shows("value=\"cn-north-1\" selected");
}

#[tokio::test]
async fn the_trust_policy_is_there_before_the_role_is() {
    let site = Site::start_with(None, |config| {
        let arn = "arn:aws:iam::391854517948:user/logpush".parse();
        config.delivery.principal_arn = Some(arn.unwrap());
    })
    .await;
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "amazon-s3").await;
    let typed = [
        ("bucket_path", "burritobot/logs"),
        ("region", "us-east-1"),
        ("encryption", "aws:kms"),
        ("kms_key_id", "arn:aws:kms:us-east-1:111122223333:key/a"),
        ("grant", "role"),
        ("role_arn", ""),
        ("action", "refresh"),
    ];
    let page = page.send(&typed).await;
    page.shows("Trust policy of the role").shows("sts:ExternalId").shows("Permissions of the role");
    page.hides("Statement for the KMS key").hides("000000000000");
    let typed = [&typed[..6], &[("action", "next")]].concat();
    page.send(&typed).await.shows("There is something to mend");
}

#[tokio::test]
async fn a_secret_is_never_shown_again() {
    let site = Site::start().await;
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "s3-compatible").await;
    let typed = [
        ("bucket_path", "burritobot"),
        ("endpoint", "https://store.example"),
        ("region", "auto"),
        ("access_key_id", "KEYID"),
        ("secret_access_key", "a-very-secret-key"),
    ];
    let page = page.send(&[&typed[..], &[("action", "refresh")]].concat()).await;
    page.shows("One is kept, and never shown").hides("a-very-secret-key");
    let page = page.send(&[&typed[..4], &[("action", "next")]].concat()).await;
    page.shows("Validate access").shows("secret-access-key=****").hides("a-very-secret-key");
    let summary = hand.get(&page.path.replace("/access", "/summary")).await;
    summary.shows("secret-access-key=****").hides("a-very-secret-key");
}

#[tokio::test]
async fn a_bucket_in_another_region_and_a_bucket_that_is_not_there_are_told_with_their_mend() {
    let store = sim::s3::S3Server::start(1, &[]).await;
    let region = "eu-west-1".to_owned();
    let settings = sim::s3::BucketSettings { region, ..sim::s3::BucketSettings::default() };
    store.set_bucket("far", settings);
    let site = Site::start_with(None, |config| {
        config.delivery.allow_private_endpoints = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "s3-compatible").await;
    let url = store.url();
    let typed = [
        ("bucket_path", "far"),
        ("endpoint", url.as_str()),
        ("region", "us-east-1"),
        ("access_key_id", sim::s3::ACCESS_KEY),
        ("secret_access_key", sim::s3::SECRET_KEY),
        ("action", "next"),
    ];
    let page = page.send(&typed).await.send(&[("action", "validate")]).await;
    page.shows("write `region=eu-west-1`").hides(sim::s3::SECRET_KEY);
    let mut absent = typed;
    absent[0].1 = "absent";
    let page = hand.get(&page.path.replace("/access", "/destination")).await.send(&absent).await;
    page.shows("The destination was changed since it was tried.");
    let page = page.send(&[("action", "validate")]).await;
    page.shows("failed").shows("`absent` does not exist").shows("change the destination");
    page.send(&[("action", "next")]).await.shows("keys of your own");
}

#[tokio::test]
async fn a_token_for_another_place_or_none_is_refused_with_the_reason() {
    let bucket = Bucket::start().await;
    let site = Site::start_with(Some(&bucket), |_| {}).await;
    let hand = tenant(&site).await;
    let page = to_ownership(&hand).await;
    let proof = token(&page, &bucket);
    let refused = page.send(&[("ownership_token", "made.up"), ("action", "next")]).await;
    refused.shows("not one that this service wrote").shows(">made.up</textarea>");
    let refused = page.send(&[("ownership_token", ""), ("action", "next")]).await;
    refused.shows("paste what the file in your bucket holds");
    page.send(&[("ownership_token", &proof), ("action", "next")]).await.shows("Name and options");
    // The destination is changed after it was proven.
    let destination = hand.get(&page.path.replace("/ownership", "/destination")).await;
    let mut place = PLACE;
    place[0].1 = "burritobot/other";
    destination.send(&place).await.shows("The destination was changed since it was tried.");
    let stale = hand.get(&page.path).await;
    stale.shows("for another bucket or path");
    let summary = hand.get(&page.path.replace("/ownership", "/summary")).await;
    summary.shows("Before it can be saved");
    summary.send(&[("action", "next")]).await.shows("for another bucket or path");
    assert_eq!(site.get(&format!("/{}/logpush/jobs", site.scope())).await.result(), json!([]));
}

#[tokio::test]
async fn a_draft_is_there_for_its_owner_alone() {
    let site = Site::start().await;
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "amazon-s3").await;
    hand.get(&page.path).await.shows("Destination information");
    let other_of_account = tenant(&site).await;
    assert_eq!(other_of_account.get(&page.path).await.status, 404);
    let account = site.add_account("Tacos").await;
    let zone = site.add_zone(&account, "taco.example").await;
    let bound = json!({"permissions": ["logs:write"], "account_id": account});
    let stranger = Hand::with_token(&site, &site.add_token(&bound).await).await;
    assert_eq!(stranger.get(&page.path).await.status, 404);
    let elsewhere = page.path.replace(&site.zone, &zone);
    assert_eq!(stranger.get(&elsewhere).await.status, 404);
    let posted = stranger.post(&elsewhere, &PLACE).await;
    assert_eq!(posted.status, 404);
    hand.get(&page.path).await.hides("burritobot/logs");
    let reader = json!({"permissions": ["logs:read"], "account_id": site.account});
    let reader = Hand::with_token(&site, &site.add_token(&reader).await).await;
    assert_eq!(reader.get(&format!("/{}/logs/new", site.scope())).await.status, 403);
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_loses_nothing() {
    let site = Site::start().await;
    let bound = json!({"permissions": ["logs:write"], "account_id": site.account});
    let token = site.add_token(&bound).await;
    let hand = Hand::with_token(&site, &token).await;
    let page = to_destination(&hand, "amazon-s3").await;
    let page = page.send(&PLACE).await;
    hand.send_to("/logout").await;
    let again = Hand::with_token(&site, &token).await;
    let destination = again.get(&page.path.replace("/access", "/destination")).await;
    destination.shows("value=\"burritobot/logs\"");
}

#[tokio::test]
async fn the_filter_is_built_by_buttons_and_counts_recent_records() {
    let site = Site::start().await;
    let mut lines = "{\"EdgeResponseStatus\":500}\n".repeat(3);
    lines.push_str(&"{\"EdgeResponseStatus\":200}\n".repeat(7));
    assert_eq!(site.ingest(lines).await.status, 200);
    let hand = tenant(&site).await;
    let page = to_destination(&hand, "amazon-s3").await;
    let page = hand.get(&page.path.replace("/destination", "/filter")).await;
    page.shows("10 of the last 10 records match.");
    let page = page.send(&[("mode", "rows"), ("action", "add:0")]).await;
    page.shows("group-0-row-0-key");
    let row = [
        ("mode", "rows"),
        ("join", "and"),
        ("group-0-join", "and"),
        ("group-0-row-0-key", "EdgeResponseStatus"),
        ("group-0-row-0-operator", "geq"),
        ("group-0-row-0-value", "500"),
    ];
    let counted = page.send(&[&row[..], &[("action", "count")]].concat()).await;
    counted.shows("3 of the last 10 records match.").shows("&#34;operator&#34;: &#34;geq&#34;");
    let mut wrong = row;
    wrong[5].1 = "many";
    let wrong = page.send(&[&wrong[..], &[("action", "next")]].concat()).await;
    wrong.shows("If logs match").shows("expected a whole number").shows("value=\"many\"");
    let json = page.send(&[&row[..], &[("action", "switch")]].concat()).await;
    json.shows("Filter as JSON").shows("Show as rows");
    let back =
        [("mode", "json"), ("json", r#"{"where":{"key":"ClientIP","operator":"eq","value":"a"}}"#)];
    let rows = json.send(&[&back[..], &[("action", "switch")]].concat()).await;
    rows.shows("group-0-row-0-key").shows("value=\"a\"");
    rows.shows("0 of the last 10 records match.");
}

#[tokio::test]
async fn fields_are_searched_chosen_and_ordered_without_javascript() {
    let site = Site::start().await;
    let hand = tenant(&site).await;
    let page = hand.get(&format!("/{}/logs/new", site.scope())).await;
    let page = page.send(&[("dataset", "dns_logs"), ("action", "next")]).await;
    page.shows("9 of 9 fields");
    let none = page.send(&[("action", "none")]).await;
    none.shows("0 of 9 fields");
    none.send(&[("action", "next")]).await.shows("select at least one field");
    let two = [("field", "ColoCode"), ("field", "SourceIP"), ("action", "order")];
    let page = none.send(&two).await;
    let (first, second) = (page.text.find("order-ColoCode"), page.text.find("order-SourceIP"));
    assert!(first < second, "in the order of the data set");
    let up = [("field", "ColoCode"), ("field", "SourceIP"), ("action", "up:SourceIP")];
    let page = page.send(&up).await;
    let (first, second) = (page.text.find("order-ColoCode"), page.text.find("order-SourceIP"));
    assert!(second < first, "after it was moved up");
    let found =
        page.send(&[("field", "ColoCode"), ("search", "source"), ("action", "search")]).await;
    found.shows("value=\"source\"").shows("1 of 9 fields");
    let found = found.between("value=\"ColoCode\"", "</label>");
    assert!(found.contains("checked"), "what is not found stays chosen: {found}");
}
