//! Finds a job by its number alone.

use super::JobArgs;
use crate::cli::CliError;
use crate::client::{Client, JobStatus};

/// A client, and the path of the job in the API. Where no scope was given, the status of all jobs
/// tells whose the job is.
pub(super) async fn find(job: &JobArgs) -> Result<(Client, String), CliError> {
    let client = job.common.client()?;
    let scope = match job.scope.resolve(&client).await? {
        Some(scope) => scope.path(),
        None => {
            let jobs: Vec<JobStatus> = client.get("/logpush/status").await?;
            jobs.into_iter()
                .find(|status| status.job_id == job.id)
                .map(|status| status.scope)
                .ok_or_else(|| CliError::NoSuch { kind: "job", name: job.id.to_string() })?
        }
    };
    Ok((client, format!("/{scope}/logpush/jobs/{}", job.id)))
}
