//! The encoder against the documented examples, and against a slow one that is obviously right.

use proptest::prelude::*;

use super::*;
use crate::TimestampFormat;
use crate::time::parse_json_timestamp;

const FIELDS: [&str; 3] = ["ClientIP", "EdgeStartTimestamp", "RayID"];

#[test]
fn ndjson_is_the_default() {
    let expected = RECORDS.map(|record| format!("{record}\n")).concat();
    assert_eq!(object(&json!({ "field_names": FIELDS }), &RECORDS), expected);
    let named = json!({ "field_names": FIELDS, "output_type": "ndjson" });
    assert_eq!(object(&named, &RECORDS), expected);
    assert_eq!(object(&named, &[]), "");
}

#[test]
fn csv_and_tsv_with_a_header() {
    let csv = "\"89.163.242.206\",1506702504433000200,\"3a6050bcbe121a87\"\n\
               \"89.163.242.207\",1506702504433000300,\"3a6050bcbe121a88\"\n\
               \"89.163.242.208\",1506702504433000400,\"3a6050bcbe121a89\"\n";
    let options = json!({ "field_names": FIELDS, "output_type": "csv" });
    assert_eq!(object(&options, &RECORDS), csv);
    let options = json!({
        "field_names": FIELDS,
        "output_type": "csv",
        "batch_prefix": "ClientIP,EdgeStartTimestamp,RayID\n",
    });
    assert_eq!(object(&options, &RECORDS), format!("ClientIP,EdgeStartTimestamp,RayID\n{csv}"));
    let options = json!({
        "field_names": FIELDS,
        "output_type": "csv",
        "batch_prefix": "ClientIP\tEdgeStartTimestamp\tRayID\n",
        "field_delimiter": "\t",
    });
    let expected = format!("ClientIP,EdgeStartTimestamp,RayID\n{csv}").replace(',', "\t");
    assert_eq!(object(&options, &RECORDS), expected);
}

#[test]
fn a_template_renames_fields() {
    let options = json!({
        "field_names": FIELDS,
        "output_type": "ndjson",
        "record_template":
            r#""client-ip":{{.ClientIP}},"timestamp":{{.EdgeStartTimestamp}},"ray-id":{{.RayID}}"#,
    });
    let expected = "\
        {\"client-ip\":\"89.163.242.206\",\"timestamp\":1506702504433000200,\"ray-id\":\"3a6050bcbe121a87\"}\n\
        {\"client-ip\":\"89.163.242.207\",\"timestamp\":1506702504433000300,\"ray-id\":\"3a6050bcbe121a88\"}\n\
        {\"client-ip\":\"89.163.242.208\",\"timestamp\":1506702504433000400,\"ray-id\":\"3a6050bcbe121a89\"}\n";
    assert_eq!(object(&options, &RECORDS), expected);
}

#[test]
fn one_json_document_for_each_object() {
    let options = json!({
        "field_names": FIELDS,
        "output_type": "ndjson",
        "batch_prefix": "{\"events\":[",
        "batch_suffix": "\n]}\n",
        "record_prefix": "\n  {\"info\":{",
        "record_suffix": "}}",
        "record_delimiter": ",",
    });
    let expected = "{\"events\":[\n  \
        {\"info\":{\"ClientIP\":\"89.163.242.206\",\"EdgeStartTimestamp\":1506702504433000200,\"RayID\":\"3a6050bcbe121a87\"}},\n  \
        {\"info\":{\"ClientIP\":\"89.163.242.207\",\"EdgeStartTimestamp\":1506702504433000300,\"RayID\":\"3a6050bcbe121a88\"}},\n  \
        {\"info\":{\"ClientIP\":\"89.163.242.208\",\"EdgeStartTimestamp\":1506702504433000400,\"RayID\":\"3a6050bcbe121a89\"}}\n]}\n";
    assert_eq!(object(&options, &RECORDS), expected);
    for records in [&RECORDS[..0], &RECORDS[..1], &RECORDS] {
        let read: Value = serde_json::from_str(&object(&options, records)).unwrap();
        assert_eq!(read["events"].as_array().unwrap().len(), records.len());
    }
}

#[test]
fn json_values_pass_through_byte_for_byte() {
    let record = r#" { "BotScore" : 1.50e+1 , "RequestHeaders":{"a" : [1, {"b":null}]},
        "ClientIP":"\u00e9\/\ud83d\ude00 é", "BotTags" : [ "x" ] } "#
        .replace('\n', " ");
    let fields = ["ClientIP", "RequestHeaders", "BotTags", "BotScore", "RayID"];
    let expected = r#"{"ClientIP":"\u00e9\/\ud83d\ude00 é","RequestHeaders":{"a" : [1, {"b":null}]},"BotTags":[ "x" ],"BotScore":1.50e+1,"RayID":null}"#;
    assert_eq!(one(&fields, json!({}), &record), format!("{expected}\n"));
}

