//! The option `CVE-2021-44228`: no output holds `${`, which vulnerable readers would look up.
//!
//! Each `${` becomes `x{`. In JSON the two characters may be written as escapes, `\u0024` and
//! `\u007b`, that a reader turns into `${`; those count as well.
//! <https://nvd.nist.gov/vuln/detail/CVE-2021-44228>

use memchr::{memchr, memchr2};

const ESCAPED_DOLLAR: &[u8] = b"\\u0024";

/// Replaces each `${` from `from` on.
pub(super) fn redact_text(out: &mut [u8], from: usize) {
    let mut at = from;
    while let Some(found) = memchr(b'$', &out[at..]) {
        at += found + 1;
        if out.get(at) == Some(&b'{') {
            out[at - 1] = b'x';
        }
    }
}

/// Replaces each `${` from `from` on, escaped ones among them. What stands there is JSON, or at
/// least its strings are.
pub(super) fn redact_json(out: &mut Vec<u8>, from: usize) {
    // An escaped dollar shrinks, so what follows moves up: `write` runs behind `read`.
    let (mut read, mut write) = (from, from);
    while let Some(found) = memchr2(b'$', b'\\', &out[read..]) {
        let at = read + found;
        let (length, is_dollar) = match &out[at..] {
            [b'$', ..] => (1, true),
            escape if escape.starts_with(ESCAPED_DOLLAR) => (ESCAPED_DOLLAR.len(), true),
            [b'\\', b'\\', ..] => (2, false),
            _ => (1, false),
        };
        let after = at + length;
        if is_dollar && opens_brace(&out[after..]) {
            move_up(out, read..at, &mut write);
            out[write] = b'x';
            write += 1;
        } else {
            move_up(out, read..after, &mut write);
        }
        read = after;
    }
    let end = out.len();
    move_up(out, read..end, &mut write);
    out.truncate(write);
}

/// Whether a text that ends like this makes `${` of what follows.
pub(super) fn ends_in_dollar(text: &[u8]) -> bool {
    text.ends_with(b"$") || text.ends_with(ESCAPED_DOLLAR)
}

fn opens_brace(text: &[u8]) -> bool {
    text.starts_with(b"{") || text.starts_with(b"\\u007b") || text.starts_with(b"\\u007B")
}

fn move_up(out: &mut [u8], bytes: std::ops::Range<usize>, write: &mut usize) {
    let length = bytes.len();
    if *write != bytes.start {
        out.copy_within(bytes, *write);
    }
    *write += length;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let mut out = b"${".to_vec();
        out.extend_from_slice(given.as_bytes());
        redact_json(&mut out, 2);
        assert_eq!(std::str::from_utf8(&out[2..]), Ok(expected), "{given}");
        assert_eq!(&out[..2], b"${", "what was written before stays");
    }

    #[test]
    fn lookups_are_redacted_however_they_are_written() {
        check(r#""${jndi:ldap://x}""#, r#""x{jndi:ldap://x}""#);
        check(r#""$${a}$""#, r#""$x{a}$""#);
        check(r#""\u0024{a}""#, r#""x{a}""#);
        check(r#""$\u007ba}""#, r#""x\u007ba}""#);
        check(r#""\u0024\u007Ba} \u0024{b}$""#, r#""x\u007Ba} x{b}$""#);
        check(r#""\\${a}""#, r#""\\x{a}""#);
        check(r#""\"${a}""#, r#""\"x{a}""#);
        check(r"\${a}", r"\x{a}");
    }

    #[test]
    fn what_is_no_lookup_stays() {
        for text in [r#""$ {a} {$} \u0024 \u0024x""#, r#""\\u0024{a}""#, r#""$\\u007b""#, "", "\\"]
        {
            check(text, text);
        }
    }

    #[test]
    fn plain_text_has_no_escapes() {
        let mut out = br"${a}\u0024{b}$${c}$".to_vec();
        redact_text(&mut out, 1);
        assert_eq!(out, br"${a}\u0024{b}$x{c}$");
        redact_text(&mut out, 0);
        assert_eq!(out, br"x{a}\u0024{b}$x{c}$");
    }

    proptest! {
        #[test]
        fn a_reader_sees_the_text_with_each_lookup_replaced(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "$", "{", r"\u0024", r"\u007b", r"\u007B", r"\\", r#"\""#, r"\/", "u0024",
                    "0024", "a", "}", "é", r"\n",
                ]),
                0..12,
            )
        ) {
            let raw = format!("\"{}\"", pieces.concat());
            let meant: String = serde_json::from_str(&raw).unwrap();
            let mut out = raw.into_bytes();
            redact_json(&mut out, 0);
            let read: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(read, meant.replace("${", "x{"));
        }
    }
}
