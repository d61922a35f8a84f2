//! `logpush status`: how delivery goes, at a glance.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use super::connection::Common;
use super::print::{count, line, span};
use super::table::Rows;
use super::{CliError, duration, print};
use crate::client::{Client, JobStatus, view};

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
    let headings = [
        "job",
        "name",
        "dataset",
        "state",
        "delivered",
        "objects",
        "waiting",
        "lag",
        "last complete",
    ];
    let mut rows =
        Rows::new("jobs", &headings).numbers(0).numbers(4).numbers(5).numbers(6).numbers(7);
    let mut errors = Vec::new();
    for job in &jobs {
        let job: JobStatus = view(job)?;
        if let Some(message) = job.error_message {
            let since = job.last_error.map_or_else(String::new, |at| format!(" ({at})"));
            errors.push(format!("job {}: {message}{since}", job.job_id));
        }
        rows.push([
            job.job_id.to_string(),
            job.name.unwrap_or_default(),
            job.dataset,
            job.state,
            count(job.delivered_records),
            count(job.delivered_objects),
            count(job.pending_records),
            job.lag_seconds.map_or_else(String::new, lag),
            job.last_complete.unwrap_or_default(),
        ]);
    }
    line(format_args!("{before}{}", rows.text()))?;
    if !errors.is_empty() {
        line(format_args!("\n{}", errors.join("\n")))?;
    }
    Ok(())
}

/// Seconds as a span of time; one that cannot be is shown as none.
fn lag(seconds: f64) -> String {
    span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
