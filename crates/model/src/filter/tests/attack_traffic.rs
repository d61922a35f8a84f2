//! `filter_attack_traffic` of a whole job, against what the documentation says of it in words.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::random::written;
use crate::sample::RecordPosition;
use crate::{CompiledJob, Datasets, JobSpec, Offset, Partition, Scanner, ScopeKind};

/// The datasets, each with its kind of scope, the fields that tell an attack, and one that does not.
const DATASETS: [(&str, ScopeKind, &[&str], &str); 3] = [
    ("http_requests", ScopeKind::Zone, &["SecuritySources"], "ClientIP"),
    ("firewall_events", ScopeKind::Zone, &["Source"], "ClientIP"),
    (
        "network_analytics_logs",
        ScopeKind::Account,
        &["AttackID", "Verdict", "MitigationSystem"],
        "Direction",
    ),
];

/// Whether the record is attack traffic.
fn is_attack(dataset: &str, record: &Value) -> bool {
    let text = |field: &str| record[field].as_str().unwrap_or_default();
    match dataset {
        "http_requests" => {
            let sources = record["SecuritySources"].as_array().cloned().unwrap_or_default();
            sources.iter().any(|source| source == "l7ddos")
        }
        "firewall_events" => text("Source") == "l7ddos",
        _ => {
            let has_attack = !text("AttackID").is_empty();
            let is_protection = ["dosd", "flowtrackd"].contains(&text("MitigationSystem"));
            has_attack || (text("Verdict") == "drop" && is_protection)
        }
    }
}

/// A JSON string: one that tells something, or nearly does.
fn text() -> impl Strategy<Value = String> {
    const TEXTS: [&str; 14] = [
        "l7ddos",
        "l7ddos",
        "L7DDoS",
        "l7ddos ",
        "xl7ddos",
        "firewallCustom",
        "",
        "drop",
        "pass",
        "dosd",
        "flowtrackd",
        "magic-firewall",
        "dosd,flowtrackd",
        "a7",
    ];
    prop::sample::select(TEXTS.to_vec()).prop_flat_map(written)
}

/// A member of a record, or none.
fn member(name: &'static str) -> impl Strategy<Value = Option<String>> {
    let raw = match name {
        "SecuritySources" => {
            let element = prop_oneof![6 => text(), 1 => Just("null".to_owned())];
            let array = prop::collection::vec(element, 0..4);
            array.prop_map(|elements| format!("[{}]", elements.join(" , "))).boxed()
        }
        _ => text().boxed(),
    };
    let raw = prop_oneof![6 => raw, 1 => Just("null".to_owned())];
    prop::option::weighted(0.8, raw.prop_map(move |raw| format!("\"{name}\" : {raw}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn attack_traffic_and_nothing_else_is_left_out(
        (dataset, kind, line, own) in prop::sample::select(DATASETS.to_vec()).prop_flat_map(
            |(dataset, kind, telling, other)| {
                let names = telling.iter().copied().chain([other]);
                let members: Vec<_> = names.map(|name| member(name).boxed()).collect();
                let line = members.prop_map(|members| {
                    let members: Vec<String> = members.into_iter().flatten().collect();
                    format!("{{{}}}", members.join(", "))
                });
                (Just(dataset), Just(kind), line, prop::option::of(Just(other)))
            }
        ),
    ) {
        let own_filter = |field| {
            json!({ "where": { "key": field, "operator": "eq", "value": "pass" } }).to_string()
        };
        let spec = JobSpec {
            dataset: dataset.to_owned(),
            destination: "s3://burritobot/logs?region=us-west-2".to_owned(),
            filter: own.map(own_filter).unwrap_or_default(),
            filter_attack_traffic: true,
            ..JobSpec::default()
        };
        let job = CompiledJob::of(&spec, kind, &Datasets::builtin()).unwrap();
        let mut scanner = Scanner::new(Arc::clone(job.dataset()), job.fields());
        scanner.scan(line.as_bytes()).unwrap();
        let at = RecordPosition { partition: Partition(0), offset: Offset(0), index: 0 };
        let passes = job.encode(&scanner, line.as_bytes(), at, true, &mut Vec::new());
        let record: Value = serde_json::from_str(&line).unwrap();
        let is_wanted = own.is_none_or(|field| record[field] == "pass");
        prop_assert_eq!(passes, is_wanted && !is_attack(dataset, &record), "{}", line);
    }
}
