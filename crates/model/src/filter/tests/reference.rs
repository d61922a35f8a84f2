//! What the documentation says of filters, word by word, with no thought of speed.
//!
//! It reads a filter as JSON and a record as the texts of its members, and shares nothing with what
//! is tested. Instants are looked up in a table.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Some instants, with texts that mean them.
pub(super) const INSTANTS: [(i128, [&str; 4]); 9] = [
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
    (
        -62_135_596_800_000_000_000,
        [
            "-62135596800",
            "\"0001-01-01T00:00:00Z\"",
            "\"0001-01-01T01:00:00+01:00\"",
            "\"-62135596800000000000\"",
        ],
    ),
    (
        -62_135_596_799_999_999_999,
        [
            "-62135596799.999999999",
            "\"0001-01-01T00:00:00.000000001Z\"",
            "\"-62135596799999999999\"",
            "\"-62135596799.999999999\"",
        ],
    ),
    (
        253_402_300_800_000_000_000,
        [
            "\"9999-12-31T23:59:00-00:01\"",
            "\"9999-12-31t00:01:00-23:59\"",
            "253402300800000000000",
            "\"253402300800000000000\"",
        ],
    ),
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

/// The digits of a whole number, its exponent carried out; nothing for others.
fn whole(number: &str) -> Option<String> {
    let number = number.trim_start_matches('-').to_lowercase();
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let point = before.len() as i32 + exponent.parse::<i32>().unwrap();
    let zeros = "0".repeat(point.unsigned_abs() as usize);
    let digits = format!("{zeros}{before}{after}{zeros}");
    let (whole, fraction) = digits.split_at((zeros.len() as i32 + point) as usize);
    let significant = whole.trim_start_matches('0');
    let significant = if significant.is_empty() { "0" } else { significant };
    fraction.chars().all(|digit| digit == '0').then(|| significant.to_owned())
}

fn instant(raw: &str) -> Option<i128> {
    INSTANTS.iter().find(|(_, texts)| texts.contains(&raw)).map(|(nanos, _)| *nanos)
}
