//! SIGHUP: settings are read again while records flow; wrong ones change nothing and are told.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::Answer;
use crate::catalog_file::told;
use crate::records::{assert_each_once, delivered, ids};
use crate::s3::S3Server;
use crate::service::{Home, signal};
use crate::world::{BUCKET, World};

const SETTINGS: &str = "[api]\njobs_per_scope_max = 1\n\n[journal]\nretention_age = '7d'\n";

struct Reloading {
    world: World,
    file: PathBuf,
    sent: usize,
}

impl Reloading {
    async fn start() -> Self {
        let s3 = S3Server::start(&[BUCKET]).await;
        let home = Home::new(&s3.url()).expecting_errors(&["the settings were not taken"]);
        let file = home.path().join("logpush.toml");
        std::fs::write(&file, SETTINGS).unwrap();
        let home = home.with_arguments(&["--config", file.to_str().unwrap()]);
        Self { world: World::start_in(s3, home).await, file, sent: 0 }
    }

    /// Has the settings read again, once they are this text or, without one, gone; gives what the
    /// service logs about it.
    async fn reload(&mut self, text: Option<&str>) -> Vec<Value> {
        match text {
            Some(text) => std::fs::write(&self.file, text).unwrap(),
            None => std::fs::remove_file(&self.file).unwrap(),
        }
        let before = self.world.service.events().len();
        signal(self.world.service.id(), "HUP").await;
        self.sent += 1;
        let begun = Instant::now();
        loop {
            let events = self.world.service.events();
            let answers = told(&events, "INFO", "took the settings")
                + told(&events, "ERROR", "the settings were not taken");
            if answers == self.sent {
                return events[before..].to_vec();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no word about the settings");
            sleep(Duration::from_millis(30)).await;
        }
    }

    async fn metric(&self, name: &str) -> String {
        let page = self.world.api.get("/metrics").await.text;
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no {name} in:\n{page}")).to_owned()
    }

    async fn assert_standing(&self, settings: &str, taken: u32, refused: u32) {
        let ready = self.world.api.get("/readyz").await;
        assert_eq!((ready.status, &ready.json()["settings"]), (200, &json!(settings)));
        let failed = if settings == "ok" { "0" } else { "1" };
        assert_eq!(self.metric("logpush_config_reload_failed").await, failed);
        for (outcome, count) in [("taken", taken), ("refused", refused)] {
            let name = format!("logpush_config_reloads_total{{outcome=\"{outcome}\"}}");
            assert_eq!(self.metric(&name).await, count.to_string());
        }
        let status = self.world.cli().run(&["status"]).await.stdout;
        assert_eq!(status.contains("settings that were read last were refused"), failed == "1");
    }

    /// Whether the zone may have another job.
    async fn may_add_job(&self) -> bool {
        let path = format!("/client/v4/zones/{}/logpush/jobs", self.world.zone);
        let body = json!({
            "dataset": "http_requests", "enabled": false,
            "destination_conf": format!("s3://{BUCKET}/more?region=us-east-1"),
        });
        Answer::of(self.world.api.request(Method::POST, &path).json(&body)).await.status == 200
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_again_and_what_cannot_follow_is_named() {
    let mut service = Reloading::start().await;
    let zone = service.world.zone.clone();
    service.world.job(&zone, "logs", &json!({})).await;
    service.world.send(&zone, "a", 0..100).await;
    assert!(!service.may_add_job().await);
    service.assert_standing("ok", 0, 0).await;

    let more = "[api]\njobs_per_scope_max = 2\n\n[log]\nlevel = 'debug'\n\n[journal]\n\
                retention_age = '8d'\npartitions = 2\n\n[ingest]\nbody_bytes_max = '1MiB'\n";
    let events = service.reload(Some(more)).await;
    let taken = events.iter().find(|event| event["message"] == "took the settings").unwrap();
    assert_eq!(
        taken["changed"],
        "log.level, ingest.body_bytes_max, journal.retention_age, api.jobs_per_scope_max"
    );
    let waits = |event: &&Value| event["message"].as_str().unwrap().contains("next start");
    let waiting: Vec<_> = events.iter().filter(waits).map(|event| &event["key"]).collect();
    assert_eq!(waiting, ["journal.partitions"]);
    assert!(service.may_add_job().await);
    assert!(!service.may_add_job().await);
    let long = "x".repeat((1 << 20) + 1);
    let request = service.world.api.ingest(&zone, "http_requests").body(long);
    assert_eq!(Answer::of(request).await.status, 413);
    service.world.send(&zone, "a", 100..1_250).await;
    service.world.wait_until_read().await;
    assert!(service.world.service.events().iter().any(|event| event["level"] == "DEBUG"));
    service.assert_standing("ok", 1, 0).await;
    assert_each_once(&delivered(&service.world.finish().await), &ids("a", 0..1_250));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_leave_the_last_good_ones_in_force() {
    let mut service = Reloading::start().await;
    let zone = service.world.zone.clone();
    service.world.job(&zone, "logs", &json!({})).await;
    let wrong: [(Option<&str>, &str); 7] = [
        (Some(""), "is empty"),
        (Some("\n\n"), "is empty"),
        (Some("# all gone\n"), "held 2 settings"),
        (Some(&SETTINGS[..20]), "line 2"),
        (Some("[api]\njobs_per_scop_max = 5\n"), "api.jobs_per_scope_max"),
        (Some("[delivery]\nallow_private_endpoints = ['no host!']\n"), "no host!"),
        (None, "cannot read the settings file"),
    ];
    for (number, (text, why)) in (1..).zip(wrong) {
        let events = service.reload(text).await;
        let error = events.iter().find(|event| event["level"] == "ERROR").unwrap();
        assert!(error["error"].as_str().unwrap().contains(why), "{error}");
        service.assert_standing("refused", 0, number).await;
        assert!(!service.may_add_job().await, "the setting of before is in force: {text:?}");
    }
    service.world.send(&zone, "a", 0..1_000).await;
    service.reload(Some(&SETTINGS.replace('1', "3"))).await;
    service.assert_standing("ok", 1, 7).await;
    assert!(service.may_add_job().await);
    assert_each_once(&delivered(&service.world.finish().await), &ids("a", 0..1_000));
}
