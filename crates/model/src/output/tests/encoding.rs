//! The encoder against the documented examples.

use super::*;
use crate::TimestampFormat;

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
fn times_of_any_year_come_in_the_form_of_the_job() {
    for (raw, expected) in [
        (
            "\"0001-01-01T00:00:00Z\"",
            [
                "-62135596800000000000",
                "-62135596800",
                "\"0001-01-01T00:00:00Z\"",
                "\"0001-01-01T00:00:00.000Z\"",
                "\"0001-01-01T00:00:00.000000000Z\"",
            ],
        ),
        (
            "\"9999-12-31T23:59:59.9999999Z\"",
            [
                "253402300799999999900",
                "253402300799",
                "\"9999-12-31T23:59:59Z\"",
                "\"9999-12-31T23:59:59.999Z\"",
                "\"9999-12-31T23:59:59.999999900Z\"",
            ],
        ),
    ] {
        let record = format!("{{\"EdgeStartTimestamp\":{raw}}}");
        for (format, expected) in TimestampFormat::ALL.iter().zip(expected) {
            for (output_type, before) in [("ndjson", "{\"EdgeStartTimestamp\":"), ("csv", "")] {
                let options =
                    json!({ "timestamp_format": format.name(), "output_type": output_type });
                let written = one(&["EdgeStartTimestamp"], options, &record);
                let after = if before.is_empty() { "\n" } else { "}\n" };
                assert_eq!(written, format!("{before}{expected}{after}"));
            }
        }
    }
}

#[test]
fn what_is_no_timestamp_passes_through() {
    let options = json!({ "timestamp_format": "rfc3339" });
    for raw in ["null", "\"yesterday\"", "\"\"", "true", "{\"a\":1}", "9999999999999999999999"] {
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
