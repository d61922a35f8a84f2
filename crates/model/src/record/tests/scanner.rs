//! What `Scanner` finds, by example.

use std::sync::Arc;

use crate::record::Scanner;
use crate::{Dataset, Datasets};

fn http_requests() -> Arc<Dataset> {
    Arc::clone(Datasets::builtin().get("http_requests").unwrap())
}

const WANTED: [&str; 3] = ["ClientIP", "EdgeResponseStatus", "RequestHeaders"];

fn scanner() -> Scanner {
    let dataset = http_requests();
    let wanted = WANTED.map(|name| dataset.field_index(name).unwrap());
    Scanner::new(dataset, wanted)
}

fn scanned<'l>(scanner: &mut Scanner, line: &'l str) -> [Option<&'l str>; 3] {
    scanner.scan(line.as_bytes()).unwrap();
    WANTED.map(|name| {
        let field = scanner.dataset().field_index(name).unwrap();
        scanner.value(line.as_bytes(), field).map(|value| str::from_utf8(value).unwrap())
    })
}

#[track_caller]
fn check(line: &str, expected: [Option<&str>; 3]) {
    // Twice: the second time the order of keys is known.
    let mut scanner = scanner();
    assert_eq!(scanned(&mut scanner, line), expected, "{line}");
    assert_eq!(scanned(&mut scanner, line), expected, "{line}, again");
}

#[test]
fn values_are_given_byte_for_byte() {
    check(
        r#"{"ClientIP":"89.163.242.206","EdgeResponseStatus":200,"RequestHeaders":{"a":"b"}}"#,
        [Some(r#""89.163.242.206""#), Some("200"), Some(r#"{"a":"b"}"#)],
    );
    check(
        " {\t\"EdgeResponseStatus\" : -1.50e+2 , \"RequestHeaders\" : [ 1 , { } ] } \r",
        [None, Some("-1.50e+2"), Some("[ 1 , { } ]")],
    );
    check("{}", [None; 3]);
    check(" { } ", [None; 3]);
}

#[test]
fn only_top_level_keys_count() {
    check(
        r#"{"RequestHeaders":{"ClientIP":"inner","x":[{"EdgeResponseStatus":1}]},"x":{"ClientIP":2}}"#,
        [None, None, Some(r#"{"ClientIP":"inner","x":[{"EdgeResponseStatus":1}]}"#)],
    );
}

#[test]
fn brackets_and_quotes_in_strings_are_text() {
    check(
        r#"{"ClientRequestPath":"/\"},{\"ClientIP\":\"x\"","ClientIP":"a\\","EdgeResponseStatus":1}"#,
        [Some(r#""a\\""#), Some("1"), None],
    );
    check(
        r#"{"RequestHeaders":{"a":"}\"}","b":["]","{"]},"EdgeResponseStatus":2}"#,
        [None, Some("2"), Some(r#"{"a":"}\"}","b":["]","{"]}"#)],
    );
}

#[test]
fn keys_are_compared_by_what_they_mean() {
    check(r#"{"Client\u0049P":"a"}"#, [Some(r#""a""#), None, None]);
    check(r#"{"\u0043\u006C\u0069ent\u0049\u0050":"a"}"#, [Some(r#""a""#), None, None]);
    check(r#"{"Client\\u0049P":"a","ClientIP\u0000":"b","ClientI":"c"}"#, [None; 3]);
    check(r#"{"":1,"\"":2,"ClientIP":3}"#, [Some("3"), None, None]);
}

#[test]
fn the_last_of_two_keys_counts() {
    check(r#"{"ClientIP":"a","x":1,"ClientIP":"b"}"#, [Some(r#""b""#), None, None]);
    check(r#"{"ClientIP":"a","Client\u0049P":null}"#, [Some("null"), None, None]);
}

#[test]
fn numbers_of_any_size_are_kept_digit_for_digit() {
    let number = "123456789012345678901234567890".repeat(20);
    let line = format!(r#"{{"EdgeResponseStatus":{number}}}"#);
    check(&line, [None, Some(&number), None]);
}

#[test]
fn another_order_of_keys_is_learnt_at_once() {
    let mut scanner = scanner();
    for line in [
        r#"{"ClientIP":1,"EdgeResponseStatus":2,"RequestHeaders":3}"#,
        r#"{"RequestHeaders":3,"EdgeResponseStatus":2,"ClientIP":1}"#,
        r#"{"EdgeResponseStatus":2,"ClientIP":1,"RequestHeaders":3}"#,
        r#"{"ClientIP":1,"new":0,"EdgeResponseStatus":2,"newer":0,"RequestHeaders":3}"#,
        r#"{"ClientIP" :1,"EdgeResponseStatus": 2, "RequestHeaders"	:	3}"#,
    ] {
        for _ in 0..3 {
            assert_eq!(scanned(&mut scanner, line), [Some("1"), Some("2"), Some("3")], "{line}");
        }
    }
}

#[test]
fn a_record_leaves_nothing_behind_for_the_next() {
    let mut scanner = scanner();
    scanned(&mut scanner, r#"{"ClientIP":"a","EdgeResponseStatus":2}"#);
    assert_eq!(scanned(&mut scanner, r#"{"EdgeResponseStatus":3}"#), [None, Some("3"), None]);
    let cut = br#"{"EdgeResponseStatus":3,"ClientIP":"#;
    assert!(scanner.scan(cut).is_err());
    let field = scanner.dataset().field_index("EdgeResponseStatus").unwrap();
    assert_eq!(scanner.value(cut, field), None);
}

#[test]
fn a_field_that_is_not_wanted_is_not_given() {
    let mut scanner = scanner();
    let line = br#"{"RayID":"a","ClientIP":"b"}"#;
    scanner.scan(line).unwrap();
    let ray_id = scanner.dataset().field_index("RayID").unwrap();
    assert_eq!(scanner.value(line, ray_id), None);
    assert_eq!(scanner.value(line, usize::MAX), None);
}

#[test]
fn what_cannot_be_followed_is_an_error_with_its_place() {
    let mut scanner = scanner();
    for (line, expected, at) in [
        ("", "`{`", 0),
        (" []", "`{`", 1),
        ("{", "a key and `:`", 1),
        (r#"{"a"}"#, "a key and `:`", 1),
        (r#"{"a":}"#, "a whole value", 5),
        (r#"{"a":"b}"#, "a whole value", 5),
        (r#"{"a":{"b":1}"#, "`,` or `}`", 12),
        (r#"{"a":1,}"#, "a key and `:`", 7),
        (r#"{"a":1} x"#, "the end of the record", 8),
    ] {
        let error = scanner.scan(line.as_bytes()).expect_err(line);
        assert_eq!((error.expected, error.at), (expected, at), "{line}");
    }
    assert_eq!(
        scanner.scan(b"x").unwrap_err().to_string(),
        "not a well-formed record: expected `{` at byte 0"
    );
}
