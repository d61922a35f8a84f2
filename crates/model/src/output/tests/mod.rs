//! What objects look like, byte for byte, and which options are refused.

mod encoding;
mod golden;
mod logpull;
mod options;
mod templates;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{Dataset, Datasets, Issue, Scanner};

/// The records of the reference's documentation.
const RECORDS: [&str; 3] = [
    r#"{"ClientIP":"89.163.242.206","EdgeStartTimestamp":1506702504433000200,"RayID":"3a6050bcbe121a87"}"#,
    r#"{"ClientIP":"89.163.242.207","EdgeStartTimestamp":1506702504433000300,"RayID":"3a6050bcbe121a88"}"#,
    r#"{"ClientIP":"89.163.242.208","EdgeStartTimestamp":1506702504433000400,"RayID":"3a6050bcbe121a89"}"#,
];

fn dataset() -> Arc<Dataset> {
    Arc::clone(Datasets::builtin().get("http_requests").unwrap())
}

fn parse(options: &Value) -> Result<OutputOptions, Vec<Issue>> {
    OutputOptions::parse(&options.to_string(), &dataset())
}

/// The object of these records.
#[track_caller]
fn object(options: &Value, records: &[&str]) -> String {
    let parsed = parse(options).unwrap_or_else(|issues| panic!("{options}: {issues:?}"));
    let encoder = Encoder::new(&parsed, &dataset());
    let mut scanner = Scanner::new(dataset(), encoder.fields());
    let mut out = Vec::new();
    encoder.begin(&mut out);
    for (number, record) in records.iter().enumerate() {
        let line = record.as_bytes();
        scanner.scan(line).unwrap();
        let before = out.len();
        encoder.record_of_line(line, |field| scanner.span(field), number == 0, &mut out);
        let mut one_by_one = Vec::new();
        encoder.record(|field| scanner.value(line, field), number == 0, &mut one_by_one);
        assert_eq!(out[before..], one_by_one, "{options}: {record}");
    }
    encoder.end(&mut out);
    String::from_utf8(out).unwrap()
}

/// The object of one record, with these fields and further options.
#[track_caller]
fn one(fields: &[&str], more: Value, record: &str) -> String {
    let mut options = json!({ "field_names": fields });
    if let Value::Object(more) = more {
        options.as_object_mut().unwrap().extend(more);
    }
    object(&options, &[record])
}
