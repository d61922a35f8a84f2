//! Every content type that the door takes, and what becomes of the lines.

use journal::FrameKind;
use serde_json::json;

use crate::site::{Answer, Site, lines, send};

async fn send_as(site: &Site, content_type: &str, body: &'static str) -> Answer {
    send(site.door("http_requests").header("content-type", content_type).body(body)).await
}

#[tokio::test]
async fn ndjson_is_taken_line_by_line_and_kept_as_it_is() {
    let site = Site::start().await;
    let body = "{\"RayID\":\"1\", \"Own\" : [1,{\"a\":2}]}\r\n\n  \n{\"RayID\":\"\\u00e4\"}";
    for content_type in ["application/x-ndjson", "application/ndjson", "text/plain; charset=utf-8"]
    {
        let result = send_as(&site, content_type, body).await.result();
        assert_eq!(
            result,
            json!({"accepted": 2, "quarantined": 0, "errors": []}),
            "{content_type}"
        );
    }
    let plain = site.ingest(body).await.result();
    assert_eq!(plain["accepted"], 2);
    let records = site.stop_and_read_records().await;
    let expected = ["{\"RayID\":\"1\", \"Own\" : [1,{\"a\":2}]}", "{\"RayID\":\"\\u00e4\"}"];
    assert_eq!(records, expected.repeat(4));
}

#[tokio::test]
async fn json_is_taken_as_array_as_object_and_as_lines() {
    let site = Site::start().await;
    for (body, accepted) in [
        ("[{\"RayID\":\"a\"},\n {\"RayID\":\"b\"}]", 2),
        ("{\n  \"RayID\": \"c\",\n  \"Own\": \"x\\n\"\n}\n", 1),
        ("{\"RayID\":\"d\"}\n{\"RayID\":\"e\"}\n", 2),
        ("{\"RayID\":\"f\"}{\"RayID\":\"g\"}", 2),
        ("[]", 0),
        ("", 0),
    ] {
        let result = send_as(&site, "application/json", body).await.result();
        let expected = json!({"accepted": accepted, "quarantined": 0, "errors": []});
        assert_eq!(result, expected, "{body}");
    }
    let records = site.stop_and_read_records().await;
    assert_eq!(records[2], "{   \"RayID\": \"c\",   \"Own\": \"x\\n\" }");
    let ids: String = records
        .iter()
        .map(|record| serde_json::from_str::<serde_json::Value>(record).unwrap())
        .map(|record| record["RayID"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, "abcdefg");
}

#[tokio::test]
async fn bad_lines_go_to_quarantine_and_good_ones_go_on() {
    let site = Site::start().await;
    let body = "{\"RayID\":\"1\"}\nnot json\n{\"EdgeResponseStatus\":\"x\"}\n[1]\n{\"RayID\":\"2\"}\n{\"a\":";
    let result = site.ingest(body).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(2), &json!(4)));
    let errors = result["errors"].as_array().unwrap();
    let numbers: Vec<_> = errors.iter().map(|error| error["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [2, 3, 4, 6]);
    assert!(errors[1]["reason"].as_str().unwrap().contains("`EdgeResponseStatus`"), "{errors:?}");
    let frames = site.stop_and_read().await;
    assert_eq!(lines(&frames, FrameKind::Records), ["{\"RayID\":\"1\"}", "{\"RayID\":\"2\"}"]);
    assert_eq!(lines(&frames, FrameKind::Quarantine).len(), 4);
}

#[tokio::test]
async fn a_bad_element_of_an_array_is_named_by_its_number() {
    let site = Site::start().await;
    let body = "[{\"RayID\":\"1\"}, 7, {\"RayID\":\n2}]";
    let result = send_as(&site, "application/json", body).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&result["errors"][0]["line"], &result["errors"][1]["line"]),
        (&json!(2), &json!(3))
    );
}

#[tokio::test]
async fn a_line_break_within_a_string_is_refused_and_none_becomes_a_space() {
    let site = Site::start().await;
    let body = "[{\"RayID\":\"a\nb\"}, {\"RayID\":\"a\rb\"}, {\r\n\"RayID\":\n\"a\\nb\"\r}]";
    let result = send_as(&site, "application/json", body).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(1), &json!(2)));
    for error in result["errors"].as_array().unwrap() {
        let reason = error["reason"].as_str().unwrap();
        assert!(reason.contains("control character") && reason.contains("at byte 11"), "{reason}");
    }
    let frames = site.stop_and_read().await;
    assert_eq!(lines(&frames, FrameKind::Records), ["{  \"RayID\": \"a\\nb\" }"]);
    let kept = lines(&frames, FrameKind::Quarantine);
    let first: serde_json::Value = serde_json::from_str(&kept[0]).unwrap();
    assert_eq!(first["content"], "{\"RayID\":\"a\nb\"}");
}

#[tokio::test]
async fn json_that_holds_no_records_is_refused_as_a_whole() {
    let site = Site::start().await;
    for (body, expected) in [
        ("hello", "neither `[` nor `{`"),
        ("[{\"RayID\":\"1\"},", "without `]`"),
        ("[{\"RayID\":\"1\"", "is not whole"),
        ("[{\"RayID\":\"1\"}] x", "more after the array"),
    ] {
        let message = send_as(&site, "application/json", body).await.failure(400, 1002);
        assert!(message.contains(expected), "{message}");
    }
    assert!(site.stop_and_read().await.is_empty());
}

#[tokio::test]
async fn an_unknown_content_type_is_refused_and_the_known_ones_are_named() {
    let site = Site::start().await;
    for content_type in ["text/html", "text/plain; format=common", "multipart/form-data"] {
        let message = send_as(&site, content_type, "{}").await.failure(415, 1015);
        assert!(message.contains(content_type) && message.contains("x-ndjson"), "{message}");
    }
}

#[tokio::test]
async fn a_large_request_is_cut_into_frames_within_bounds() {
    let site = Site::start().await;
    let record = format!("{{\"RayID\":\"{}\"}}\n", "x".repeat(3000));
    let result = site.ingest(record.repeat(1200)).await.result();
    assert_eq!(result["accepted"], 1200);
    let frames = site.stop_and_read().await;
    assert!(frames.len() > 3);
    assert_eq!(frames.iter().map(|frame| frame.records).sum::<u32>(), 1200);
    for frame in &frames {
        assert!(frame.payload.len() <= 1 << 20 && frame.records <= 500);
        assert_eq!(frame.arrival, frames[0].arrival);
    }
}

#[tokio::test]
async fn a_record_that_is_too_long_goes_to_quarantine_cut() {
    let site = Site::start().await;
    let long = format!("{{\"RayID\":\"{}\"}}\n{{\"RayID\":\"2\"}}\n", "x".repeat(1_000_000));
    let result = site.ingest(long).await.result();
    assert_eq!((&result["accepted"], &result["quarantined"]), (&json!(1), &json!(1)));
    let kept = site.quarantine("").await;
    assert_eq!(kept[0]["truncated"], true);
    assert_eq!(kept[0]["content"].as_str().unwrap().len(), 64 << 10);
}
