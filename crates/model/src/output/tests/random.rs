//! Any options and any records, against the reference.

use proptest::prelude::*;

use super::reference::{Form, Given, Members, Piece, date_time};
use super::*;
use crate::TimestampFormat;

/// Fields of each type.
const FIELDS: [&str; 9] = [
    "ClientIP",
    "ClientRequestUserAgent",
    "EdgeStartTimestamp",
    "EdgeEndTimestamp",
    "BotScore",
    "EdgeTimeToFirstByteMs",
    "RequestHeaders",
    "BotTags",
    "CacheReserveUsed",
];

/// A JSON string, its letters written in any way that there is.
fn text() -> BoxedStrategy<String> {
    const LETTERS: [&str; 22] = [
        "a",
        "$",
        "{",
        "}",
        ",",
        "\\u0024",
        "\\u007b",
        "\\u007B",
        "\\u0041",
        "\\\"",
        "\\\\",
        "\\/",
        "\\n",
        "\\t",
        "\\u0000",
        "é",
        "\\u00e9",
        "😀",
        "\\ud83d\\ude00",
        "\u{7f}",
        "u0024",
        "'",
    ];
    prop::collection::vec(prop::sample::select(LETTERS.to_vec()), 0..7)
        .prop_map(|letters| format!("\"{}\"", letters.concat()))
        .boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "[1-9][0-9]{20,40}",
        prop::sample::select(vec!["-0", "0", "1.50e+1", "1E400", "0.10", "-12.000"])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

/// An object or array, with whitespace as it may come.
fn nested() -> BoxedStrategy<String> {
    let scalar = prop_oneof![text(), number(), Just("null".to_owned()), Just("true".to_owned())];
    let space = || prop::sample::select(vec!["", " ", "\t"]);
    scalar
        .prop_recursive(3, 8, 3, move |inner| {
            let array = (prop::collection::vec(inner.clone(), 0..4), space());
            let array = array.prop_map(|(parts, space)| {
                format!("[{space}{}{space}]", parts.join(&format!("{space},")))
            });
            let object = (prop::collection::vec((text(), inner), 0..4), space());
            let object = object.prop_map(|(members, space)| {
                let member = |(name, raw)| format!("{name}{space}:{space}{raw}");
                let members: Vec<String> = members.into_iter().map(member).collect();
                format!("{{{space}{}}}", members.join(","))
            });
            prop_oneof![array, object]
        })
        .prop_filter("an object or array", |raw| raw.starts_with(['{', '[']))
        .boxed()
}

/// An instant in each form that it may come in.
fn instant() -> BoxedStrategy<Given> {
    // From 1974, so that each unit has its number of digits, to 2262.
    let nanos = 126_230_400_000_000_000..=i64::MAX;
    (nanos, 0..10_u8).prop_map(|(nanos, form)| written(nanos, form)).boxed()
}

fn written(nanos: i64, form: u8) -> Given {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let cut = |unit: i64| nanos / unit * unit;
    let (raw, meant) = match form {
        0 => (nanos.to_string(), nanos),
        1 => (format!("\"{nanos}\""), nanos),
        2 => ((nanos / 1_000).to_string(), cut(1_000)),
        3 => (format!("\"{}\"", nanos / 1_000_000), cut(1_000_000)),
        4 => (seconds.to_string(), cut(1_000_000_000)),
        5 => (format!("{seconds}.{rest:09}"), nanos),
        6 => (format!("\"{}.{rest:09}Z\"", date_time(seconds)), nanos),
        7 => (format!("\"{}.{rest:09}+05:30\"", date_time(seconds + 19_800)), nanos),
        8 => {
            let lower = date_time(seconds - 3_600).replace('T', " ");
            (format!("\"{lower}.{:03}-01:00\"", rest / 1_000_000), cut(1_000_000))
        }
        _ => (format!("\"{}z\"", date_time(seconds).to_lowercase()), cut(1_000_000_000)),
    };
    Given::Instant(raw, meant)
}

fn record() -> impl Strategy<Value = Members> {
    let json = |raw: BoxedStrategy<String>| raw.prop_map(Given::Json).boxed();
    let flag = prop::sample::select(vec!["true", "false"]).prop_map(str::to_owned).boxed();
    let values = [
        json(text()),
        json(text()),
        instant(),
        instant(),
        json(number()),
        json(number()),
        json(nested()),
        json(nested()),
        json(flag),
    ];
    let null = || Just(Given::Json("null".to_owned()));
    values
        .map(|value| prop_oneof![8 => value, 1 => Just(Given::Missing), 1 => null()])
        .to_vec()
        .prop_map(|values| FIELDS.into_iter().zip(values).collect())
}

/// The record as it comes in.
fn line(record: &Members) -> String {
    let members = record.iter().filter_map(|(name, given)| match given {
        Given::Missing => None,
        Given::Json(raw) | Given::Instant(raw, _) => Some(format!("\"{name}\": {raw}")),
    });
    format!("{{ {} }}", members.collect::<Vec<_>>().join(" , "))
}

fn constant() -> BoxedStrategy<Option<String>> {
    prop::option::of(r#"[a,:"\n{}$ é]{0,3}"#).boxed()
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        // A brace would open an action together with one of the next piece.
        r#"[a,:"\n}$ é]{0,3}"#.prop_map(Piece::Text),
        prop::sample::select(FIELDS.to_vec()).prop_map(Piece::Field),
        r#"[a"\\\n{}`$é]{0,3}"#.prop_map(Piece::Quoted),
        r#"[a"\\\r\n{}$é]{0,3}"#.prop_map(Piece::BackQuoted),
        r#"[a"`\n{}$]{0,3}"#.prop_map(Piece::Comment),
    ]
}

fn form() -> impl Strategy<Value = Form> {
    let fields = prop::sample::subsequence(FIELDS.to_vec(), 1..=FIELDS.len()).prop_shuffle();
    let format = prop::sample::select(TimestampFormat::ALL.to_vec());
    let texts = prop::collection::vec(constant(), 6);
    let template = prop::option::of(prop::collection::vec(piece(), 0..6));
    (fields, any::<[bool; 2]>(), format, texts, template).prop_map(
        |(fields, [csv, redacts], format, texts, template)| {
            let mut texts = texts.into_iter();
            let mut text = || texts.next().flatten();
            Form {
                fields,
                csv,
                redacts,
                format,
                batch_prefix: text(),
                batch_suffix: text(),
                record_prefix: text(),
                record_suffix: text(),
                record_delimiter: text(),
                field_delimiter: text(),
                template,
            }
        },
    )
}

/// Whether options are refused for what redaction does not allow, and for nothing else.
fn is_seam(options: &Value) -> bool {
    let issues = parse(options).err().unwrap_or_default();
    !issues.is_empty() && issues.iter().all(|issue| issue.message.contains("must not end in `$`"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_object_is_what_the_reference_says(
        form in form(),
        records in prop::collection::vec(record(), 0..4),
    ) {
        let options = form.options();
        prop_assume!(!is_seam(&options));
        let lines: Vec<String> = records.iter().map(line).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert_eq!(object(&options, &lines), form.object(&records), "{}", options);
    }
}
