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

/// Notes that an upload was begun, with the parts that the store has.
pub(super) async fn open(connection: &mut SqliteConnection, upload: &OpenUpload) -> Result<()> {
    let OpenUpload { job, partition, first, upload_id, .. } = upload;
    refusals::open_upload(connection, *job, *partition, *first).await?;
    let added = sqlx::query(sql!("upload_insert"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .bind(upload_id)
        .bind(upload.revision.0)
        .bind(&upload.key)
        .bind(upload.part_bytes as i64)
        .execute(&mut *connection)
        .await
        .during("note an upload")?;
    if added.rows_affected() > 0 {
        for part in &upload.parts {
            add_part(connection, (*job, *partition, *first), upload_id, part).await?;
        }
    }
    Ok(())
}

/// Notes that an upload was completed or abandoned.
pub(super) async fn close(
    connection: &mut SqliteConnection,
    (job, partition, first): BatchName,
    upload_id: &str,
) -> Result<()> {
    sqlx::query(sql!("upload_delete"))
        .bind(job.0 as i64)
        .bind(partition.0)
        .bind(first.0 as i64)
        .bind(upload_id)
        .execute(connection)
        .await
        .during("close an upload")?;
    Ok(())
}

/// Notes a part that the store has.
pub(super) async fn add_part(
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
