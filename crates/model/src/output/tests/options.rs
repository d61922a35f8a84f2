//! What options mean where they are silent, and what is wrong with those that are refused.

use serde_json::Map;

use super::*;
use crate::TimestampFormat;
use crate::issue::ISSUES_MAX;
use crate::sample::Sample;

/// Checks that exactly these findings are made: a pointer below the options, and a part of the
/// message.
#[track_caller]
fn refused(options: &Value, expected: &[(&str, &str)]) {
    let issues = parse(options).expect_err(&options.to_string());
    assert_eq!(issues.len(), expected.len(), "{options}: {issues:#?}");
    for (issue, (pointer, message)) in issues.iter().zip(expected) {
        assert_eq!(issue.pointer, format!("/output_options{pointer}"), "{issue}");
        assert!(issue.message.contains(message), "`{}` lacks `{message}`", issue.message);
    }
}

#[test]
fn no_options_mean_the_defaults() {
    let dataset = dataset();
    let unset = OutputOptions::unset(&dataset);
    let names = |options: &OutputOptions| -> Vec<String> {
        options.fields.iter().map(|&field| dataset.fields[field].name.clone()).collect()
    };
    let default: Vec<String> = dataset.default_fields().map(|field| field.name.clone()).collect();
    assert_eq!(names(&unset), default);
    assert_eq!(unset.output_type, OutputType::Ndjson);
    assert_eq!(unset.timestamp_format, TimestampFormat::UnixNano);
    assert_eq!(unset.sample, Sample::ALL);
    assert!(!unset.redacts_lookups);
    for same in [
        json!(null),
        json!({}),
        json!({ "field_names": [] }),
        json!({
            "field_names": null, "output_type": null, "batch_prefix": null, "batch_suffix": null,
            "record_prefix": null, "record_suffix": null, "record_delimiter": null,
            "field_delimiter": null, "record_template": null, "timestamp_format": null,
            "sample_rate": null, "CVE-2021-44228": null, "merge_subrequests": null,
            "compression": null,
        }),
        json!({
            "output_type": "", "batch_prefix": "", "batch_suffix": "", "record_delimiter": "",
            "record_template": "", "timestamp_format": "", "sample_rate": 1,
            "CVE-2021-44228": false, "merge_subrequests": false, "compression": "",
        }),
    ] {
        assert_eq!(parse(&same).unwrap(), unset, "{same}");
    }
}

#[test]
fn an_empty_prefix_suffix_or_delimiter_is_what_was_asked_for() {
    let options = json!({
        "field_names": ["ClientIP", "RayID"], "record_prefix": "", "record_suffix": "",
        "field_delimiter": "",
    });
    assert_eq!(
        object(&options, &RECORDS[..1]),
        r#""ClientIP":"89.163.242.206""RayID":"3a6050bcbe121a87""#
    );
}

#[test]
fn fields_keep_the_order_that_was_asked_for() {
    let options = parse(&json!({ "field_names": ["RayID", "ClientIP"] })).unwrap();
    let dataset = dataset();
    assert_eq!(
        options.fields,
        [dataset.field_index("RayID").unwrap(), dataset.field_index("ClientIP").unwrap(),]
    );
}

#[test]
fn words_may_be_in_any_case() {
    let options =
        json!({ "output_type": "CSV", "timestamp_format": "RFC3339ms", "compression": "Zstd" });
    let options = parse(&options).unwrap();
    assert_eq!(options.output_type, OutputType::Csv);
    assert_eq!(options.timestamp_format, TimestampFormat::Rfc3339Ms);
    assert_eq!(options.compression, Compression::Zstd);
}

#[test]
fn a_sample_rate_is_a_share() {
    assert_eq!(parse(&json!({ "sample_rate": 0.1 })).unwrap().sample, Sample::new(0.1).unwrap());
    for rate in [json!(0), json!(-0.5), json!(1.01), json!("0.1"), json!(true)] {
        let message = format!(
            "expected a number above 0 and at most 1 (0.1 keeps one record in ten), found `{rate}`"
        );
        refused(&json!({ "sample_rate": rate }), &[("/sample_rate", &message)]);
    }
}

#[test]
fn every_finding_is_made_at_once() {
    refused(
        &json!({
            "field_name": [],
            "fieldnames/x": 1,
            "field_names": ["ClientIP", "clientip", 7, "Temperature", "ClientIP"],
            "output_type": "xml",
            "record_prefix": 5,
            "timestamp_format": "rfc3339us",
            "sample_rate": 0,
            "record_template": "{{ .A | printf }}",
            "CVE-2021-44228": "yes",
            "merge_subrequests": 1,
            "compression": "zst",
        }),
        &[
            (
                "/field_name",
                "`field_name` is not an output option (did you mean `field_names`?); known are `field_names`, `output_type`",
            ),
            ("/fieldnames~1x", "`fieldnames/x` is not an output option"),
            ("/output_type", "`xml` is not allowed; allowed are `ndjson`, `csv`"),
            (
                "/field_names/1",
                "`clientip` is not a field of `http_requests` (did you mean `ClientIP`?)",
            ),
            ("/field_names/2", "expected the name of a field, found `7`"),
            ("/field_names/3", "`Temperature` is not a field of `http_requests`"),
            ("/field_names/4", "`ClientIP` is named twice"),
            ("/record_prefix", "expected a string, found `5`"),
            ("/record_template", "expected `}}`; `| printf` is not allowed; only `{{ .Field }}`"),
            ("/timestamp_format", "`rfc3339us` is not allowed (did you mean `rfc3339ms`?)"),
            ("/sample_rate", "found `0`"),
            ("/CVE-2021-44228", "expected `true` or `false`, found `\"yes\"`"),
            ("/merge_subrequests", "expected `true` or `false`, found `1`"),
            (
                "/compression",
                "`zst` is not allowed (did you mean `zstd`?); allowed are `gzip`, `zstd`",
            ),
        ],
    );
}

