//! Any filter on any record, against the reference.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::reference::{INSTANTS, Members};
use super::*;

/// A text of few letters, so that two are often alike; the empty one among them.
fn text() -> impl Strategy<Value = String> {
    r#"[aAé😀"/\\\n]{0,3}"#
}

/// A JSON string that means the text, its letters written in any way that there is.
pub(super) fn written(text: &str) -> impl Strategy<Value = String> + use<> {
    let letters: Vec<_> = text.chars().map(|letter| (Just(letter), 0..3_u8)).collect();
    letters.prop_map(|letters| {
        let mut raw = String::from("\"");
        for (letter, way) in letters {
            let plain = serde_json::to_string(&letter).unwrap();
            match (way, letter) {
                (0, '/') => raw.push_str("\\/"),
                (0, _) => {
                    let mut units = [0; 2];
                    for unit in letter.encode_utf16(&mut units) {
                        write!(raw, "\\u{unit:04x}").unwrap();
                    }
                }
                _ => raw.push_str(&plain[1..plain.len() - 1]),
            }
        }
        raw + "\""
    })
}

/// Whole numbers near each other and near where 64-bit integers and doubles end.
fn whole() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (-3_i64..4).prop_map(|number| number.to_string()),
        1 => Just("-0".to_owned()),
        1 => (0_u64..3).prop_map(|more| ((1 << 53) + more).to_string()),
        1 => (0_i128..3).prop_map(|more| (i128::from(i64::MAX) + more).to_string()),
        1 => (-2_i128..3).prop_map(|more| (i128::from(u64::MAX) + more).to_string()),
        1 => (0_i128..3).prop_map(|more| (i128::from(i64::MIN) - more).to_string()),
        1 => prop::sample::select(vec!["9", "10", "-9"]).prop_map(|begin| begin.to_owned() + &"9".repeat(36)),
    ]
}

/// More digits than a filter's value may have.
fn long_whole() -> impl Strategy<Value = String> {
    let begin = prop::sample::select(vec!["1", "-1", "17", "9"]);
    (begin, 37..60_usize).prop_map(|(begin, zeros)| begin.to_owned() + &"0".repeat(zeros))
}

/// Whole numbers in other notations than that of plain digits.
fn noted_whole() -> impl Strategy<Value = String> {
    let notations = [
        "1e0",
        "20e-1",
        "0.3E+1",
        "-1.0",
        "0e9",
        "-0.0",
        "9007199254740993.0",
        "90071992547409930e-1",
    ];
    prop::sample::select(notations.to_vec()).prop_map(str::to_owned)
}

fn fraction() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["0.5", "5e-1", "1.0", "1", "-0.25", "1e3", "1E+3", "-0.0", "2.50"])
        .prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = String> {
    let texts = INSTANTS.iter().flat_map(|(_, texts)| texts).map(|text| (*text).to_owned());
    prop::sample::select(texts.collect::<Vec<_>>())
}

fn raw_text() -> BoxedStrategy<String> {
    text().prop_flat_map(|text| written(&text)).boxed()
}

fn array(element: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let element = prop_oneof![5 => element, 1 => Just("null".to_owned())];
    prop::collection::vec(element, 0..4)
        .prop_map(|elements| format!("[ {} ]", elements.join(" , ")))
        .boxed()
}

