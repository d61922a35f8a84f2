//! Jobs as people read them.

use std::collections::BTreeSet;

use model::destination::redacted;
use serde_json::Value;

use crate::cli::connection::Common;
use crate::cli::scope::OptionalScopeArgs;
use crate::cli::table::{Rows, properties, yes_no};
use crate::cli::{CliError, print};
use crate::client::{Client, Job, JobStatus, view};

/// Prints the jobs of a scope, or of all scopes that have some.
pub(super) async fn list(scope: &OptionalScopeArgs, common: &Common) -> Result<(), CliError> {
    let client = common.client()?;
    let scopes = match scope.resolve(&client).await? {
        Some(scope) => BTreeSet::from([scope.path()]),
        None => scopes_with_jobs(&client).await?,
    };
    let mut jobs: Vec<Value> = Vec::new();
    for scope in scopes {
        jobs.extend(client.list::<Value>(&format!("/{scope}/logpush/jobs"), &[]).await?);
    }
    if common.json {
        return print::json(&jobs);
    }
    let headings = ["id", "name", "dataset", "enabled", "destination", "last complete"];
    let mut rows = Rows::new("jobs", &headings).numbers(0);
    for job in &jobs {
        let job: Job = view(job)?;
        rows.push([
            job.id.to_string(),
            job.name.unwrap_or_default(),
            job.dataset,
            yes_no(job.enabled),
            place(&job.destination_conf).to_owned(),
            job.last_complete.unwrap_or_default(),
        ]);
    }
    rows.print()
}

/// Prints one job. Its secrets are left out; `--json` has them where the token may see them.
pub(super) fn one(answer: &Value, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return print::json(answer);
    }
    let job: Job = view(answer)?;
    let limit = |name: &str| number(&answer[name]);
    properties(&[
        ("id", job.id.to_string()),
        ("name", job.name.unwrap_or_default()),
        ("dataset", job.dataset),
        ("enabled", yes_no(job.enabled)),
        ("destination", redacted(&job.destination_conf)),
        ("fields", fields(answer)),
        ("timestamps", text(&answer["output_options"]["timestamp_format"])),
        ("output type", text(&answer["output_options"]["output_type"])),
        ("compression", text(&answer["output_options"]["compression"])),
        ("sample rate", number(&answer["output_options"]["sample_rate"])),
        ("filter", text(&answer["filter"]).replace('\n', " ")),
        ("logpull options", text(&answer["logpull_options"])),
        ("attack traffic", left_out(&answer["filter_attack_traffic"])),
        ("frequency", text(&answer["frequency"]).replace("high", "")),
        ("max records", limit("max_upload_records")),
        ("max bytes", limit("max_upload_bytes")),
        ("max seconds", limit("max_upload_interval_seconds")),
        ("last complete", job.last_complete.unwrap_or_default()),
        ("last error", job.last_error.unwrap_or_default()),
        ("error", job.error_message.unwrap_or_default()),
    ])
}

async fn scopes_with_jobs(client: &Client) -> Result<BTreeSet<String>, CliError> {
    let jobs: Vec<JobStatus> = client.list("/logpush/status", &[]).await?;
    Ok(jobs.into_iter().map(|job| job.scope).collect())
}

/// A destination without its parameters.
fn place(destination: &str) -> &str {
    destination.split_once('?').map_or(destination, |(place, _)| place)
}

fn fields(answer: &Value) -> String {
    let names = answer["output_options"]["field_names"].as_array();
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(", ")
}

/// What is said only where a job leaves attack traffic out.
fn left_out(value: &Value) -> String {
    if value.as_bool() == Some(true) { "left out".to_owned() } else { String::new() }
}

fn number(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
