//! Every content coding, whole, cut off, altered and swollen.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::json;

use crate::site::{Answer, Site, send};

fn records() -> Vec<u8> {
    (0..2000).flat_map(|n| format!("{{\"RayID\":\"{n:016x}\"}}\n").into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

async fn send_coded(site: &Site, coding: &str, body: Vec<u8>) -> Answer {
    send(site.door("http_requests").header("content-encoding", coding).body(body)).await
}

#[tokio::test]
async fn a_body_is_taken_in_every_coding() {
    let site = Site::start().await;
    let records = records();
    let (first, second) = records.split_at(records.len() / 3);
    let codings = [
        ("gzip", gzip(&records)),
        ("x-gzip", [gzip(first), gzip(second)].concat()),
        ("deflate", zlib(&records)),
        ("deflate", deflate(&records)),
        ("zstd", zstd(&records)),
        ("ZSTD", [zstd(first), zstd(second)].concat()),
        ("identity", records.clone()),
    ];
    for (coding, body) in codings {
        let result = send_coded(&site, coding, body).await.result();
        assert_eq!(result, json!({"accepted": 2000, "quarantined": 0, "errors": []}), "{coding}");
    }
    let stored = site.stop_and_read_records().await;
    let expected: Vec<_> = String::from_utf8(records).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(stored.len(), 14_000);
    assert!(stored.chunks(2000).all(|chunk| chunk == expected));
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_refused_whole() {
    let site = Site::start().await;
    let records = records();
    let bodies = [
        ("gzip", gzip(&records)),
        ("deflate", zlib(&records)),
        ("deflate", deflate(&records)),
        ("zstd", zstd(&records)),
    ];
    for (coding, body) in bodies {
        for length in [1, body.len() / 2, body.len() - 1] {
            let answer = send_coded(&site, coding, body[..length].to_vec()).await;
            let message = answer.failure(400, 1002);
            assert!(message.contains(coding), "{length}: {message}");
        }
        let half = body[..body.len() / 2].to_vec();
        let message = send_coded(&site, coding, half).await.failure(400, 1002);
        assert!(message.contains("ends in the middle"), "{message}");
    }
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says_is_refused() {
    let site = Site::start().await;
    let records = records();
    let mut altered = gzip(&records);
    let middle = altered.len() / 2;
    altered[middle] ^= 0x55;
    for (coding, body, expected) in [
        ("gzip", records.clone(), "does not begin as gzip does"),
        ("gzip", altered, "not valid gzip"),
        ("gzip", [gzip(&records), b"rest".to_vec()].concat(), "follows after a whole gzip member"),
        ("deflate", records.clone(), "not valid deflate"),
        ("deflate", [zlib(&records), b"rest".to_vec()].concat(), "more after the end"),
        ("zstd", records.clone(), "not valid zstd"),
    ] {
        let message = send_coded(&site, coding, body).await.failure(400, 1002);
        assert!(message.contains(expected), "{message}");
    }
    for coding in ["br", "gzip, gzip"] {
        let message = send_coded(&site, coding, gzip(&records)).await.failure(415, 1015);
        assert!(message.contains(&format!("`{coding}`")), "{message}");
    }
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_bound() {
    let site = Site::start_with(None, |config| {
        config.ingest.body_bytes_max = 1 << 20;
        config.ingest.decoded_bytes_max = 4 << 20;
    })
    .await;
    let blank = vec![b' '; 16 << 20];
    let small = |bytes: Vec<u8>| {
        assert!(bytes.len() < 1 << 20);
        bytes
    };
    for (coding, body) in [
        ("gzip", small(gzip(&blank))),
        ("deflate", small(zlib(&blank))),
        ("deflate", small(deflate(&blank))),
        ("zstd", small(zstd(&blank))),
    ] {
        let message = send_coded(&site, coding, body).await.failure(413, 1013);
        assert!(message.contains("4194304 bytes"), "{message}");
    }
    let fits = vec![b'\n'; 4 << 20];
    assert_eq!(send_coded(&site, "gzip", gzip(&fits)).await.result()["accepted"], 0);
    let one_more = vec![b'\n'; (4 << 20) + 1];
    send_coded(&site, "gzip", gzip(&one_more)).await.failure(413, 1013);
}

#[tokio::test]
async fn a_zstd_frame_with_a_huge_window_is_refused() {
    let site = Site::start().await;
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&records()).unwrap();
    let body = encoder.finish().unwrap();
    let message = send_coded(&site, "zstd", body).await.failure(400, 1002);
    assert!(message.contains("not valid zstd"), "{message}");
}

#[tokio::test]
async fn a_body_that_decompresses_to_nothing_is_counted_as_it_was_sent() {
    let site = Site::start_with(None, |config| {
        config.ingest.tenant_bytes_per_second = Some(1_000);
        config.ingest.tenant_burst = Duration::from_secs(1);
    })
    .await;
    let empty = gzip(b"").repeat(1_000);
    assert_eq!(send_coded(&site, "gzip", empty.clone()).await.result()["accepted"], 0);
    let message = send_coded(&site, "gzip", empty).await.failure(429, 1029);
    assert!(message.contains("1000 bytes a second"), "{message}");
}
