//! Access log lines in the combined format of Apache and nginx, as records of `http_requests`.
//!
//! ```text
//! 203.0.113.9 - - [17/May/2015:10:05:03 +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "-" "curl/8.5"
//! ```
//!
//! | part | field |
//! |---|---|
//! | host | `ClientIP` |
//! | time | `EdgeStartTimestamp`, as RFC 3339 with the line's own offset |
//! | request | `ClientRequestMethod`, `ClientRequestURI`, `ClientRequestPath` (the URI before `?`), `ClientRequestProtocol` |
//! | status, bytes | `EdgeResponseStatus`, `EdgeResponseBytes` (`-` is 0) |
//! | referer, agent | `ClientRequestReferer`, `ClientRequestUserAgent` |
//!
//! Texts stand in the record exactly as in the line: `-` stays `-`, and what the log escaped
//! (`\"`, `\xe4`) stays escaped. A request that is none (such as `-`, or the bytes of a TLS
//! handshake) is kept whole as `ClientRequestURI`. Identity and user of the client have no field.
//! `RayID` is made from the line's number and bytes, so that a repetition gets the same one.
//!
//! Formats: <https://httpd.apache.org/docs/current/mod/mod_log_config.html#examples>.

use std::io::Write;

use crc_fast::{CrcAlgorithm, Digest};
use model::limits::RECORD_BYTES_MAX;
use model::time::parse_record_time;
use serde_json::to_writer;

/// The dataset that such lines become records of.
pub(super) const DATASET: &str = "http_requests";

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes the record of the line with that number into `record`, which is empty.
///
/// # Errors
/// What is wrong with the line, in words.
pub(super) fn map(number: u64, line: &[u8], record: &mut Vec<u8>) -> Result<(), String> {
    if line.len() > RECORD_BYTES_MAX {
        return Err(format!(
            "the line has {} bytes, expected at most {RECORD_BYTES_MAX}",
            line.len()
        ));
    }
    let text = str::from_utf8(line)
        .map_err(|error| format!("the line is not UTF-8 at byte {}", error.valid_up_to()))?;
    let request = AccessLine::parse(text)?;
    request.write(ray_id(number, line), record);
    if record.len() > RECORD_BYTES_MAX {
        return Err(format!(
            "its record has {} bytes, expected at most {RECORD_BYTES_MAX}",
            record.len()
        ));
    }
    Ok(())
}

/// The parts of a line.
#[derive(Debug, PartialEq, Eq)]
struct AccessLine<'l> {
    host: &'l str,
    time: String,
    request: &'l str,
    status: u16,
    bytes: u64,
    referer: &'l str,
    agent: &'l str,
}

impl<'l> AccessLine<'l> {
    fn parse(line: &'l str) -> Result<Self, String> {
        let (host, rest) = line
            .split_once(' ')
            .filter(|(host, _)| !host.is_empty())
            .ok_or("the line does not begin with the client's address and a space")?;
        // The user may hold spaces.
        let (_, rest) = rest.split_once('[').ok_or("there is no time in square brackets")?;
        let (time, rest) =
            rest.split_once(']').ok_or("the time is not closed by a square bracket")?;
        let time = rfc3339(time)?;
        let (request, rest) = quoted(rest, "request")?;
        let (status, rest) = word(rest, "status")?;
        let (bytes, rest) = word(rest, "size of the response")?;
        let (referer, rest) = quoted(rest, "referer")?;
        let (agent, rest) = quoted(rest, "user agent")?;
        if !rest.is_empty() {
            return Err(format!("there is more after the user agent: `{}`", shortened(rest)));
        }
        Ok(Self {
            host,
            time,
            request,
            status: parse_status(status)?,
            bytes: parse_bytes(bytes)?,
            referer,
            agent,
        })
    }

