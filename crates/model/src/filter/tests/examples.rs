//! What filters let through, and what is wrong with those that are refused.

use proptest::prelude::*;

use super::*;

/// Checks what a condition says to a field's raw value.
#[track_caller]
fn check(key: &str, operator: &str, value: &Value, raw: &str, expected: bool) {
    let condition = json!({ "key": key, "operator": operator, "value": value });
    let record = format!("{{\"{key}\":{raw}}}");
    assert_eq!(passes(&condition, &record), expected, "{condition} {record}");
}

/// Checks a condition and, where it has one, its negation.
#[track_caller]
fn check_both(key: &str, operator: &str, value: &Value, raw: &str, expected: bool) {
    check(key, operator, value, raw, expected);
    check(key, &format!("!{operator}"), value, raw, !expected);
}

/// Checks that exactly these findings are made: a pointer, and a part of the message.
#[track_caller]
fn refused(text: &str, expected: &[(&str, &str)]) {
    let issues = parse(text).expect_err(text);
    assert_eq!(issues.len(), expected.len(), "{text}: {issues:#?}");
    for (issue, (pointer, message)) in issues.iter().zip(expected) {
        assert_eq!(issue.pointer, *pointer, "{text}: {issue}");
        assert!(issue.message.contains(message), "{text}: `{}` lacks `{message}`", issue.message);
    }
}

