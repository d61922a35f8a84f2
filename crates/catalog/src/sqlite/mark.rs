//! What the catalogue's mark is made of, and what it says of a catalogue that is to be opened.

use std::path::Path;

use model::{InstallationId, JobId, Offset, Partition, Revision, UnixNanos};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During, primary_code};
use super::{ledger, sql};
use crate::{CatalogError, Cursor, Mark, MarkedJob, Result};

/// The generic result code. <https://www.sqlite.org/rescode.html>
const SQLITE_ERROR: i32 = 1;

/// What the mark says of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is the one that is remembered, or has gone on from it.
    Same,
    /// It is an older one of the same installation, of this generation.
    Older(u64),
}

/// Compares the catalogue with the mark of its data directory. Reads only.
pub(super) async fn compare(
    connection: &mut SqliteConnection,
    path: &Path,
    installation: &InstallationId,
    mark: &Mark,
) -> Result<Compared> {
    if *installation != mark.installation {
        return Err(CatalogError::OtherInstallation {
            path: path.to_owned(),
            found: installation.to_string(),
            mark: Mark::path_of(path),
            known: mark.installation.to_string(),
        });
    }
    let generation = generation(connection).await?;
    if generation < mark.generation {
        return Ok(Compared::Older(generation));
    }
    let known: Vec<JobId> = mark.jobs.iter().map(|job| job.id).collect();
    match unknown(connection, &known).await?.as_slice() {
        [] => Ok(Compared::Same),
        gone => Err(CatalogError::Damaged(format!(
            "`{path}` has lost {count} of the {all} jobs that `{mark}` remembers (job {first} is \
             the first), and nobody has deleted them; the file stays as it is. Bring it back from \
             a backup",
            path = path.display(),
            count = gone.len(),
            all = known.len(),
            mark = Mark::path_of(path).display(),
            first = gone[0],
        ))),
    }
}

/// How much was decided and delivered; 0 in a schema that did not count yet.
pub(super) async fn generation(connection: &mut SqliteConnection) -> Result<u64> {
    let counted: sqlx::Result<i64> =
        sqlx::query_scalar("SELECT generation FROM installation").fetch_one(connection).await;
    match counted {
        Ok(generation) => Ok(generation as u64),
        // The schema is older than the column.
        Err(error) if primary_code(&error) == Some(SQLITE_ERROR) => Ok(0),
        Err(error) => Err(error).during("be opened"),
    }
}

/// Those of the jobs that have no row.
pub(super) async fn unknown(
    connection: &mut SqliteConnection,
    jobs: &[JobId],
) -> Result<Vec<JobId>> {
    let numbers: Vec<u64> = jobs.iter().map(|job| job.0).collect();
    sqlx::query(sql!("jobs_unknown"))
        .bind(serde_json::json!(numbers).to_string())
        .fetch_all(connection)
        .await
        .during("look for jobs")?
        .iter()
        .map(|row| Ok(JobId(row.unsigned("id")?)))
        .collect()
}

/// The catalogue's mark as of now. `connection` has to be within a transaction, or nobody else
/// may write.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    installation: &InstallationId,
    (at, is_final): (UnixNanos, bool),
) -> Result<Mark> {
    const ACTION: &str = "be marked";
    let generation = generation(connection).await?;
    let last_job: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM job")
        .fetch_one(&mut *connection)
        .await
        .during(ACTION)?;
    let sequence: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'job'")
            .fetch_optional(&mut *connection)
            .await
            .during(ACTION)?;
    let rows = sqlx::query(sql!("mark_jobs")).fetch_all(&mut *connection).await.during(ACTION)?;
    let mut jobs: Vec<MarkedJob> = Vec::new();
    for row in &rows {
        let id = JobId(row.unsigned("id")?);
        if jobs.last().is_none_or(|last| last.id != id) {
            jobs.push(MarkedJob {
                id,
                revision: Revision(row.number("revision")?),
                enabled: row.get("enabled")?,
                cursors: Vec::new(),
            });
        }
        if let (Some(job), Some(cursor)) = (jobs.last_mut(), cursor(row)?) {
            job.cursors.push(cursor);
        }
    }
    Ok(Mark {
        installation: installation.clone(),
        generation,
        at,
        is_final,
        last_job: JobId(last_job.max(sequence.unwrap_or(0)) as u64),
        jobs,
        sealed: ledger::undelivered(connection, None).await?,
    })
}

fn cursor(row: &SqliteRow) -> Result<Option<Cursor>> {
    let (Some(partition), Some(next)) =
        (row.get::<Option<u16>>("partition")?, row.unsigned_or_none("next")?)
    else {
        return Ok(None);
    };
    Ok(Some(Cursor { partition: Partition(partition), next: Offset(next) }))
}
