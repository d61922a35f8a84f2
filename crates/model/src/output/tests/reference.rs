//! What the documentation says of output, step by step, with no thought of speed.
//!
//! It shares nothing with what is tested: it knows what was meant by each value and by each piece of
//! a template, and need not read them.

use serde_json::{Value, json};

use crate::TimestampFormat;

/// A value of a record.
#[derive(Debug, Clone)]
pub(super) enum Given {
    /// There is no such member.
    Missing,
    /// JSON, as it is written.
    Json(String),
    /// An instant, as it is written, and the nanoseconds that it means.
    Instant(String, i64),
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Field(&'static str),
    Quoted(String),
    BackQuoted(String),
    Comment(String),
}

/// Options; what is `None` is left out.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) fields: Vec<&'static str>,
    pub(super) csv: bool,
    pub(super) format: TimestampFormat,
    pub(super) redacts: bool,
    pub(super) batch_prefix: Option<String>,
    pub(super) batch_suffix: Option<String>,
    pub(super) record_prefix: Option<String>,
    pub(super) record_suffix: Option<String>,
    pub(super) record_delimiter: Option<String>,
    pub(super) field_delimiter: Option<String>,
    pub(super) template: Option<Vec<Piece>>,
}

/// A record: what it says of each field that it may have.
pub(super) type Members = Vec<(&'static str, Given)>;

impl Piece {
    /// As it stands in a template.
    fn written(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Field(name) => format!("{{{{ .{name} }}}}"),
            Self::Quoted(text) => format!("{{{{{}}}}}", json!(text)),
            Self::BackQuoted(text) => format!("{{{{`{text}` }}}}"),
            Self::Comment(text) => format!("{{{{/*{text}*/}}}}"),
        }
    }
}

impl Form {
    /// The options as a customer writes them.
    pub(super) fn options(&self) -> Value {
        let template = self.template.as_ref();
        json!({
            "field_names": self.fields,
            "output_type": if self.csv { "csv" } else { "ndjson" },
            "timestamp_format": self.format.name(),
            "CVE-2021-44228": self.redacts,
            "batch_prefix": self.batch_prefix,
            "batch_suffix": self.batch_suffix,
            "record_prefix": self.record_prefix,
            "record_suffix": self.record_suffix,
            "record_delimiter": self.record_delimiter,
            "field_delimiter": self.field_delimiter,
            "record_template": template.map(|all| all.iter().map(Piece::written).collect::<String>()),
        })
    }

    /// The object of these records.
    pub(super) fn object(&self, records: &[Members]) -> String {
        let text =
            |given: &Option<String>, unset: &str| given.as_deref().unwrap_or(unset).to_owned();
        let (prefix, suffix) = if self.csv { ("", "\n") } else { ("{", "}\n") };
        let (prefix, suffix) =
            (text(&self.record_prefix, prefix), text(&self.record_suffix, suffix));
        let records: Vec<String> = records
            .iter()
            .map(|record| format!("{prefix}{}{suffix}", self.content(record)))
            .collect();
        let object = format!(
            "{}{}{}",
            text(&self.batch_prefix, ""),
            records.join(&text(&self.record_delimiter, "")),
            text(&self.batch_suffix, ""),
        );
        match (self.redacts, self.csv) {
            (false, _) => object,
            (true, true) => object.replace("${", "x{"),
            (true, false) => redacted_json(&object),
        }
    }

    /// What stands between a record's prefix and its suffix.
    fn content(&self, record: &Members) -> String {
        let is_empty = |pieces: &&Vec<Piece>| pieces.iter().all(|piece| piece.written().is_empty());
        let Some(pieces) = self.template.as_ref().filter(|pieces| !is_empty(pieces)) else {
            let named = |name: &&'static str| {
                let value = self.value(record, name);
                if self.csv { value } else { format!("\"{name}\":{value}") }
            };
            let delimiter = self.field_delimiter.as_deref().unwrap_or(",");
            return self.fields.iter().map(named).collect::<Vec<_>>().join(delimiter);
        };
        let filled = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Quoted(text) => text.clone(),
            Piece::BackQuoted(text) => text.replace('\r', ""),
            Piece::Comment(_) => String::new(),
            Piece::Field(name) if self.fields.contains(name) => self.value(record, name),
            Piece::Field(_) if self.csv => String::new(),
            Piece::Field(_) => "null".to_owned(),
        };
        pieces.iter().map(filled).collect()
    }

    fn value(&self, record: &Members, name: &str) -> String {
        let given = record.iter().find(|(field, _)| *field == name).map(|(_, given)| given);
        let raw = match given {
            None | Some(Given::Missing) => "null".to_owned(),
            Some(Given::Json(raw)) => raw.clone(),
            Some(Given::Instant(_, nanos)) => instant(*nanos, self.format),
        };
        if !self.csv {
            return raw;
        }
        let quoted = |text: String| format!("\"{}\"", text.replace('"', "\"\""));
        match raw.chars().next() {
            Some('"') => quoted(serde_json::from_str(&raw).unwrap()),
            Some('{' | '[') if self.redacts => quoted(redacted_json(&raw)),
            Some('{' | '[') => quoted(raw),
            _ if raw == "null" => String::new(),
            _ => raw,
        }
    }
}

/// JSON with each `${` of what it means replaced. A dollar that was an escape becomes a letter.
fn redacted_json(json: &str) -> String {
    let letters = letters_of(json);
    let mut out = String::new();
    for (at, (written, meant)) in letters.iter().enumerate() {
        let is_lookup = *meant == '$' && letters.get(at + 1).is_some_and(|(_, next)| *next == '{');
        out.push_str(if is_lookup { "x" } else { written });
    }
    out
}

/// The characters of JSON: as they are written, and what they mean.
fn letters_of(json: &str) -> Vec<(String, char)> {
    let mut letters = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let digits = rest.strip_prefix("\\u").and_then(|digits| digits.get(..4));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let is_escape = first == '\\' && rest[1..].starts_with(['"', '\\', '/']);
        let (length, meant) = match code {
            // Half of a pair means nothing by itself, and is no dollar and no brace.
            Some(code) => (6, char::from_u32(code).unwrap_or('?')),
            None if is_escape => (2, rest.chars().nth(1).unwrap()),
            None => (first.len_utf8(), first),
        };
        letters.push((rest[..length].to_owned(), meant));
        rest = &rest[length..];
    }
    letters
}

fn instant(nanos: i64, format: TimestampFormat) -> String {
    let (seconds, rest) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    match format {
        TimestampFormat::UnixNano => nanos.to_string(),
        TimestampFormat::Unix => seconds.to_string(),
        TimestampFormat::Rfc3339 => format!("\"{}Z\"", date_time(seconds)),
        TimestampFormat::Rfc3339Ms => {
            format!("\"{}.{:03}Z\"", date_time(seconds), rest / 1_000_000)
        }
        TimestampFormat::Rfc3339Ns => format!("\"{}.{rest:09}Z\"", date_time(seconds)),
    }
}

/// The date and time that second, at or after 1970, as RFC 3339 has them: by counting.
pub(super) fn date_time(seconds: i64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut month) = (1970, 0);
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let (month, day) = (month + 1, days + 1);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}", second % 60)
}
