//! Numbered records of `http_requests`, and counting what became of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

use crate::objects::Object;

/// The id of record `number` of a stream.
pub(crate) fn id(stream: &str, number: u64) -> String {
    format!("{stream}-{number:06}")
}

/// The ids of some records of a stream.
pub(crate) fn ids(stream: &str, numbers: Range<u64>) -> Vec<String> {
    numbers.map(|number| id(stream, number)).collect()
}

/// These records of a stream as NDJSON.
pub(crate) fn body(stream: &str, numbers: Range<u64>) -> String {
    let mut body = String::new();
    for number in numbers {
        let (id, octet) = (id(stream, number), number % 256);
        let uri = format!("/burritos/{}?n={number}", number % 17);
        writeln!(
            body,
            r#"{{"RayID":"{id}","ClientIP":"192.0.2.{octet}","ClientRequestURI":"{uri}","EdgeResponseStatus":200}}"#
        )
        .unwrap();
    }
    body
}

/// The ids of the records in some objects, in their order.
pub(crate) fn delivered(objects: &[Object]) -> Vec<String> {
    let id_of = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["RayID"].as_str().unwrap().to_owned()
    };
    objects.iter().flat_map(|object| object.text().lines().map(id_of).collect::<Vec<_>>()).collect()
}

/// Checks that each of `expected` is there once, and nothing else.
#[track_caller]
pub(crate) fn assert_each_once<T: Ord + std::fmt::Debug>(found: &[T], expected: &[T]) {
    assert_once(found, expected, &[]);
}

/// Checks that each of `expected` is there once, each of `allowed` at most once, and nothing else.
#[track_caller]
pub(crate) fn assert_once<T: Ord + std::fmt::Debug>(found: &[T], expected: &[T], allowed: &[T]) {
    // By value: how often it is there, how often it has to be, how often it may be.
    let mut tally: BTreeMap<&T, [u32; 3]> = BTreeMap::new();
    found.iter().for_each(|value| tally.entry(value).or_default()[0] += 1);
    for value in expected {
        let counts = tally.entry(value).or_default();
        counts[1] += 1;
        counts[2] += 1;
    }
    allowed.iter().for_each(|value| tally.entry(value).or_default()[2] += 1);
    let those = |differs: fn(&[u32; 3]) -> bool| -> Vec<&T> {
        tally.iter().filter(|(_, counts)| differs(counts)).map(|(value, _)| *value).collect()
    };
    let missing = those(|[there, least, _]| there < least);
    let too_many = those(|[there, _, most]| there > most);
    assert!(
        missing.is_empty() && too_many.is_empty(),
        "{} found, {} expected: {} are missing, such as {:?}; {} are there too often, such as {:?}",
        found.len(),
        expected.len(),
        missing.len(),
        &missing[..missing.len().min(3)],
        too_many.len(),
        &too_many[..too_many.len().min(3)],
    );
}
