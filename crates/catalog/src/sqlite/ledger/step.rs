//! The steps of a batch through the ledger, which may share a transaction with others.
//!
//! Each is carried out in as few calls to SQLite as can be: a call wakes its thread and ours.

use std::sync::Arc;

use model::{Batch, UnixNanos};
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnection;

use super::refusals;
use super::uploads::{self, BatchName};
use crate::history::hour_of;
use crate::sqlite::columns::{Columns, During, refusal};
use crate::sqlite::history::write_event;
use crate::sqlite::sql;
use crate::{CatalogError, Delivered, OpenUpload, Result, UploadedPart};

const SEAL: &str = "seal a batch";
const SETTLE: &str = "settle a batch";
const UNSEAL: &str = "unseal batches";

/// A change of the ledger.
#[derive(Debug)]
pub(super) enum Step {
    Seal(Batch, UnixNanos),
    Settle(BatchName, Delivered),
    Unseal(BatchName),
    OpenUpload(OpenUpload),
    NotePart(BatchName, String, UploadedPart),
    CloseUpload(BatchName, String),
}

impl Step {
    /// What the catalogue cannot do where the database refuses.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Seal(..) => SEAL,
            Self::Settle(..) => SETTLE,
            Self::Unseal(_) => UNSEAL,
            Self::OpenUpload(_) => "note an upload",
            Self::NotePart(..) => "note an upload's part",
            Self::CloseUpload(..) => "close an upload",
        }
    }

    /// Takes the step. Where it is refused the transaction has to be undone.
    pub(super) async fn take(&self, connection: &mut SqliteConnection) -> Result<()> {
        match self {
            Self::Seal(batch, now) => seal(connection, batch, *now).await,
            Self::Settle(batch, what) => settle(connection, *batch, what).await,
            Self::Unseal(batch) => unseal(connection, *batch).await,
            Self::OpenUpload(upload) => uploads::open(connection, upload).await,
            Self::NotePart(batch, id, part) => {
                uploads::add_part(connection, *batch, id, part).await
            }
            Self::CloseUpload(batch, id) => uploads::close(connection, *batch, id).await,
        }
    }
}

async fn seal(connection: &mut SqliteConnection, batch: &Batch, now: UnixNanos) -> Result<()> {
    match add(connection, sql!("cursor_move", "batch_seal"), batch, now).await? {
        0 => Err(refusals::seal(connection, batch).await?),
        _ => Ok(()),
    }
}

/// Adds a batch by this query; gives how many rows it changed last.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    query: &'static str,
    batch: &Batch,
    now: UnixNanos,
) -> Result<u64> {
    let added = sqlx::query(query)
        .bind(batch.job.0 as i64)
        .bind(batch.partition.0)
        .bind(batch.range.first.0 as i64)
        .bind(batch.range.next.0 as i64)
        .bind(batch.revision.0)
        .bind(&batch.key)
        .bind(batch.start.0)
        .bind(batch.end.0)
        .bind(batch.records as i64)
        .bind(batch.raw_bytes as i64)
        .bind(batch.gzip_level)
        .bind(now.0)
        .execute(connection)
        .await;
    added.map(|added| added.rows_affected()).map_err(|error| no_revision(batch, error))
}

/// Why a batch could not be added: there is no such revision, or what the database says.
fn no_revision(batch: &Batch, error: sqlx::Error) -> CatalogError {
    if error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation) {
        let id = format!("{} of job {}", batch.revision, batch.job);
        return CatalogError::not_found("revision", &id);
    }
    refusal(SEAL, &Arc::new(error))
}

async fn settle(
    connection: &mut SqliteConnection,
    (job, partition, first): BatchName,
    what: &Delivered,
) -> Result<()> {
    let query = sql!("batch_settle", "job_settle", "figures_delivered", "uploads_close");
    let settled = sqlx::query(query)
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .bind(what.at.0)
        .bind(what.object_bytes as i64)
        .bind(&what.etag)
        .bind(what.attempts)
        .bind(what.duration_millis as i64)
        .bind(what.checksum.map(|sum| sum as i64))
        .bind(hour_of(what.at).0)
        .fetch_all(&mut *connection)
        .await
        .during(SETTLE)?;
    let Some(batch) = settled.first() else {
        return refusals::settle(connection, job, partition, first).await;
    };
    if batch.get("had_failed")? {
        write_event(connection, job, &what.recovery()).await?;
    }
    Ok(())
}

async fn unseal(
    connection: &mut SqliteConnection,
    (job, partition, first): BatchName,
) -> Result<()> {
    refusals::unseal(connection, job, partition, first).await?;
    for query in [sql!("batches_unseal"), sql!("cursor_set")] {
        sqlx::query(query)
            .bind(job.0 as i64)
            .bind(partition.0)
            .bind(first.0 as i64)
            .execute(&mut *connection)
            .await
            .during(UNSEAL)?;
    }
    Ok(())
}