    fn write(&self, ray_id: u64, out: &mut Vec<u8>) {
        text(out, "{\"ClientIP\":", self.host);
        match request_parts(self.request) {
            Some((method, uri, protocol)) => {
                text(out, ",\"ClientRequestMethod\":", method);
                text(out, ",\"ClientRequestURI\":", uri);
                text(out, ",\"ClientRequestPath\":", uri.split('?').next().unwrap_or(uri));
                if let Some(protocol) = protocol {
                    text(out, ",\"ClientRequestProtocol\":", protocol);
                }
            }
            None => text(out, ",\"ClientRequestURI\":", self.request),
        }
        let (status, bytes) = (self.status, self.bytes);
        write!(out, ",\"EdgeResponseStatus\":{status},\"EdgeResponseBytes\":{bytes}")
            .expect("writing to memory cannot fail");
        text(out, ",\"ClientRequestReferer\":", self.referer);
        text(out, ",\"ClientRequestUserAgent\":", self.agent);
        text(out, ",\"EdgeStartTimestamp\":", &self.time);
        write!(out, ",\"RayID\":\"{ray_id:016x}\"}}").expect("writing to memory cannot fail");
    }
}

/// Method, URI and protocol of a request line; the protocol is absent in HTTP/0.9.
fn request_parts(request: &str) -> Option<(&str, &str, Option<&str>)> {
    let (method, rest) = request.split_once(' ')?;
    let is_method =
        !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    if !is_method || rest.is_empty() {
        return None;
    }
    match rest.rsplit_once(' ') {
        Some((uri, protocol)) if protocol.starts_with("HTTP/") && !uri.is_empty() => {
            Some((method, uri, Some(protocol)))
        }
        _ => Some((method, rest, None)),
    }
}

/// The time `17/May/2015:10:05:03 +0000` as `2015-05-17T10:05:03+00:00`.
fn rfc3339(time: &str) -> Result<String, String> {
    let wrong = || {
        format!("the time `{}` is not one such as `17/May/2015:10:05:03 +0000`", shortened(time))
    };
    let parts = || {
        let day = time.get(..2)?;
        let month = MONTHS.iter().position(|month| time.get(3..6) == Some(*month))? + 1;
        let (year, clock) = (time.get(7..11)?, time.get(12..20)?);
        let (hours, minutes) = (time.get(21..24)?, time.get(24..26)?);
        let separators = [time.get(2..3)?, time.get(6..7)?, time.get(11..12)?, time.get(20..21)?];
        (separators == ["/", "/", ":", " "] && time.len() == 26)
            .then(|| format!("{year}-{month:02}-{day}T{clock}{hours}:{minutes}"))
    };
    let text = parts().ok_or_else(wrong)?;
    match parse_record_time(text.as_bytes()) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{}: {}", wrong(), error.problem)),
    }
}

/// The text in quotes after a space, up to the next quote that no backslash stands before, and
/// what comes after it.
fn quoted<'l>(rest: &'l str, name: &str) -> Result<(&'l str, &'l str), String> {
    let rest = after_space(rest, name)?;
    let inside =
        rest.strip_prefix('"').ok_or_else(|| format!("the {name} does not begin with a quote"))?;
    let mut at = 0;
    loop {
        let found = memchr::memchr2(b'"', b'\\', &inside.as_bytes()[at..])
            .ok_or_else(|| format!("the {name} is not closed by a quote"))?;
        at += found;
        if inside.as_bytes()[at] == b'"' {
            return Ok((&inside[..at], &inside[at + 1..]));
        }
        // The backslash and what it escapes.
        at = (at + 2).min(inside.len());
    }
}

/// The word after a space, up to the next space, and what comes after it.
fn word<'l>(rest: &'l str, name: &str) -> Result<(&'l str, &'l str), String> {
    let rest = after_space(rest, name)?;
    Ok(rest.split_at(rest.find(' ').unwrap_or(rest.len())))
}

fn after_space<'l>(rest: &'l str, name: &str) -> Result<&'l str, String> {
    match rest.strip_prefix(' ') {
        Some(rest) if !rest.is_empty() => Ok(rest),
        None if !rest.is_empty() => Err(format!("the {name} does not come after a space")),
        _ => Err(format!("the {name} is missing")),
    }
}

fn parse_status(text: &str) -> Result<u16, String> {
    let three_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| three_digits)
        .ok_or_else(|| format!("the status `{}` is not three digits", shortened(text)))
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    if text == "-" {
        return Ok(0);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        format!("the size of the response `{}` is neither a number nor `-`", shortened(text))
    })
}

/// 64 bits that tell this line from every other and are the same each time.
fn ray_id(number: u64, line: &[u8]) -> u64 {
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    digest.update(&number.to_le_bytes());
    digest.update(line);
    digest.finalize()
}

fn text(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(key.as_bytes());
    to_writer(out, value).expect("writing to memory cannot fail");
}

fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
