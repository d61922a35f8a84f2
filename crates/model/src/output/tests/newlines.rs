//! How many newlines an object has, told by how many records it has.

use proptest::prelude::*;

use super::*;

/// A field of each kind, and raw values for it.
fn values() -> impl Strategy<Value = Vec<Option<String>>> {
    let text = || r#"[a$\{"\\,\n\té]{0,6}"#.prop_map(|text| json!(text).to_string());
    let time = prop_oneof![
        any::<i64>().prop_map(|nanos| nanos.to_string()),
        Just("\"2017-09-29T16:28:24.43Z\"".to_owned()),
        Just("null".to_owned()),
    ];
    let object = prop::collection::btree_map("[a$]{1,2}", text(), 0..3).prop_map(|members| {
        let members = members.iter().map(|(name, raw)| format!("\"{name}\":{raw}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(" , "))
    });
    let fields: [BoxedStrategy<String>; 5] = [
        text().boxed(),
        time.boxed(),
        any::<u64>().prop_map(|number| number.to_string()).boxed(),
        object.boxed(),
        prop_oneof![Just("true".to_owned()), Just("null".to_owned())].boxed(),
    ];
    fields.map(|field| prop::option::weighted(0.8, field)).to_vec()
}

const KINDS: [&str; 5] =
    ["ClientIP", "EdgeStartTimestamp", "BotScore", "RequestHeaders", "CacheReserveUsed"];

proptest! {
    #[test]
    fn the_newlines_of_an_object_tell_how_many_records_it_has(
        values in values(),
        count in 1..4_u64,
        csv in any::<bool>(),
        ends in prop::sample::select(vec![("\n", ""), ("", "\n"), ("\r\n", "\n\n")]),
        header in prop::sample::select(vec!["", "a,b\n"]),
    ) {
        let members = KINDS.iter().zip(&values);
        let members: Vec<String> = members
            .filter_map(|(field, raw)| Some(format!("\"{field}\":{}", raw.as_ref()?)))
            .collect();
        let record = format!("{{{}}}", members.join(","));
        let options = json!({
            "field_names": KINDS,
            "output_type": if csv { "csv" } else { "ndjson" },
            "record_suffix": ends.0,
            "record_delimiter": ends.1,
            "batch_prefix": header,
        });
        let written = object(&options, &vec![record.as_str(); count as usize]);
        let encoder = Encoder::new(&parse(&options).unwrap(), &dataset());
        let newlines = encoder.newlines(count).unwrap();
        let pieces = written.split('"').enumerate();
        let counted = pieces.filter(|(at, _)| at % 2 == 0 || newlines.in_quotes_too);
        let found: usize = counted.map(|(_, piece)| piece.matches('\n').count()).sum();
        prop_assert_eq!(newlines.count, found as u64);
    }
}

#[test]
fn records_that_are_no_lines_cannot_be_counted_by_newlines() {
    let newlines = |options: Value| {
        let options = parse(&options).unwrap_or_else(|issues| panic!("{options}: {issues:?}"));
        Encoder::new(&options, &dataset()).newlines(7).map(|newlines| newlines.count)
    };
    let fields = ["RayID"];
    assert_eq!(newlines(json!({ "field_names": fields })), Some(7));
    let array = json!({
        "field_names": fields, "batch_prefix": "[", "batch_suffix": "]\n",
        "record_suffix": "}", "record_delimiter": ",",
    });
    assert_eq!(newlines(array), None);
    let quoted = json!({
        "field_names": fields, "output_type": "csv", "record_prefix": "\"", "record_suffix": "\"\n",
    });
    assert_eq!(newlines(quoted), None);
}
