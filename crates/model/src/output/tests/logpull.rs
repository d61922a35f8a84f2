//! The older way to write options: what it means, and what is wrong with one that is refused.

use proptest::prelude::*;

use super::*;
use crate::TimestampFormat;
use crate::issue::ISSUES_MAX;
use crate::output::logpull_members;

/// Checks that the query string means what these output options mean.
#[track_caller]
fn same(logpull: &str, options: &Value) {
    let read = OutputOptions::parse_logpull(logpull, &dataset());
    assert_eq!(read.unwrap(), parse(options).unwrap(), "{logpull}");
    let members = Value::Object(logpull_members(logpull));
    assert_eq!(parse(&members).unwrap(), parse(options).unwrap(), "{logpull}: {members}");
}

#[track_caller]
fn refused(logpull: &str, messages: &[&str]) {
    let issues = OutputOptions::parse_logpull(logpull, &dataset()).expect_err(logpull);
    assert_eq!(issues.len(), messages.len(), "{logpull}: {issues:#?}");
    for (issue, message) in issues.iter().zip(messages) {
        assert_eq!(issue.pointer, "/logpull_options");
        assert!(issue.message.contains(message), "`{}` lacks `{message}`", issue.message);
    }
}

#[test]
fn each_parameter_is_an_output_option() {
    same("", &json!({}));
    same("fields=RayID,ClientIP", &json!({ "field_names": ["RayID", "ClientIP"] }));
    for format in TimestampFormat::ALL {
        let name = format.name();
        same(&format!("timestamps={name}"), &json!({ "timestamp_format": name }));
    }
    same("timestamps=RFC3339", &json!({ "timestamp_format": "rfc3339" }));
    same("sample=0.1", &json!({ "sample_rate": 0.1 }));
    same("CVE-2021-44228=true", &json!({ "CVE-2021-44228": true }));
    same("CVE-2021-44228=false", &json!({}));
    same(
        "fields=ClientIP,RayID&timestamps=rfc3339&sample=0.1&CVE-2021-44228=true",
        &json!({
            "field_names": ["ClientIP", "RayID"], "timestamp_format": "rfc3339",
            "sample_rate": 0.1, "CVE-2021-44228": true,
        }),
    );
}

#[test]
fn names_and_values_are_percent_decoded() {
    same("%66ields=Client%49P%2CRayID", &json!({ "field_names": ["ClientIP", "RayID"] }));
}

#[test]
fn what_has_no_value_is_unset() {
    for text in ["fields=", "fields", "&&timestamps=&sample=", "CVE-2021-44228="] {
        same(text, &json!({}));
    }
}

#[test]
fn every_finding_is_made_at_once() {
    refused(
        "field=RayID&fields=rayid,ClientIP,Nothing,ClientIP&timestamps=rfc3339us&sample=2\
         &CVE-2021-44228=yes&count=5&sample=1&%ff=1",
        &[
            "`field` is not a parameter (did you mean `fields`?); known are `fields`, `timestamps`",
            "`fields`: `rayid` is not a field of `http_requests` (did you mean `RayID`?)",
            "`fields`: `Nothing` is not a field of `http_requests`",
            "`fields`: `ClientIP` is named twice",
            "`timestamps`: `rfc3339us` is not allowed (did you mean `rfc3339ms`?); allowed are",
            "`sample`: expected a number above 0 and at most 1",
            "`CVE-2021-44228`: `yes` is not allowed; allowed are `false`, `true`",
            "`count` is not a parameter; known are",
            "`sample` comes twice",
            "`%ff` is not UTF-8",
        ],
    );
    refused(&"x".repeat(OPTIONS_BYTES_MAX + 1), &["has 131073 bytes; at most 131072"]);
}

#[test]
fn what_is_wrong_in_either_way_is_said_even_where_the_other_counts() {
    let both = OutputOptions::of_job(Some(r#"{"sample_rate":2}"#), "sample=3", &dataset());
    let pointers: Vec<_> = both.unwrap_err().into_iter().map(|issue| issue.pointer).collect();
    assert_eq!(pointers, ["/output_options/sample_rate", "/logpull_options"]);
    assert!(OutputOptions::of_job(Some(r#"{"sample_rate":1}"#), "sample=3", &dataset()).is_err());
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "[a-z0-9=&%,.+ é-]{0,40}") {
        let _ = OutputOptions::parse_logpull(&text, &dataset());
    }

    #[test]
    fn any_choice_reads_as_output_options_do(
        fields in prop::sample::subsequence(vec!["ClientIP", "RayID", "BotScore"], 1..=3),
        format in prop::sample::select(TimestampFormat::ALL.to_vec()),
        permille in 1..=1000_u32,
        redacts in any::<bool>(),
    ) {
        let rate = f64::from(permille) / 1000.0;
        let text = format!(
            "fields={}&timestamps={}&sample={rate}&CVE-2021-44228={redacts}",
            fields.join(","),
            format.name()
        );
        let options = json!({
            "field_names": fields, "timestamp_format": format.name(), "sample_rate": rate,
            "CVE-2021-44228": redacts,
        });
        prop_assert_eq!(
            OutputOptions::parse_logpull(&text, &dataset()).unwrap(),
            parse(&options).unwrap()
        );
    }
}

#[test]
fn no_more_is_found_than_anybody_mends_at_a_time() {
    let names: Vec<String> = (0..10_000).map(|number| format!("o{number}")).collect();
    for text in [names.join("&"), format!("fields={}", names.join(","))] {
        let issues = OutputOptions::parse_logpull(&text, &dataset()).unwrap_err();
        assert_eq!(issues.len(), ISSUES_MAX);
    }
}
