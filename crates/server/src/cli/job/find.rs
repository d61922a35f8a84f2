//! Finds a job by its number alone.

use super::JobArgs;
use crate::cli::CliError;
use crate::client::{Client, JobStatus};

/// A client, and the path of the job in the API.
pub(super) async fn find(job: &JobArgs) -> Result<(Client, String), CliError> {
    let client = job.common.client()?;
    let scope = match job.scope.resolve(&client).await? {
        Some(scope) => scope.path(),
        None => owner(&client, job.id).await?,
    };
    Ok((client, format!("/{scope}/logpush/jobs/{}", job.id)))
}

/// Whose the job is, as the status of all jobs tells.
async fn owner(client: &Client, job: u64) -> Result<String, CliError> {
    let jobs: Vec<JobStatus> = client.list("/logpush/status", &[]).await?;
    jobs.into_iter()
        .find(|status| status.job_id == job)
        .map(|status| status.scope)
        .ok_or_else(|| CliError::NoSuch { kind: "job", name: job.to_string() })
}
