//! Jobs and their revisions in SQLite.

use async_trait::async_trait;
use model::{JobId, JobSpec, Revision, Scope, UnixNanos};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During, damaged, scope_columns};
use super::history::write_failure;
use super::ledger::insert_cursors;
use super::listing::{Listing, Question, limit_and_offset};
use super::mark::unknown;
use super::tenants::require;
use super::{SqliteCatalog, audit, sql};
use crate::vault::Unopened;
use crate::{
    Action, Actor, CatalogError, Cursor, Job, JobChange, JobChanges, JobFailure, JobRevision, Jobs,
    Page, Paged, Result, Testimony,
};

#[async_trait]
impl Jobs for SqliteCatalog {
    async fn add_job(
        &self,
        scope: Scope,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
    ) -> Result<Job> {
        const ACTION: &str = "add a job";
        let (account, zone) = scope_columns(Some(scope));
        let mut tx = self.write().await?;
        require(&mut tx, scope).await?;
        let id: i64 = sqlx::query_scalar(sql!("job_insert"))
            .bind(account)
            .bind(zone)
            .bind(change.name)
            .bind(change.kind)
            .bind(change.frequency)
            .bind(change.enabled)
            .bind(by.at.0)
            .fetch_one(&mut *tx)
            .await
            .during(ACTION)?;
        let id = JobId(id as u64);
        self.insert_revision(&mut tx, id, Revision(1), &change.spec, by.at).await?;
        if change.enabled {
            insert_cursors(&mut tx, id, begin).await?;
        }
        let job = self.find_job(&mut tx, id).await?;
        let account = audit::account_of(&mut tx, scope).await?;
        audit::write(&mut tx, Action::of_job(by, account, None, Some(&job))).await?;
        tx.commit().await.during(ACTION)?;
        Ok(job)
    }

    async fn job(&self, id: JobId) -> Result<Job> {
        self.find_job(&mut *self.read().await?, id).await
    }

    async fn jobs(&self, scope: Option<Scope>) -> Result<Vec<Job>> {
        let (account, zone) = scope_columns(scope);
        let (limit, offset) = limit_and_offset(Page::ALL);
        let query = if scope.is_some() { sql!("jobs_of_scope") } else { sql!("jobs") };
        sqlx::query(query)
            .bind(account)
            .bind(zone)
            .bind(None::<&str>)
            .bind(limit)
            .bind(offset)
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list jobs")?
            .iter()
            .map(|row| self.job_of(row))
            .collect()
    }

    async fn jobs_page(
        &self,
        scope: Scope,
        dataset: Option<&str>,
        page: Page,
    ) -> Result<Paged<Job>> {
        let (account, zone) = scope_columns(Some(scope));
        let listing =
            Listing { action: "list jobs", count: sql!("jobs_count"), rows: sql!("jobs_of_scope") };
        let bind = |question: Question| question.bind(&account).bind(&zone).bind(dataset);
        self.list(listing, page, bind, |row| self.job_of(row)).await
    }

    async fn count_jobs(&self, scope: Scope) -> Result<u64> {
        let (account, zone) = scope_columns(Some(scope));
        let count: i64 = sqlx::query_scalar(sql!("jobs_count"))
            .bind(account)
            .bind(zone)
            .bind(None::<&str>)
            .fetch_one(&mut *self.read().await?)
            .await
            .during("count jobs")?;
        Ok(count as u64)
    }

    async fn jobs_changed_since(&self, version: u64) -> Result<JobChanges> {
        let rows = sqlx::query(sql!("jobs_changed"))
            .bind(version as i64)
            .fetch_all(&mut *self.read().await?)
            .await
            .during("list changed jobs")?;
        let mut changes = JobChanges { version, changed: Vec::new(), deleted: Vec::new() };
        for row in rows {
            changes.version = row.unsigned("changed")?;
            if row.instant_or_none("deleted_at")?.is_some() {
                changes.deleted.push(JobId(row.unsigned("id")?));
            } else {
                changes.changed.push(self.job_of(&row)?);
            }
        }
        Ok(changes)
    }

