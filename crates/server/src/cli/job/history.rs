//! What happened to a job, and what it did hour by hour.

use serde::Deserialize;
use serde_json::Value;

use super::JobArgs;
use super::find::find;
use crate::cli::table::Rows;
use crate::cli::{CliError, count, megabytes, print};
use crate::client::view;

/// Prints what happened to the job, newest first.
pub(super) async fn events(job: &JobArgs) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Event {
        kind: String,
        message: String,
        #[serde(default)]
        status: Option<u16>,
        count: u64,
        at: String,
    }
    let (client, path) = find(job).await?;
    let events: Vec<Value> = client.list(&format!("{path}/events"), &[]).await?;
    if job.common.json {
        return print::json(&events);
    }
    let mut rows = Rows::new("events", &["last", "times", "kind", "status", "what"]).numbers(1);
    for event in &events {
        let Event { kind, message, status, count: times, at } = view(event)?;
        let status = status.map_or_else(String::new, |status| status.to_string());
        rows.push([at, count(times), kind, status, message]);
    }
    rows.print()
}

/// Prints the hours of the last day in which the job did anything, oldest first.
pub(super) async fn hours(job: &JobArgs) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Hour {
        #[serde(rename = "hour")]
        begins: String,
        objects: u64,
        records: u64,
        dropped_records: u64,
        raw_bytes: u64,
        object_bytes: u64,
        failed_attempts: u64,
    }
    let (client, path) = find(job).await?;
    let hours: Vec<Value> = client.list(&format!("{path}/history"), &[]).await?;
    if job.common.json {
        return print::json(&hours);
    }
    let headings = ["hour", "records", "dropped", "objects", "raw", "compressed", "failed"];
    let mut rows = (1..headings.len()).fold(Rows::new("hours", &headings), Rows::numbers);
    for hour in &hours {
        let hour: Hour = view(hour)?;
        rows.push([
            hour.begins,
            count(hour.records),
            count(hour.dropped_records),
            count(hour.objects),
            megabytes(hour.raw_bytes),
            megabytes(hour.object_bytes),
            count(hour.failed_attempts),
        ]);
    }
    rows.print()
}
