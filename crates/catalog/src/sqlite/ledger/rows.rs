//! The ledger's rows as our types.

use model::{Batch, JobId, Offset, OffsetRange, Partition, Revision};
use sqlx::sqlite::SqliteRow;

use crate::sqlite::columns::{Columns, damaged};
use crate::{BatchRecord, BatchState, Cursor, Delivered, Loss, Result, Totals};

pub(super) fn cursor(row: &SqliteRow) -> Result<Cursor> {
    Ok(Cursor { partition: partition(row)?, next: Offset(row.unsigned("next")?) })
}

fn partition(row: &SqliteRow) -> Result<Partition> {
    Ok(Partition(row.number("partition")?))
}

fn range(row: &SqliteRow) -> Result<OffsetRange> {
    Ok(OffsetRange::new(Offset(row.unsigned("first")?), Offset(row.unsigned("next")?)))
}

pub(super) fn batch(row: &SqliteRow) -> Result<Batch> {
    Ok(Batch {
        job: JobId(row.unsigned("job")?),
        revision: Revision(row.number("revision")?),
        partition: partition(row)?,
        range: range(row)?,
        key: row.text("key")?,
        start: row.instant("started_at")?,
        end: row.instant("ended_at")?,
        records: row.unsigned("records")?,
        raw_bytes: row.unsigned("raw_bytes")?,
        gzip_level: row.number("gzip_level")?,
    })
}

pub(super) fn record(row: &SqliteRow) -> Result<BatchRecord> {
    let state = match row.text("state")?.as_str() {
        "sealed" => BatchState::Sealed,
        "delivered" => BatchState::Delivered(Delivered {
            at: row.instant("delivered_at")?,
            object_bytes: row.unsigned("object_bytes")?,
            checksum: row.unsigned_or_none("checksum")?,
            etag: row.text("etag")?,
            attempts: row.number("attempts")?,
            duration_millis: row.unsigned("duration_millis")?,
        }),
        "lost" => BatchState::Lost,
        other => return Err(damaged("state", format_args!("`{other}`"))),
    };
    Ok(BatchRecord { batch: batch(row)?, sealed_at: row.instant("sealed_at")?, state })
}

pub(super) fn loss(row: &SqliteRow) -> Result<Loss> {
    Ok(Loss {
        job: JobId(row.unsigned("job")?),
        partition: partition(row)?,
        range: range(row)?,
        records: row.unsigned("records")?,
        at: row.instant("given_up_at")?,
    })
}

pub(super) fn totals(row: &SqliteRow) -> Result<Totals> {
    Ok(Totals {
        batches: row.unsigned("delivered_batches")?,
        records: row.unsigned("delivered_records")?,
        raw_bytes: row.unsigned("delivered_raw_bytes")?,
        object_bytes: row.unsigned("delivered_object_bytes")?,
    })
}
