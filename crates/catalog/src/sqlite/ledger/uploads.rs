//! Open uploads in parts, in SQLite.

use model::{JobId, Offset, Partition, Revision};
use sqlx::sqlite::SqliteConnection;

use super::refusals;
use crate::sqlite::columns::{Columns, During};
use crate::sqlite::{SqliteCatalog, sql};
use crate::{CatalogError, OpenUpload, Result, UploadedPart};

/// A batch: its job, its partition and its first frame.
pub(super) type BatchName = (JobId, Partition, Offset);

impl SqliteCatalog {
    pub(super) async fn add_upload(&self, upload: &OpenUpload) -> Result<()> {
        const ACTION: &str = "note an upload";
        let OpenUpload { job, partition, first, upload_id, .. } = upload;
        let mut tx = self.step().await?;
        refusals::open_upload(&mut tx, *job, *partition, *first).await?;
        let added = sqlx::query(sql!("upload_insert"))
            .bind(job.0 as i64)
            .bind(partition.0)
            .bind(first.0 as i64)
            .bind(upload_id)
            .bind(upload.revision.0)
            .bind(&upload.key)
            .bind(upload.part_bytes as i64)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        if added.rows_affected() > 0 {
            for part in &upload.parts {
                add_part(&mut tx, (*job, *partition, *first), upload_id, part).await?;
            }
        }
        tx.commit().await.during(ACTION)
    }

    pub(super) async fn set_part(
        &self,
        batch: BatchName,
        upload_id: &str,
        part: &UploadedPart,
    ) -> Result<()> {
        let mut tx = self.step().await?;
        add_part(&mut tx, batch, upload_id, part).await?;
        tx.commit().await.during("note an upload's part")
    }

    pub(super) async fn remove_upload(
        &self,
        (job, partition, first): BatchName,
        upload_id: &str,
    ) -> Result<()> {
        const ACTION: &str = "close an upload";
        let mut tx = self.step().await?;
        sqlx::query(sql!("upload_delete"))
            .bind(job.0 as i64)
            .bind(partition.0)
            .bind(first.0 as i64)
            .bind(upload_id)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        tx.commit().await.during(ACTION)
    }

    pub(super) async fn list_uploads(&self, job: Option<JobId>) -> Result<Vec<OpenUpload>> {
        const ACTION: &str = "list open uploads";
        let job = job.map(|job| job.0 as i64);
        let mut tx = self.snapshot().await?;
        let rows =
            sqlx::query(sql!("uploads")).bind(job).fetch_all(&mut *tx).await.during(ACTION)?;
        let mut uploads: Vec<OpenUpload> = Vec::new();
        for row in rows {
            let part = match row.get::<Option<i64>>("number")? {
                None => None,
                Some(_) => Some(UploadedPart {
                    number: row.number("number")?,
                    etag: row.text("etag")?,
                    checksum: row.get("checksum")?,
                    bytes: row.unsigned("bytes")?,
                }),
            };
            let upload = OpenUpload {
                job: JobId(row.unsigned("job")?),
                revision: Revision(row.number("revision")?),
                partition: Partition(row.number("partition")?),
                first: Offset(row.unsigned("first")?),
                upload_id: row.text("upload_id")?,
                key: row.text("key")?,
                part_bytes: row.unsigned("part_bytes")?,
                parts: Vec::new(),
            };
            if uploads.last().is_none_or(|last| name(last) != name(&upload)) {
                uploads.push(upload);
            }
            if let (Some(upload), Some(part)) = (uploads.last_mut(), part) {
                upload.parts.push(part);
            }
        }
        Ok(uploads)
    }
}

fn name(upload: &OpenUpload) -> (JobId, Partition, Offset, &str) {
    (upload.job, upload.partition, upload.first, &upload.upload_id)
}

/// Closes all uploads of a batch. Those of a batch that was unsealed before it stay: they went to
/// another place.
pub(super) async fn close_all(
    connection: &mut SqliteConnection,
    (job, partition, first): BatchName,
) -> Result<()> {
    sqlx::query(sql!("uploads_close"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .execute(connection)
        .await
        .during("close a batch's uploads")?;
    Ok(())
}

async fn add_part(
    connection: &mut SqliteConnection,
    (job, partition, first): BatchName,
    upload_id: &str,
    part: &UploadedPart,
) -> Result<()> {
    let added = sqlx::query(sql!("upload_part_set"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .bind(upload_id)
        .bind(part.number)
        .bind(&part.etag)
        .bind(&part.checksum)
        .bind(part.bytes as i64)
        .execute(connection)
        .await
        .during("note an upload's part")?;
    if added.rows_affected() == 0 {
        let id = format!("`{upload_id}` of job {job} from {first} in partition {partition}");
        return Err(CatalogError::not_found("upload", &id));
    }
    Ok(())
}
