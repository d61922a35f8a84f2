//! Each field is the line's own text, and each kind of damage is told.

use std::sync::Arc;

use model::{Checker, Datasets};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::map;

const LINE: &str = r#"203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "http://semicomplete.com/" "Mozilla/5.0 (X11)""#;

fn record(line: &str) -> Result<Value, String> {
    let mut record = Vec::new();
    map(1, line.as_bytes(), &mut record)?;
    let dataset = Datasets::builtin().get("http_requests").map(Arc::clone);
    let mut checker = Checker::new(dataset.expect("it is built in"));
    checker.check(&record).expect("a mapped record is a good one");
    Ok(serde_json::from_slice(&record).expect("a record is JSON"))
}

#[test]
fn a_line_becomes_a_record_with_its_own_texts() {
    let expected = json!({
        "ClientIP": "203.0.113.9",
        "ClientRequestMethod": "GET",
        "ClientRequestURI": "/a?b=1",
        "ClientRequestPath": "/a",
        "ClientRequestProtocol": "HTTP/1.1",
        "EdgeResponseStatus": 200,
        "EdgeResponseBytes": 203_023,
        "ClientRequestReferer": "http://semicomplete.com/",
        "ClientRequestUserAgent": "Mozilla/5.0 (X11)",
        "EdgeStartTimestamp": "2015-05-17T10:05:03+00:00",
        "RayID": record(LINE).unwrap()["RayID"],
    });
    assert_eq!(record(LINE), Ok(expected));
}

#[track_caller]
fn check_field(line: &str, field: &str, expected: &Value) {
    assert_eq!(&record(line).unwrap()[field], expected, "{line}");
}

#[test]
fn what_the_log_escaped_stays_escaped() {
    let line =
        r#"h - - [17/May/2015:10:05:03 -0730] "GET /\xe4\"x HTTP/1.0" 404 - "-" "say \"hi\" \\""#;
    check_field(line, "ClientRequestURI", &json!(r#"/\xe4\"x"#));
    check_field(line, "ClientRequestUserAgent", &json!(r#"say \"hi\" \\"#));
    check_field(line, "ClientRequestReferer", &json!("-"));
    check_field(line, "EdgeResponseBytes", &json!(0));
    check_field(line, "EdgeStartTimestamp", &json!("2015-05-17T10:05:03-07:30"));
    let zero_time = line.replace("17/May/2015:10:05:03 -0730", "01/Jan/0001:00:00:00 +0000");
    check_field(&zero_time, "EdgeStartTimestamp", &json!("0001-01-01T00:00:00+00:00"));
}

#[test]
fn users_with_spaces_and_requests_that_are_none_are_taken() {
    let with = |request: &str| LINE.replace("GET /a?b=1 HTTP/1.1", request).replace("- -", "- a b");
    check_field(&with("GET /a b HTTP/1.1"), "ClientRequestURI", &json!("/a b"));
    check_field(&with("GET /old"), "ClientRequestURI", &json!("/old"));
    check_field(&with("GET /old"), "ClientRequestProtocol", &Value::Null);
    for odd in ["-", "", r"\x16\x03\x01", r"\x16 \x03"] {
        check_field(&with(odd), "ClientRequestURI", &json!(odd));
        check_field(&with(odd), "ClientRequestMethod", &Value::Null);
    }
}

#[test]
fn the_ray_id_comes_from_number_and_bytes() {
    let ray_id = |number, line: &str| {
        let mut record = Vec::new();
        map(number, line.as_bytes(), &mut record).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        record["RayID"].as_str().unwrap().to_owned()
    };
    let first = ray_id(1, LINE);
    assert_eq!(first.len(), 16);
    assert_eq!(ray_id(1, LINE), first);
    assert_ne!(ray_id(2, LINE), first);
    assert_ne!(ray_id(1, &LINE.replace("200", "201")), first);
}

#[track_caller]
fn check_refused(line: &str, reason: &str) {
    assert_eq!(record(line).unwrap_err(), reason, "{line}");
}

#[test]
fn a_damaged_line_is_told_by_its_damage() {
    check_refused("", "the line does not begin with the client's address and a space");
    check_refused("h - -", "there is no time in square brackets");
    check_refused("h - - [17/May", "the time is not closed by a square bracket");
    let time =
        "the time `17/Mai/2015:10:05:03 +0000` is not one such as `17/May/2015:10:05:03 +0000`";
    check_refused(&LINE.replace("May", "Mai"), time);
    let cut = |at: &str| LINE.split_once(at).expect(at).0.to_owned();
    check_refused(&cut(r#" "GET"#), "the request is missing");
    check_refused(&cut(" HTTP"), "the request is not closed by a quote");
    check_refused(&cut(" 200"), "the status is missing");
    check_refused(&cut(" 203023"), "the size of the response is missing");
    check_refused(&cut(r#" "http:"#), "the referer is missing");
    check_refused(&cut(r#" "Mozilla"#), "the user agent is missing");
    check_refused(&cut(" (X11)"), "the user agent is not closed by a quote");
    check_refused(&format!("{LINE} 12"), "there is more after the user agent: ` 12`");
    check_refused(&LINE.replace(" 200 ", " 2000 "), "the status `2000` is not three digits");
    check_refused(
        &LINE.replace("203023", "-1"),
        "the size of the response `-1` is neither a number nor `-`",
    );
    let mut record = Vec::new();
    let error = map(1, b"\xff - -", &mut record).unwrap_err();
    assert_eq!(error, "the line is not UTF-8 at byte 0");
}

#[test]
fn a_time_that_does_not_exist_is_refused() {
    for (from, to, part) in [
        ("17/May", "31/Feb", "day"),
        ("10:05:03", "24:05:03", "hour"),
        ("+0000", "+2500", "hour of the offset"),
    ] {
        let error = record(&LINE.replace(from, to)).unwrap_err();
        assert!(error.contains(&format!("the {part} is")), "{error}");
    }
}

proptest! {
    #[test]
    fn texts_come_through_as_they_are(agent in "([^\"\\\\\r\n]|\\\\.){0,20}", uri in "/[!-~&&[^\"\\\\ ]]{0,20}") {
        let line = LINE.replace("Mozilla/5.0 (X11)", &agent).replace("/a?b=1", &uri);
        let record = record(&line).unwrap();
        prop_assert_eq!(record["ClientRequestUserAgent"].as_str(), Some(agent.as_str()));
        prop_assert_eq!(record["ClientRequestURI"].as_str(), Some(uri.as_str()));
    }

    #[test]
    fn no_line_makes_it_panic(line in "[ \\[\\]\"\\\\0-9/:a-zäMay+-]{0,80}") {
        let mut record = Vec::new();
        let _ = map(1, line.as_bytes(), &mut record);
    }
}
