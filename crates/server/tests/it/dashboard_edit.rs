//! Editing, pausing, resuming and removing what is connected, without JavaScript.

use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::dashboard_hand::{Hand, Page};
use crate::site::Site;

/// A site with a job, and its owner's hand.
struct Place {
    bucket: Bucket,
    site: Site,
    job: String,
}

impl Place {
    async fn start() -> Self {
        let bucket = Bucket::start().await;
        let site = Site::start_with(Some(&bucket), |_| {}).await;
        let job = json!({
            "dataset": "http_requests",
            "name": "requests",
            "destination_conf": "s3://burritobot/logs?region=us-east-1&tags=a:b",
            "logpull_options": "fields=RayID,ClientIP&timestamps=unix",
            "enabled": true,
        });
        let job = site.post(&format!("/{}/logpush/jobs", site.scope()), &job).await.result();
        let job = job["id"].to_string();
        Self { bucket, site, job }
    }

    async fn hand(&self) -> Hand<'_> {
        let bound = json!({"permissions": ["logs:write"], "account_id": self.site.account});
        Hand::with_token(&self.site, &self.site.add_token(&bound).await).await
    }

    fn path(&self, what: &str) -> String {
        format!("/{}/logs/{}/{what}", self.site.scope(), self.job)
    }

    async fn job(&self) -> Value {
        let path = format!("/{}/logpush/jobs/{}", self.site.scope(), self.job);
        self.site.get(&path).await.result()
    }

    async fn change(&self, change: &Value) {
        let path = format!("/{}/logpush/jobs/{}", self.site.scope(), self.job);
        self.site.put(&path, change).await.result();
    }
}

/// The page of another step of the same draft.
async fn step(hand: &Hand<'_>, page: &Page, name: &str) -> Page {
    let (draft, _) = page.path.rsplit_once('/').expect("a step's path");
    hand.get(&format!("{draft}/{name}")).await
}

#[tokio::test]
async fn a_job_is_edited_and_nothing_else_of_it_changes() {
    let place = Place::start().await;
    let (before, hand) = (place.job().await, place.hand().await);
    let page = hand.get(&place.path("edit")).await;
    page.shows("Edit requests").shows("Summary").shows("tags=a:b").hides("Before it can be saved");
    let options = step(&hand, &page, "options").await;
    options.shows("value=\"unix\" selected");
    let options = options.send(&[("name", "renamed"), ("action", "next")]).await;
    let to = options.send_to(&[("action", "next")]).await;
    assert_eq!(to, format!("/{}/logs/{}", place.site.scope(), place.job));
    let mut expected = before;
    expected["name"] = json!("renamed");
    assert_eq!(place.job().await, expected);
    assert_eq!(hand.get(&page.path).await.status, 404, "a saved draft is gone");
}

#[tokio::test]
async fn subrequests_are_merged_where_that_is_chosen() {
    let place = Place::start().await;
    let hand = place.hand().await;
    let merges = async || place.job().await["output_options"]["merge_subrequests"].clone();
    assert_eq!(merges().await, Value::Null);
    for (chosen, expected) in [(true, json!(true)), (false, Value::Null)] {
        let page = hand.get(&place.path("edit")).await;
        let options = step(&hand, &page, "options").await;
        options.shows("Merge subrequests");
        let mut typed = vec![("record_template", ""), ("action", "next")];
        typed.extend(chosen.then_some(("merge_subrequests", "yes")));
        let summary = options.send(&typed).await;
        if chosen {
            summary.shows("subrequests merged");
        }
        summary.send_to(&[("action", "next")]).await;
        assert_eq!(merges().await, expected);
    }
}

#[tokio::test]
async fn another_destination_has_to_be_proven_again() {
    let place = Place::start().await;
    let hand = place.hand().await;
    let summary = hand.get(&place.path("edit")).await;
    let ownership = step(&hand, &summary, "ownership").await;
    ownership.shows("was not changed");
    let destination = step(&hand, &summary, "destination").await;
    let typed = [
        ("bucket_path", "burritobot/new"),
        ("daily", "no"),
        ("region", "us-east-1"),
        ("grant", "policy"),
        ("action", "next"),
    ];
    let access = destination.send(&typed).await;
    let access = access.send(&[("action", "validate")]).await;
    access.shows("Access works.");
    let early = step(&hand, &summary, "summary").await.send(&[("action", "next")]).await;
    early.shows("Ownership token").shows("new/ownership-challenge-");
    let file = early.between("id=\"challenge-file\">", "<");
    let token = std::fs::read_to_string(place.bucket.file(&file)).unwrap();
    early.send(&[("ownership_token", &token), ("action", "next")]).await;
    let summary = step(&hand, &summary, "summary").await;
    summary.send_to(&[("action", "next")]).await;
    let expected = "s3://burritobot/new?region=us-east-1&tags=a:b";
    assert_eq!(place.job().await["destination_conf"], expected);
}

