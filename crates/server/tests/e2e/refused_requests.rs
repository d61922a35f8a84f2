//! Requests that are wrong: refused with the status of the contract, in words that name the value
//! and how to mend it, and nothing of them is stored.

use std::io::Read;

use flate2::Compression;
use flate2::read::GzEncoder;
use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::api::Answer;
use crate::records::{body, delivered, ids};
use crate::s3::S3Server;
use crate::service::Home;
use crate::world::{BUCKET, World};

const NO_ZONE: &str = "0123456789abcdef0123456789abcdef";

async fn small_world() -> World {
    let s3 = S3Server::start(&[BUCKET]).await;
    let home = Home::new(&s3.url())
        .set("LOGPUSH_INGEST__BODY_BYTES_MAX", "1MiB")
        .set("LOGPUSH_INGEST__DECODED_BYTES_MAX", "2MiB");
    World::start_in(s3, home).await
}

/// Content type and coding, body, and the expected status and words.
type Case<'c> = ((&'c str, &'c str), Body, u16, &'c [&'c str]);

fn gzip(content: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    GzEncoder::new(content, Compression::best()).read_to_end(&mut out).unwrap();
    out
}

/// Checks that the door has let nothing in: nothing was counted, and nothing is delivered.
async fn assert_nothing_came_in(world: World) {
    let page = world.api.get("/metrics").await.text;
    let mut counts = page.lines().filter(|line| line.starts_with("logpush_ingest_records_total{"));
    let counted = counts.find(|line| !line.ends_with(" 0"));
    assert!(counted.is_none(), "{counted:?}");
    assert!(world.finish().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_says_what_is_wrong_with_where_records_go_and_who_sends_them() {
    let world = small_world().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    let one = body("a", 0..1);
    let to = |zone: &str, dataset: &str| world.api.ingest(zone, dataset).body(one.clone());
    Answer::of(to(&zone, "http_request"))
        .await
        .assert_refused(404, &["`http_request`", "did you mean `http_requests`"]);
    Answer::of(to(&zone, "cooking_recipes")).await.assert_refused(404, &["`cooking_recipes`"]);
    Answer::of(to(&zone, "audit_logs")).await.assert_refused(400, &["`audit_logs`", "accounts"]);
    Answer::of(to(NO_ZONE, "http_requests")).await.assert_refused(404, &["zone", NO_ZONE]);
    Answer::of(to("burritobot.example", "http_requests"))
        .await
        .assert_refused(404, &["burritobot.example", "identifier"]);

    let by = |token: &str| {
        let api = world.api.with_token(token);
        api.ingest(&zone, "http_requests").body(one.clone())
    };
    let wrong = by("not-the-token-0123456789");
    Answer::of(wrong).await.assert_refused(401, &["token is not known"]);
    Answer::of(by("")).await.assert_refused(401, &["Authorization: Bearer"]);
    let reader = world.token("logs:read", &zone).await;
    Answer::of(by(&reader)).await.assert_refused(403, &["`logs:ingest`"]);
    let path = format!("/ingest/v1/zones/{zone}/http_requests");
    assert_eq!(world.api.get(&path).await.status, 405);
    assert_nothing_came_in(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_says_what_is_wrong_with_a_body() {
    let world = small_world().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    let path = format!("/ingest/v1/zones/{zone}/http_requests");
    let request = |content: (&str, &str), body: Body| {
        let (kind, coding) = content;
        let request = world.api.request(Method::POST, &path).header("content-type", kind);
        request.header("content-encoding", coding).body(body)
    };
    let ndjson = "application/x-ndjson";
    let whole = gzip(body("a", 0..100).as_bytes());
    let truncated = whole[..whole.len() - 20].to_vec();
    let bomb = gzip(std::io::repeat(b' ').take(256 << 20));
    assert!(bomb.len() < 1 << 20, "the bomb is {} bytes", bomb.len());
    let large = vec![b' '; (1 << 20) + 1];
    let streamed = futures_util::stream::iter(
        large
            .clone()
            .chunks(1 << 16)
            .map(|chunk| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(chunk)))
            .collect::<Vec<_>>(),
    );
    let cases: [Case<'_>; 11] = [
        (("application/json", "identity"), "no JSON".into(), 400, &["JSON"]),
        (("application/json", "identity"), "[{\"RayID\":\"x\"}".into(), 400, &["JSON"]),
        ((ndjson, "identity"), large.into(), 413, &["1048576 bytes", "fewer records"]),
        ((ndjson, "identity"), Body::wrap_stream(streamed), 413, &["1048576 bytes"]),
        ((ndjson, "gzip"), truncated.into(), 400, &["gzip", "ends in the middle"]),
        ((ndjson, "gzip"), bomb.into(), 413, &["decompresses to more than 2097152 bytes"]),
        ((ndjson, "gzip"), "{}".into(), 400, &["not valid gzip", "1f 8b"]),
        ((ndjson, "zstd"), "{}".into(), 400, &["not valid zstd"]),
        ((ndjson, "deflate"), "{}".into(), 400, &["deflate"]),
        ((ndjson, "br"), "{}".into(), 415, &["`br`", "`gzip`", "`zstd`"]),
        (("text/html", "identity"), "{}".into(), 415, &["`text/html`", "`application/x-ndjson`"]),
    ];
    for (content, body, status, parts) in cases {
        let answer = Answer::of(request(content, body)).await;
        assert_eq!(answer.status, status, "{content:?}: {:.300}", answer.text);
        answer.assert_refused(status, parts);
    }
    assert_nothing_came_in(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_no_records_are_told_by_number_and_the_others_go_on() {
    let world = small_world().await;
    let zone = world.zone.clone();
    world.job(&zone, "logs", &json!({})).await;
    let bad = ["not JSON", "[1]", r#"{"EdgeResponseStatus":"many"}"#, "{\"RayID\":\"\u{1}\"}"];
    let good = body("a", 0..4);
    let mixed: Vec<&str> = bad.into_iter().zip(good.lines()).flat_map(<[_; 2]>::from).collect();
    let mixed = mixed.join("\n");
    let taken = Answer::of(world.api.ingest(&zone, "http_requests").body(mixed)).await.result();
    assert_eq!((&taken["accepted"], &taken["quarantined"]), (&json!(4), &json!(4)), "{taken}");
    let numbers: Vec<&Value> =
        taken["errors"].as_array().unwrap().iter().map(|error| &error["line"]).collect();
    assert_eq!(numbers, [1, 3, 5, 7]);
    let reason = taken["errors"][2]["reason"].as_str().unwrap();
    assert!(reason.contains("EdgeResponseStatus"), "{reason}");
    let kept = world.api.get(&format!("/client/v4/zones/{zone}/logpush/quarantine")).await;
    let kept: Vec<Value> = kept.text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let contents: Vec<&Value> = kept.iter().map(|line| &line["content"]).collect();
    assert_eq!(contents, bad);
    assert_eq!(delivered(&world.finish().await), ids("a", 0..4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_says_what_is_wrong_with_a_job() {
    let world = small_world().await;
    let path = format!("/client/v4/zones/{}/logpush/jobs", world.zone);
    let good = json!({
        "dataset": "http_requests",
        "destination_conf": "s3://burritobot/logs?region=us-east-1",
    });
    let cases: [(&str, Value, &[&str]); 8] = [
        ("dataset", json!("http_request"), &["`http_request`", "did you mean `http_requests`"]),
        ("destination_conf", json!("s3://burritobot/logs"), &["region"]),
        ("destination_conf", json!("ftp://burritobot"), &["`ftp`", "`s3`"]),
        ("destination_conf", json!("s3://burritobot/../x?region=us-east-1"), &[".."]),
        ("max_upload_records", json!(999), &["999", "1000"]),
        ("max_upload_interval_seconds", json!(29), &["29", "30"]),
        ("output_options", json!({ "field_names": ["ClientIp"] }), &["`ClientIp`", "`ClientIP`"]),
        (
            "filter",
            json!(r#"{"where":{"key":"Nothing","operator":"eq","value":"x"}}"#),
            &["Nothing"],
        ),
    ];
    for (name, value, parts) in cases {
        let mut job = good.clone();
        job[name] = value;
        let request = world.api.request(Method::POST, &path).json(&job);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 400, "{name}: {:.300}", answer.text);
        answer.assert_refused(400, parts);
    }
    let text = world.api.request(Method::POST, &path).body("no JSON");
    Answer::of(text).await.assert_refused(400, &["JSON"]);
    // A customer has to prove the bucket; only the operator vouches for their own.
    let writer = world.token("logs:write", &world.zone).await;
    let unproven = world.api.with_token(&writer).request(Method::POST, &path).json(&good);
    Answer::of(unproven).await.assert_refused(400, &["required", "ownership"]);
    let jobs = world.api.read(&format!("/zones/{}/logpush/jobs", world.zone)).await;
    assert_eq!(jobs, json!([]));
    world.finish().await;
}
