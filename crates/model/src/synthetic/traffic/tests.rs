//! What the traffic must look like.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crc_fast::{CrcAlgorithm, checksum};
use serde_json::{Map, Value};

use super::*;
use crate::{Checker, Datasets, FieldType};

const AT: UnixNanos = UnixNanos(1_764_000_000_000_000_000);

fn records(seed: u64, number: usize) -> Vec<Map<String, Value>> {
    let mut traffic = Traffic::new(seed, 7);
    let mut text = Vec::new();
    for _ in 0..number {
        traffic.write_record(AT, &mut text);
    }
    let lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_records() {
    assert_eq!(records(1, 200), records(1, 200));
    assert_ne!(records(1, 200), records(2, 200));
}

#[test]
fn every_field_is_one_of_the_dataset_and_has_its_type() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get("http_requests").unwrap();
    for record in records(3, 2_000) {
        for (name, value) in &record {
            let field = dataset.field(name).unwrap_or_else(|| panic!("no field {name}"));
            let fits = match field.field_type {
                FieldType::Int | FieldType::Timestamp => value.is_i64(),
                FieldType::String => value.is_string(),
                FieldType::Bool => value.is_boolean(),
                FieldType::Object => value.is_object(),
                _ => false,
            };
            assert!(fits, "{name}: {value}");
        }
    }
}

#[test]
fn ray_ids_number_the_records_of_a_run() {
    for (at, record) in records(4, 300).iter().enumerate() {
        let ray = record["RayID"].as_str().unwrap();
        assert_eq!(parse_ray_id(ray), Some((7, at as u32)));
    }
    assert_eq!(parse_ray_id(&ray_id(u32::MAX, 0x0123_abcd)), Some((u32::MAX, 0x0123_abcd)));
    for foreign in ["", "7", "0000000700000000f", "000000070000000g", "000000070000000F"] {
        assert_eq!(parse_ray_id(foreign), None, "{foreign}");
    }
}

#[test]
fn records_are_about_a_kilobyte_and_a_few_are_everything() {
    let mut traffic = Traffic::new(5, 1);
    let mut text = Vec::new();
    for _ in 0..10_000 {
        traffic.write_record(AT, &mut text);
    }
    let mean = text.len() / 10_000;
    assert!((900..1_500).contains(&mean), "{mean} bytes");
    assert!(text.windows(2).any(|pair| pair == "ł".as_bytes() || pair == "ö".as_bytes()));
    assert_eq!(traffic.written(), 10_000);
}

#[test]
fn visitors_and_statuses_are_spread_as_those_of_a_shop() {
    let records = records(6, 20_000);
    let count = |name: &str| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for record in &records {
            *counts.entry(record[name].to_string()).or_default() += 1;
        }
        counts
    };
    let statuses = count("EdgeResponseStatus");
    assert!(statuses["200"] > 15_000, "{statuses:?}");
    for status in ["301", "304", "401", "403", "404", "502"] {
        assert!(statuses[status] > 10, "{status}: {statuses:?}");
    }
    let uris = count("ClientRequestURI");
    let busiest = uris.values().max().unwrap();
    assert!(*busiest > 300 && uris.len() > 1_000, "{busiest} of {}", uris.len());
    assert!(count("ClientCountry").len() > 10);
}

#[test]
fn a_visitor_stays_the_same() {
    let mut countries: HashMap<String, HashSet<String>> = HashMap::new();
    let visitors: HashSet<_> = (0..500).map(|n| Visitor::number(n, 9).address).collect();
    assert!(visitors.len() > 480);
    assert_eq!(Visitor::number(17, 9), Visitor::number(17, 9));
    for record in records(9, 1_000) {
        let network = record["ClientASN"].to_string();
        countries.entry(network).or_default().insert(record["ClientCountry"].to_string());
    }
    assert!(countries.values().all(|countries| countries.len() == 1));
}

#[test]
fn times_come_in_order_and_the_shop_was_asked_where_the_cache_had_nothing() {
    for record in records(10, 3_000) {
        let [start, end] = ["EdgeStartTimestamp", "EdgeEndTimestamp"].map(|f| record[f].as_i64());
        assert!(start < end && end == Some(AT.0));
        let hit = matches!(record["CacheCacheStatus"].as_str(), Some("hit" | "revalidated"));
        let asked = record["OriginResponseStatus"] != 0;
        assert!(!(hit && asked), "{record:?}");
    }
}

#[test]
fn wide_records_have_65_fields_pass_the_door_and_tell_their_colo() {
    let datasets = Datasets::builtin();
    let mut checker = Checker::new(Arc::clone(datasets.get("http_requests").unwrap()));
    let mut traffic = WideTraffic::new(11, 0);
    for _ in 0..500 {
        let mut line = Vec::new();
        let colo = traffic.write_record(AT, &mut line);
        let line = line.strip_suffix(b"\n").unwrap();
        let checked = checker.check(line);
        assert!(checked.is_ok(), "{checked:?}: {}", line.escape_ascii());
        let record: Map<String, Value> = serde_json::from_slice(line).unwrap();
        assert_eq!(record.len(), 65);
        assert!(colo < COLOS && record["EdgeColoID"] == colo);
    }
}

#[test]
fn a_seed_gives_the_bytes_that_it_has_always_given() {
    let (mut shop, mut wide) = (Traffic::new(42, 0), WideTraffic::new(42, 0));
    let (mut narrow_text, mut wide_text) = (Vec::new(), Vec::new());
    for number in 0..2_000 {
        let at = UnixNanos(AT.0 + number * 1_000_000);
        shop.write_record(at, &mut narrow_text);
        wide.write_record(at, &mut wide_text);
    }
    let sums = [narrow_text, wide_text].map(|text| checksum(CrcAlgorithm::Crc32Iscsi, &text));
    assert_eq!(
        sums,
        [4_150_197_993, 3_824_505_208],
        "benchmarks of before and after can no longer be compared"
    );
}
