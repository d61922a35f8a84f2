//! The description says all that there is, and nothing changes in it unseen.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::document;
use super::examples::EXAMPLES;
use super::failures::meaning;
use super::operation::Body;
use super::operations::OPERATIONS;
use crate::api::error::Code;
use crate::api::routes;
use crate::api::routes::expand_path;

/// Most differences that are shown.
const SHOWN_MAX: usize = 40;
const RENEW: &str = "LOGPUSH_TEST_RENEW";

fn snapshot() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let route = |method: &str, path: &str| format!("{method} {path}");
    let there: BTreeSet<String> =
        routes().iter().map(|known| route(known.method.as_str(), &known.path)).collect();
    let described: BTreeSet<String> = OPERATIONS
        .iter()
        .flat_map(|operation| {
            let paths = expand_path(operation.path).into_iter();
            paths.map(|(_, path)| route(operation.method, &path))
        })
        .collect();
    let missing: Vec<&String> = there.difference(&described).collect();
    let gone: Vec<&String> = described.difference(&there).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "OPERATIONS in api/openapi/operations.rs lacks {missing:?} and has {gone:?} too much"
    );
}

#[test]
fn names_of_operations_are_used_once() {
    let mut names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}

#[test]
fn examples_are_json() {
    for operation in OPERATIONS {
        if let Body::Json(_, example) = operation.body {
            let read: Result<Value, _> = serde_json::from_str(example);
            assert!(read.is_ok_and(|value| value.is_object()), "{}", operation.name);
        }
    }
}

#[test]
fn examples_of_answers_have_every_member_and_no_other() {
    let document = document();
    for (name, example) in EXAMPLES {
        let schema = &document["components"]["schemas"][name];
        let known = schema["properties"].as_object().unwrap_or_else(|| panic!("no schema {name}"));
        let example: Value = serde_json::from_str(example).unwrap();
        let members = example.as_object().unwrap();
        assert!(members.keys().all(|member| known.contains_key(member)), "{name}: {example}");
        let required = schema["required"].as_array().into_iter().flatten();
        for member in required.map(|member| member.as_str().unwrap()) {
            assert!(members.contains_key(member), "{name} lacks {member}");
        }
    }
}

#[test]
fn every_code_means_what_the_documentation_says() {
    let page = include_str!("../../../../../docs/errors.md");
    for code in Code::ALL {
        let row = format!("| {} | {} | {} |", code.number(), code.status().as_u16(), meaning(code));
        assert!(page.contains(&row), "docs/errors.md lacks `{row}`");
    }
}

#[test]
fn the_description_in_the_repository_is_up_to_date() {
    let now = document();
    if std::env::var_os(RENEW).is_some_and(|what| what == "openapi") {
        let text = serde_json::to_string_pretty(&now).unwrap();
        fs::write(snapshot(), text + "\n").unwrap();
        return;
    }
    let kept = fs::read_to_string(snapshot()).unwrap_or_else(|_| "null".to_owned());
    let mut differences = Vec::new();
    compare("", &serde_json::from_str(&kept).unwrap(), &now, &mut differences);
    let count = differences.len();
    differences.truncate(SHOWN_MAX);
    assert!(
        count == 0,
        "the API is described otherwise than in docs/openapi.json, in {count} places:\n{}\n\
         Where that is wanted, renew the file:\n  \
         {RENEW}=openapi cargo test -p server --lib openapi",
        differences.join("\n")
    );
}

/// Adds where two documents differ, each with its pointer.
fn compare(pointer: &str, kept: &Value, now: &Value, differences: &mut Vec<String>) {
    match (kept, now) {
        (Value::Object(kept), Value::Object(now)) => {
            let names: BTreeSet<&String> = kept.keys().chain(now.keys()).collect();
            for name in names {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match (kept.get(name), now.get(name)) {
                    (Some(kept), Some(now)) => compare(&pointer, kept, now, differences),
                    (Some(kept), None) => differences.push(format!("- {pointer}: {}", cut(kept))),
                    (_, now) => {
                        let now = now.map(cut).unwrap_or_default();
                        differences.push(format!("+ {pointer}: {now}"));
                    }
                }
            }
        }
        _ if kept == now => {}
        _ => differences.push(format!("  {pointer}: {} -> {}", cut(kept), cut(now))),
    }
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(100).collect();
    if shown.len() < text.len() { shown + "…" } else { shown }
}
