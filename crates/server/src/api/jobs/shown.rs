//! A job as the v4 API shows it.

use catalog::Job;
use model::destination::redacted;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::openapi::OutputOptions;
use crate::instant::rfc3339;

/// A job, as the v4 API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Job")]
pub(in crate::api) struct Shown {
    id: u64,
    dataset: String,
    name: Option<String>,
    enabled: bool,
    destination_conf: String,
    kind: String,
    filter: String,
    #[schemars(with = "Option<OutputOptions>")]
    output_options: Option<Box<RawValue>>,
    logpull_options: String,
    frequency: String,
    max_upload_bytes: Option<u64>,
    max_upload_interval_seconds: Option<u64>,
    max_upload_records: Option<u64>,
    filter_attack_traffic: bool,
    last_complete: Option<String>,
    last_error: Option<String>,
    error_message: Option<String>,
}

/// The job, with the secrets of its destination only where `secrets` says so.
pub(super) fn shown(job: Job, secrets: bool) -> Shown {
    let destination = job.spec.destination;
    let (last_error, error_message) = match job.failure {
        Some(failure) => (Some(rfc3339(failure.at)), Some(failure.message)),
        None => (None, None),
    };
    Shown {
        id: job.id.0,
        dataset: job.spec.dataset,
        name: job.name,
        enabled: job.enabled,
        destination_conf: if secrets { destination } else { redacted(&destination) },
        kind: job.kind,
        filter: job.spec.filter,
        output_options: job
            .spec
            .output_options
            .and_then(|options| RawValue::from_string(options).ok()),
        logpull_options: job.spec.logpull_options,
        frequency: job.frequency,
        max_upload_bytes: job.spec.max_upload_bytes,
        max_upload_interval_seconds: job.spec.max_upload_interval_seconds,
        max_upload_records: job.spec.max_upload_records,
        filter_attack_traffic: job.spec.filter_attack_traffic,
        last_complete: job.last_complete.map(rfc3339),
        last_error,
        error_message,
    }
}
