//! The reduced template language.

use proptest::prelude::*;

use super::*;
use crate::output::template::Template;

/// What a template makes of a record with the fields ClientIP and BotScore.
#[track_caller]
fn filled(template: &str) -> String {
    let options = json!({ "record_template": template, "record_prefix": "", "record_suffix": "" });
    one(&["ClientIP", "BotScore"], options, r#"{"ClientIP":"a","BotScore":7,"RayID":"r"}"#)
}

#[test]
fn text_fields_constants_and_comments() {
    for (template, expected) in [
        ("plain } text }} { {a}", "plain } text }} { {a}"),
        ("{{.ClientIP}}", "\"a\""),
        ("{{ .ClientIP }}{{\t.BotScore\n}}", "\"a\"7"),
        ("{{ \"constant\" }}", "constant"),
        ("{{\"\"}}", ""),
        ("{{`double{{curly}}braces`}}", "double{{curly}}braces"),
        ("{{ `\\n\"` }}", "\\n\""),
        // As in Go, a constant in back-quotes has no carriage returns; text keeps them.
        ("{{ `a\r\nb\r` }}\r\n", "a\nb\r\n"),
        (
            r#"{{"\"\\\a\b\f\n\r\t\v\x41\101\u00e9\U0001F600 é}}"}}"#,
            "\"\\\u{7}\u{8}\u{c}\n\r\t\u{b}AAé😀 é}}",
        ),
        (r#"{{"\xc3\xa9"}}"#, "é"),
        ("a{{/* a }} comment */}}b", "ab"),
        ("{{/**/}}", ""),
        ("{{.RayID}}", "null"),
        ("{{.NoSuchField}} {{.ClientIP}}", "null \"a\""),
    ] {
        assert_eq!(filled(template), expected, "{template}");
    }
}

#[test]
fn csv_templates_write_csv_values() {
    let options = json!({ "output_type": "csv", "record_template": "{{.ClientIP}};{{.RayID}};{{.BotScore}}" });
    let written = one(&["ClientIP", "BotScore"], options, r#"{"ClientIP":"a\"","RayID":"r"}"#);
    assert_eq!(written, "\"a\"\"\";;\n");
}

/// Checks that each template is refused with a message that holds this text.
#[track_caller]
fn refused(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        let issues = parse(&json!({ "record_template": template })).expect_err(template);
        assert_eq!(issues.len(), 1, "{template}: {issues:?}");
        assert_eq!(issues[0].pointer, "/output_options/record_template");
        let message = &issues[0].message;
        assert!(message.contains(expected), "{template}: `{message}` lacks `{expected}`");
    }
}

#[test]
fn what_is_not_closed_or_no_field_is_refused_with_its_place() {
    refused(&[
        ("é{{", "`{{` is not closed by `}}`, at character 2"),
        ("ab{{ .ClientIP ", "`{{` is not closed by `}}`, at character 3"),
        ("{{ .ClientIP } }", "expected `}}`"),
        ("{{}}", "an empty action is not allowed; only `{{ .Field }}`, constants in quotes"),
        ("{{ . }}", "`.` needs the name of a field, at character 4"),
        ("{{ .ClientIP.Sub }}", "`ClientIP.Sub` is not a field of `http_requests`, at character 4"),
        ("{{ .1st }}", "`1st` is not a field"),
        ("{{- .ClientIP }}", "trim markers are not supported, at character 3"),
        ("{{ .ClientIP -}}", "trim markers are not supported, at character 14"),
        ("{{- /* c */ -}}", "trim markers are not supported"),
        ("{{/* c */ -}}", "a comment must be closed by `*/}}`, at character 10"),
        ("{{/* c }}", "the comment is not closed by `*/}}`, at character 1"),
        ("{{ /* c */}}", "`/* c */` is not allowed; only"),
    ]);
}

#[test]
fn the_rest_of_the_language_is_refused() {
    refused(&[
        (
            "{{ .ClientIP | printf }}",
            "expected `}}`; `| printf` is not allowed; only `{{ .Field }}`",
        ),
        ("{{ .ClientIP .RayID }}", "expected `}}`"),
        ("{{ if .ClientIP }}x{{ end }}", "`if .ClientIP` is not allowed; only"),
        ("{{ if .ClientIP }}x{{ end }}", "`{{/* comments */}}` are, at character 4"),
        ("{{ range .SecuritySources\n}}", "`range .SecuritySourc…` is not allowed"),
        ("{{ $x }}", "`$x` is not allowed"),
        ("{{ 5 }}", "`5` is not allowed"),
        ("{{ 'a' }}", "`'a'` is not allowed"),
        ("{{{.ClientIP}}}", "`{.ClientIP` is not allowed"),
    ]);
}

#[test]
fn malformed_constants_are_refused() {
    refused(&[
        ("{{ \"a }}", "the quoted constant is not closed, at character 4"),
        ("{{ \"a\n\" }}", "the quoted constant is not closed"),
        ("{{ `a }}", "the back-quoted constant is not closed, at character 4"),
        (r#"{{ "\q" }}"#, r"unknown escape `\q` in a quoted constant; known are `\a`, `\b`"),
        (r#"{{ "\q" }}"#, "a backslash is itself, at character 5"),
        (r#"{{ "\'" }}"#, r"unknown escape `\'`"),
        (r#"{{ "\x4" }}"#, "unknown escape"),
        (r#"{{ "\x+4" }}"#, "unknown escape"),
        (r#"{{ "\400" }}"#, "unknown escape"),
        (r#"{{ "\ud800" }}"#, "unknown escape"),
        (r#"{{ "\xff" }}"#, "the constant is not UTF-8"),
        (r#"{{ "\"#, "unknown escape"),
    ]);
}

proptest! {
    #[test]
    fn no_template_does_harm(text in r#"[{}.`"\\/*a-é \n-]{0,20}"#) {
        let _ = Template::parse(&text, &dataset());
    }

    #[test]
    fn any_text_can_be_written_as_a_constant(text in r#"[{}.`"\\/*aé \n]{1,20}"#) {
        let quoted = json!(text).to_string();
        prop_assert_eq!(filled(&format!("{{{{{quoted}}}}}")), text);
    }
}
