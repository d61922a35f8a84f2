//! The page of a connected service, and the job to take along.

use serde_json::json;

use crate::api_jobs::KEYED;
use crate::dashboard_hand::Hand;
use crate::site::Site;

async fn add_job(site: &Site, name: &str) -> String {
    let body = json!({
        "dataset": "http_requests",
        "destination_conf": KEYED,
        "name": name,
        "output_options": {"field_names": ["RayID", "ClientIP"]},
    });
    let path = format!("/{}/logpush/jobs", site.scope());
    let job = site.post(&path, &body).await.result();
    format!("/{}/logs/{}", site.scope(), job["id"])
}

#[tokio::test]
async fn a_new_job_has_a_page_of_every_range_that_holds_no_secret() {
    let site = Site::start().await;
    let job = add_job(&site, "<script>alert(1)</script>").await;
    let hand = Hand::with_token(&site, site.service.admin_token()).await;
    for query in ["", "?range=1h", "?range=24h", "?range=7d", "?range=30d", "?range=%3Cx"] {
        let page = hand.get(&format!("{job}{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.shows("Upload Health").shows("Upload Reliability").shows("Destination availability");
        page.shows("&#60;script&#62;alert(1)").hides("<script>alert").hides("verysecret");
        page.hides("style=").shows("No object yet").shows("Resume").shows("Paused");
    }
    assert_eq!(hand.get(&format!("/{}/logs/99", site.scope())).await.status, 404);
}

#[tokio::test]
async fn who_may_only_look_is_shown_nothing_to_press() {
    let site = Site::start().await;
    let job = add_job(&site, "mine").await;
    let bound = json!({"permissions": ["logs:read"], "zone_id": site.zone});
    let hand = Hand::with_token(&site, &site.add_token(&bound).await).await;
    let page = hand.get(&job).await;
    page.shows("mine").hides(&format!("{job}/edit")).hides(&format!("{job}/remove"));
    page.hides("/resume\"").shows(&format!("{job}/export/terraform"));
}

#[tokio::test]
async fn a_job_of_others_is_not_there() {
    let site = Site::start().await;
    let job = add_job(&site, "mine").await;
    let other = site.add_zone(&site.account, "taco.example").await;
    let bound = json!({"permissions": ["logs:read"], "zone_id": other});
    let hand = Hand::with_token(&site, &site.add_token(&bound).await).await;
    for path in [job.clone(), format!("{job}/export/json")] {
        let page = hand.get(&path).await;
        assert!([403, 404].contains(&page.status), "{path}: {}", page.status);
        page.hides("mine");
    }
    let number = job.rsplit('/').next().unwrap();
    assert_eq!(hand.get(&format!("/zones/{other}/logs/{number}")).await.status, 404);
}

#[tokio::test]
async fn a_job_can_be_taken_along_without_its_secrets() {
    let site = Site::start().await;
    let job = add_job(&site, "mine").await;
    let hand = Hand::with_token(&site, site.service.admin_token()).await;
    let export = async |format| hand.get(&format!("{job}/export/{format}")).await;
    for format in ["json", "curl", "terraform"] {
        let file = export(format).await;
        assert_eq!(file.status, 200, "{format}");
        file.shows("****").hides("verysecret").shows("RayID");
    }
    let body: serde_json::Value = serde_json::from_str(&export("json").await.text).unwrap();
    assert_eq!((&body["name"], &body["id"]), (&json!("mine"), &json!(null)));
    export("terraform").await.shows("resource \"cloudflare_logpush_job\"").shows(&site.zone);
    export("curl").await.shows(&format!("/client/v4/{}/logpush/jobs", site.scope()));
    assert_eq!(export("exe").await.status, 404);
}
