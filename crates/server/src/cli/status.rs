//! `logpush status`: how delivery goes, at a glance.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use super::connection::Common;
use super::print::{count, exactly, line, megabytes, span};
use super::table::Rows;
use super::{CliError, duration, print};
use crate::client::{Client, Health, JobStatus, PartHealth, Readiness, Retrying, view};
use crate::harmless::visible_lines;

/// Clears the terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Show how each job's delivery goes: what was delivered, what waits, the last error.
#[derive(Debug, Parser)]
pub(super) struct Args {
    /// Show it again and again until Ctrl-C.
    #[arg(long)]
    watch: bool,

    /// How often, with --watch.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration::parse)]
    interval: Duration,

    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let client = args.common.client()?;
    if !args.watch {
        return show(&client, args.common.json, "").await;
    }
    let clear = if std::io::stdout().is_terminal() { CLEAR } else { "" };
    loop {
        show(&client, args.common.json, clear).await?;
        tokio::select! {
            () = tokio::time::sleep(args.interval) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn show(client: &Client, as_json: bool, before: &str) -> Result<(), CliError> {
    let jobs: Vec<Value> = client.list("/logpush/status", &[]).await?;
    if as_json {
        return print::json(&jobs);
    }
    let jobs: Vec<JobStatus> = jobs.iter().map(view).collect::<Result<_, _>>()?;
    let health: Health = client.get("/logpush/health").await?;
    exactly(format_args!("{before}{}", visible_lines(&table(&jobs).text())))?;
    let mut notes: Vec<String> = matters(&health).chain(jobs.iter().flat_map(notes)).collect();
    notes.extend(notes_on_service(&client.readiness().await?));
    if !notes.is_empty() {
        line(format_args!("\n{}", notes.join("\n")))?;
    }
    Ok(())
}

fn table(jobs: &[JobStatus]) -> Rows {
    let headings = [
        "job",
        "name",
        "dataset",
        "state",
        "delivered",
        "objects",
        "waiting",
        "size",
        "unread",
        "lag",
        "last complete",
    ];
    let mut rows = Rows::new("jobs", &headings).numbers(0);
    for column in 4..=9 {
        rows = rows.numbers(column);
    }
    for job in jobs {
        rows.push([
            job.job_id.to_string(),
            job.name.clone().unwrap_or_default(),
            job.dataset.clone(),
            job.state.clone(),
            count(job.delivered_records),
            count(job.delivered_objects),
            count(job.pending_records),
            megabytes(job.pending_bytes),
            count(job.unread_frames),
            job.lag_seconds.map_or_else(String::new, lag),
            job.last_complete.clone().unwrap_or_default(),
        ]);
    }
    rows
}

/// What is the matter with the service itself.
fn matters(health: &Health) -> impl Iterator<Item = String> {
    let parts = [("journal", &health.journal), ("catalogue", &health.catalog)];
    parts.into_iter().filter(|(_, part)| part.state != "ok").map(|(name, part)| {
        let PartHealth { state, message, reason } = part;
        let message = message.as_deref().unwrap_or_default();
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        format!("{name} {state}: {message}{reason}")
    })
}

/// What somebody has to look after.
fn notes(job: &JobStatus) -> Vec<String> {
    let id = job.job_id;
    let mut notes = Vec::new();
    if let Some(retrying) = &job.retrying {
        let next = lag(retrying.next_in_seconds);
        let Retrying { message, since, .. } = retrying;
        notes.push(format!("job {id}: {message} (since {since}, tried again in {next})"));
    } else if let Some(message) = &job.error_message {
        let at = job.last_error.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
        notes.push(format!("job {id}: {message}{at}"));
    }
    if job.expiring_frames > 0 {
        let frames = count(job.expiring_frames);
        notes
            .push(format!("job {id}: {frames} frames are given up soon unless they are delivered"));
    }
    notes
}

/// What somebody has to look after about the service itself.
fn notes_on_service(readiness: &Readiness) -> Vec<String> {
    let mut notes = Vec::new();
    if readiness.jobs == "doubted" {
        notes.push(
            "in doubt: the catalogue has lost jobs, gone back or cannot be read; deliveries go on \
             by what was known last, and nothing is trimmed. The service's log tells why, and \
             docs/backup.md what to do"
                .to_owned(),
        );
    }
    if readiness.settings == "refused" {
        notes.push(
            "the settings that were read last were refused, and those before are in force. The \
             service's log tells why"
                .to_owned(),
        );
    }
    notes
}

/// Seconds as a span of time; one that cannot be is shown as none.
fn lag(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_and_what_is_about_to_be_lost_is_told() {
        let job = json!({
            "job_id": 7, "scope": "zones/1", "dataset": "http_requests", "state": "retrying",
            "pending_records": 1200, "pending_bytes": 5_000_000, "unread_frames": 31,
            "expiring_frames": 2, "lag_seconds": 12.0, "error_message": "no such bucket",
            "retrying": {
                "message": "no such bucket", "since": "2019-01-02T10:00:00Z",
                "next": "2019-01-02T10:01:00Z", "next_in_seconds": 3.0,
            },
        });
        let job: JobStatus = view(&job).unwrap();
        let row = table(std::slice::from_ref(&job)).text();
        let cells: Vec<&str> = row.lines().last().unwrap().split("  ").map(str::trim).collect();
        for cell in ["1,200", "5.0 MB", "31", "12 s"] {
            assert!(cells.contains(&cell), "{cell}: {row}");
        }
        let expected = [
            "job 7: no such bucket (since 2019-01-02T10:00:00Z, tried again in 3.0 s)",
            "job 7: 2 frames are given up soon unless they are delivered",
        ];
        assert_eq!(notes(&job), expected);
    }

    #[test]
    fn a_part_that_is_not_well_is_told_first_with_its_reason() {
        let health = json!({
            "journal": {"state": "refusing", "message": "No records are taken in now.",
                        "reason": "only 5 bytes are free"},
            "catalog": {"state": "ok"},
        });
        let health: Health = view(&health).unwrap();
        let told: Vec<String> = matters(&health).collect();
        let expected = "journal refusing: No records are taken in now. (only 5 bytes are free)";
        assert_eq!(told, [expected]);
    }
}
