//! Every schema keeps the rules, and every mistake in one is told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Datasets, FieldType, builtin};
use crate::ScopeKind;

fn user_defined(text: &str) -> Result<Datasets, String> {
    Datasets::builtin()
        .with_user_defined([("orders.toml".to_owned(), text.to_owned())])
        .map_err(|error| error.to_string())
}

#[track_caller]
fn check_refused(text: &str, reason: &str) {
    let message = user_defined(text).expect_err("the file has a mistake");
    assert_eq!(message, format!("dataset file `orders.toml`: {reason}"));
}

const HEAD: &str = "dataset = \"orders\"\nscopes = [\"zone\"]\ntimestamp_field = \"PlacedAt\"\n";
const PLACED_AT: &str = "[[fields]]\nname = \"PlacedAt\"\ntype = \"timestamp\"\n";

#[test]
fn every_schema_in_the_folder_is_compiled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let compiled: BTreeSet<String> =
        builtin::SCHEMAS.iter().map(|(name, _)| format!("{name}.json")).collect();
    assert_eq!(files, compiled);
    assert_eq!(Datasets::builtin().iter().count(), 37);
}

#[test]
fn every_built_in_is_named_as_its_file_and_keeps_the_rules() {
    let datasets = Datasets::builtin();
    let mut fields = 0;
    for (name, _) in builtin::SCHEMAS {
        let dataset = datasets.get(name).expect(name);
        let timestamp_field = dataset.field(&dataset.timestamp_field).expect(name);
        let time_like = [FieldType::Timestamp, FieldType::Int];
        assert!(time_like.contains(&timestamp_field.field_type), "{name}");
        assert_eq!(
            dataset.fields.iter().map(|f| &f.name).collect::<BTreeSet<_>>().len(),
            dataset.fields.len(),
            "{name}"
        );
        fields += dataset.fields.len();
    }
    assert_eq!(fields, 1_033);
    assert_eq!(datasets.get("http_requests").unwrap().fields.len(), 123);
}

#[test]
fn a_host_field_is_there_where_a_zone_can_be_found_by_it() {
    let hosts: Vec<(String, String)> = Datasets::builtin()
        .iter()
        .filter_map(|dataset| {
            let host = dataset.host_field.clone()?;
            assert!(dataset.allows(ScopeKind::Zone), "{}", dataset.name);
            Some((dataset.name.clone(), host))
        })
        .collect();
    let expected = [
        ("account_abuse_protection_events", "Host"),
        ("dns_logs", "QueryName"),
        ("firewall_events", "ClientRequestHost"),
        ("http_requests", "ClientRequestHost"),
        ("page_shield_events", "Host"),
        ("websocket_analytics", "ClientRequestHost"),
    ];
    assert_eq!(hosts, expected.map(|(name, host)| (name.to_owned(), host.to_owned())));
}

#[test]
fn fields_are_found_by_name() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get("http_requests").unwrap();
    let index = dataset.field_index("ClientIP").unwrap();
    assert_eq!(dataset.fields[index].name, "ClientIP");
    assert_eq!(dataset.field("ClientIP").unwrap().field_type, FieldType::String);
    assert_eq!(dataset.field_index("clientip"), None);
    assert_eq!(dataset.nearest_field("clientip"), Some("ClientIP"));
    let message = |name: &str| datasets.named(name).unwrap_err().to_string();
    let meant = "no such dataset: `http_request`; did you mean `http_requests`?";
    assert_eq!(message("http_request"), meant);
    assert_eq!(message(&"é".repeat(1_000)), format!("no such dataset: `{}`", "é".repeat(64)));
    assert!(dataset.allows(ScopeKind::Zone));
    assert!(!dataset.allows(ScopeKind::Account));
}

#[test]
fn deprecated_fields_are_no_default_fields() {
    let datasets = Datasets::builtin();
    let dataset = datasets.get("http_requests").unwrap();
    assert!(dataset.field("CacheResponseStatus").unwrap().deprecated);
    assert!(dataset.default_fields().all(|field| field.name != "CacheResponseStatus"));
    let deprecated = dataset.fields.iter().filter(|field| field.deprecated).count();
    assert_eq!(dataset.default_fields().count(), dataset.fields.len() - deprecated);
}

#[test]
fn a_type_reads_back_from_its_name() {
    for field_type in FieldType::ALL {
        assert_eq!(FieldType::from_name(field_type.name()), Some(field_type));
    }
    assert_eq!(FieldType::from_name("array[bool]"), None);
}