#[tokio::test]
async fn two_tabs_that_edit_one_job_do_not_overwrite_each_other() {
    let place = Place::start().await;
    let (one, other) = (place.hand().await, place.hand().await);
    let mine = one.get(&place.path("edit")).await;
    let options = step(&one, &mine, "options").await;
    options.send(&[("name", "mine"), ("max_upload_records", "2000"), ("action", "next")]).await;
    let theirs = other.get(&place.path("edit")).await;
    let options = step(&other, &theirs, "options").await;
    let summary = options.send(&[("name", "theirs"), ("action", "next")]).await;
    summary.send_to(&[("action", "next")]).await;
    assert_eq!(place.job().await["name"], "theirs");
    let refused = step(&one, &mine, "summary").await.send(&[("action", "next")]).await;
    refused.shows("Somebody else changed this job").shows("theirs").shows("mine").shows("2000");
    assert_eq!(place.job().await["name"], "theirs");
    let kept = refused.send(&[("action", "overwrite")]).await;
    kept.hides("Somebody else changed this job").shows("mine");
    kept.send_to(&[("action", "next")]).await;
    let job = place.job().await;
    assert_eq!((&job["name"], &job["max_upload_records"]), (&json!("mine"), &json!(2000)));
}

#[tokio::test]
async fn who_takes_the_job_as_it_is_now_begins_anew() {
    let place = Place::start().await;
    let hand = place.hand().await;
    let page = hand.get(&place.path("edit")).await;
    place.change(&json!({"max_upload_records": 3000})).await;
    let page = hand.get(&page.path).await;
    page.shows("Somebody else changed this job");
    let page = page.send(&[("action", "restart")]).await;
    page.hides("Somebody else changed this job").shows("3,000");
}

#[tokio::test]
async fn a_job_is_paused_and_resumed_also_while_it_is_edited() {
    let place = Place::start().await;
    let hand = place.hand().await;
    let editing = hand.get(&place.path("edit")).await;
    hand.send_to(&place.path("pause")).await;
    assert_eq!(place.job().await["enabled"], false);
    editing.send_to(&[("action", "next")]).await;
    assert_eq!(place.job().await["enabled"], false, "saving does not resume it");
    hand.send_to(&place.path("resume")).await;
    assert_eq!(place.job().await["enabled"], true);
}

#[tokio::test]
async fn a_job_is_removed_by_who_types_its_name() {
    let place = Place::start().await;
    let hand = place.hand().await;
    let page = hand.get(&place.path("remove")).await;
    page.shows("Remove requests").shows("stay there");
    let refused = page.send(&[("name", "request")]).await;
    refused.shows("expected `requests`").shows("value=\"request\"");
    let to = refused.send_to(&[("name", "requests")]).await;
    assert_eq!(to, format!("/{}/logs", place.site.scope()));
    let jobs = place.site.get(&format!("/{}/logpush/jobs", place.site.scope())).await.result();
    assert_eq!(jobs, json!([]));
}

#[tokio::test]
async fn nobody_edits_or_removes_the_job_of_somebody_else() {
    let place = Place::start().await;
    let site = &place.site;
    let account = site.add_account("Tacos").await;
    let zone = site.add_zone(&account, "taco.example").await;
    let bound = json!({"permissions": ["logs:write"], "account_id": account});
    let stranger = Hand::with_token(site, &site.add_token(&bound).await).await;
    for what in ["edit", "remove"] {
        let path = place.path(what);
        assert_eq!(stranger.get(&path).await.status, 404, "{what}");
        let elsewhere = path.replace(&site.zone, &zone);
        assert_eq!(stranger.get(&elsewhere).await.status, 404, "{what}");
    }
    for what in ["pause", "resume", "remove"] {
        let form = [("name", "requests")];
        assert_eq!(stranger.post(&place.path(what), &form).await.status, 404, "{what}");
        let elsewhere = place.path(what).replace(&site.zone, &zone);
        assert_eq!(stranger.post(&elsewhere, &form).await.status, 404, "{what}");
    }
    assert_eq!(place.job().await["enabled"], true);
}