#[test]
fn csv_quotes_texts_and_json() {
    for (field, raw, expected) in [
        ("ClientIP", r#""plain""#, r#""plain""#),
        ("ClientIP", r#""""#, r#""""#),
        ("ClientIP", r#""a,b""#, r#""a,b""#),
        ("ClientIP", r#""say \"hi\"""#, r#""say ""hi""""#),
        ("ClientIP", r#""\"\"""#, r#""""""""#),
        ("ClientIP", r#""\u00e9\/\\""#, r#""é/\""#),
        ("ClientIP", r#""a\nb""#, "\"a\nb\""),
        ("BotScore", "7", "7"),
        ("BotScore", "null", ""),
        ("CacheReserveUsed", "true", "true"),
        ("CacheReserveUsed", "false", "false"),
        ("RequestHeaders", r#"{"a":"b\"c"}"#, r#""{""a"":""b\""c""}""#),
        ("RequestHeaders", "{}", r#""{}""#),
        ("BotTags", r#"["a","b"]"#, r#""[""a"",""b""]""#),
    ] {
        let record = format!("{{\"{field}\":{raw}}}");
        let written = one(&[field, "RayID"], json!({ "output_type": "csv" }), &record);
        assert_eq!(written, format!("{expected},\n"), "{record}");
    }
}

#[test]
fn timestamps_come_in_the_form_of_the_job() {
    const FORMS: [&str; 4] = [
        "1506702504433000200",
        "\"1506702504433000200\"",
        "\"2017-09-29T16:28:24.4330002Z\"",
        "\"2017-09-29T18:28:24.4330002+02:00\"",
    ];
    for (format, expected) in [
        ("unixnano", "1506702504433000200"),
        ("unix", "1506702504"),
        ("rfc3339", "\"2017-09-29T16:28:24Z\""),
        ("rfc3339ms", "\"2017-09-29T16:28:24.433Z\""),
        ("rfc3339ns", "\"2017-09-29T16:28:24.433000200Z\""),
    ] {
        for raw in FORMS {
            let record = format!("{{\"EdgeStartTimestamp\":{raw}}}");
            let fields = ["EdgeStartTimestamp"];
            let json = one(&fields, json!({ "timestamp_format": format }), &record);
            assert_eq!(json, format!("{{\"EdgeStartTimestamp\":{expected}}}\n"));
            let options = json!({ "timestamp_format": format, "output_type": "csv" });
            assert_eq!(one(&fields, options, &record), format!("{expected}\n"));
        }
    }
}

#[test]
fn what_is_no_timestamp_passes_through() {
    let options = json!({ "timestamp_format": "rfc3339" });
    for raw in ["null", "\"yesterday\"", "\"\"", "true", "{\"a\":1}", "99999999999999999999"] {
        let record = format!("{{\"EdgeStartTimestamp\":{raw}}}");
        let written = one(&["EdgeStartTimestamp"], options.clone(), &record);
        assert_eq!(written, format!("{record}\n"));
    }
    assert_eq!(one(&["EdgeStartTimestamp"], options, "{}"), "{\"EdgeStartTimestamp\":null}\n");
}

#[test]
fn lookups_are_redacted_in_all_that_is_written() {
    let on = |more: Value| {
        let mut options = json!({ "CVE-2021-44228": true });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let record =
        r#"{"ClientIP":"${jndi:x}","RayID":"\u0024\u007bb}","RequestHeaders":{"${":"$\u007B"}}"#;
    let fields = ["ClientIP", "RayID", "RequestHeaders"];
    assert_eq!(
        one(&fields, on(json!({})), record),
        "{\"ClientIP\":\"x{jndi:x}\",\"RayID\":\"x\\u007bb}\",\"RequestHeaders\":{\"x{\":\"x\\u007B\"}}\n"
    );
    assert_eq!(
        one(&fields, on(json!({ "output_type": "csv" })), record),
        "\"x{jndi:x}\",\"x{b}\",\"{\"\"x{\"\":\"\"x\\u007B\"\"}\"\n"
    );
    let constants = json!({
        "batch_prefix": "${p", "batch_suffix": "${s", "record_prefix": "${", "record_suffix": "${z",
        "record_delimiter": "${d", "record_template": "${{.RequestHeaders}}${t",
    });
    let options = {
        let mut options = on(constants);
        options["field_names"] = json!(["RequestHeaders"]);
        options
    };
    let record = r#"{"RequestHeaders":{}}"#;
    assert_eq!(object(&options, &[record, record]), "x{px{x{}x{tx{zx{dx{x{}x{tx{zx{s");
    let off = one(&["ClientIP"], json!({}), r#"{"ClientIP":"${a"}"#);
    assert_eq!(off, "{\"ClientIP\":\"${a\"}\n");
}

#[test]
fn csv_text_that_only_looks_like_an_escape_stays() {
    let options = json!({ "CVE-2021-44228": true, "output_type": "csv" });
    let record = r#"{"ClientIP":"\\u0024{a}"}"#;
    assert_eq!(one(&["ClientIP"], options, record), "\"\\u0024{a}\"\n");
}

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

/// What the contract says, step by step, with no thought of speed.
fn expected_value(field: &str, raw: Option<&str>, format: TimestampFormat, csv: bool) -> String {
    let mut raw = raw.unwrap_or("null").to_owned();
    let instant = parse_json_timestamp(raw.as_bytes());
    if let ("EdgeStartTimestamp", Ok(instant)) = (field, instant) {
        let mut written = Vec::new();
        format.write(instant, &mut written);
        raw = String::from_utf8(written).unwrap();
    }
    match serde_json::from_str(&raw).unwrap() {
        _ if !csv => raw,
        Value::Null => String::new(),
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::Object(_) => format!("\"{}\"", raw.replace('"', "\"\"")),
        _ => raw,
    }
}

proptest! {
    #[test]
    fn any_record_is_written_as_the_contract_says(
        values in values(),
        order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle(),
        csv in any::<bool>(),
        redacts in any::<bool>(),
        format in prop::sample::select(TimestampFormat::ALL.to_vec()),
    ) {
        let members: Vec<String> = KINDS
            .iter()
            .zip(&values)
            .filter_map(|(field, raw)| Some(format!("\"{field}\": {}", raw.as_ref()?)))
            .collect();
        let record = format!("{{ {} }}", members.join(" , "));

        let fields: Vec<String> = order
            .iter()
            .map(|&kind| {
                let value = expected_value(KINDS[kind], values[kind].as_deref(), format, csv);
                if csv { value } else { format!("\"{}\":{value}", KINDS[kind]) }
            })
            .collect();
        let (prefix, suffix) = if csv { ("", "\n") } else { ("{", "}\n") };
        let mut expected = format!("{prefix}{}{suffix}", fields.join(","));
        if redacts {
            expected = expected.replace("${", "x{");
        }

        let names: Vec<&str> = order.iter().map(|&kind| KINDS[kind]).collect();
        let options = json!({
            "field_names": names,
            "output_type": if csv { "csv" } else { "ndjson" },
            "timestamp_format": format.name(),
            "CVE-2021-44228": redacts,
        });
        prop_assert_eq!(object(&options, &[&record]), expected);
    }

    #[test]
    fn any_object_is_framed_as_the_contract_says(
        texts in prop::collection::vec(prop::option::of(r#"[a,:"\\n{}$ é]{0,3}"#), 6),
        template in prop::option::of(prop::collection::vec(0..4_usize, 0..5)),
        scores in prop::collection::vec(prop::option::of(0..100_u32), 0..4),
        csv in any::<bool>(),
    ) {
        const NAMES: [&str; 6] = [
            "batch_prefix", "batch_suffix", "record_prefix", "record_suffix", "record_delimiter",
            "field_delimiter",
        ];
        const PIECES: [&str; 4] = ["{{.BotScore}}", "{{ `}}` }}", " = ", "{{.ClientIP}}"];
        let mut options = json!({
            "field_names": ["BotScore", "RayID"],
            "output_type": if csv { "csv" } else { "ndjson" },
            "record_template": template
                .as_ref()
                .map(|pieces| pieces.iter().map(|&piece| PIECES[piece]).collect::<String>()),
        });
        for (name, text) in NAMES.iter().zip(&texts) {
            options[name] = json!(text);
        }
        let unset = ["", "", if csv { "" } else { "{" }, if csv { "\n" } else { "}\n" }, "", ","];
        let text = |at: usize| texts[at].as_deref().unwrap_or(unset[at]);
        let nothing = if csv { "" } else { "null" };
        let record = |score: &Option<u32>| {
            let score = score.map_or(nothing.to_owned(), |score| score.to_string());
            let joined = match template.as_deref() {
                Some(pieces) if !pieces.is_empty() => {
                    // ClientIP is not among the fields, so it is nothing.
                    let meant = [score.as_str(), "}}", " = ", nothing];
                    pieces.iter().map(|&piece| meant[piece]).collect()
                }
                _ if csv => format!("{score}{}\"r\"", text(5)),
                _ => format!("\"BotScore\":{score}{}\"RayID\":\"r\"", text(5)),
            };
            format!("{}{joined}{}", text(2), text(3))
        };
        let written = scores.iter().map(record).collect::<Vec<_>>().join(text(4));
        let expected = format!("{}{written}{}", text(0), text(1));

        let lines: Vec<String> = scores
            .iter()
            .map(|score| json!({ "ClientIP": "a", "BotScore": score, "RayID": "r" }).to_string())
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        prop_assert_eq!(object(&options, &lines), expected);
    }

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