    async fn testimony(&self, known: &[JobId]) -> Result<Testimony> {
        const ACTION: &str = "tell how it stands";
        let mut tx = self.snapshot().await?;
        let row = sqlx::query(
            "SELECT (SELECT id FROM installation) AS installation,
                    (SELECT coalesce(max(changed), 0) FROM job) AS version",
        )
        .fetch_one(&mut *tx)
        .await
        .during(ACTION)?;
        let installation: Option<String> = row.get("installation")?;
        Ok(Testimony {
            installation: installation.and_then(|id| id.parse().ok()),
            version: row.unsigned("version")?,
            unknown: unknown(&mut tx, known).await?,
            is_in_place: self.is_in_place(),
        })
    }

    async fn change_job(
        &self,
        id: JobId,
        expected: Revision,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
    ) -> Result<Job> {
        const ACTION: &str = "change a job";
        let mut tx = self.write().await?;
        let before = self.find_job(&mut tx, id).await?;
        refuse_contradiction(&before, expected, &change)?;
        if change.is_of(&before) {
            return Ok(before);
        }
        let mut revision = before.revision;
        if change.is_revision_of(&before) {
            revision = Revision(revision.0 + 1);
            self.insert_revision(&mut tx, id, revision, &change.spec, by.at).await?;
        }
        sqlx::query(sql!("job_update"))
            .bind(id.0 as i64)
            .bind(i64::from(revision.0))
            .bind(change.name)
            .bind(change.frequency)
            .bind(change.enabled)
            .bind(by.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        if change.enabled && !before.enabled {
            insert_cursors(&mut tx, id, begin).await?;
        }
        let job = self.find_job(&mut tx, id).await?;
        let account = audit::account_of(&mut tx, job.scope).await?;
        audit::write(&mut tx, Action::of_job(by, account, Some(&before), Some(&job))).await?;
        tx.commit().await.during(ACTION)?;
        Ok(job)
    }

    async fn delete_job(&self, id: JobId, by: &Actor) -> Result<()> {
        const ACTION: &str = "delete a job";
        let mut tx = self.write().await?;
        let job = self.find_job(&mut tx, id).await?;
        sqlx::query(sql!("job_delete"))
            .bind(id.0 as i64)
            .bind(by.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        let account = audit::account_of(&mut tx, job.scope).await?;
        audit::write(&mut tx, Action::of_job(by, account, Some(&job), None)).await?;
        tx.commit().await.during(ACTION)
    }

    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision> {
        let row = sqlx::query(sql!("revision"))
            .bind(id.0 as i64)
            .bind(i64::from(revision.0))
            .fetch_optional(&mut *self.read().await?)
            .await
            .during("find a job's revision")?
            .ok_or_else(|| {
                CatalogError::not_found("revision", &format_args!("{revision} of job {id}"))
            })?;
        Ok(JobRevision {
            job: id,
            scope: scope(&row)?,
            revision,
            spec: self.spec_of(&row, id, revision)?,
            created_at: row.instant("created_at")?,
        })
    }

    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()> {
        const ACTION: &str = "note a job's failure";
        let mut tx = self.write().await?;
        let noted = sqlx::query(sql!("job_fail"))
            .bind(id.0 as i64)
            .bind(failure.at.0)
            .bind(&failure.message)
            .bind(failure.status)
            .bind(&failure.kind)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        if noted.rows_affected() == 0 {
            return Err(CatalogError::not_found("job", &id));
        }
        write_failure(&mut tx, id, &failure).await?;
        tx.commit().await.during(ACTION)
    }
}

impl SqliteCatalog {
    pub(super) async fn find_job(
        &self,
        connection: &mut SqliteConnection,
        id: JobId,
    ) -> Result<Job> {
        sqlx::query(sql!("job"))
            .bind(id.0 as i64)
            .fetch_optional(connection)
            .await
            .during("find a job")?
            .map_or_else(|| Err(CatalogError::not_found("job", &id)), |row| self.job_of(&row))
    }

    async fn insert_revision(
        &self,
        connection: &mut SqliteConnection,
        job: JobId,
        revision: Revision,
        spec: &JobSpec,
        now: UnixNanos,
    ) -> Result<()> {
        let place = self.destination_place(job, revision);
        sqlx::query(sql!("revision_insert"))
            .bind(job.0 as i64)
            .bind(i64::from(revision.0))
            .bind(&spec.dataset)
            .bind(self.vault.seal(spec.destination.as_bytes(), &place))
            .bind(&spec.output_options)
            .bind(&spec.logpull_options)
            .bind(&spec.filter)
            .bind(spec.filter_attack_traffic)
            .bind(spec.max_upload_bytes.map(|limit| limit as i64))
            .bind(spec.max_upload_interval_seconds.map(|limit| limit as i64))
            .bind(spec.max_upload_records.map(|limit| limit as i64))
            .bind(now.0)
            .execute(connection)
            .await
            .during("add a job's revision")?;
        Ok(())
    }

    /// A row of `job.sql` or `jobs.sql`.
    fn job_of(&self, row: &SqliteRow) -> Result<Job> {
        let id = JobId(row.unsigned("id")?);
        let revision = Revision(row.number("revision")?);
        let failure = match row.instant_or_none("failure_at")? {
            Some(at) => Some(JobFailure {
                at,
                message: row.text("failure_message")?,
                status: row.get("failure_status")?,
                kind: row.text("failure_kind")?,
            }),
            None => None,
        };
        Ok(Job {
            id,
            scope: scope(row)?,
            revision,
            spec: self.spec_of(row, id, revision)?,
            name: row.get("name")?,
            kind: row.text("kind")?,
            frequency: row.text("frequency")?,
            enabled: row.get("enabled")?,
            last_complete: row.instant_or_none("last_complete")?,
            failure,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
        })
    }

    /// The columns of table `revision`.
    fn spec_of(&self, row: &SqliteRow, job: JobId, revision: Revision) -> Result<JobSpec> {
        Ok(JobSpec {
            dataset: row.text("dataset")?,
            destination: self.open_destination(&row.bytes("destination")?, job, revision)?,
            output_options: row.get("output_options")?,
            logpull_options: row.text("logpull_options")?,
            filter: row.text("filter")?,
            filter_attack_traffic: row.get("filter_attack_traffic")?,
            max_upload_bytes: row.unsigned_or_none("max_upload_bytes")?,
            max_upload_interval_seconds: row.unsigned_or_none("max_upload_interval_seconds")?,
            max_upload_records: row.unsigned_or_none("max_upload_records")?,
        })
    }

    pub(super) fn open_destination(
        &self,
        sealed: &[u8],
        job: JobId,
        revision: Revision,
    ) -> Result<String> {
        let what = || format!("the destination of job {job} at revision {revision}");
        let plain =
            self.vault.open(sealed, &self.destination_place(job, revision)).map_err(|error| {
                match error {
                    Unopened::WrongKey => CatalogError::WrongKey { what: what() },
                    other => CatalogError::Damaged(format!("{}: {other}", what())),
                }
            })?;
        String::from_utf8(plain).map_err(|_| CatalogError::Damaged(format!("{}: no text", what())))
    }

    /// Where a destination is kept: nowhere else does it open.
    pub(super) fn destination_place(&self, job: JobId, revision: Revision) -> String {
        format!("logpush destination {} {job} {revision}", self.installation)
    }
}

fn refuse_contradiction(before: &Job, expected: Revision, change: &JobChange) -> Result<()> {
    let id = before.id;
    if before.revision != expected {
        return Err(CatalogError::Conflict(format!(
            "job {id} is at revision {} by now, not at {expected}: read it again and repeat the \
             change",
            before.revision
        )));
    }
    if before.kind != change.kind {
        return Err(CatalogError::Conflict(format!(
            "the kind of job {id} is `{}` and cannot become `{}`: make a new job",
            before.kind, change.kind
        )));
    }
    Ok(())
}

fn scope(row: &SqliteRow) -> Result<Scope> {
    row.scope()?.ok_or_else(|| damaged("zone", "nothing, and `account` neither"))
}
