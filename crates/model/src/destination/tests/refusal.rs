//! What is refused, and with which words.

use proptest::prelude::*;

use super::*;

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let with = |parameters: &str, expected: &[&str]| {
        refused(&format!("s3://burritobot/logs?region=us-east-1{parameters}"), expected);
    };
    with(
        "&sse=aes256",
        &["`sse` is `aes256` (did you mean `AES256`?); allowed are `AES256`, `aws:kms`"],
    );
    with("&sse-kms-key-id=k", &["needs `sse=aws:kms`"]);
    with("&sse=AES256&sse-kms-key-id=k", &["needs `sse=aws:kms`"]);
    with("&acl=private&path-style=yes", &["`acl` is `private`", "`path-style` is `yes`"]);
    with("&reigon=x", &["unknown parameter `reigon` (did you mean `region`?); known are"]);
    with("&region=us-east-1", &["`region` is given twice"]);
    with("&sse=AES256%0A", &["`sse` holds a control character", "`sse` is `AES256%0A`"]);
    with("&access-key-id=a", &["`secret-access-key` is missing"]);
    with("&secret-access-key=a", &["`access-key-id` is missing"]);
    with("&session-token=a", &["`access-key-id` is missing", "`secret-access-key` is missing"]);
    with(
        "&access-key-id=a,b&secret-access-key=%20",
        &["`access-key-id` may", "`secret-access-key` may"],
    );
    with("&endpoint=minio.example", &["`endpoint` needs `access-key-id`"]);
}

#[test]
fn options_that_no_store_takes_are_refused() {
    let with = |parameters: &str, expected: &[&str]| {
        refused(&format!("s3://burritobot/logs?region=us-east-1&{parameters}"), expected);
    };
    with("storage-class=standard", &["is `standard` (did you mean `STANDARD`?)"]);
    with("storage-class=EXPRESS_ONEZONE", &["`storage-class` is `EXPRESS_ONEZONE`"]);
    let elsewhere = format!("endpoint=x.example&{KEYS}&storage-class=a%20b");
    with(&elsewhere, &["`storage-class` is `a b`"]);
    with("expected-bucket-owner=1234", &["`expected-bucket-owner` is `1234`; an AWS account has"]);
    with("checksum=crc32", &["`checksum` is `crc32` (did you mean `crc32c`?); allowed are"]);
    with("conditional=yes", &["allowed are `auto`, `always`, `never`"]);
}

#[test]
fn tags_beyond_the_rules_of_s3_are_refused() {
    let many: Vec<String> = (0..11).map(|n| format!("k{n}:v")).collect();
    for (tags, expected) in [
        ("team", "`team` without a colon"),
        ("a:b,", "`` without a colon"),
        (":b", "must have 1 to 128"),
        (&format!("{}:b", "é".repeat(129)), "must have 1 to 128"),
        (&format!("a:{}", "é".repeat(257)), "at most 256"),
        ("a:b#c", "holds `#`; allowed are letters"),
        ("a:b,a:c", "the tag `a` is given twice"),
        (&many.join(","), "has 11 tags; S3 takes at most 10"),
    ] {
        let tags = tags.replace('#', "%23");
        refused(&format!("s3://burritobot?region=us-east-1&tags={tags}"), &[expected]);
    }
}

#[test]
fn roles_that_cannot_write_there_are_refused() {
    const ARN: &str = "role-arn=arn:aws:iam::444455556666:role/logs";
    let with = |parameters: &str, expected: &[&str]| {
        refused(&format!("s3://burritobot?region=us-east-1&{parameters}"), expected);
    };
    with("role-arn=logs", &["`role-arn` is `logs`; the ARN of a role is written `arn:aws:iam::"]);
    with("role-arn=arn:aws:iam::444455556666:user/logs", &["which is no role"]);
    with("role-arn=arn:aws-us-gov:iam::444455556666:role/a", &["`us-east-1` lies in `aws`"]);
    with(&format!("{ARN}&external-id=a"), &["`external-id` must have 2 to 1224"]);
    with(&format!("{ARN}&external-id=a%20b"), &["`external-id` must have 2 to 1224"]);
    with("external-id=abc", &["`role-arn` is missing"]);
    with(&format!("{ARN}&{KEYS}"), &["exclude each other"]);
    with(&format!("{ARN}&endpoint=x.example"), &["`endpoint` needs `access-key-id`"]);
    refused(&format!("s3://burritobot?{ARN}"), &["`region` is missing"]);
}

#[test]
fn endpoints_that_are_no_hosts_are_refused() {
    for (endpoint, expected) in [
        ("ftp://x", "must begin with `https://`"),
        ("https://x/bucket", "without bucket"),
        ("x?y=z", "without bucket"),
        ("x:0", "no valid port"),
        ("x:65536", "no valid port"),
        ("x:+80", "no valid port"),
        ("x:", "no valid port"),
        ("[::1]9000]", "is not a host"),
        ("[::1", "no valid port"),
        ("", "is not a host"),
        ("https://", "is not a host"),
        ("a..b", "is not a host"),
        ("-a.example", "is not a host"),
        ("a b", "is not a host"),
        ("2130706433", "is not a host"),
        ("0x7f.0x1", "is not a host"),
        ("127.1", "is not a host"),
        ("user:pass@x", "cannot hold credentials"),
    ] {
        let message = Endpoint::parse(endpoint).expect_err(endpoint);
        assert!(message.contains(expected), "{endpoint}: {message}");
        assert!(!message.contains("pass"), "{message}");
    }
}

#[test]
fn what_is_no_destination_is_refused() {
    refused("", &["must begin with `s3://` or `r2://`"]);
    refused("burritobot/logs", &["must begin with `s3://`"]);
    refused("gs://burritobot", &["the scheme `gs` is not known; allowed are `s3` and `r2`"]);
    refused(&format!("s3://{}", "x".repeat(5000)), &["at most 4096"]);
    refused(
        "s3://B?region=x&sse=1&y=2",
        &[
            "may hold only lower-case",
            "unknown parameter `y`",
            "is not an AWS region",
            "`sse` is `1`",
        ],
    );
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "(s3|r2)://[a-z/.%{}?&=@:*-]{0,60}") {
        let _ = restore_secrets(&text, &text);
        if let Ok(destination) = Destination::parse(&text) {
            let folder = destination.path.resolve(&PathValues::default());
            prop_assert!(folder.split('/').all(|segment| segment != ".." && segment != "."));
            prop_assert!(!folder.starts_with('/') && !folder.ends_with('/'));
        }
    }
}
