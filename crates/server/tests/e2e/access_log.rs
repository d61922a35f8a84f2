//! A real access log, sent as a person sends it, comes out of a real S3 server line for line.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::access_line::{FIELDS, Request};
use crate::api::Api;
use crate::cli::Cli;
use crate::moto::Moto;
use crate::objects::{Object, lines};
use crate::records::assert_each_once;
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::BUCKET;

/// 10,000 lines, one of them cut off.
const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/apache_access.log");
const LINES: u64 = 9_999;
const CUT_OFF_LINE: u64 = 8_899;

const ZONE: &str = "burritobot.example";
const DESTINATION: &str = "s3://burritobot/logs/{DATE}?region=us-east-1&sse=AES256";

/// What the log's good lines say, in their order.
fn requests() -> Vec<Request> {
    let log = std::fs::read_to_string(LOG).unwrap();
    let requests: Vec<_> = log.lines().filter_map(Request::of_line).collect();
    assert_eq!(requests.len() as u64, LINES);
    requests
}

/// An account, a zone, and a job with proof of its bucket, whose challenge `read` reads.
async fn set_up(cli: &Cli, read: impl AsyncFnOnce(&str) -> String) {
    let account = cli.json(&["account", "add", "Burrito Bot"]).await;
    let account = account["id"].as_str().unwrap();
    let zone = cli.json(&["zone", "add", ZONE, "--account", account]).await;
    assert_eq!(zone["name"], ZONE);
    let asked = ["destination", "challenge", "--zone", ZONE, DESTINATION];
    let challenge = cli.json(&asked).await;
    let proof = read(challenge["filename"].as_str().unwrap()).await;
    let create = [
        "job",
        "create",
        "--zone",
        ZONE,
        "--dataset",
        "http_requests",
        "--destination",
        DESTINATION,
        "--ownership-challenge",
        &proof,
        "--fields",
        FIELDS,
        "--timestamp-format",
        "rfc3339",
        "--max-records",
        "1000",
        "--enabled",
    ];
    let job = cli.json(&create).await;
    assert_eq!(job["max_upload_records"], 1000);
}

/// Sends the log with a token that may do nothing else; what the command reports.
async fn send(cli: &Cli, more: &[&str]) -> Value {
    let token = cli.json(&["token", "add", "--permission", "logs:ingest", "--zone", ZONE]).await;
    let sender = Cli { token: token["token"].as_str().unwrap().to_owned(), ..cli.clone() };
    let zone = token["zone_id"].as_str().unwrap();
    let send = ["send", "--zone", zone, "--dataset", "http_requests", "--format", "combined"];
    let report = sender.json(&[&send, more, &[LOG]].concat()).await;
    assert_eq!(report["lines"], LINES + 1);
    assert_eq!(report["quarantined"], 1);
    assert_eq!(report["reasons"][0]["line"], CUT_OFF_LINE, "{report}");
    report
}

/// Waits until that many lines are read for delivery, and none is left in the journal.
async fn wait_until_read(cli: &Cli, lines: u64) {
    loop {
        let status = cli.json(&["status"]).await;
        let number = |name: &str| status[0][name].as_u64().unwrap();
        if number("delivered_records") + number("pending_records") == lines
            && number("unread_frames") == 0
        {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Checks names, sizes and content of all objects, of which the log is in the bucket `times`.
fn check_objects(objects: &[Object], times: usize, in_order: bool) {
    for object in objects {
        object.assert_named_in("logs");
        assert!(object.text_by_gzip() == object.text(), "gzip reads {} otherwise", object.key);
        let lines = object.lines().len();
        assert!((1..=1000).contains(&lines), "{lines} lines in {}", object.key);
    }
    let records: Vec<Value> =
        lines(objects).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<Request> = records.iter().map(Request::of_record).collect();
    let expected: Vec<Request> = (0..times).flat_map(|_| requests()).collect();
    assert_each_once(&found, &expected);
    if in_order {
        assert!(found == expected, "the records are not in the order of their lines");
    }
    let mut ids: Vec<&str> = records.iter().map(|r| r["RayID"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len() as u64, LINES, "each line has an id of its own, the same each time");
}

/// Checks that the quarantine holds the cut off line, `times`.
async fn check_quarantine(cli: &Cli, times: usize) {
    let zone = cli.json(&["zone", "show", ZONE]).await;
    let api = Api::new(&cli.url, &cli.token);
    let zone = zone["id"].as_str().unwrap();
    let kept = api.get(&format!("/client/v4/zones/{zone}/logpush/quarantine")).await;
    assert_eq!(kept.status, 200);
    let log = std::fs::read_to_string(LOG).unwrap();
    let cut_off = log.lines().nth(CUT_OFF_LINE as usize - 1).unwrap();
    let kept: Vec<Value> =
        kept.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept.len(), times);
    for line in kept {
        assert_eq!(line["line"], CUT_OFF_LINE);
        assert_eq!(line["content"], cut_off);
        assert_eq!(line["source"], "apache_access.log");
        assert_eq!(line["dataset"], "http_requests");
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.contains("user agent is not closed by a quote"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_log_arrives_line_for_line_and_a_second_run_adds_nothing() {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url());
    let service = home.start().await;
    let cli = Cli::administrator(service.url());
    set_up(&cli, async |key| s3.text(BUCKET, key)).await;

    // One connection keeps the order.
    let first = send(&cli, &["--connections", "1"]).await;
    assert_eq!([&first["accepted"], &first["already_there"]], [LINES, 0]);
    let second = send(&cli, &["--connections", "1"]).await;
    assert_eq!([&second["accepted"], &second["already_there"]], [0, LINES]);
    wait_until_read(&cli, LINES).await;
    check_quarantine(&cli, 1).await;
    assert!(service.terminate().await.success());
    check_objects(&s3.objects(BUCKET), 1, true);
    let asked = s3.asked();
    assert!(asked.len() >= 10, "{} requests", asked.len());
    for asked in asked {
        assert_eq!(asked.acl.as_deref(), Some("bucket-owner-full-control"), "{asked:?}");
        assert_eq!(asked.encryption.as_deref(), Some("AES256"), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_log_arrives_in_another_implementation_of_s3_and_again_when_sent_as_new() {
    let Some(moto) = Moto::start().await else { return };
    moto.create_bucket(BUCKET).await;
    let home = Home::new(moto.url());
    let service = home.start().await;
    let cli = Cli::administrator(service.url());
    set_up(&cli, async |key| moto.text(&format!("{BUCKET}/{key}")).await).await;

    send(&cli, &[]).await;
    let second = send(&cli, &[]).await;
    assert_eq!([&second["accepted"], &second["already_there"]], [0, LINES]);
    wait_until_read(&cli, LINES).await;
    assert!(service.terminate().await.success());
    let objects = moto.objects(BUCKET).await;
    check_objects(&objects, 1, false);
    for Object { key, .. } in &objects {
        let acl = moto.acl(BUCKET, key).await;
        assert!(acl.contains("<Permission>FULL_CONTROL<"), "{acl}");
        let encryption = moto.header(BUCKET, key, "x-amz-server-side-encryption").await;
        assert_eq!(encryption.as_deref(), Some("AES256"), "{key}");
    }

    let service = home.start().await;
    let cli = Cli::administrator(service.url());
    let third = send(&cli, &["--new"]).await;
    assert_eq!([&third["accepted"], &third["already_there"]], [LINES, 0]);
    wait_until_read(&cli, LINES).await;
    check_quarantine(&cli, 2).await;
    assert!(service.terminate().await.success());
    check_objects(&moto.objects(BUCKET).await, 2, false);
}
