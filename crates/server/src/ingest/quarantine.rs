//! Refused lines as they are kept, and read again.
//!
//! A refused line becomes one line of JSON in a quarantine frame:
//! `{"line":3,"source":"access.log","reason":"…","content":"…"}`. `source` is there where the
//! sender named one, `"truncated":true` where the line was longer than what is kept. A line that
//! is not UTF-8 has U+FFFD in its `content`, and its bytes in `content_base64`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use journal::Frame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::instant::rfc3339_ms;

/// Most bytes of a refused line that are kept.
pub(crate) const CONTENT_BYTES_MAX: usize = 64 << 10;

/// Why a line was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LineError {
    /// The line's number in its file, or the element's in its array.
    pub(crate) line: u64,
    /// What is wrong with it.
    pub(crate) reason: String,
}

#[derive(Serialize)]
struct Kept<'l> {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'l str>,
    reason: &'l str,
    content: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// Writes the JSON that is kept of a refused line into `out`.
pub(super) fn write(error: &LineError, source: Option<&str>, content: &[u8], out: &mut Vec<u8>) {
    let kept = &content[..kept_bytes(content)];
    let text = String::from_utf8_lossy(kept);
    let is_text = str::from_utf8(kept).is_ok();
    let line = Kept {
        line: error.line,
        source,
        reason: &error.reason,
        content: &text,
        content_base64: (!is_text).then(|| BASE64.encode(kept)),
        truncated: kept.len() < content.len(),
    };
    serde_json::to_writer(out, &line).expect("writing to memory cannot fail");
}

/// How much of the content is kept: not a part of a character.
fn kept_bytes(content: &[u8]) -> usize {
    if content.len() <= CONTENT_BYTES_MAX {
        return content.len();
    }
    let is_boundary = |&at: &usize| content[at] & 0xc0 != 0x80;
    (CONTENT_BYTES_MAX - 3..=CONTENT_BYTES_MAX).rev().find(is_boundary).unwrap_or(CONTENT_BYTES_MAX)
}

/// Number and reason of each refused line in a frame.
pub(super) fn errors(frame: &Frame) -> impl Iterator<Item = LineError> {
    frame.payload.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

/// Each refused line of the frame as it is downloaded: with its arrival and dataset.
pub(crate) fn downloaded(frame: &Frame) -> impl Iterator<Item = Vec<u8>> {
    let mut head = b"{\"arrival\":\"".to_vec();
    head.extend_from_slice(rfc3339_ms(frame.arrival).as_bytes());
    head.extend_from_slice(b"\",\"dataset\":\"");
    head.extend_from_slice(frame.dataset.as_bytes());
    head.extend_from_slice(b"\",");
    let lines =
        frame.payload.split(|&byte| byte == b'\n').filter_map(|line| line.strip_prefix(b"{"));
    lines.map(move |rest| [head.as_slice(), rest, b"\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(content: &[u8]) -> serde_json::Value {
        let error = LineError { line: 3, reason: "no \"good\"".to_owned() };
        let mut out = Vec::new();
        write(&error, Some("a.log"), content, &mut out);
        assert!(!out.contains(&b'\n'));
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_line_is_kept_with_its_number_source_and_reason() {
        let expected = serde_json::json!({
            "line": 3, "source": "a.log", "reason": "no \"good\"", "content": "{\"a\"\t",
        });
        assert_eq!(written(b"{\"a\"\t"), expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_well() {
        let kept = written(b"a\xffb");
        assert_eq!(kept["content"], "a\u{fffd}b");
        assert_eq!(kept["content_base64"], BASE64.encode(b"a\xffb"));
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_says_so() {
        let long = "é".repeat(CONTENT_BYTES_MAX);
        let kept = written(format!("x{long}").as_bytes());
        assert_eq!(kept["truncated"], true);
        assert_eq!(kept["content"].as_str().unwrap().len(), CONTENT_BYTES_MAX - 1);
        assert!(kept["content_base64"].is_null());
        assert!(written("x".repeat(CONTENT_BYTES_MAX).as_bytes())["truncated"].is_null());
    }
}
