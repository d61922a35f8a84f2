//! What a line of an object has to be, worked out from the record as it was sent: slowly, and with
//! nothing of the service's own code.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

/// A job's fields, each with the first words of its description in the API: its type.
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// The line that a record becomes in NDJSON.
    pub(crate) fn ndjson(&self, record: &str, written: fn(Timestamp) -> String) -> String {
        let member = |name: &str, value: String| format!("\"{name}\":{value}");
        format!("{{{}}}\n", self.values(record, written, member).join(","))
    }

    /// The line that a record becomes in CSV.
    pub(crate) fn csv(&self, record: &str, written: fn(Timestamp) -> String) -> String {
        format!("{}\n", self.values(record, written, |_, value| csv(&value)).join(","))
    }

    fn values(
        &self,
        record: &str,
        written: fn(Timestamp) -> String,
        form: impl Fn(&str, String) -> String,
    ) -> Vec<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_str(record).unwrap();
        let value = |(name, kind): &(String, String)| {
            let raw = members.get(name).map_or("null", |raw| raw.get());
            let is_instant = kind == "timestamp" && raw != "null";
            form(name, if is_instant { written(instant(raw)) } else { raw.to_owned() })
        };
        self.0.iter().map(value).collect()
    }
}

fn csv(raw: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    match raw.chars().next() {
        Some('"') => quoted(&serde_json::from_str::<String>(raw).unwrap()),
        Some('{' | '[') => quoted(raw),
        _ if raw == "null" => String::new(),
        _ => raw.to_owned(),
    }
}

/// The instant that a record's timestamp means.
fn instant(raw: &str) -> Timestamp {
    let text = raw.trim_matches('"');
    if let Ok(instant) = text.parse::<Timestamp>() {
        return instant;
    }
    let number: i128 = text.parse().unwrap_or_else(|_| panic!("what time is {raw}?"));
    let unit = match text.len() {
        0..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    Timestamp::from_nanosecond(number * unit).unwrap()
}

/// Nanoseconds since 1970.
pub(crate) fn unix_nano(instant: Timestamp) -> String {
    instant.as_nanosecond().to_string()
}

/// RFC 3339 with milliseconds.
pub(crate) fn rfc3339_ms(instant: Timestamp) -> String {
    let millis = instant.as_nanosecond().rem_euclid(1_000_000_000) / 1_000_000;
    format!("\"{}.{millis:03}Z\"", instant.strftime("%Y-%m-%dT%H:%M:%S"))
}
