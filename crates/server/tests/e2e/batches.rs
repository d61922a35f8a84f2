//! When a batch closes, as the bucket shows it.

use std::fmt::Write as _;
use std::io::Read;

use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use serde_json::json;

use crate::api::Answer;
use crate::objects::lines;
use crate::records::{assert_each_once, body, delivered, ids};
use crate::s3::S3Server;
use crate::senders::Dice;
use crate::service::Home;
use crate::world::{BUCKET, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_has_at_most_as_many_lines_as_the_job_allows() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let job = world.job(&zone, "logs", &json!({})).await;
    // Requests of a size that no limit is a multiple of.
    for number in 0..17 {
        world.send(&zone, "a", number * 330..(number + 1) * 330).await;
    }
    world.wait_for(job, "five objects", |status| status["delivered_objects"] == 5).await;
    let objects = world.finish().await;
    assert_each_once(&delivered(&objects), &ids("a", 0..17 * 330));
    for object in &objects {
        assert!(object.lines().len() <= 1000, "{} lines in an object", object.lines().len());
    }
    assert_eq!(objects.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interval_closes_a_batch_when_nothing_more_comes() {
    let world = World::start().await;
    let zone = world.zone.clone();
    let body = json!({ "max_upload_interval_seconds": 30 });
    let job = world.job(&zone, "logs", &body).await;
    world.send(&zone, "a", 0..10).await;
    world.wait_for(job, "reading", |status| status["pending_records"] == 10).await;
    assert!(world.s3.objects(BUCKET).is_empty());
    // The shortest interval that there is.
    world.wait_until_delivered(job, 10).await;
    assert_each_once(&delivered(&world.s3.objects(BUCKET)), &ids("a", 0..10));
    assert_eq!(world.finish().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_larger_than_a_part_goes_up_in_parts() {
    let s3 = S3Server::start(&[BUCKET]).await;
    // The smallest parts that S3 takes.
    let home = Home::new(&s3.url()).set("LOGPUSH_DELIVERY__PART_BYTES", "5MiB");
    let world = World::start_in(s3, home).await;
    let zone = world.zone.clone();
    let all_in_one = json!({
        "max_upload_records": 1300,
        "output_options": { "field_names": ["RayID", "ClientRequestURI"] },
    });
    let job = world.job(&zone, "logs", &all_in_one).await;
    let mut dice = Dice(7);
    let mut sent = Vec::new();
    for _ in 0..13 {
        let lines: Vec<String> = (0..100).map(|_| noise(&mut dice)).collect();
        let request = world.api.ingest(&zone, "http_requests").body(lines.join("\n"));
        assert_eq!(Answer::of(request).await.result()["accepted"], 100);
        sent.extend(lines);
    }
    world.wait_until_delivered(job, 1_300).await;
    let s3 = world.finish_with_s3().await;
    assert_each_once(&lines(&s3.objects(BUCKET)), &sent);
    let asked = s3.asked();
    let operations: Vec<&str> = asked.iter().map(|asked| asked.operation.as_str()).collect();
    let expected = ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"];
    assert_eq!(operations, expected);
    // They stand where the upload begins.
    assert_eq!(asked[0].acl.as_deref(), Some("bucket-owner-full-control"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_every_kind_become_the_same_records() {
    let world = World::start().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    let ingest = |kind: &str| {
        let request = world.api.ingest(&zone, "http_requests");
        request.header("content-encoding", kind).body(compressed(kind))
    };
    for kind in ["identity", "gzip", "deflate", "zstd"] {
        let taken = Answer::of(ingest(kind)).await.result();
        assert_eq!(taken["accepted"], 100, "{kind}: {taken}");
    }
    let array = format!("[{}]", body("array", 0..100).trim_end().replace('\n', ",\n"));
    let path = format!("/ingest/v1/zones/{zone}/http_requests");
    let request = world.api.request(reqwest::Method::POST, &path);
    let request = request.header("content-type", "application/json").body(array);
    assert_eq!(Answer::of(request).await.result()["accepted"], 100);
    // A shared edge: the host tells the zone.
    let hosted = r#"{"RayID":"hosted-000000","ClientRequestHost":"shop.burritobot.example"}"#;
    let request = world.api.request(reqwest::Method::POST, "/ingest/v1/http_requests").body(hosted);
    assert_eq!(Answer::of(request).await.result()["accepted"], 1);

    let found = delivered(&world.finish().await);
    let streams = ["identity", "gzip", "deflate", "zstd", "array"];
    let mut expected: Vec<String> = streams.iter().flat_map(|kind| ids(kind, 0..100)).collect();
    expected.push("hosted-000000".to_owned());
    assert_each_once(&found, &expected);
}

/// A record of 10 kB of hexadecimal noise, of which gzip saves no more than half.
fn noise(dice: &mut Dice) -> String {
    let mut record = r#"{"RayID":"a","ClientRequestURI":"/"#.to_owned();
    while record.len() < 10_000 {
        write!(record, "{:016x}", dice.below(u64::MAX)).unwrap();
    }
    record + "\"}"
}

/// 100 records of the stream `kind`, in this content coding.
fn compressed(kind: &str) -> Vec<u8> {
    let plain = body(kind, 0..100).into_bytes();
    let mut out = Vec::new();
    match kind {
        "gzip" => GzEncoder::new(&*plain, Compression::fast()).read_to_end(&mut out).unwrap(),
        "deflate" => ZlibEncoder::new(&*plain, Compression::fast()).read_to_end(&mut out).unwrap(),
        "zstd" => return zstd::encode_all(&*plain, 1).unwrap(),
        _ => return plain,
    };
    out
}