/// The fields that can be filtered, each with JSON of its type.
fn members() -> [(&'static str, BoxedStrategy<String>); 7] {
    let huge = || prop::sample::select(vec!["1e40", "-1E400"]).prop_map(str::to_owned);
    let whole =
        || prop_oneof![5 => whole(), 2 => noted_whole(), 1 => long_whole(), 1 => huge()].boxed();
    let flag = prop::sample::select(vec!["true", "false"]).prop_map(str::to_owned);
    [
        ("Text", raw_text()),
        ("Count", whole()),
        ("Share", prop_oneof![fraction(), whole()].boxed()),
        ("Flag", flag.boxed()),
        ("Time", time().boxed()),
        ("Tags", array(raw_text())),
        ("Ids", array(whole())),
    ]
}

/// A record in which each of these fields may be missing, `null`, or of another type.
fn record() -> impl Strategy<Value = String> {
    let others = ["null", "true", "7", "\"a\"", "[]", "[\"a\"]", "{\"Text\":\"a\"}", "\"\""];
    let member = |(name, raw): (&'static str, BoxedStrategy<String>)| {
        let other = prop::sample::select(others.to_vec()).prop_map(str::to_owned);
        let raw = prop_oneof![8 => raw, 1 => other];
        prop::option::weighted(0.9, raw.prop_map(move |raw| format!("\"{name}\" : {raw}")))
    };
    members().map(member).to_vec().prop_map(|members| {
        let members: Vec<String> = members.into_iter().flatten().collect();
        format!("{{{}}}", members.join(" , "))
    })
}

/// A value that may also come as a string.
fn bare_or_quoted(text: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Value> {
    let written = |(text, is_quoted): (String, bool)| {
        // What serde_json would round has to come as a string.
        match serde_json::from_str::<Value>(&text) {
            Ok(exact) if !is_quoted && format!("{exact}") == text => exact,
            _ => Value::String(text),
        }
    };
    (text, any::<bool>()).prop_map(written).boxed()
}

/// The values of `in`, as an array or joined by commas.
fn list(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let written = |(values, is_joined): (Vec<Value>, bool)| {
        let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
        let texts: Option<Vec<String>> = texts.collect();
        match texts.filter(|_| is_joined) {
            Some(texts) => Value::String(texts.join(",")),
            None => Value::Array(values),
        }
    };
    (prop::collection::vec(value, 1..4), any::<bool>()).prop_map(written).boxed()
}

const ORDERED: [&str; 8] = ["eq", "!eq", "lt", "leq", "gt", "geq", "in", "!in"];
const OF_TEXTS: [&str; 10] = [
    "eq",
    "!eq",
    "startsWith",
    "!startsWith",
    "endsWith",
    "!endsWith",
    "contains",
    "!contains",
    "in",
    "!in",
];

fn condition() -> impl Strategy<Value = Value> {
    let flag = prop::sample::select(vec!["true", "false"]).prop_map(str::to_owned);
    let instant = time().prop_map(|raw| serde_json::from_str(&raw).unwrap());
    // Both write the same text, or the reference would not know it again.
    let instant = instant.prop_filter("exact", |value: &Value| !value.is_f64()).boxed();
    let text = || text().prop_map(Value::String).boxed();
    let kinds: [(&'static str, &[&'static str], BoxedStrategy<Value>); 7] = [
        ("Text", &OF_TEXTS, text()),
        ("Count", &ORDERED, bare_or_quoted(prop_oneof![3 => whole(), 1 => noted_whole()])),
        ("Share", &ORDERED, bare_or_quoted(prop_oneof![fraction(), whole()])),
        ("Flag", &["eq", "!eq"], bare_or_quoted(flag)),
        ("Time", &ORDERED, instant),
        ("Tags", &["contains", "!contains"], text()),
        (
            "Ids",
            &["contains", "!contains"],
            bare_or_quoted(prop_oneof![3 => whole(), 1 => noted_whole()]),
        ),
    ];
    let conditions = kinds.map(|(key, operators, value)| {
        let operator = prop::sample::select(operators.to_vec());
        operator
            .prop_flat_map(move |operator| {
                let is_list = operator.ends_with("in");
                let value = if is_list { list(value.clone()) } else { value.clone() };
                value.prop_map(
                    move |value| json!({ "key": key, "operator": operator, "value": value }),
                )
            })
            .boxed()
    });
    proptest::strategy::Union::new(conditions)
}

fn expression() -> impl Strategy<Value = Value> {
    condition().prop_recursive(3, 10, 3, |inner| {
        (prop::sample::select(vec!["and", "or"]), prop::collection::vec(inner, 1..4))
            .prop_map(|(join, parts)| json!({ join: parts }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_filter_lets_through_what_the_reference_does(
        expression in expression(),
        records in prop::collection::vec(record(), 1..8),
    ) {
        prop_assume!(json!({ "where": expression }).to_string().len() <= FILTER_BYTES_MAX);
        for record in records {
            let members: Members = serde_json::from_str(&record).unwrap();
            let expected = reference::passes(&expression, &members);
            prop_assert_eq!(passes(&expression, &record), expected, "{} {}", expression, record);
        }
    }
}

#[test]
fn the_table_of_instants_is_right() {
    for (nanos, texts) in INSTANTS {
        for raw in texts {
            let read = crate::time::parse_json_record_time(raw.as_bytes());
            assert_eq!(read.map(crate::time::RecordTime::nanos), Ok(nanos), "{raw}");
        }
    }
}
