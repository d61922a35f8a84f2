//! The delivery ledger in SQLite: every step is one short transaction, or a part of one where
//! several wait at once.

mod groups;
mod owner;
mod refusals;
mod rows;
mod step;
mod uploads;

use async_trait::async_trait;
use model::{Batch, JobId, Offset, OffsetRange, Partition, UnixNanos};
use sqlx::sqlite::SqliteConnection;

use super::columns::{Columns, During};
use super::history::write_loss;
use super::listing::Listing;
use super::{SqliteCatalog, sql};
use step::Step;

pub(super) use groups::Groups;

use crate::{
    BatchRecord, CatalogError, Cursor, Delivered, Ledger, Loss, OpenUpload, Page, Paged, Result,
    Totals, UploadedPart,
};

#[async_trait]
impl Ledger for SqliteCatalog {
    async fn take_over(&self) -> Result<()> {
        self.become_owner().await
    }

    async fn check_owner(&self) -> Result<()> {
        owner::require(&mut *self.read().await?, self.mine()).await
    }

    async fn cursors(&self, job: JobId) -> Result<Vec<Cursor>> {
        sqlx::query("SELECT * FROM cursor WHERE job = $1 ORDER BY partition")
            .bind(job.0 as i64)
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list a job's cursors")?
            .iter()
            .map(rows::cursor)
            .collect()
    }

    async fn all_cursors(&self) -> Result<Vec<(JobId, Cursor)>> {
        sqlx::query(sql!("cursors"))
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list all cursors")?
            .iter()
            .map(|row| Ok((JobId(row.unsigned("job")?), rows::cursor(row)?)))
            .collect()
    }

    async fn begin(&self, job: JobId, begin: &[Cursor]) -> Result<()> {
        const ACTION: &str = "add cursors";
        let mut tx = self.step().await?;
        require_job(&mut tx, job).await?;
        insert_cursors(&mut tx, job, begin).await?;
        tx.commit().await.during(ACTION)
    }

    async fn seal(&self, batch: &Batch, now: UnixNanos) -> Result<()> {
        if batch.range.is_empty() {
            let what = format!("a batch of job {} holds no frame: {}", batch.job, batch.range);
            return Err(CatalogError::Conflict(what));
        }
        self.groups.take(Step::Seal(batch.clone(), now)).await
    }

    async fn pass_over(&self, passed: &[(JobId, Partition, OffsetRange)]) -> Result<usize> {
        let mut tx = self.step().await?;
        let mut moved = 0;
        for &(job, partition, range) in passed {
            moved += usize::from(move_cursor(&mut tx, job, partition, range).await?);
        }
        tx.commit().await.during("pass over frames")?;
        Ok(moved)
    }

    async fn settle(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        what: Delivered,
    ) -> Result<()> {
        self.groups.take(Step::Settle((job, partition, first), what)).await
    }

    async fn unseal(&self, job: JobId, partition: Partition, first: Offset) -> Result<()> {
        self.groups.take(Step::Unseal((job, partition, first))).await
    }

    async fn undelivered(&self, job: Option<JobId>) -> Result<Vec<Batch>> {
        undelivered(&mut *self.read().await?, job).await
    }

    async fn batches(&self, job: JobId, page: Page) -> Result<Paged<BatchRecord>> {
        let listing =
            Listing { action: "list batches", count: sql!("batches_count"), rows: sql!("batches") };
        self.list(listing, page, |question| question.bind(job.0 as i64), rows::record).await
    }

    async fn batches_in_order(
        &self,
        job: JobId,
        (partition, first): (Partition, Offset),
        limit: u32,
    ) -> Result<Vec<BatchRecord>> {
        sqlx::query(sql!("batches_in_order"))
            .bind(job.0 as i64)
            .bind(partition.0)
            .bind(first.0 as i64)
            .bind(limit)
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list batches in order")?
            .iter()
            .map(rows::record)
            .collect()
    }

