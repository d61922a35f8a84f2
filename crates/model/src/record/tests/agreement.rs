//! Whatever comes in: `Checker` and `Scanner` agree with serde_json.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::every_type;
use super::written::{damaged_record, record};
use crate::dataset::{Dataset, ElementType, FieldType};
use crate::record::{Checker, Refusal, Scanner};
use crate::time::parse_json_record_time;

fn names() -> Vec<String> {
    every_type().fields.iter().map(|field| field.name.clone()).collect()
}

/// The members of a record, the last of each name, as serde_json reads them. `None` where it is
/// no JSON object, or where a key cannot be a Rust string (a lone surrogate).
fn members(line: &[u8]) -> Option<HashMap<String, &RawValue>> {
    serde_json::from_slice(line).ok()
}

/// Whether the line is a JSON object in UTF-8.
fn is_object(line: &[u8]) -> bool {
    str::from_utf8(line).is_ok()
        && serde_json::from_slice::<&RawValue>(line).is_ok_and(|raw| raw.get().starts_with('{'))
}

/// Whether a value may stand in a field of that type.
fn fits(field_type: FieldType, raw: &RawValue) -> bool {
    let text = raw.get();
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let elements = || serde_json::from_str::<Vec<&RawValue>>(text);
    text == "null"
        || match field_type {
            FieldType::String => text.starts_with('"'),
            FieldType::Int => is_number && is_whole(text),
            FieldType::Float => is_number,
            FieldType::Bool => matches!(text, "true" | "false"),
            FieldType::Timestamp => parse_json_record_time(text.as_bytes()).is_ok(),
            FieldType::Object => text.starts_with('{'),
            FieldType::Array(element_type) => elements().is_ok_and(|elements| {
                let element_type = match element_type {
                    ElementType::String => FieldType::String,
                    ElementType::Int => FieldType::Int,
                    ElementType::Object => FieldType::Object,
                };
                elements.iter().all(|element| fits(element_type, element))
            }),
        }
}

/// Whether nothing but zeros stands after the point of a number, where its exponent moved it.
fn is_whole(number: &str) -> bool {
    let number = number.trim_start_matches('-').to_lowercase();
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: f64 = exponent.parse().unwrap();
    let digits = format!("{before}{after}");
    let fraction =
        digits.chars().enumerate().filter(|(at, _)| *at as f64 >= before.len() as f64 + exponent);
    fraction.into_iter().all(|(_, digit)| digit == '0')
}

fn scanner_agrees(
    scanner: &mut Scanner,
    dataset: &Dataset,
    line: &[u8],
) -> Result<(), TestCaseError> {
    let Some(members) = members(line) else {
        return Ok(());
    };
    prop_assert_eq!(scanner.scan(line), Ok(()));
    for (index, field) in dataset.fields.iter().enumerate() {
        let expected = members.get(&field.name).map(|raw| raw.get().as_bytes());
        prop_assert_eq!(scanner.value(line, index), expected, "{}", field.name);
    }
    Ok(())
}

/// Checks what a checker that knows no field of the line says, and what one says that does.
fn checkers_agree(
    untyped: &mut Checker,
    typed: &mut Checker,
    line: &[u8],
) -> Result<(), TestCaseError> {
    let checked = untyped.check(line);
    prop_assert_eq!(checked.is_ok(), is_object(line), "{:?}", checked);
    let Some(members) = members(line) else {
        return Ok(());
    };
    let dataset = Arc::clone(typed.dataset());
    let misfits: Vec<&str> = dataset
        .fields
        .iter()
        .filter(|field| members.get(&field.name).is_some_and(|raw| !fits(field.field_type, raw)))
        .map(|field| field.name.as_str())
        .collect();
    match typed.check(line) {
        Ok(()) => prop_assert!(misfits.is_empty(), "{misfits:?}"),
        Err(
            Refusal::WrongType { field, .. }
            | Refusal::WrongElement { field, .. }
            | Refusal::Timestamp { field, .. },
        ) => {
            let last_is_bad = misfits.contains(&field.as_str());
            prop_assert!(last_is_bad || stands_twice(line, &field), "{field}");
        }
        Err(other) => return Err(TestCaseError::fail(other.to_string())),
    }
    Ok(())
}

