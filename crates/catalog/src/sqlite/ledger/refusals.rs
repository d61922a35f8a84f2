//! Why the ledger refuses a step, in words that tell who has moved what.

use model::{Batch, JobId, Offset, Partition};
use sqlx::sqlite::SqliteConnection;

use super::require_job;
use crate::sqlite::columns::{Columns, During};
use crate::sqlite::sql;
use crate::{CatalogError, Result};

/// Why a batch could not be sealed.
pub(super) async fn seal(connection: &mut SqliteConnection, batch: &Batch) -> Result<CatalogError> {
    let Batch { job, partition, range, .. } = batch;
    match require_job(connection, *job).await {
        Err(CatalogError::NotFound { .. }) => {
            return Ok(CatalogError::Fenced(format!("job {job} is deleted, or never was")));
        }
        found => found?,
    }
    let stands: Option<i64> =
        sqlx::query_scalar("SELECT next FROM cursor WHERE job = $1 AND partition = $2")
            .bind(job.0 as i64)
            .bind(partition.0)
            .fetch_optional(connection)
            .await
            .during("seal a batch")?;
    Ok(CatalogError::Fenced(match stands {
        Some(next) => format!(
            "job {job} stands at {next} in partition {partition}, not at {}: somebody else has \
             moved it",
            range.first
        ),
        None => format!("job {job} has not begun in partition {partition}"),
    }))
}

/// What it means that a batch is not there to be settled.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    job: JobId,
    partition: Partition,
    first: Offset,
) -> Result<()> {
    let (batch, state) = find(connection, job, partition, first).await?;
    match state.as_str() {
        "delivered" => Ok(()),
        _ => Err(CatalogError::Fenced(format!("the batch {batch} was given up"))),
    }
}

/// Only batches that are sealed and no more are uploaded.
pub(super) async fn open_upload(
    connection: &mut SqliteConnection,
    job: JobId,
    partition: Partition,
    first: Offset,
) -> Result<()> {
    let (batch, state) = find(connection, job, partition, first).await?;
    match state.as_str() {
        "sealed" => Ok(()),
        state => Err(CatalogError::Fenced(format!("the batch {batch} is {state} already"))),
    }
}

/// What a batch is called, and what has become of it.
async fn find(
    connection: &mut SqliteConnection,
    job: JobId,
    partition: Partition,
    first: Offset,
) -> Result<(String, String)> {
    let batch = format!("of job {job} from {first} in partition {partition}");
    let found: Option<String> = sqlx::query_scalar(
        "SELECT state FROM batch WHERE job = $1 AND partition = $2 AND first = $3",
    )
    .bind(job.0 as i64)
    .bind(partition.0)
    .bind(first.0 as i64)
    .fetch_optional(connection)
    .await
    .during("find a batch")?;
    match found {
        Some(state) => Ok((batch, state)),
        None => Err(CatalogError::not_found("batch", &batch)),
    }
}

/// Only batches that are sealed and no more can be taken back, from the start of one on.
pub(super) async fn unseal(
    connection: &mut SqliteConnection,
    job: JobId,
    partition: Partition,
    first: Offset,
) -> Result<()> {
    let row = sqlx::query(sql!("batches_from"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .fetch_one(connection)
        .await
        .during("unseal batches")?;
    let refusal = |why: &str| {
        let what = format!("job {job} in partition {partition}, from {first} on: {why}");
        Err(CatalogError::Fenced(what))
    };
    if row.get::<Option<i64>>("first")? != Some(first.0 as i64) {
        return refusal("no batch begins there");
    }
    if row.get::<i64>("decided")? > 0 {
        return refusal("a batch is delivered or lost already");
    }
    Ok(())
}
