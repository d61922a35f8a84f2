//! Secrets stay hidden, and stay where they belong.

use proptest::prelude::*;

use super::*;

#[test]
fn debug_and_findings_hide_secrets() {
    let text = format!("s3://burritobot?region=us-east-1&{KEYS}&session-token=TOKEN7");
    let shown = format!("{:?}", parsed(&text));
    assert!(shown.contains("AKIAIOSFODNN7EXAMPLE"), "{shown}");
    for secret in ["wJalr", "TOKEN7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for wrong in [
        "s3://B?secret-access-key=wJalr%zz",
        "s3://burritobot?region=us-east-1&secret-access-key=a&wJalr",
        "s3://AKIA:wJalr@burritobot?region=us-east-1",
        "s3://AKIA:wJalr/burritobot?region=us-east-1",
        "s3://burritobot/a//b&secret-access-key=wJalr",
        "s3://burritobot?region=us-east-1&access-key-id=a&secret-access-key=wJalr%0A",
        "s3://burritobot?region=a&access-key-id=a&endpoint=http://u:wJalr@x&secret-access-key=b",
    ] {
        let issues = format!("{:?}", Destination::parse(wrong).unwrap_err());
        assert!(!issues.contains("wJalr"), "{issues}");
    }
}

#[test]
fn a_redacted_string_shows_all_but_the_secrets() {
    for (text, expected) in [
        (
            "s3://b/a=1/{DATE}?region=r&access-key-id=AK&secret-access-key=a/+=&session-token=t%2B",
            "s3://b/a=1/{DATE}?region=r&access-key-id=AK&secret-access-key=****&session-token=****",
        ),
        ("s3://b/logs?region=us-east-1&sse=AES256", "s3://b/logs?region=us-east-1&sse=AES256"),
        ("s3://b?secret-access-key=", "s3://b?secret-access-key="),
        (
            "s3://b?Secret-Access-Key=x&secret_access_key=y",
            "s3://b?Secret-Access-Key=****&secret_access_key=****",
        ),
        ("s3://b?secret%2Daccess%2Dkey=x", "s3://b?secret%2Daccess%2Dkey=****"),
        ("s3://b?secret-access-key=x?y&z", "s3://b?secret-access-key=****&****"),
        ("s3://b&secret-access-key=x&region=y", "s3://b&secret-access-key=****&region=y"),
        ("s3://AK:x/y@b/p?region=r", "s3://****@b/p?region=r"),
        ("s3://AK:xy/p", "s3://****"),
        ("s3://b/mail@host", "s3://b/mail@host"),
        ("s3://b?endpoint=http://u:p@h", "s3://b?endpoint=****"),
        ("s3://b?endpoint=u%3Ap%40h", "s3://b?endpoint=****"),
        ("", ""),
    ] {
        assert_eq!(redacted(text), expected);
    }
}

#[test]
fn the_mask_keeps_the_stored_secret() {
    let old = format!("s3://burritobot/logs?region=us-east-1&{KEYS}&session-token=a%2Fb");
    let masked = redacted(&old);
    assert_eq!(restore_secrets(&masked, &old).unwrap(), old);
    let encoded = masked.replace("****", "%2A%2a%2A%2A");
    assert_eq!(restore_secrets(&encoded, &old).unwrap(), old);

    let moved = masked.replace("/logs", "/other").replace("us-east-1", "eu-west-1");
    let restored = old.replace("/logs", "/other").replace("us-east-1", "eu-west-1");
    assert_eq!(restore_secrets(&moved, &old).unwrap(), restored);

    let fresh = old.replace("wJalr", "fresh");
    assert_eq!(restore_secrets(&fresh, &old).unwrap(), fresh);
    assert_eq!(restore_secrets("s3://b", &old).unwrap(), "s3://b");
}

#[test]
fn what_only_looks_like_credentials_is_kept_too() {
    let keys = KEYS.replace("AKIAIOSFODNN7EXAMPLE", "AKIA@EXAMPLE");
    for old in [
        format!("s3://burritobot/logs?region=us-east-1&{keys}"),
        "s3://burritobot/logs?region=us-east-1&tags=owner:ana@example.com".to_owned(),
    ] {
        parsed(&old);
        let shown = redacted(&old);
        assert!(shown.contains("=****"), "{shown}");
        assert_eq!(restore_secrets(&shown, &old).as_ref(), Ok(&old));
    }
    // Four asterisks that hide nothing stay what they are.
    let tagged = "s3://burritobot/logs?region=us-east-1&tags=owner:****";
    assert_eq!(restore_secrets(tagged, "s3://other?region=us-east-1").unwrap(), tagged);
}

#[test]
fn a_secret_in_the_path_is_refused() {
    let text = format!("s3://burritobot/logs&session-token=TOKEN7?region=us-east-1&{KEYS}");
    refused(&text, &["`session-token` stands in the path"]);
    parsed(&format!("s3://burritobot/logs&token=7?region=us-east-1&{KEYS}"));
}

#[test]
fn the_mask_never_carries_a_secret_elsewhere() {
    let old = format!("s3://burritobot/logs?region=us-east-1&endpoint=https://a.example&{KEYS}");
    let masked = redacted(&old);
    for elsewhere in [
        masked.replace("burritobot", "other-bucket"),
        masked.replace("a.example", "evil.example"),
        masked.replace("https://", "http://"),
        masked.replace("endpoint=https://a.example&", ""),
        masked.replace("AKIAIOSFODNN7EXAMPLE", "AKIAOTHER"),
    ] {
        let issues = restore_secrets(&elsewhere, &old).expect_err(&elsewhere);
        assert!(issues[0].message.contains("send the secret"), "{issues:?}");
        assert!(!format!("{issues:?}").contains("wJalr"));
    }
    let token = format!("{masked}&session-token=****");
    assert!(restore_secrets(&token, &old).unwrap_err()[0].message.contains("`session-token`"));
    assert!(restore_secrets(&masked, "s3://burritobot/logs?region=us-east-1").is_err());
    refused(&masked, &["`secret-access-key` is `****`, which only hides a secret"]);
}

proptest! {
    #[test]
    fn any_secret_travels_and_stays_hidden(secret in "[!-~]{24,40}") {
        prop_assume!(!secret.contains("****"));
        let encoded = secret.replace('%', "%25").replace('&', "%26");
        let text =
            format!("s3://burritobot?region=us-east-1&access-key-id=AK&secret-access-key={encoded}");
        let destination = parsed(&text);
        let Access::Keys { secret_access_key, .. } = &destination.access else { unreachable!() };
        prop_assert_eq!(secret_access_key.expose(), &secret);
        prop_assert!(!redacted(&text).contains(&encoded));
        let shown = format!("{destination:?}");
        prop_assert!(!shown.contains(&secret));
        prop_assert_eq!(restore_secrets(&redacted(&text), &text).unwrap(), text);
    }
}