    async fn give_up(&self, loss: &Loss) -> Result<()> {
        const ACTION: &str = "record a loss";
        let (job, partition) = (loss.job.0 as i64, loss.partition.0);
        let (first, next) = (loss.range.first.0 as i64, loss.range.next.0 as i64);
        let mut tx = self.step().await?;
        require_job(&mut tx, loss.job).await?;
        let recorded = sqlx::query(sql!("loss_insert"))
            .bind(job)
            .bind(partition)
            .bind(first)
            .bind(next)
            .bind(loss.records as i64)
            .bind(loss.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        if recorded.rows_affected() == 0 {
            return Ok(());
        }
        for query in [sql!("batches_lose"), sql!("cursor_advance")] {
            sqlx::query(query)
                .bind(job)
                .bind(partition)
                .bind(first)
                .bind(next)
                .execute(&mut *tx)
                .await
                .during(ACTION)?;
        }
        write_loss(&mut tx, loss).await?;
        tx.commit().await.during(ACTION)
    }

    async fn losses(&self, job: JobId) -> Result<Vec<Loss>> {
        sqlx::query(sql!("losses"))
            .bind(job.0 as i64)
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list losses")?
            .iter()
            .map(rows::loss)
            .collect()
    }

    async fn totals(&self, job: JobId) -> Result<Totals> {
        sqlx::query("SELECT * FROM job WHERE id = $1")
            .bind(job.0 as i64)
            .fetch_optional(&mut *self.read().await?)
            .await
            .during("sum up a job's batches")?
            .map_or_else(|| Err(CatalogError::not_found("job", &job)), |row| rows::totals(&row))
    }

    async fn open_upload(&self, upload: &OpenUpload) -> Result<()> {
        self.groups.take(Step::OpenUpload(upload.clone())).await
    }

    async fn note_part(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
        part: UploadedPart,
    ) -> Result<()> {
        let batch = (job, partition, first);
        self.groups.take(Step::NotePart(batch, upload_id.to_owned(), part)).await
    }

    async fn close_upload(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
    ) -> Result<()> {
        let batch = (job, partition, first);
        self.groups.take(Step::CloseUpload(batch, upload_id.to_owned())).await
    }

    async fn open_uploads(&self, job: Option<JobId>) -> Result<Vec<OpenUpload>> {
        self.list_uploads(job).await
    }
}

/// Sealed batches that are neither delivered nor lost: of one job, or of all that are not deleted.
pub(super) async fn undelivered(
    connection: &mut SqliteConnection,
    job: Option<JobId>,
) -> Result<Vec<Batch>> {
    sqlx::query(sql!("batches_undelivered"))
        .bind(job.map(|job| job.0 as i64))
        .fetch_all(connection)
        .await
        .during("list undelivered batches")?
        .iter()
        .map(rows::batch)
        .collect()
}

/// Adds cursors where the job has none for the partition.
pub(super) async fn insert_cursors(
    connection: &mut SqliteConnection,
    job: JobId,
    cursors: &[Cursor],
) -> Result<()> {
    for cursor in cursors {
        sqlx::query(
            "INSERT INTO cursor (job, partition, next) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(job.0 as i64)
        .bind(cursor.partition.0)
        .bind(cursor.next.0 as i64)
        .execute(&mut *connection)
        .await
        .during("add a cursor")?;
    }
    Ok(())
}

/// Moves a cursor over `range`, if it stands at its start; says whether it did.
async fn move_cursor(
    connection: &mut SqliteConnection,
    job: JobId,
    partition: Partition,
    range: OffsetRange,
) -> Result<bool> {
    let moved = sqlx::query(sql!("cursor_move"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(range.first.0 as i64)
        .bind(range.next.0 as i64)
        .execute(connection)
        .await
        .during("move a cursor")?;
    Ok(moved.rows_affected() == 1)
}

pub(super) async fn insert_batch(
    connection: &mut SqliteConnection,
    batch: &Batch,
    now: UnixNanos,
) -> Result<()> {
    step::add(connection, sql!("batch_insert"), batch, now).await.map(drop)
}

/// [`CatalogError::NotFound`] unless there is such a job, not deleted.
pub(super) async fn require_job(connection: &mut SqliteConnection, job: JobId) -> Result<()> {
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM job WHERE id = $1 AND deleted_at IS NULL)",
    )
    .bind(job.0 as i64)
    .fetch_one(connection)
    .await
    .during("find a job")?;
    if exists { Ok(()) } else { Err(CatalogError::not_found("job", &job)) }
}
