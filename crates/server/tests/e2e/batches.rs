//! When a batch closes, as the bucket shows it.

use serde_json::json;

use crate::api::Answer;
use crate::moto::Moto;
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
    let Some(moto) = Moto::start().await else { return };
    moto.create_bucket(BUCKET).await;
    // The smallest parts that S3 takes.
    let home = Home::new(moto.url()).set("LOGPUSH_DELIVERY__PART_BYTES", "5MiB");
    let world = World::start_in(S3Server::start(&[]).await, home).await;
    let zone = world.zone.clone();
    let all_in_one = json!({
        "max_upload_records": 1300,
        "output_options": { "field_names": ["RayID", "ClientRequestURI"] },
    });
    let job = world.job(&zone, "logs", &all_in_one).await;
    let mut dice = Dice(7);
    let mut sent = Vec::new();
    for _ in 0..13 {
        // Hexadecimal noise, of which gzip saves no more than half.
        let lines: Vec<String> = (0..100)
            .map(|_| (0..640).map(|_| format!("{:016x}", dice.below(u64::MAX))).collect::<String>())
            .map(|noise| format!(r#"{{"RayID":"a","ClientRequestURI":"/{noise}"}}"#))
            .collect();
        let body = lines.join("\n");
        Answer::of(world.api.ingest(&zone, "http_requests").body(body)).await.result();
        sent.extend(lines);
    }
    world.wait_until_delivered(job, 1_300).await;
    world.finish_with_s3().await;
    let objects = moto.objects(BUCKET).await;
    assert_each_once(&lines(&objects), &sent);
    let [object] = &objects[..] else { panic!("{} objects", objects.len()) };
    // So S3 marks what came in parts: a digest, and their number.
    let tag = moto.header(BUCKET, &object.key, "etag").await.unwrap();
    assert!(tag.ends_with("-2\""), "{tag}");
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

/// 100 records of the stream `kind`, in this content coding.
fn compressed(kind: &str) -> Vec<u8> {
    use flate2::Compression;
    use flate2::read::{GzEncoder, ZlibEncoder};
    use std::io::Read;

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