#[test]
fn what_is_no_object_is_refused() {
    refused(&json!([]), &[("", "expected an object, found `[]`")]);
    refused(&json!("x"), &[("", "expected an object, found `\"x\"`")]);
    refused(&json!({ "field_names": "ClientIP" }), &[("/field_names", "expected an array")]);
    let broken = OutputOptions::parse("{", &dataset()).unwrap_err();
    assert!(broken[0].message.starts_with("the options are not valid JSON"), "{broken:?}");
}

#[test]
fn subrequests_have_a_field_where_they_are_merged() {
    let dataset = dataset();
    let [ray, subrequests] =
        ["RayID", "Subrequests"].map(|name| dataset.field_index(name).unwrap());
    let fields = |names: Value, merges: bool| {
        parse(&json!({ "field_names": names, "merge_subrequests": merges })).unwrap().fields
    };
    assert_eq!(fields(json!(["RayID"]), false), [ray]);
    assert_eq!(fields(json!(["RayID"]), true), [ray, subrequests]);
    assert_eq!(fields(json!(["Subrequests", "RayID"]), true), [subrequests, ray]);
    assert_eq!(fields(json!(null), true), fields(json!(null), false));
    assert!(fields(json!(null), true).contains(&subrequests));
}

#[test]
fn subrequests_are_merged_where_they_have_a_place() {
    let with = |template: &str| json!({ "record_template": template, "merge_subrequests": true });
    refused(&with("{{.RayID}}"), &[("/record_template", "has no `{{.Subrequests}}`")]);
    assert!(parse(&with("{{.RayID}},{{ .Subrequests }}")).is_ok());
    let datasets = Datasets::builtin();
    for dataset in datasets.iter().filter(|dataset| dataset.name != "http_requests") {
        let issues = OutputOptions::parse(r#"{"merge_subrequests":true}"#, dataset)
            .expect_err(&dataset.name);
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert_eq!(issues[0].pointer, "/output_options/merge_subrequests");
        assert!(issues[0].message.contains("only records of `http_requests`"), "{issues:?}");
    }
}

#[test]
fn texts_are_bounded() {
    refused(
        &json!({
            "batch_prefix": "x".repeat(16 * 1024 + 1),
            "record_suffix": "x".repeat(1025),
            "field_delimiter": "x".repeat(65),
        }),
        &[
            ("/batch_prefix", "has 16385 bytes; at most 16384"),
            ("/record_suffix", "at most 1024"),
            ("/field_delimiter", "at most 64"),
        ],
    );
    refused(&json!({ "batch_prefix": "x".repeat(OPTIONS_BYTES_MAX) }), &[("", "at most 131072")]);
}

#[test]
fn redaction_allows_no_dollar_at_a_seam() {
    let on = |more: Value| {
        let mut options = json!({ "CVE-2021-44228": true });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    for (option, value) in
        [("batch_prefix", "$"), ("record_suffix", "}$"), ("record_delimiter", "\\u0024")]
    {
        let pointer = format!("/{option}");
        refused(&on(json!({ option: value })), &[(&pointer, "must not end in `$`")]);
        assert!(parse(&json!({ option: value })).is_ok());
    }
    let template = json!({ "record_suffix": "", "record_template": "{{.RayID}}$" });
    refused(&on(template), &[("/record_template", "must not end in `$`")]);
    assert!(parse(&on(json!({ "record_template": "{{.RayID}}$" }))).is_ok());
    let empty = json!({ "record_prefix": "$", "record_suffix": "", "record_template": "{{/**/}}" });
    refused(&on(empty), &[("/record_prefix", "must not end in `$`")]);
    // In CSV a value may be nothing.
    let csv = |more: Value| {
        let mut options = on(json!({ "output_type": "csv", "record_suffix": "" }));
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    refused(&csv(json!({ "field_delimiter": "$" })), &[("/field_delimiter", "must not end")]);
    let one = json!({ "field_names": ["RayID"], "record_prefix": "$" });
    refused(&csv(one), &[("/record_prefix", "must not end")]);
    let template = json!({ "record_template": "${{.RayID}}" });
    refused(&csv(template.clone()), &[("/record_template", "must not end")]);
    assert!(parse(&on(template)).is_ok());
    assert!(parse(&on(json!({ "record_prefix": "$", "batch_suffix": "$" }))).is_ok());
}

#[test]
fn no_more_is_found_than_anybody_mends_at_a_time() {
    let unknown: Map<String, Value> =
        (0..10_000).map(|number| (format!("o{number}"), json!(1))).collect();
    assert_eq!(parse(&Value::Object(unknown)).unwrap_err().len(), ISSUES_MAX);
    let names: Vec<String> = (0..5_000).map(|number| format!("ClientIp{number}")).collect();
    assert_eq!(parse(&json!({ "field_names": names })).unwrap_err().len(), ISSUES_MAX);
}