#[test]
fn texts_compare_by_bytes() {
    for (operator, value, raw, expected) in [
        ("eq", "example.com", r#""example.com""#, true),
        ("eq", "example.com", r#""Example.com""#, false),
        ("eq", "", r#""""#, true),
        ("eq", "a\"b", r#""a\"b""#, true),
        ("eq", "a/b", r#""a\/b""#, true),
        ("eq", "é😀", r#""\u00e9\ud83d\ude00""#, true),
        ("eq", "é😀", "\"é😀\"", true),
        ("eq", "\\u00e9", r#""\u00e9""#, false),
        ("startsWith", "/foo", r#""/foo/bar""#, true),
        ("startsWith", "/foo", r#""\/foo""#, true),
        ("startsWith", "/foo", r#""/fo""#, false),
        ("startsWith", "", r#""x""#, true),
        ("endsWith", ".png", r#""/a.png""#, true),
        ("endsWith", ".png", r#""/a.png?""#, false),
        ("contains", "/static", r#""/x/static/y""#, true),
        ("contains", "n", r#""\n""#, false),
        ("contains", "\n", r#""a\nb""#, true),
    ] {
        check_both("Text", operator, &json!(value), raw, expected);
    }
}

#[test]
fn numbers_compare_by_value() {
    for (operator, value, raw, expected) in [
        ("eq", json!(30), "30", true),
        ("eq", json!("30"), "30", true),
        ("eq", json!(" 30 "), "31", false),
        ("lt", json!("30"), "29", true),
        ("lt", json!(30), "30", false),
        ("leq", json!(30), "30", true),
        ("gt", json!(-2), "-1", true),
        ("gt", json!(30), "30", false),
        ("geq", json!(30), "30", true),
        ("geq", json!(1_506_702_504_433_000_200_i64), "1506702504433000199", false),
        ("eq", json!(u64::MAX), "18446744073709551615", true),
        ("eq", json!("18446744073709551616"), "18446744073709551615", false),
    ] {
        check("Count", operator, &value, raw, expected);
    }
    check_both("Count", "eq", &json!(404), "404", true);
    check_both("Share", "eq", &json!(0.5), "5e-1", true);
    check_both("Share", "eq", &json!("2"), "2.0", true);
    check("Share", "lt", &json!(1.5), "1.49", true);
}

#[test]
fn a_set_is_an_array_or_a_joined_string() {
    check_both("Count", "in", &json!([200, "201"]), "201", true);
    check_both("Count", "in", &json!([200, 201]), "202", false);
    check_both("Count", "in", &json!("200, 201"), "201", true);
    check_both("Text", "in", &json!(["a", "b,c"]), r#""b,c""#, true);
    check_both("Text", "in", &json!("a,b"), r#""b""#, true);
    check_both("Text", "in", &json!("a,b"), r#""a,b""#, false);
    check_both("Share", "in", &json!("0.5,1"), "1.0", true);
    check_both("Time", "in", &json!(["2017-09-29T15:48:24Z"]), "1506700104", true);
}

#[test]
fn bools_arrays_and_timestamps_have_their_own_operators() {
    check_both("Flag", "eq", &json!(true), "true", true);
    check_both("Flag", "eq", &json!("false"), "true", false);
    check_both("Tags", "contains", &json!("bot"), r#"["a", "b\u006ft"]"#, true);
    check_both("Tags", "contains", &json!("bot"), r#"["robots"]"#, false);
    check_both("Tags", "contains", &json!(""), "[]", false);
    check_both("Ids", "contains", &json!("7"), "[1, 7]", true);
    check_both("Ids", "contains", &json!(7), "[17, 70]", false);
    check_both("Time", "eq", &json!(1_506_700_104), r#""2017-09-29T17:48:24+02:00""#, true);
    check("Time", "lt", &json!("2017-09-29T15:48:24.5Z"), "1506700104433", true);
    check("Time", "geq", &json!("1506700104433000200"), "1506700104433000199", false);
}

#[test]
fn a_missing_value_matches_negations_only() {
    for (key, operator, value) in [
        ("Text", "eq", json!("")),
        ("Text", "startsWith", json!("")),
        ("Text", "endsWith", json!("")),
        ("Text", "contains", json!("")),
        ("Text", "in", json!([""])),
        ("Count", "eq", json!(0)),
        ("Flag", "eq", json!(false)),
        ("Time", "eq", json!(0)),
        ("Tags", "contains", json!("")),
    ] {
        check_both(key, operator, &value, "null", false);
        for (operator, expected) in [(operator.to_owned(), false), (format!("!{operator}"), true)] {
            let condition = json!({ "key": key, "operator": operator, "value": value });
            assert_eq!(passes(&condition, "{}"), expected, "{condition}");
        }
    }
    for operator in ["lt", "leq", "gt", "geq"] {
        check("Count", operator, &json!(0), "null", false);
        check("Time", operator, &json!(0), "null", false);
    }
}

#[test]
fn a_value_of_another_type_is_like_a_missing_one() {
    check_both("Text", "contains", &json!("1"), "1", false);
    check_both("Count", "eq", &json!(1), r#""1""#, false);
    check_both("Flag", "eq", &json!(true), r#""true""#, false);
    check_both("Tags", "contains", &json!("a"), r#""a""#, false);
    check_both("Time", "eq", &json!(1), "[1]", false);
}

#[test]
fn conditions_are_joined_and_nested() {
    let is = |value: i64| json!({ "key": "Count", "operator": "eq", "value": value });
    let at_least = |value: i64| json!({ "key": "Share", "operator": "geq", "value": value });
    let expression = json!({ "and": [{ "or": [is(1), is(2)] }, { "and": [at_least(5)] }] });
    for (count, share, expected) in [(1, 5, true), (2, 6, true), (3, 5, false), (1, 4, false)] {
        let record = json!({ "Count": count, "Share": share }).to_string();
        assert_eq!(passes(&expression, &record), expected, "{record}");
    }
    let text = json!({ "where": expression }).to_string();
    let fields: Vec<usize> = parse(&text).unwrap().unwrap().fields().collect();
    assert_eq!(fields, [1, 2]);
}

#[test]
fn the_empty_text_is_no_filter() {
    assert!(parse("").unwrap().is_none());
    assert!(parse(" \n").unwrap().is_none());
}

#[test]
fn what_is_no_filter_is_refused() {
    refused("{", &[("/filter", "is not valid JSON: EOF")]);
    refused("[]", &[("/filter", "must be a JSON object")]);
    refused("null", &[("/filter", "must be a JSON object")]);
    refused("{}", &[("/filter", "must have the member `where`")]);
    refused(
        r#"{"key":"Text","operator":"eq","value":"x"}"#,
        &[("/filter", "must have the member `where`")],
    );
    refused(r#"{"where":[]}"#, &[("/filter/where", "must be an object")]);
    refused(
        r#"{"where":{}}"#,
        &[
            ("/filter/where", "the member `key` is missing"),
            ("/filter/where", "the member `operator` is missing"),
            ("/filter/where", "the member `value` is missing"),
        ],
    );
    refused(r#"{"where":{"and":[]}}"#, &[("/filter/where/and", "at least one condition")]);
    refused(r#"{"where":{"or":{}}}"#, &[("/filter/where/or", "at least one condition")]);
}

#[test]
fn every_finding_has_its_pointer() {
    refused(
        r#"{"where":{"and":[
            {"key":"text","operator":"matches","value":"x"},
            {"or":[{"key":"Text","operator":"eq","value":5},
                   {"key":"Count","operator":"startsWith","value":"1"},
                   {"key":"Count","operator":"in","value":[1,"x",2.5]}]},
            {"key":"Map","operator":"eq","value":"x"},
            {"keys":"Text","operator":7,"value":"x"},
            "x"
        ]},"when":1}"#,
        &[
            ("/filter/when", "`when` is not known here"),
            ("/filter/where/and/0/key", "`text` is not a field of `kinds` (did you mean `Text`?)"),
            ("/filter/where/and/0/operator", "`matches` is not an operator; known are `eq`, `!eq`"),
            ("/filter/where/and/1/or/0/value", "expected a string, found `5`"),
            (
                "/filter/where/and/1/or/1/operator",
                "`startsWith` does not go with `Count` of type `int`; allowed are `eq`, `!eq`, `lt`",
            ),
            ("/filter/where/and/1/or/2/value/1", "expected a whole number, found `\"x\"`"),
            ("/filter/where/and/1/or/2/value/2", "expected a whole number, found `2.5`"),
            ("/filter/where/and/2/operator", "of type `object`, which cannot be filtered"),
            ("/filter/where/and/3/keys", "`keys` is not known here (did you mean `key`?)"),
            ("/filter/where/and/3", "the member `key` is missing"),
            ("/filter/where/and/3/operator", "must be a string"),
            ("/filter/where/and/4", "must be an object with `key`"),
        ],
    );
    refused(
        r#"{"where":{"and":[{"key":"Text","operator":"eq","value":"x"}],"or":[]}}"#,
        &[("/filter/where/or", "`or` is not known here")],
    );
}

#[test]
fn values_have_to_fit_their_field() {
    for (key, operator, value, expected) in [
        ("Text", "in", json!([]), "array of at least one value"),
        ("Text", "in", json!(5), "array of at least one value"),
        ("Count", "eq", json!("abc"), "expected a whole number"),
        ("Count", "eq", json!(1.5), "expected a whole number"),
        ("Count", "in", json!("1,,2"), "expected a whole number"),
        ("Share", "lt", json!("inf"), "expected a number"),
        ("Flag", "eq", json!("yes"), "expected `true` or `false`"),
        ("Flag", "eq", json!(1), "expected `true` or `false`"),
        ("Time", "lt", json!("yesterday"), "is not a timestamp"),
        ("Time", "lt", json!(true), "is not a timestamp"),
        ("Tags", "contains", json!(1), "expected a string"),
        ("Ids", "contains", json!("x"), "expected a whole number"),
        ("Text", "eq", Value::Null, "expected a string"),
    ] {
        let text = json!({ "where": { "key": key, "operator": operator, "value": value } });
        refused(&text.to_string(), &[("/filter/where/value", expected)]);
    }
}

#[test]
fn numbers_keep_every_digit_that_is_written() {
    let holds = |key: &str, operator: &str, value: &str, record: &str| {
        let text =
            format!(r#"{{"where":{{"key":"{key}","operator":"{operator}","value":{value}}}}}"#);
        let filter = parse(&text).unwrap_or_else(|issues| panic!("{text}: {issues:?}")).unwrap();
        let mut scanner = Scanner::new(dataset(), filter.fields());
        scanner.scan(record.as_bytes()).unwrap();
        filter.matches(|field| scanner.value(record.as_bytes(), field))
    };
    let (wanted, next) = ("18446744073709551616123", "18446744073709551616124");
    for quote in ["", "\""] {
        let value = format!("{quote}{wanted}{quote}");
        for (key, operator, value) in [
            ("Count", "eq", value.clone()),
            ("Share", "eq", value.clone()),
            ("Count", "in", format!("[1,{value}]")),
            ("Ids", "contains", value),
        ] {
            let record = |number: &str| match key {
                "Ids" => format!(r#"{{"Ids":[1,{number}]}}"#),
                _ => format!(r#"{{"{key}":{number}}}"#),
            };
            assert!(holds(key, operator, &value, &record(wanted)), "{key} {value}");
            assert!(!holds(key, operator, &value, &record(next)), "{key} {value}");
        }
    }
    assert!(holds("Count", "lt", "-9223372036854775809", r#"{"Count":-9223372036854775810}"#));
    assert!(holds("Count", "eq", "-0", r#"{"Count":0}"#));
    assert!(holds("Share", "eq", "1E5", r#"{"Share":100000}"#));
    for (value, found) in
        [("1000", "1e3"), ("1e3", "1000"), ("1000.0", "1E+3"), ("\"1e3\"", "10000e-1")]
    {
        assert!(holds("Count", "eq", value, &format!(r#"{{"Count":{found}}}"#)), "{value} {found}");
        assert!(holds("Count", "in", &format!("[{value}]"), &format!(r#"{{"Count":{found}}}"#)));
        assert!(holds("Ids", "contains", value, &format!(r#"{{"Ids":[1,{found}]}}"#)));
        assert!(!holds("Count", "lt", value, &format!(r#"{{"Count":{found}}}"#)));
    }
    assert!(holds("Count", "gt", "999", r#"{"Count":1e3}"#));
    assert!(holds("Count", "lt", "9007199254740993", r#"{"Count":9007199254740992.0}"#));
    assert!(holds("Count", "gt", "1", r#"{"Count":1e999999999999}"#));
    for (value, expected) in [
        ("1e-3", "expected a whole number, found `1e-3`"),
        ("30.5", "expected a whole number, found `30.5`"),
        ("1e38", "expected a whole number of at most 38 digits, found `1e38`"),
        (&"9".repeat(39), "expected a whole number of at most 38 digits, found `999"),
    ] {
        let text = format!(r#"{{"where":{{"key":"Count","operator":"eq","value":{value}}}}}"#);
        refused(&text, &[("/filter/where/value", expected)]);
    }
}

#[test]
fn an_unknown_operator_is_told_with_the_one_that_was_meant() {
    for (operator, meant) in [
        ("neq", "!eq"),
        ("ne", "!eq"),
        ("!=", "!eq"),
        ("==", "eq"),
        ("!lt", "geq"),
        ("!leq", "gt"),
        ("!gt", "leq"),
        ("!geq", "lt"),
        (">=", "geq"),
        ("lte", "leq"),
        ("gte", "geq"),
        ("notIn", "!in"),
        ("not in", "!in"),
        ("startswith", "startsWith"),
        ("!Contains", "!contains"),
    ] {
        let text = format!(r#"{{"where":{{"key":"Count","operator":"{operator}","value":1}}}}"#);
        let expected = format!("`{operator}` is not an operator (did you mean `{meant}`?)");
        refused(&text, &[("/filter/where/operator", &expected)]);
    }
}

#[test]
fn operators_go_by_the_table_of_types() {
    let orderings = ["lt", "leq", "gt", "geq"];
    let allowed = |key: &str, operator: &str| {
        let plain = operator.trim_start_matches('!');
        match key {
            "Text" => !orderings.contains(&plain),
            "Count" | "Share" | "Time" => {
                orderings.contains(&plain) || plain == "eq" || plain == "in"
            }
            "Flag" => plain == "eq",
            "Tags" | "Ids" => plain == "contains",
            _ => false,
        }
    };
    for field in &dataset().fields {
        for operator in [
            "eq",
            "!eq",
            "lt",
            "leq",
            "gt",
            "geq",
            "startsWith",
            "!startsWith",
            "endsWith",
            "!endsWith",
            "contains",
            "!contains",
            "in",
            "!in",
        ] {
            let value = if field.name == "Flag" { json!(true) } else { json!("1") };
            let condition = json!({ "key": field.name, "operator": operator, "value": value });
            let parsed = parse(&json!({ "where": condition }).to_string());
            assert_eq!(parsed.is_ok(), allowed(&field.name, operator), "{condition} {parsed:?}");
        }
    }
    for operator in ["!lt", "neq", "!!eq", "EQ"] {
        let condition = json!({ "key": "Count", "operator": operator, "value": 1 });
        assert!(parse(&json!({ "where": condition }).to_string()).is_err(), "{operator}");
    }
}

#[test]
fn size_and_operators_are_bounded() {
    let condition = r#"{"key":"Count","operator":"eq","value":1}"#;
    let nested = |depth: usize| {
        let (open, close) = (r#"{"or":["#.repeat(depth), "]}".repeat(depth));
        format!(r#"{{"where":{open}{condition}{close}}}"#)
    };
    assert!(parse(&nested(29)).is_ok());
    refused(&nested(30), &[("/filter", "has 31 operators")]);
    let long = |bytes: usize| {
        let empty = r#"{"where":{"key":"Text","operator":"eq","value":""}}"#;
        empty.replace(r#""""#, &format!(r#""{}""#, "x".repeat(bytes - empty.len())))
    };
    assert!(parse(&long(1000)).is_ok());
    refused(&long(1001), &[("/filter", "has 1001 bytes; at most 1000")]);
    assert!(parse(&nested(90)).is_err());
}

proptest! {
    #[test]
    fn texts_are_found_as_their_meaning_says(text in r#"[a"\\/é\n]{0,6}"#, wanted in r#"[a"\\/é\n]{0,3}"#) {
        let record = json!({ "Text": text }).to_string();
        for (operator, expected) in [
            ("eq", text == wanted),
            ("startsWith", text.starts_with(&wanted)),
            ("endsWith", text.ends_with(&wanted)),
            ("contains", text.contains(&wanted)),
        ] {
            let condition = json!({ "key": "Text", "operator": operator, "value": wanted });
            prop_assert_eq!(passes(&condition, &record), expected, "{} {}", condition, record);
        }
    }

    #[test]
    fn numbers_stand_as_their_values_do(found in -3_i64..3, wanted in -3_i64..3) {
        let record = json!({ "Count": found }).to_string();
        for (operator, expected) in [
            ("eq", found == wanted),
            ("!eq", found != wanted),
            ("lt", found < wanted),
            ("leq", found <= wanted),
            ("gt", found > wanted),
            ("geq", found >= wanted),
        ] {
            let condition = json!({ "key": "Count", "operator": operator, "value": wanted });
            prop_assert_eq!(passes(&condition, &record), expected);
        }
    }

    #[test]
    fn no_text_does_harm(text in r#"\{"where":[a-z{}\[\]":,0-9 ]{0,40}"#) {
        let _ = parse(&text);
    }
}
