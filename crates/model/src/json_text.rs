//! Looking into the raw text of a JSON value without building it.
//!
//! Values come from records that were checked when they arrived, so they are well-formed. On
//! other bytes nothing here panics; what it answers then is not specified.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// The content of a JSON string, its quotes and escapes gone; `None` where `raw` is no string.
/// A surrogate without its partner becomes U+FFFD.
pub(crate) fn text_of(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let content = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(match memchr(b'\\', content) {
        None => Cow::Borrowed(content),
        Some(first) => {
            let mut text = Vec::with_capacity(content.len());
            unescape(content, first, &mut text);
            Cow::Owned(text)
        }
    })
}

/// Appends `content`, whose first backslash stands at `first`, with its escapes resolved.
pub(crate) fn unescape(content: &[u8], first: usize, out: &mut Vec<u8>) {
    let (plain, mut rest) = content.split_at(first);
    out.extend_from_slice(plain);
    while let [b'\\', code, after @ ..] = rest {
        rest = after;
        match code {
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => rest = unescape_unit(after, out),
            other => out.push(*other),
        }
        let (plain, next) = rest.split_at(memchr(b'\\', rest).unwrap_or(rest.len()));
        out.extend_from_slice(plain);
        rest = next;
    }
}

/// Appends the character whose UTF-16 code follows a `\u`; returns what stands behind it.
fn unescape_unit<'t>(digits: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let Some((unit, rest)) = hex_unit(digits) else {
        return digits;
    };
    let pair = match rest {
        [b'\\', b'u', low @ ..] if (0xd800..0xdc00).contains(&unit) => hex_unit(low)
            .filter(|(low, _)| (0xdc00..0xe000).contains(low))
            .map(|(low, rest)| (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), rest)),
        _ => None,
    };
    let (code, rest) = pair.unwrap_or((unit, rest));
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn hex_unit(digits: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = digits.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0, |unit, &digit| {
        char::from(digit).to_digit(16).map(|value| unit << 4 | value)
    })?;
    Some((unit, rest))
}

/// The raw elements of a JSON array; none where `raw` is no array.
pub(crate) fn elements(raw: &[u8]) -> Elements<'_> {
    let inner = raw.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]"));
    Elements { rest: inner.unwrap_or_default() }
}

/// See [`elements`].
pub(crate) struct Elements<'r> {
    rest: &'r [u8],
}

impl<'r> Iterator for Elements<'r> {
    type Item = &'r [u8];

    fn next(&mut self) -> Option<&'r [u8]> {
        let rest = self.rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let end = element_end(rest);
        self.rest = rest.get(end + 1..).unwrap_or_default();
        Some(rest[..end].trim_ascii_end())
    }
}

/// Where the comma behind the first element stands, or the end.
fn element_end(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = string_end(text, at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Where the closing quote of the string that opens at `start` stands, or the end.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if text[at + found] == b'"' {
            return at + found;
        }
        at += found + 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_resolved() {
        for (raw, expected) in [
            (r#""""#, ""),
            (r#""plain""#, "plain"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""a\u00e9\u20AC\ud83d\uDE00""#, "aé€😀"),
            (r#""\ud83d x \ude00""#, "\u{fffd} x \u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\\u0041""#, "\\u0041"),
        ] {
            assert_eq!(text_of(raw.as_bytes()).as_deref(), Some(expected.as_bytes()), "{raw}");
        }
        for raw in ["", "\"", "1", "null", "[\"a\"]"] {
            assert_eq!(text_of(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn elements_of_an_array_are_told_apart() {
        let raw = br#"[ "a,]\"", 1 ,{"b":[2,"}"]}, [3,[4]],null]"#;
        let expected: [&[u8]; 5] = [br#""a,]\"""#, b"1", br#"{"b":[2,"}"]}"#, b"[3,[4]]", b"null"];
        assert!(elements(raw).eq(expected));
        for empty in ["[]", "[ ]", "", "1", "\"[1]\""] {
            assert_eq!(elements(empty.as_bytes()).count(), 0, "{empty}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in ".{0,40}") {
            let raw = serde_json::to_string(&text).unwrap();
            let read = text_of(raw.as_bytes());
            prop_assert_eq!(read.as_deref(), Some(text.as_bytes()));
        }

        #[test]
        fn any_array_reads_back(texts in prop::collection::vec(".{0,9}", 0..5)) {
            let raw = serde_json::to_string(&texts).unwrap();
            let read: Vec<String> =
                elements(raw.as_bytes()).map(|raw| serde_json::from_slice(raw).unwrap()).collect();
            prop_assert_eq!(read, texts);
        }

        #[test]
        fn bytes_that_are_no_json_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let quoted = [b"\"", bytes.as_slice(), b"\""].concat();
            let _ = text_of(&quoted);
            let bracketed = [b"[", bytes.as_slice(), b"]"].concat();
            prop_assert!(elements(&bracketed).count() <= bracketed.len());
        }
    }
}
