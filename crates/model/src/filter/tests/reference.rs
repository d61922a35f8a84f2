//! What the documentation says of filters, word by word, with no thought of speed.
//!
//! It reads a filter as JSON and a record as the texts of its members, and shares nothing with what
//! is tested. Instants are looked up in a table.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Some instants, with texts that mean them.
pub(super) const INSTANTS: [(i64, [&str; 4]); 6] = [
    (
        1_506_700_104_000_000_000,
        ["1506700104", "\"1506700104000\"", "\"2017-09-29T15:48:24Z\"", "1506700104000000000"],
    ),
    (
        1_506_700_104_433_000_000,
        [
            "1506700104433",
            "1506700104.433",
            "\"2017-09-29T17:48:24.433+02:00\"",
            "\"1506700104433000\"",
        ],
    ),
    (
        1_506_700_104_433_000_200,
        [
            "1506700104433000200",
            "\"2017-09-29t15:48:24.4330002z\"",
            "\"1506700104.4330002\"",
            "\"2017-09-29 15:48:24.433000200Z\"",
        ],
    ),
    (7_000_000_000, ["7", "\"7\"", "7.0", "\"1970-01-01T00:00:07Z\""]),
    (0, ["0", "\"1970-01-01T00:00:00Z\"", "\"0\"", "0.0"]),
    (-1_000_000_000, ["-1", "\"1969-12-31T23:59:59Z\"", "\"-1\"", "\"1970-01-01T00:59:59+01:00\""]),
];

/// The members of a record.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// Whether the record passes the expression.
pub(super) fn passes(expression: &Value, record: &Members) -> bool {
    if let Some(parts) = expression.get("and") {
        return parts.as_array().unwrap().iter().all(|part| passes(part, record));
    }
    if let Some(parts) = expression.get("or") {
        return parts.as_array().unwrap().iter().any(|part| passes(part, record));
    }
    let key = expression["key"].as_str().unwrap();
    let operator = expression["operator"].as_str().unwrap();
    let found = record.get(key).map_or("null", |raw| raw.get());
    match operator.strip_prefix('!') {
        Some(operator) => !matches(key, operator, &expression["value"], found),
        None => matches(key, operator, &expression["value"], found),
    }
}

/// Whether an operator without its negation matches the JSON text `found`.
fn matches(key: &str, operator: &str, value: &Value, found: &str) -> bool {
    if operator == "in" {
        return wanted_one_by_one(value).iter().any(|one| matches(key, "eq", one, found));
    }
    match key {
        "Text" => text_matches(operator, value.as_str().unwrap(), found),
        "Count" | "Share" => number(found).is_some_and(|found| {
            let wanted = number(&text_of(value)).unwrap();
            ordering_matches(operator, compare(&found, &wanted))
        }),
        "Time" => instant(found).is_some_and(|found| {
            let wanted = instant(&value.to_string()).unwrap();
            ordering_matches(operator, found.cmp(&wanted))
        }),
        "Flag" => found == text_of(value),
        "Tags" => {
            has_element(found, |element| text_matches("eq", value.as_str().unwrap(), element))
        }
        "Ids" => has_element(found, |element| matches("Count", "eq", value, element)),
        _ => panic!("{key} cannot be filtered"),
    }
}

fn wanted_one_by_one(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        joined => joined.as_str().unwrap().split(',').map(Value::from).collect(),
    }
}

/// A number or a bool, which may stand in a string.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

fn text_matches(operator: &str, wanted: &str, found: &str) -> bool {
    let Ok(found) = serde_json::from_str::<String>(found) else { return false };
    match operator {
        "eq" => found == wanted,
        "startsWith" => found.starts_with(wanted),
        "endsWith" => found.ends_with(wanted),
        "contains" => found.contains(wanted),
        _ => panic!("{operator} is not for texts"),
    }
}

fn has_element(found: &str, is_it: impl Fn(&str) -> bool) -> bool {
    let elements: Result<Vec<Box<RawValue>>, _> = serde_json::from_str(found);
    elements.is_ok_and(|elements| elements.iter().any(|element| is_it(element.get())))
}

fn ordering_matches(operator: &str, ordering: Ordering) -> bool {
    match operator {
        "eq" => ordering == Ordering::Equal,
        "lt" => ordering == Ordering::Less,
        "leq" => ordering != Ordering::Greater,
        "gt" => ordering == Ordering::Greater,
        "geq" => ordering != Ordering::Less,
        _ => panic!("{operator} is not for numbers"),
    }
}

/// The text of a number; nothing for other JSON.
fn number(text: &str) -> Option<String> {
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

/// Whole numbers compare digit by digit, however long they are; others as the nearest doubles.
fn compare(one: &str, other: &str) -> Ordering {
    let whole = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.to_owned())
    };
    let (Some(digits), Some(other_digits)) = (whole(one), whole(other)) else {
        return one.parse::<f64>().unwrap().partial_cmp(&other.parse::<f64>().unwrap()).unwrap();
    };
    let is_negative = |text: &str, digits: &str| text.starts_with('-') && digits != "0";
    let sizes = (digits.len(), &digits).cmp(&(other_digits.len(), &other_digits));
    match (is_negative(one, &digits), is_negative(other, &other_digits)) {
        (false, false) => sizes,
        (true, true) => sizes.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

fn instant(raw: &str) -> Option<i64> {
    INSTANTS.iter().find(|(_, texts)| texts.contains(&raw)).map(|(nanos, _)| *nanos)
}