#[test]
fn a_user_defined_dataset_stands_beside_the_built_in_ones() {
    let text = format!(
        "{HEAD}host_field = \"Host\"\n{PLACED_AT}description = \"When\"\n\
         [[fields]]\nname = \"Host\"\ntype = \"string\"\ndeprecated = true\n\
         [[fields]]\nname = \"Items\"\ntype = \"array[object]\"\n"
    )
    .replace("[\"zone\"]", "[\"zone\", \"zone\"]");
    let datasets = user_defined(&text).unwrap();
    assert_eq!(datasets.iter().count(), 38);
    let orders = datasets.get("orders").unwrap();
    assert_eq!(orders.host_field.as_deref(), Some("Host"));
    assert_eq!(orders.field_index("Items"), Some(2));
    assert_eq!(orders.default_fields().count(), 2);
    assert_eq!(orders.scopes, [ScopeKind::Zone]);
}

#[test]
fn a_mistake_in_the_keys_is_refused_by_name() {
    check_refused(
        &format!("{HEAD}host_feild = \"Host\"\n{PLACED_AT}"),
        "unknown key `host_feild` in the file: expected one of `dataset`, `scopes`, \
         `timestamp_field`, `host_field` and `fields`; did you mean `host_field`?",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}tipe = \"int\"\n"),
        "unknown key `tipe` in field `PlacedAt`: expected one of `name`, `type`, `description` \
         and `deprecated`; did you mean `type`?",
    );
    check_refused(
        &format!("{HEAD}[[fields]]\nunit = \"s\"\n"),
        "unknown key `unit` in the field at place 1: expected one of `name`, `type`, \
         `description` and `deprecated`",
    );
}

#[test]
fn a_mistake_in_the_names_is_refused_by_value() {
    for name in ["", "Orders", "or-ders", &"a".repeat(65)] {
        check_refused(
            &format!("{HEAD}{PLACED_AT}").replace("orders", name),
            &format!(
                "`{name}` is not a dataset name: expected 1 to 64 characters of a-z, 0-9 and `_`"
            ),
        );
    }
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replace("orders", "dns_logs"),
        "`dns_logs` is the name of a built-in dataset: choose another",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}[[fields]]\nname = \"a\\\"b\"\ntype = \"int\"\n"),
        "`a\"b` is not a field name: expected 1 to 128 characters of A-Z, a-z, 0-9, `_`, `.`, \
         `@` and `-`",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}{PLACED_AT}"),
        "field `PlacedAt` is there twice: names must be unique",
    );
}

#[test]
fn a_mistake_in_the_values_is_refused_with_what_is_allowed() {
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replace("zone", "zoen"),
        "unknown scope `zoen`: expected `account` or `zone`; did you mean `zone`?",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replace("\"zone\"", ""),
        "`scopes` is empty: expected `account`, `zone` or both",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replace("\"timestamp\"", "\"timestmap\""),
        "field `PlacedAt` has the unknown type `timestmap`: expected one of `string`, `int`, \
         `float`, `bool`, `timestamp`, `object`, `array[string]`, `array[int]`, \
         `array[object]`; did you mean `timestamp`?",
    );
    check_refused(&format!("{HEAD}fields = []\n"), "`fields` has 0 entries: expected 1 to 1000");
}

#[test]
fn a_role_needs_a_field_that_can_play_it() {
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replacen("PlacedAt", "placedat", 1),
        "`timestamp_field` names `placedat`, which is not among the fields; \
         did you mean `PlacedAt`?",
    );
    check_refused(
        &format!("{HEAD}{PLACED_AT}").replace("\"timestamp\"", "\"bool\""),
        "`timestamp_field` names `PlacedAt`, which is of type bool: \
         expected `timestamp` or `int`",
    );
    check_refused(
        &format!("{HEAD}host_field = \"PlacedAt\"\n{PLACED_AT}"),
        "`host_field` names `PlacedAt`, which is of type timestamp: expected `string`",
    );
}

#[test]
fn a_mistake_in_the_shape_is_refused_with_its_place() {
    for (text, place) in [
        (format!("{HEAD}{PLACED_AT}deprecated = \"no\"\n"), "line 7"),
        (HEAD.to_owned(), "missing field `fields`"),
        (format!("{HEAD}{PLACED_AT}name = \"again\"\n"), "line 7"),
        ("dataset: orders".to_owned(), "line 1"),
    ] {
        let message = user_defined(&text).expect_err(&text);
        assert!(message.starts_with("dataset file `orders.toml`: "), "{message}");
        assert!(message.contains(place), "{message}");
    }
}

#[test]
fn two_files_cannot_define_one_dataset() {
    let text = format!("{HEAD}{PLACED_AT}");
    let files = [("a.toml".to_owned(), text.clone()), ("b.toml".to_owned(), text)];
    assert_eq!(
        Datasets::builtin().with_user_defined(files).unwrap_err().to_string(),
        "dataset file `b.toml`: dataset `orders` is already defined in `a.toml`: keep one of them"
    );
}
