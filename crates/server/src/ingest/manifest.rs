//! What a request says of its body: format, coding, key, and where its lines come from.

use axum::http::{HeaderMap, HeaderName, header};

use super::IngestError;
use super::coding::Coding;

/// The header that makes a request safe to repeat.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest idempotency key, in characters.
const KEY_CHARS_MAX: usize = 255;
/// Longest name of a source, in bytes.
const SOURCE_BYTES_MAX: usize = 255;

/// What the body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A record a line.
    Ndjson,
    /// An array of objects, objects one after another, or a record a line: the body tells.
    Json,
    /// Access log lines in the combined format of Apache and nginx.
    Combined,
}

/// What makes a request safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyName {
    /// The client's name for it.
    Given(String),
    /// What it holds: the same content is the same request.
    Content,
}

/// What a request says of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// What the body holds.
    pub(super) format: Format,
    /// How it is compressed.
    pub(super) coding: Coding,
    /// What makes it safe to repeat.
    pub(super) key: Option<KeyName>,
    /// The number of the body's first line in the sender's file.
    pub(super) first_line: u64,
    /// Where the lines come from, in the sender's words.
    pub(super) source: Option<String>,
}

impl Manifest {
    /// Reads what the headers and the query's parameters say.
    pub(crate) fn read(
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Self, IngestError> {
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let key = text(IDEMPOTENCY_KEY);
        let format = Format::from_header(text(header::CONTENT_TYPE).as_deref())?;
        let coding = Coding::from_header(text(header::CONTENT_ENCODING).as_deref())?;
        let mut manifest = Self {
            format,
            coding,
            key: key.map(|key| idempotency_key(&key)).transpose()?.map(KeyName::Given),
            first_line: 1,
            source: None,
        };
        for (name, value) in query {
            match name.as_str() {
                "first_line" => manifest.first_line = first_line(value)?,
                "source" => manifest.source = Some(source(value)?),
                "idempotency" => {
                    let by_content = idempotency(value)?;
                    manifest.key.get_or_insert(by_content);
                }
                _ => {}
            }
        }
        Ok(manifest)
    }

    /// The number in the sender's file of the body's line `number`, which counts from 1.
    pub(super) const fn line(&self, number: u64) -> u64 {
        self.first_line.saturating_add(number - 1)
    }
}

impl Format {
    /// How many times as long as the body its records can be, for those of usual length.
    pub(super) const fn growth(self) -> usize {
        match self {
            Self::Ndjson | Self::Json => 1,
            // The names of the fields come in.
            Self::Combined => 2,
        }
    }

    /// The format that the content type names. NDJSON where there is none, or one that clients
    /// send when they were told nothing (curl's is that of forms).
    fn from_header(value: Option<&str>) -> Result<Self, IngestError> {
        let Some(text) = value else { return Ok(Self::Ndjson) };
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        match media_type.as_str() {
            ""
            | "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-www-form-urlencoded"
            | "application/octet-stream" => Ok(Self::Ndjson),
            "application/json" => Ok(Self::Json),
            "text/plain" => match parts.find_map(format_parameter) {
                None => Ok(Self::Ndjson),
                Some("combined") => Ok(Self::Combined),
                Some(_) => Err(IngestError::UnknownType(text.to_owned())),
            },
            _ => Err(IngestError::UnknownType(text.to_owned())),
        }
    }
}

fn format_parameter(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("format").then(|| value.trim().trim_matches('"'))
}

fn idempotency_key(text: &str) -> Result<String, IngestError> {
    let fits = (1..=KEY_CHARS_MAX).contains(&text.len());
    if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(IngestError::Parameter {
        name: "the header `Idempotency-Key`",
        found: shortened(text),
        expected: "1 to 255 visible ASCII characters",
    })
}

fn idempotency(text: &str) -> Result<KeyName, IngestError> {
    if text == "content" {
        return Ok(KeyName::Content);
    }
    Err(IngestError::Parameter {
        name: "the parameter `idempotency`",
        found: shortened(text),
        expected: "`content`, or the header `Idempotency-Key` in its place",
    })
}

fn first_line(text: &str) -> Result<u64, IngestError> {
    text.parse().ok().filter(|&number| number >= 1).ok_or_else(|| IngestError::Parameter {
        name: "the parameter `first_line`",
        found: shortened(text),
        expected: "a line number, counted from 1",
    })
}

fn source(text: &str) -> Result<String, IngestError> {
    if text.len() <= SOURCE_BYTES_MAX && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(IngestError::Parameter {
        name: "the parameter `source`",
        found: shortened(text),
        expected: "at most 255 bytes without control characters",
    })
}

fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 64;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_type(value: &str, format: Option<Format>) {
        assert_eq!(Format::from_header(Some(value)).ok(), format, "{value}");
    }

    #[test]
    fn content_types_tell_the_format() {
        check_type("application/x-ndjson", Some(Format::Ndjson));
        check_type("Application/NDJSON; charset=utf-8", Some(Format::Ndjson));
        check_type("text/plain; charset=utf-8", Some(Format::Ndjson));
        check_type("", Some(Format::Ndjson));
        check_type("application/json; charset=utf-8", Some(Format::Json));
        check_type("text/plain; format=combined", Some(Format::Combined));
        check_type("text/plain;charset=utf-8;FORMAT=\"combined\"", Some(Format::Combined));
        check_type("text/plain; format=common", None);
        check_type("text/html", None);
        check_type("multipart/form-data; boundary=x", None);
    }

    fn read(query: &[(&str, &str)], headers: &[(HeaderName, &str)]) -> Result<Manifest, String> {
        let pairs: Vec<_> = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let headers =
            headers.iter().map(|(n, v)| (n.clone(), v.parse().expect("a header value"))).collect();
        Manifest::read(&headers, &pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_are_numbered_as_in_the_senders_file() {
        let manifest = read(&[("first_line", "501"), ("source", "a b.log")], &[]).unwrap();
        assert_eq!((manifest.line(1), manifest.line(3)), (501, 503));
        assert_eq!(manifest.source.as_deref(), Some("a b.log"));
    }

    #[test]
    fn a_key_that_is_given_counts_more_than_the_content() {
        let by_content = ("idempotency", "content");
        let key = |query: &[(&str, &str)], headers: &[(HeaderName, &str)]| {
            read(query, headers).unwrap().key
        };
        assert_eq!(key(&[], &[]), None);
        assert_eq!(key(&[by_content], &[]), Some(KeyName::Content));
        let given = Some(KeyName::Given("k".to_owned()));
        assert_eq!(key(&[by_content], &[(IDEMPOTENCY_KEY, "k")]), given);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let long = "k".repeat(256);
        for (query, key, expected) in [
            (Some(("first_line", "0")), None, "`first_line` is `0`"),
            (Some(("first_line", "-1")), None, "`first_line` is `-1`"),
            (Some(("source", "a\nb")), None, "`source`"),
            (Some(("idempotency", "body")), None, "`idempotency` is `body`: expected `content`"),
            (None, Some(""), "`Idempotency-Key` is ``"),
            (None, Some("a b"), "`Idempotency-Key` is `a b`"),
            (None, Some(long.as_str()), "255 visible"),
        ] {
            let query: Vec<_> = query.into_iter().collect();
            let headers: Vec<_> = key.into_iter().map(|key| (IDEMPOTENCY_KEY, key)).collect();
            let error = read(&query, &headers).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(read(&[], &[(IDEMPOTENCY_KEY, &"k".repeat(255))]).is_ok());
    }
}
