//! `logpush job`: what is pushed where.

mod change;
mod create;
pub(super) mod find;
mod history;
mod show;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use super::connection::Common;
use super::scope::OptionalScopeArgs;
use super::{CliError, line, print};

/// Create jobs, change them and look at them: what is pushed where.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a job.
    Create(create::Args),
    /// List jobs: all, or those of one zone or account.
    List {
        #[command(flatten)]
        scope: OptionalScopeArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Show one job.
    Show(JobArgs),
    /// Change a job. What is not named stays as it is.
    Update {
        #[command(flatten)]
        job: JobArgs,
        #[command(flatten)]
        change: change::ChangeArgs,
    },
    /// Let a job push, from where it stopped.
    Enable(JobArgs),
    /// Stop a job. What comes in meanwhile waits, as long as the journal holds it.
    Disable(JobArgs),
    /// Show what happened to a job: failures, recoveries, losses; newest first.
    Events(JobArgs),
    /// Show what a job did in the last day, hour by hour.
    History(JobArgs),
    /// Delete a job. Objects in the bucket stay.
    Delete(JobArgs),
}

/// One job.
#[derive(Debug, clap::Args)]
struct JobArgs {
    /// The job's number.
    id: u64,
    #[command(flatten)]
    scope: OptionalScopeArgs,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    match args.action {
        Action::Create(args) => create::run(args).await,
        Action::List { scope, common } => show::list(&scope, &common).await,
        Action::Show(job) => {
            let (client, path) = find::find(&job).await?;
            show::one(&client.get(&path).await?, job.common.json)
        }
        Action::Update { job, change } => {
            let (client, path) = find::find(&job).await?;
            let body = change.body(Some((&client, &path))).await?;
            if body.is_empty() {
                return Err(CliError::Usage(
                    "nothing to change: name at least one property, such as --name".to_owned(),
                ));
            }
            show::one(&client.put(&path, &body).await?, job.common.json)
        }
        Action::Enable(job) => switch(job, true).await,
        Action::Disable(job) => switch(job, false).await,
        Action::Events(job) => history::events(&job).await,
        Action::History(job) => history::hours(&job).await,
        Action::Delete(job) => {
            let (client, path) = find::find(&job).await?;
            client.delete(&path).await?;
            print::deleted("job", job.id, job.common.json)
        }
    }
}

async fn switch(job: JobArgs, enabled: bool) -> Result<(), CliError> {
    let (client, path) = find::find(&job).await?;
    let answer: Value = client.put(&path, &json!({ "enabled": enabled })).await?;
    if job.common.json {
        return print::json(&answer);
    }
    line(format_args!("job {} is {}", job.id, if enabled { "enabled" } else { "disabled" }))
}
