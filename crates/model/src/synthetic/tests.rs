//! Records of every dataset pass the door and reach objects with their bytes unchanged.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::sample::RecordPosition;
use crate::time::parse_json_timestamp;
use crate::{
    Checker, CompiledJob, Datasets, FieldType, JobSpec, Offset, Partition, Scanner, TimestampFormat,
};

const AT: UnixNanos = UnixNanos(1_764_000_000_000_000_000);
const RECORDS: usize = 20;

fn lines(dataset: &Arc<Dataset>, seed: u64, number: usize) -> Vec<String> {
    let mut records = Records::new(Arc::clone(dataset), seed);
    let mut text = Vec::new();
    (0..number).for_each(|_| records.write_record(AT, &mut text));
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

/// The object of these lines, as a job with these output options writes it.
fn object(dataset: &Arc<Dataset>, options: &str, lines: &[String]) -> String {
    let spec = JobSpec {
        dataset: dataset.name.clone(),
        destination: "s3://burritobot/logs?region=us-west-2".to_owned(),
        output_options: Some(options.to_owned()),
        ..JobSpec::default()
    };
    let job = CompiledJob::compile(&spec, dataset.scopes[0], Arc::clone(dataset)).unwrap();
    let mut scanner = Scanner::new(Arc::clone(dataset), job.fields());
    let mut out = Vec::new();
    job.begin(&mut out);
    for (index, line) in (0..).zip(lines) {
        let at = RecordPosition { partition: Partition(0), offset: Offset(1), index };
        scanner.scan(line.as_bytes()).unwrap();
        assert!(job.encode(&scanner, line.as_bytes(), at, index == 0, &mut out));
    }
    job.end(&mut out);
    String::from_utf8(out).unwrap()
}

/// A field's value as the contract says, step by step, with no thought of speed.
fn expected(field: &crate::Field, raw: Option<&str>, format: TimestampFormat, csv: bool) -> String {
    let mut raw = raw.unwrap_or("null").to_owned();
    if field.field_type == FieldType::Timestamp
        && let Ok(instant) = parse_json_timestamp(raw.as_bytes())
    {
        let mut written = Vec::new();
        format.write(instant, &mut written);
        raw = String::from_utf8(written).unwrap();
    }
    if !csv {
        return format!("\"{}\":{raw}", field.name);
    }
    if raw.starts_with(['{', '[']) {
        return format!("\"{}\"", raw.replace('"', "\"\""));
    }
    if raw.starts_with('"') {
        let text: String = serde_json::from_str(&raw).unwrap();
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    if raw == "null" { String::new() } else { raw }
}

#[test]
fn every_record_of_every_dataset_passes_the_door() {
    let datasets = Datasets::builtin();
    assert_eq!(datasets.iter().count(), 37);
    for dataset in datasets.iter() {
        let mut checker = Checker::new(Arc::clone(dataset));
        for line in lines(dataset, 1, 300) {
            let checked = checker.check(line.as_bytes());
            assert!(checked.is_ok(), "{}: {checked:?}: {line}", dataset.name);
        }
    }
}

/// The line of a record with all fields.
fn expected_line(dataset: &Dataset, line: &str, format: TimestampFormat, csv: bool) -> String {
    let members: HashMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
    let values = dataset.fields.iter().map(|field| {
        let raw = members.get(field.name.as_str()).map(|raw| raw.get());
        expected(field, raw, format, csv)
    });
    let record = values.collect::<Vec<_>>().join(",");
    if csv { format!("{record}\n") } else { format!("{{{record}}}\n") }
}

#[track_caller]
fn check_all_fields(dataset: &Arc<Dataset>, lines: &[String], format: TimestampFormat, csv: bool) {
    let names: Vec<&str> = dataset.fields.iter().map(|field| field.name.as_str()).collect();
    let options = json!({
        "field_names": names,
        "output_type": if csv { "csv" } else { "ndjson" },
        "timestamp_format": format.name(),
    });
    let expected: String =
        lines.iter().map(|line| expected_line(dataset, line, format, csv)).collect();
    assert_eq!(object(dataset, &options.to_string(), lines), expected, "{} {csv}", dataset.name);
}

#[test]
fn every_dataset_is_written_as_the_reference_says_with_all_fields_in_each_form() {
    for dataset in Datasets::builtin().iter() {
        let lines = lines(dataset, 2, RECORDS);
        for format in TimestampFormat::ALL {
            check_all_fields(dataset, &lines, format, false);
            check_all_fields(dataset, &lines, format, true);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_records() {
    for dataset in Datasets::builtin().iter() {
        assert_eq!(lines(dataset, 3, 20), lines(dataset, 3, 20));
        assert_ne!(lines(dataset, 3, 20), lines(dataset, 4, 20), "{}", dataset.name);
    }
}

#[test]
fn what_is_hard_to_carry_comes_regularly() {
    let datasets = Datasets::builtin();
    let text: String =
        datasets.iter().flat_map(|dataset| lines(dataset, 5, 200)).collect::<Vec<_>>().join("\n");
    for part in [
        "18446744073709551616123",
        ":90071992",
        ":1.0",
        ":1e5",
        ":-0",
        "\\u00e9",
        "\\ud83c\\udf2f",
        "🌮",
        "\\\"",
        "\\\\",
        "\\/",
        "${jndi",
        "{ }",
        "[]",
        "{}",
        ":null",
        "T15:",
        "Ł",
    ] {
        assert!(text.contains(part), "no {part}");
    }
}

#[test]
fn most_fields_are_there_and_each_is_missing_at_times() {
    for dataset in Datasets::builtin().iter() {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in lines(dataset, 6, 400) {
            let record: BTreeMap<String, Value> = serde_json::from_str(&line).unwrap();
            record.into_keys().for_each(|name| *counts.entry(name).or_default() += 1);
        }
        for field in &dataset.fields {
            let count = counts[&field.name];
            let is_needed = field.name == dataset.timestamp_field
                || dataset.host_field.as_ref() == Some(&field.name);
            assert_eq!(count == 400, is_needed, "{} {}: {count}", dataset.name, field.name);
            assert!(count > 300, "{} {}: {count}", dataset.name, field.name);
        }
    }
}
