//! What objects look like, byte for byte, and which options are refused.

mod encoding;
mod golden;
mod logpull;
mod newlines;
mod options;
mod random;
mod reference;
mod templates;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::*;
use crate::sample::RecordPosition;
use crate::{CompiledJob, Dataset, Datasets, Issue, JobSpec, Offset, Partition, Scanner};

/// The records of the reference's documentation.
const RECORDS: [&str; 3] = [
    r#"{"ClientIP":"89.163.242.206","EdgeStartTimestamp":1506702504433000200,"RayID":"3a6050bcbe121a87"}"#,
    r#"{"ClientIP":"89.163.242.207","EdgeStartTimestamp":1506702504433000300,"RayID":"3a6050bcbe121a88"}"#,
    r#"{"ClientIP":"89.163.242.208","EdgeStartTimestamp":1506702504433000400,"RayID":"3a6050bcbe121a89"}"#,
];

static DATASETS: LazyLock<Datasets> = LazyLock::new(Datasets::builtin);

fn dataset() -> Arc<Dataset> {
    Arc::clone(DATASETS.get("http_requests").unwrap())
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

/// The object of one frame of these lines, the first of its partition, as the job pushes it, and
/// how many records it has.
#[track_caller]
pub(crate) fn pushed(spec: &JobSpec, lines: &[&str]) -> (String, usize) {
    let scope = DATASETS.get(&spec.dataset).unwrap().scopes[0];
    let destination = "s3://burritobot/logs?region=us-west-2".to_owned();
    let job = CompiledJob::of(&JobSpec { destination, ..spec.clone() }, scope, &DATASETS);
    let job = job.unwrap_or_else(|issues| panic!("{spec:?}: {issues:?}"));
    let (mut out, mut records) = (Vec::new(), 0);
    job.begin(&mut out);
    let mut take = |scanner: &Scanner, line: &[u8], index| {
        let at = RecordPosition { partition: Partition(0), offset: Offset(0), index };
        records += usize::from(job.encode(scanner, line, at, records == 0, &mut out));
    };
    let lines = lines.iter().map(|line| line.as_bytes());
    if let Some(mut merger) = job.merger() {
        assert!(merger.merge(lines, take).is_empty());
    } else {
        let mut scanner = Scanner::new(Arc::clone(job.dataset()), job.fields());
        for (index, line) in (0..).zip(lines) {
            scanner.scan(line).unwrap();
            take(&scanner, line, index);
        }
    }
    job.end(&mut out);
    (String::from_utf8(out).unwrap(), records)
}
