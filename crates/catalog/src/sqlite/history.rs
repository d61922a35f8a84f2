//! Events and hourly figures in SQLite.

use async_trait::async_trait;
use model::{JobId, UnixNanos};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During};
use super::ledger::require_job;
use super::listing::Listing;
use super::{SqliteCatalog, sql};
use crate::history::{EVENTS_PER_JOB_MAX, hour_of, repeat_horizon};
use crate::{History, HourFigures, JobEvent, JobFailure, Loss, Page, Paged, Result};

/// Rows that one transaction forgets, so that others get their turn in between.
const FORGOTTEN_AT_ONCE: u32 = 1_000;

#[async_trait]
impl History for SqliteCatalog {
    async fn events(&self, job: JobId, page: Page) -> Result<Paged<JobEvent>> {
        let listing = Listing {
            action: "list a job's events",
            count: "SELECT count(*) FROM event WHERE job = $1",
            rows: sql!("events"),
        };
        self.list(listing, page, |question| question.bind(job.0 as i64), event).await
    }

    async fn figures(
        &self,
        job: JobId,
        from: UnixNanos,
        to: UnixNanos,
    ) -> Result<Vec<HourFigures>> {
        const ACTION: &str = "read a job's figures";
        let mut tx = self.snapshot().await?;
        let mut ask = async |query| {
            let query = sqlx::query(query).bind(job.0 as i64).bind(from.0).bind(to.0);
            query.fetch_all(&mut *tx).await.during(ACTION)
        };
        let rows = ask(sql!("figures")).await?;
        let mut hours = rows.iter().map(hour_figures).collect::<Result<Vec<_>>>()?;
        let mut rest = hours.iter_mut();
        let mut hour = rest.next();
        for row in ask(sql!("figures_statuses")).await? {
            let at = row.instant("hour")?;
            while hour.as_ref().is_some_and(|figures| figures.hour < at) {
                hour = rest.next();
            }
            if let Some(figures) = &mut hour {
                figures.statuses.push((row.number("status")?, row.unsigned("count")?));
            }
        }
        Ok(hours)
    }

    async fn note_event(&self, job: JobId, event: JobEvent) -> Result<()> {
        let mut tx = self.write().await?;
        require_job(&mut tx, job).await?;
        write_event(&mut tx, job, &event).await?;
        tx.commit().await.during("note a job's event")
    }

    async fn forget_before(&self, at: UnixNanos) -> Result<()> {
        for query in [sql!("events_forget"), sql!("figures_forget")] {
            self.forget(query, at).await?;
        }
        Ok(())
    }
}

impl SqliteCatalog {
    /// Deletes what lies before `at`, some at a time.
    pub(super) async fn forget(&self, query: &'static str, at: UnixNanos) -> Result<()> {
        const ACTION: &str = "forget what is old";
        loop {
            let mut tx = self.write().await?;
            let forgotten = sqlx::query(query)
                .bind(at.0)
                .bind(FORGOTTEN_AT_ONCE)
                .execute(&mut *tx)
                .await
                .during(ACTION)?;
            tx.commit().await.during(ACTION)?;
            if forgotten.rows_affected() < u64::from(FORGOTTEN_AT_ONCE) {
                return Ok(());
            }
        }
    }
}

/// Writes an event, or counts a repeat; the oldest of too many goes.
pub(super) async fn write_event(
    connection: &mut SqliteConnection,
    job: JobId,
    event: &JobEvent,
) -> Result<()> {
    const ACTION: &str = "note a job's event";
    let mut write = async |query| {
        sqlx::query(query)
            .bind(job.0 as i64)
            .bind(event.at.0)
            .bind(&event.kind)
            .bind(event.status)
            .bind(&event.message)
            .bind(repeat_horizon(event).0)
            .bind(event.since.0)
            .bind(event.count as i64)
            .execute(&mut *connection)
            .await
            .during(ACTION)
    };
    if write(sql!("event_repeat")).await?.rows_affected() > 0 {
        return Ok(());
    }
    write(sql!("event_insert")).await?;
    sqlx::query(sql!("events_trim"))
        .bind(job.0 as i64)
        .bind(EVENTS_PER_JOB_MAX)
        .execute(connection)
        .await
        .during(ACTION)?;
    Ok(())
}

/// Writes a failed attempt down as an event and in the figures of its hour.
pub(super) async fn write_failure(
    connection: &mut SqliteConnection,
    job: JobId,
    failure: &JobFailure,
) -> Result<()> {
    const ACTION: &str = "add to a job's figures";
    write_event(connection, job, &failure.event()).await?;
    let hour = hour_of(failure.at).0;
    sqlx::query(sql!("figures_failed"))
        .bind(job.0 as i64)
        .bind(hour)
        .execute(&mut *connection)
        .await
        .during(ACTION)?;
    if let Some(status) = failure.status {
        sqlx::query(sql!("figures_status_count"))
            .bind(job.0 as i64)
            .bind(hour)
            .bind(status)
            .execute(connection)
            .await
            .during(ACTION)?;
    }
    Ok(())
}

/// Writes a loss down as an event and in the figures of its hour.
pub(super) async fn write_loss(connection: &mut SqliteConnection, loss: &Loss) -> Result<()> {
    write_event(connection, loss.job, &loss.event()).await?;
    sqlx::query(sql!("figures_dropped"))
        .bind(loss.job.0 as i64)
        .bind(hour_of(loss.at).0)
        .bind(loss.records as i64)
        .execute(connection)
        .await
        .during("add to a job's figures")?;
    Ok(())
}

fn event(row: &SqliteRow) -> Result<JobEvent> {
    Ok(JobEvent {
        since: row.instant("since")?,
        at: row.instant("at")?,
        count: row.unsigned("count")?,
        kind: row.text("kind")?,
        status: row.get("status")?,
        message: row.text("message")?,
    })
}

fn hour_figures(row: &SqliteRow) -> Result<HourFigures> {
    Ok(HourFigures {
        hour: row.instant("hour")?,
        batches: row.unsigned("batches")?,
        failed_attempts: row.unsigned("failed_attempts")?,
        records: row.unsigned("records")?,
        dropped_records: row.unsigned("dropped_records")?,
        raw_bytes: row.unsigned("raw_bytes")?,
        object_bytes: row.unsigned("object_bytes")?,
        upload_millis: row.unsigned("upload_millis")?,
        upload_millis_max: row.unsigned("upload_millis_max")?,
        statuses: Vec::new(),
    })
}