/// Whether the key stands more than once; an earlier one may then be what was refused.
fn stands_twice(line: &[u8], name: &str) -> bool {
    struct Count<'n>(&'n str);
    impl<'de> serde::de::DeserializeSeed<'de> for Count<'_> {
        type Value = usize;
        fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
            from.deserialize_map(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Count<'_> {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                count += usize::from(key == self.0);
            }
            Ok(count)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    serde::de::DeserializeSeed::deserialize(Count(name), &mut deserializer).unwrap() > 1
}

/// A checker to which every key of the tests is unknown.
fn untyped() -> Checker {
    let datasets = crate::Datasets::builtin();
    Checker::new(Arc::clone(datasets.get("dns_logs").unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn good_records_are_read_as_serde_json_reads_them(
        records in prop::collection::vec(record(names()), 1..6),
    ) {
        let dataset = every_type();
        let all = 0..dataset.fields.len();
        let mut scanner = Scanner::new(Arc::clone(&dataset), all);
        let (mut untyped, mut typed) = (untyped(), Checker::new(Arc::clone(&dataset)));
        for record in &records {
            prop_assert!(is_object(record.as_bytes()), "{record}");
            scanner_agrees(&mut scanner, &dataset, record.as_bytes())?;
            checkers_agree(&mut untyped, &mut typed, record.as_bytes())?;
        }
    }

    #[test]
    fn damaged_records_are_judged_as_serde_json_judges_them(
        records in prop::collection::vec(damaged_record(names()), 1..6),
    ) {
        let dataset = every_type();
        let all = 0..dataset.fields.len();
        let mut scanner = Scanner::new(Arc::clone(&dataset), all);
        let (mut untyped, mut typed) = (untyped(), Checker::new(Arc::clone(&dataset)));
        for record in &records {
            let _ = scanner.scan(record);
            scanner_agrees(&mut scanner, &dataset, record)?;
            checkers_agree(&mut untyped, &mut typed, record)?;
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..4),
    ) {
        let dataset = every_type();
        let mut scanner = Scanner::new(Arc::clone(&dataset), 0..dataset.fields.len());
        let mut checker = Checker::new(Arc::clone(&dataset));
        for line in lines {
            let _ = scanner.scan(&line);
            for field in 0..dataset.fields.len() + 3 {
                let _ = scanner.value(&line, field);
                let _ = scanner.value(b"", field);
            }
            prop_assert_eq!(checker.check(&line).is_ok(), is_object(&line));
        }
    }

    #[test]
    fn what_is_wanted_is_all_that_is_given(
        record in record(names()),
        wanted in prop::collection::hash_set(0..9_usize, 0..5),
    ) {
        let dataset = every_type();
        let mut all = Scanner::new(Arc::clone(&dataset), 0..dataset.fields.len());
        let mut some = Scanner::new(Arc::clone(&dataset), wanted.iter().copied());
        all.scan(record.as_bytes()).unwrap();
        some.scan(record.as_bytes()).unwrap();
        for field in 0..dataset.fields.len() {
            let expected = all.value(record.as_bytes(), field).filter(|_| wanted.contains(&field));
            prop_assert_eq!(some.value(record.as_bytes(), field), expected);
        }
    }
}

#[test]
fn the_last_of_two_keys_counts_as_in_a_map_of_serde_json() {
    let line = br#"{"Count":1,"Text":"a","Count":2,"C\u006funt":3}"#;
    let map: Value = serde_json::from_slice(line).unwrap();
    let dataset = every_type();
    let count = dataset.field_index("Count").unwrap();
    let mut scanner = Scanner::new(dataset, [count]);
    scanner.scan(line).unwrap();
    assert_eq!(map["Count"], 3);
    assert_eq!(scanner.value(line, count), Some(&b"3"[..]));
}
