//! What a request wants a job to be: its members laid over what the job is.
//!
//! In an update an absent member stays, and `null` unsets: it goes back to the default. Members
//! that only the service sets may come along, as clients send back what they read; they are not
//! looked at.

use catalog::{Job, JobChange};
use model::destination::restore_secrets;
use model::{Issue, JobSpec};

use crate::api::fields::{Fields, Given};

/// Every member of a job.
pub(super) const KEYS: [&str; 18] = [
    "id",
    "dataset",
    "name",
    "enabled",
    "destination_conf",
    "ownership_challenge",
    "kind",
    "filter",
    "output_options",
    "logpull_options",
    "frequency",
    "max_upload_bytes",
    "max_upload_interval_seconds",
    "max_upload_records",
    "filter_attack_traffic",
    "last_complete",
    "last_error",
    "error_message",
];

/// Longest name of a job, in characters.
const NAME_CHARS_MAX: usize = 512;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Requested {
    /// What the job is to be.
    pub(crate) change: JobChange,
    /// The proof that the bucket is the customer's.
    pub(crate) challenge: Option<String>,
}

/// What a new job is to be.
pub(super) fn created(fields: &mut Fields) -> Requested {
    let nothing = JobChange {
        spec: JobSpec::default(),
        name: None,
        kind: String::new(),
        frequency: "high".to_owned(),
        enabled: false,
    };
    let mut requested = common(fields, nothing);
    let change = &mut requested.change;
    change.spec.dataset = fields.text("dataset").value().unwrap_or_default();
    change.kind = fields.text("kind").or(String::new(), String::new());
    if !matches!(change.kind.as_str(), "" | "edge") {
        fields.refuse("kind", "expected an empty string or `edge`");
    }
    let destination = fields.required_text("destination_conf");
    change.spec.destination = restored(fields, destination, "");
    requested
}

/// What a job that is there is to be.
pub(super) fn updated(fields: &mut Fields, before: &Job) -> Requested {
    let mut requested = common(fields, JobChange::none(before));
    fixed(fields, "dataset", &before.spec.dataset);
    fixed(fields, "kind", &before.kind);
    // Clients that send their whole model send what is unset as an empty string.
    let destination = fields.text("destination_conf").value().filter(|text| !text.is_empty());
    if let Some(destination) = destination {
        let destination = restored(fields, destination, &before.spec.destination);
        requested.change.spec.destination = destination;
    }
    requested
}

/// The members that are the same for a new job and one that is there.
fn common(fields: &mut Fields, before: JobChange) -> Requested {
    let JobChange { spec, name, kind, frequency, enabled } = before;
    let name = match fields.text("name") {
        Given::Absent => name,
        Given::Null => None,
        Given::Value(name) => Some(name),
    };
    let change = JobChange {
        name,
        kind,
        frequency: frequency_of(fields, frequency),
        enabled: fields.flag("enabled").or(enabled, false),
        spec: JobSpec {
            output_options: fields.object("output_options").map(Some).or(spec.output_options, None),
            logpull_options: fields.text("logpull_options").or(spec.logpull_options, String::new()),
            filter: fields.json_text("filter").or(spec.filter, String::new()),
            filter_attack_traffic: fields
                .flag("filter_attack_traffic")
                .or(spec.filter_attack_traffic, false),
            max_upload_bytes: limit(fields, "max_upload_bytes", spec.max_upload_bytes),
            max_upload_interval_seconds: limit(
                fields,
                "max_upload_interval_seconds",
                spec.max_upload_interval_seconds,
            ),
            max_upload_records: limit(fields, "max_upload_records", spec.max_upload_records),
            dataset: spec.dataset,
            destination: spec.destination,
        },
    };
    let challenge = fields.text("ownership_challenge").value().filter(|text| !text.is_empty());
    Requested { change, challenge }
}

/// What is wrong with a job's name.
pub(super) fn check_name(name: Option<&str>) -> Vec<Issue> {
    let is_long = name.is_some_and(|name| name.chars().count() > NAME_CHARS_MAX);
    let issue = || Issue::new("/name", format!("expected at most {NAME_CHARS_MAX} characters"));
    is_long.then(issue).into_iter().collect()
}

fn limit(fields: &mut Fields, key: &str, before: Option<u64>) -> Option<u64> {
    fields.count(key).map(Some).or(before, None)
}

fn frequency_of(fields: &mut Fields, before: String) -> String {
    match fields.text("frequency").or(before, String::new()).as_str() {
        "" | "high" => "high".to_owned(),
        "low" => "low".to_owned(),
        _ => {
            fields.refuse("frequency", "expected `high` or `low`");
            "high".to_owned()
        }
    }
}

/// Refuses another value than the one that is there for good.
fn fixed(fields: &mut Fields, key: &str, before: &str) {
    if fields.text(key).value().is_some_and(|text| !text.is_empty() && text != before) {
        let is = if before.is_empty() { "empty".to_owned() } else { format!("`{before}`") };
        fields.refuse(key, format!("cannot change: it is {is}; create another job"));
    }
}

/// The destination with the secrets of `before` where it has their mask.
fn restored(fields: &mut Fields, destination: String, before: &str) -> String {
    match restore_secrets(&destination, before) {
        Ok(restored) => restored,
        Err(issues) => {
            fields.refuse_all(issues);
            destination
        }
    }
}
