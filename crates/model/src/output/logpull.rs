//! A job's `logpull_options`: the older way to say which fields, of which records, in what form.
//!
//! A query string such as `fields=ClientIP,RayID&timestamps=rfc3339&sample=0.1`. Its parameters
//! mean what these output options mean, and what it is silent about has their defaults:
//!
//! | parameter | output option |
//! |---|---|
//! | `fields`, names joined by commas | `field_names` |
//! | `timestamps` | `timestamp_format` |
//! | `sample` | `sample_rate` |
//! | `CVE-2021-44228`, `true` or `false` | `CVE-2021-44228` |
//!
//! Names and values are percent-decoded. A parameter without a value is unset.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value};

use super::{OPTIONS_BYTES_MAX, OutputOptions, names};
use crate::issue::{ISSUES_MAX, did_you_mean, listed};
use crate::sample::Sample;
use crate::{Dataset, Issue, TimestampFormat};

/// The JSON pointer of a job's Logpull options.
pub const LOGPULL_POINTER: &str = "/logpull_options";

const FIELDS: &str = "fields";
const TIMESTAMPS: &str = "timestamps";
const SAMPLE: &str = "sample";
const CVE_2021_44228: &str = "CVE-2021-44228";
const PARAMETERS: [&str; 4] = [FIELDS, TIMESTAMPS, SAMPLE, CVE_2021_44228];

impl OutputOptions {
    /// The options of a job: its `output_options` where they say anything, otherwise its
    /// `logpull_options`; or all that is wrong with either.
    pub fn of_job(
        output_options: Option<&str>,
        logpull_options: &str,
        dataset: &Dataset,
    ) -> Result<Self, Vec<Issue>> {
        let logpull = Self::parse_logpull(logpull_options, dataset);
        let Some(json) = output_options else {
            return logpull;
        };
        match (Self::parse(json, dataset), logpull) {
            (Ok(_), Ok(logpull)) if says_nothing(json) => Ok(logpull),
            (Ok(options), Ok(_)) => Ok(options),
            (Ok(_), Err(issues)) | (Err(issues), Ok(_)) => Err(issues),
            (Err(issues), Err(more)) => Err([issues, more].concat()),
        }
    }

    /// The options written as a query string, or all that is wrong with it.
    pub fn parse_logpull(text: &str, dataset: &Dataset) -> Result<Self, Vec<Issue>> {
        if text.len() > OPTIONS_BYTES_MAX {
            let message = format!("has {} bytes; at most {OPTIONS_BYTES_MAX}", text.len());
            return Err(vec![Issue::new(LOGPULL_POINTER, message)]);
        }
        let mut reader =
            Reader { dataset, options: Self::unset(dataset), seen: Vec::new(), messages: vec![] };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if reader.messages.len() >= ISSUES_MAX {
                break;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Err(message) = reader.parameter(name, value) {
                reader.messages.push(message);
            }
        }
        if reader.messages.is_empty() {
            return Ok(reader.options);
        }
        let issue = |message| Issue::new(LOGPULL_POINTER, message);
        Err(reader.messages.into_iter().map(issue).collect())
    }
}

/// The output options that mean what a query string means, as members of the API's JSON. Of a string
/// that is not sound they hold what can be told.
pub fn logpull_members(text: &str) -> Map<String, Value> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (decoded(name), decoded(value)));
    let member = |(name, value): (String, String)| {
        let (name, value) = match name.as_str() {
            _ if value.is_empty() => return None,
            FIELDS => ("field_names", value.split(',').map(str::trim).collect::<Vec<_>>().into()),
            TIMESTAMPS => ("timestamp_format", value.into()),
            SAMPLE => {
                let rate = value.parse().ok().and_then(Number::from_f64);
                ("sample_rate", rate.map_or_else(|| value.into(), Value::Number))
            }
            CVE_2021_44228 => (CVE_2021_44228, value.eq_ignore_ascii_case("true").into()),
            _ => return None,
        };
        Some((name.to_owned(), value))
    };
    pairs.filter_map(member).collect()
}

/// Whether output options, which are sound, leave everything unset.
fn says_nothing(json: &str) -> bool {
    let members: Option<Map<String, Value>> = serde_json::from_str(json).unwrap_or_default();
    members.unwrap_or_default().values().all(Value::is_null)
}

/// Lays one parameter after another over the defaults.
struct Reader<'d> {
    dataset: &'d Dataset,
    options: OutputOptions,
    seen: Vec<&'static str>,
    messages: Vec<String>,
}

impl Reader<'_> {
    fn parameter(&mut self, name: &str, value: &str) -> Result<(), String> {
        let name = decoded(name)?;
        let Some(known) = PARAMETERS.into_iter().find(|known| *known == name) else {
            return Err(format!(
                "`{}` is not a parameter{}; known are {}",
                name.escape_debug(),
                did_you_mean(&name, PARAMETERS),
                listed(PARAMETERS)
            ));
        };
        if self.seen.contains(&known) {
            return Err(format!("`{known}` comes twice"));
        }
        self.seen.push(known);
        let value = decoded(value).map_err(|message| format!("`{known}`: {message}"))?;
        if value.is_empty() {
            return Ok(());
        }
        let told = |message: String| format!("`{known}`: {message}");
        match known {
            FIELDS => self.fields(&value),
            TIMESTAMPS => {
                let format = names::word(&value, &TimestampFormat::ALL, TimestampFormat::name);
                self.options.timestamp_format = format.map_err(told)?;
            }
            SAMPLE => self.options.sample = sample(&value).map_err(told)?,
            _ => {
                let name = |flag: bool| if flag { "true" } else { "false" };
                let flag = names::word(&value, &[false, true], name);
                self.options.redacts_lookups = flag.map_err(told)?;
            }
        }
        Ok(())
    }

    fn fields(&mut self, value: &str) {
        let mut fields = Vec::new();
        for name in value.split(',') {
            match names::field(name, self.dataset, &fields) {
                Ok(field) => fields.push(field),
                Err(_) if self.messages.len() >= ISSUES_MAX => break,
                Err(message) => self.messages.push(format!("`{FIELDS}`: {message}")),
            }
        }
        self.options.fields = fields;
    }
}

fn sample(value: &str) -> Result<Sample, String> {
    value.parse().ok().and_then(Sample::new).ok_or_else(|| {
        format!(
            "expected a number above 0 and at most 1 (0.1 keeps one record in ten), found `{}`",
            value.escape_debug()
        )
    })
}

fn decoded(text: &str) -> Result<Cow<'_, str>, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| format!("`{text}` is not UTF-8 once it is percent-decoded"))
}
