//! Values as CSV has them: strings in quotes, their own quotes doubled (RFC 4180, section 2).
//!
//! | JSON value | CSV |
//! |---|---|
//! | string | in quotes, its escapes resolved |
//! | number, bool | as it is |
//! | object, array | its JSON, in quotes |
//! | none, `null` | nothing |

use memchr::{memchr, memchr_iter};

use super::redaction::redact_json;
use crate::json_text::unescape;

/// Appends a raw JSON value. `redacts` hides lookups that are written as JSON escapes, where the
/// JSON itself is the value.
pub(super) fn write(raw: &[u8], redacts: bool, out: &mut Vec<u8>) {
    match raw.first() {
        Some(b'"') => write_string(raw, out),
        Some(b'{' | b'[') => {
            out.push(b'"');
            let start = out.len();
            out.extend_from_slice(raw);
            if redacts {
                redact_json(out, start);
            }
            double_quotes(out, start);
            out.push(b'"');
        }
        Some(b'n') | None => {}
        Some(_) => out.extend_from_slice(raw),
    }
}

fn write_string(raw: &[u8], out: &mut Vec<u8>) {
    let Some(escape) = memchr(b'\\', raw) else {
        // A JSON string without a backslash holds no quote: it is a CSV string already.
        return out.extend_from_slice(raw);
    };
    let content = raw.get(1..raw.len() - 1).unwrap_or_default();
    out.push(b'"');
    let start = out.len();
    unescape(content, escape - 1, out);
    double_quotes(out, start);
    out.push(b'"');
}

/// Doubles each quote from `start` on.
fn double_quotes(out: &mut Vec<u8>, start: usize) {
    let quotes = memchr_iter(b'"', &out[start..]).count();
    let mut read = out.len();
    let mut write = read + quotes;
    out.resize(write, 0);
    // From the end, so that nothing is overwritten before it has moved.
    while write > read {
        read -= 1;
        write -= 1;
        out[write] = out[read];
        if out[read] == b'"' {
            write -= 1;
            out[write] = b'"';
        }
    }
}
