//! Finds a job by its number alone.

use super::JobArgs;
use crate::cli::CliError;
use crate::cli::scope::OptionalScopeArgs;
use crate::client::{Client, JobStatus};

/// A client, and the path of the job in the API.
pub(super) async fn find(job: &JobArgs) -> Result<(Client, String), CliError> {
    let client = job.common.client()?;
    let path = path(&client, &job.scope, job.id).await?;
    Ok((client, path))
}

/// The path in the API of the job of that number.
pub(in crate::cli) async fn path(
    client: &Client,
    scope: &OptionalScopeArgs,
    job: u64,
) -> Result<String, CliError> {
    let scope = match scope.resolve(client).await? {
        Some(scope) => scope.path(),
        None => owner(client, job).await?,
    };
    Ok(format!("/{scope}/logpush/jobs/{job}"))
}

/// Whose the job is, as the status of all jobs tells.
async fn owner(client: &Client, job: u64) -> Result<String, CliError> {
    let jobs: Vec<JobStatus> = client.list("/logpush/status", &[]).await?;
    jobs.into_iter()
        .find(|status| status.job_id == job)
        .map(|status| status.scope)
        .ok_or_else(|| CliError::NoSuch { kind: "job", name: job.to_string() })
}
