//! A batch of a gigabyte goes to another implementation of S3 in parts, and arrives whole.
//!
//! Its test is run by `cargo test --release -p server --test e2e large -- --ignored`: a build
//! without optimization takes minutes for it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde_json::json;
use tokio::time::sleep;

use crate::api::{Answer, Api};
use crate::moto::Moto;
use crate::senders::Dice;
use crate::service::{ADMIN_TOKEN, Home};
use crate::world::BUCKET;

/// What closes the batch, in bytes before compression.
const BATCH_BYTES: u64 = 1_000_000_000;
const REQUEST_BYTES: usize = 8 << 20;
const FIELDS: [&str; 4] = ["RayID", "ClientIP", "ClientRequestURI", "ClientRequestUserAgent"];
/// How long the batch may take from the last request on.
const PATIENCE: Duration = Duration::from_secs(120);

/// Records from `number` on, as the object has to hold them: in the order of the job's fields.
fn body(number: &mut u64, dice: &mut Dice) -> String {
    let mut body = String::with_capacity(REQUEST_BYTES + 1024);
    while body.len() < REQUEST_BYTES {
        let (address, query) = (dice.below(1 << 32), dice.below(u64::MAX));
        let [a, b, c, d] = (address as u32).to_be_bytes();
        writeln!(
            body,
            r#"{{"RayID":"{number:016x}","ClientIP":"{a}.{b}.{c}.{d}","ClientRequestURI":"/burritos/{query:x}/{address:x}","ClientRequestUserAgent":"{:0>500}"}}"#,
            query % 997
        )
        .unwrap();
        *number += 1;
    }
    body
}

/// Reads the object's lines, which must be records from 0 on without a gap; their bytes.
fn check(object: &[u8], records: u64) -> u64 {
    let mut lines = BufReader::new(MultiGzDecoder::new(object));
    let (mut line, mut bytes, mut number) = (String::new(), 0, 0);
    while lines.read_line(&mut line).unwrap() > 0 {
        assert!(line.starts_with(&format!(r#"{{"RayID":"{number:016x}""#)), "{number}: {line:.60}");
        bytes += line.len() as u64;
        number += 1;
        line.clear();
    }
    assert!(number <= records);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes without optimization; .ci/run has it in a release build"]
async fn a_batch_of_a_gigabyte_goes_up_in_parts_and_arrives_whole() {
    let Some(moto) = Moto::start().await else { return };
    moto.create_bucket(BUCKET).await;
    let home = Home::new(moto.url());
    let service = home.start().await;
    let api = Api::new(&service.url(), ADMIN_TOKEN);
    let account = api.create("/accounts", &json!({"name": "Burrito Bot"})).await;
    let zone = json!({"name": "burritobot.example", "account": {"id": account["id"]}});
    let zone = api.create("/zones", &zone).await;
    let zone = zone["id"].as_str().unwrap();
    let job = json!({
        "dataset": "http_requests",
        "destination_conf": format!("s3://{BUCKET}/large?region=us-east-1"),
        "output_options": {"field_names": FIELDS},
        "max_upload_bytes": BATCH_BYTES,
        "max_upload_interval_seconds": 300,
        "enabled": true,
    });
    api.create(&format!("/zones/{zone}/logpush/jobs"), &job).await;

    let (mut sent, mut records, mut dice) = (0, 0, Dice(7));
    while sent <= BATCH_BYTES + REQUEST_BYTES as u64 {
        let body = body(&mut records, &mut dice);
        sent += body.len() as u64;
        Answer::of(api.ingest(zone, "http_requests").body(body)).await.result();
    }
    let waiting = async {
        while moto.objects(BUCKET).await.is_empty() {
            sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the batch arrives");
    let objects = moto.objects(BUCKET).await;
    let bytes = check(&objects[0].bytes, records);
    assert!((BATCH_BYTES - 2_000_000..=BATCH_BYTES + 2_000_000).contains(&bytes), "{bytes}");
    // An object that went up in parts has their number in its ETag.
    let etag = moto.header(BUCKET, &objects[0].key, "etag").await.unwrap();
    let parts = etag.trim_matches('"').split_once('-').map(|(_, parts)| parts.parse::<u32>());
    assert!(matches!(parts, Some(Ok(2..))), "{etag}");
    assert_eq!(moto.text(&format!("{BUCKET}?uploads")).await.matches("<Upload>").count(), 0);
    assert!(service.terminate().await.success());
}
