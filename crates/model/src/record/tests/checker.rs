//! What `Checker` lets in, and in which words it refuses the rest.

use super::every_type;
use crate::limits::{RECORD_BYTES_MAX, RECORD_DEPTH_MAX};
use crate::record::Checker;

#[track_caller]
fn check_good(line: &str) {
    let mut checker = Checker::new(every_type());
    assert_eq!(checker.check(line.as_bytes()), Ok(()), "{line}");
    assert_eq!(checker.check(line.as_bytes()), Ok(()), "{line}, again");
}

#[track_caller]
fn check_refused(line: impl AsRef<[u8]>, reason: &str) {
    let mut checker = Checker::new(every_type());
    // Twice: the second time the order of keys is known.
    for _ in 0..2 {
        let refusal = checker.check(line.as_ref()).expect_err(reason);
        assert_eq!(refusal.to_string(), reason);
    }
}

#[test]
fn records_of_the_right_types_are_good() {
    check_good("{}");
    check_good(" {\t} \r");
    check_good(
        r#"{"Text":"a\u00e9\ud800","Count":-12345678901234567890123,"Share":1.5e-7,"Flag":true,
            "Time":1506702504433000200,"Map":{"a":[{},[]]},"Texts":["a",null],"Counts":[ 1 , 2 ],
            "Maps":[{"a":1},{}],"Unknown":[1,"a",{}]}"#,
    );
    check_good(r#"{"Share":1,"Time":"2017-09-29T15:48:24Z","Texts":[],"Counts":[ ]}"#);
    check_good(r#"{"Time":"1506702504"}"#);
    check_good(r#"{"Time":"0001-01-01T00:00:00Z"}"#);
    check_good(
        r#"{"Time":"9999-12-31T23:59:59.9999999-05:00","Text":"more than thirty-two bytes"}"#,
    );
    check_good(r#"{"Time":1506702504.433,"T\u0069me":1}"#);
}

#[test]
fn a_whole_number_is_an_int_in_any_notation() {
    for number in
        ["1.0", "1e3", "-1E+3", "0.0", "1.5e1", "1000e-3", "1e400", "-0e-99999999999999999999"]
    {
        check_good(&format!(r#"{{"Count":{number}}}"#));
        check_good(&format!(
            r#"{{"Count":{number},"Counts":[{number},1, {number} ],"Text":"{number}"}}"#
        ));
    }
}

#[test]
fn null_is_good_for_every_field() {
    for field in &every_type().fields {
        check_good(&format!(r#"{{"{}":null}}"#, field.name));
        check_good(&format!(r#"{{"{}" : null , "a" : 1}}"#, field.name));
    }
}

#[test]
fn another_type_than_the_fields_is_refused() {
    for (line, reason) in [
        (r#"{"Text":1}"#, "`Text` must be a string, found an int at byte 8"),
        (r#"{"Text": {}}"#, "`Text` must be a string, found an object at byte 9"),
        (r#"{"Count":"200"}"#, "`Count` must be an int, found a string at byte 9"),
        (r#"{"Count":1.5}"#, "`Count` must be an int, found a number that is not whole at byte 9"),
        (
            r#"{"Count":-1.000e-3}"#,
            "`Count` must be an int, found a number that is not whole at byte 9",
        ),
        (
            r#"{"Counts":[1e3,1e-3]}"#,
            "`Counts` must be an array of ints, found a number that is not whole in it at byte 15",
        ),
        (
            r#"{"Text":1e3}"#,
            "`Text` must be a string, found a number with a fraction or an exponent at byte 8",
        ),
        (r#"{"Share":false}"#, "`Share` must be a number, found a bool at byte 9"),
        (r#"{"Flag":0}"#, "`Flag` must be a bool, found an int at byte 8"),
        (r#"{"Map":[1]}"#, "`Map` must be an object, found an array at byte 7"),
        (r#"{"Texts":"a"}"#, "`Texts` must be an array of strings, found a string at byte 9"),
        (
            r#"{"Texts":["a",1]}"#,
            "`Texts` must be an array of strings, found an int in it at byte 14",
        ),
        (
            r#"{"Counts":[1,[2]]}"#,
            "`Counts` must be an array of ints, found an array in it at byte 13",
        ),
        (
            r#"{"Maps":[{},true]}"#,
            "`Maps` must be an array of objects, found a bool in it at byte 12",
        ),
        (r#"{"C\u006funt":{}}"#, "`Count` must be an int, found an object at byte 14"),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn a_timestamp_must_have_a_known_form_and_fit() {
    for (line, reason) in [
        (
            r#"{"Time":true}"#,
            "`Time` must be a timestamp, as a number or a string, found a bool at byte 8",
        ),
        (
            r#"{"Time":"2017-02-29T00:00:00Z"}"#,
            "`Time` at byte 8: `2017-02-29T00:00:00Z` is not a timestamp: the day is 29, \
             expected 01 to 28",
        ),
        (
            r#"{"Time":9999999999999999999999}"#,
            "`Time` at byte 8: `9999999999999999999999` is not a timestamp: it does not lie in the \
             years 0000 to 9999",
        ),
        (
            r#"{"Time":1e9}"#,
            "`Time` at byte 8: `1e9` is not a timestamp: expected unix seconds, milliseconds, \
             microseconds or nanoseconds, or RFC 3339 such as `2017-09-29T15:48:24.433Z`",
        ),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for (line, reason) in [
        ("", "not a JSON object: found the end of the record at byte 0, expected `{`"),
        ("GET / HTTP/1.1", "not a JSON object: found `G` at byte 0, expected `{`"),
        ("  [1]", "not a JSON object: found `[` at byte 2, expected `{`"),
        ("é", "not a JSON object: found `é` at byte 0, expected `{`"),
        ("\u{0}", "not a JSON object: found the control character U+0000 at byte 0, expected `{`"),
        ("{}{}", "not JSON: found `{` at byte 2, expected the end of the record"),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn what_is_not_json_is_refused_with_what_could_have_stood_there() {
    for (line, reason) in [
        ("{a:1}", "not JSON: found `a` at byte 1, expected a key in double quotes"),
        (r#"{"a":1,}"#, "not JSON: found `}` at byte 7, expected a key in double quotes"),
        (r#"{"a" 1}"#, "not JSON: found `1` at byte 5, expected `:`"),
        (r#"{"a":}"#, "not JSON: found `}` at byte 5, expected a value"),
        (r#"{"a":NaN}"#, "not JSON: found `N` at byte 5, expected a value"),
        (r#"{"a":nul}"#, "not JSON: found `n` at byte 5, expected `null`"),
        (r#"{"a":True}"#, "not JSON: found `T` at byte 5, expected a value"),
        (r#"{"a":1 "b":2}"#, "not JSON: found `\"` at byte 7, expected `,` or `}`"),
        (r#"{"a":[1 2]}"#, "not JSON: found `2` at byte 8, expected `,` or `]`"),
        (r#"{"a":[1,]}"#, "not JSON: found `]` at byte 8, expected a value"),
        (r#"{"a":[1}}"#, "not JSON: found `}` at byte 7, expected `,` or `]`"),
        (r#"{"a":{"b":1]}"#, "not JSON: found `]` at byte 11, expected `,` or `}`"),
        (r#"{"a":{"b":[[],{},}}"#, "not JSON: found `}` at byte 17, expected a value"),
        (r#"{"Texts":["a" 1]}"#, "not JSON: found `1` at byte 14, expected `,` or `]`"),
        (r#"{"a":01}"#, "not JSON: found `1` at byte 6, expected `,` or `}`"),
        (r#"{"a":-x}"#, "not JSON: found `x` at byte 6, expected a digit"),
        (r#"{"a":1.}"#, "not JSON: found `}` at byte 7, expected a digit"),
        (r#"{"a":1e+}"#, "not JSON: found `}` at byte 8, expected a digit"),
        (r#"{"a":.5}"#, "not JSON: found `.` at byte 5, expected a value"),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn a_string_must_be_escaped_as_json_says() {
    for (line, reason) in [
        (
            r#"{"a":"\x41"}"#,
            "not JSON: found `x` at byte 7, expected one of \
             `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u` after `\\`",
        ),
        (
            r#"{"a":"\u12g4"}"#,
            "not JSON: found `g` at byte 10, expected four hex digits after `\\u`",
        ),
        (
            "{\"a\":\"b\tc\"}",
            "not JSON: found the control character U+0009 at byte 7, \
             expected an escape such as `\\n` instead",
        ),
        (
            "{\"a\":\"0123456789\u{1f}\"}",
            "not JSON: found the control character U+001F at byte 16, \
             expected an escape such as `\\n` instead",
        ),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn a_record_that_is_cut_off_tells_what_is_not_whole() {
    for (line, reason) in [
        ("{", "the record ends within an object that began at byte 0"),
        (r#"{"a"#, "the record ends within a string that began at byte 1"),
        (r#"{"a":"#, "the record ends within an object that began at byte 0"),
        (r#"{"a":"b"#, "the record ends within a string that began at byte 5"),
        (r#"{"a":"b\"#, "the record ends within a string that began at byte 5"),
        (r#"{"a":"b\u00"#, "the record ends within a string that began at byte 5"),
        (r#"{"a":1"#, "the record ends within an object that began at byte 0"),
        (r#"{"a":-"#, "the record ends within a number that began at byte 5"),
        (r#"{"a":tr"#, "the record ends within a bool that began at byte 5"),
        (r#"{"a":[1,{"b":[2"#, "the record ends within an array that began at byte 13"),
        (r#"{"a":[1,{"b":[2]"#, "the record ends within an object that began at byte 8"),
        (r#"{"Texts":["a","#, "the record ends within an array that began at byte 9"),
    ] {
        check_refused(line, reason);
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    check_refused(b"{\"a\":\"\xff\"}", "not UTF-8: invalid byte 0xff at byte 6");
    check_refused(b"{\"a\":\"\xe2\x82\"}", "not UTF-8: invalid byte 0xe2 at byte 6");
    check_refused(b"\x1f\x8b\x08", "not UTF-8: invalid byte 0x8b at byte 1");
}

#[test]
fn a_record_may_be_nested_as_deep_as_the_limit_and_no_deeper() {
    let nested = |depth: usize, open: &str, inner: &str, close: &str| {
        format!("{{\"a\":{}{inner}{}}}", open.repeat(depth - 1), close.repeat(depth - 1))
    };
    check_good(&nested(RECORD_DEPTH_MAX, "[", "", "]"));
    check_good(&nested(RECORD_DEPTH_MAX, "{\"b\":", "1", "}"));
    check_good(&nested(RECORD_DEPTH_MAX, "[1,", "{}", "]").replace("[1,{}]", "[1,2]"));
    for (open, inner, close, at) in [
        ("[", "", "]", 5 + 119),
        ("{\"b\":", "1", "}", 5 + 119 * 5),
        ("[1,", "2", "]", 5 + 119 * 3),
    ] {
        check_refused(
            nested(RECORD_DEPTH_MAX + 1, open, inner, close),
            &format!("arrays and objects are nested more than 120 deep at byte {at}"),
        );
    }
    check_good(&format!("{{\"a\":[{}]}}", ["[[]]"; 500].join(",")));
}

#[test]
fn a_record_may_be_as_long_as_the_limit_and_no_longer() {
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    check_good(&long(RECORD_BYTES_MAX));
    check_refused(
        long(RECORD_BYTES_MAX + 1),
        "the record has 1000001 bytes, expected at most 1000000",
    );
}

#[test]
fn a_checker_goes_on_after_a_refusal() {
    let mut checker = Checker::new(every_type());
    assert!(checker.check(br#"{"a":[[[[{"b":"#).is_err());
    assert_eq!(checker.check(br#"{"a":1}"#), Ok(()));
}
