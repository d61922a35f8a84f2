//! Jobs and their revisions in memory.

use async_trait::async_trait;
use catalog::{
    CatalogError, Cursor, Job, JobChange, JobFailure, JobRevision, Jobs, Result, Totals,
};
use model::{JobId, Revision, Scope, UnixNanos};

use super::{JobEntry, MemoryCatalog, State, not_found};

#[async_trait]
impl Jobs for MemoryCatalog {
    async fn add_job(
        &self,
        scope: Scope,
        change: JobChange,
        begin: &[Cursor],
        now: UnixNanos,
    ) -> Result<Job> {
        let mut state = self.state();
        state.require(scope)?;
        let id = JobId(state.jobs.len() as u64 + 1);
        let revision = Revision(1);
        let spec = change.spec.clone();
        let job = Job {
            id,
            scope,
            revision,
            spec: change.spec,
            name: change.name,
            kind: change.kind,
            frequency: change.frequency,
            enabled: change.enabled,
            last_complete: None,
            failure: None,
            created_at: now,
            updated_at: now,
        };
        let first = JobRevision { job: id, scope, revision, spec, created_at: now };
        let entry = JobEntry {
            job: job.clone(),
            revisions: vec![first],
            is_deleted: false,
            totals: Totals::default(),
        };
        state.jobs.insert(id, entry);
        if job.enabled {
            state.begin(id, begin);
        }
        Ok(job)
    }

    async fn job(&self, id: JobId) -> Result<Job> {
        self.state().job(id).map(|entry| entry.job.clone())
    }

    async fn jobs(&self, scope: Option<Scope>) -> Result<Vec<Job>> {
        let state = self.state();
        let wanted = |entry: &&JobEntry| {
            !entry.is_deleted && scope.is_none_or(|scope| entry.job.scope == scope)
        };
        Ok(state.jobs.values().filter(wanted).map(|entry| entry.job.clone()).collect())
    }

    async fn change_job(
        &self,
        id: JobId,
        expected: Revision,
        change: JobChange,
        begin: &[Cursor],
        now: UnixNanos,
    ) -> Result<Job> {
        let mut state = self.state();
        let JobEntry { job, revisions, .. } = state.job_mut(id)?;
        if job.revision != expected {
            let what = format!("job {id} is at revision {}, not at {expected}", job.revision);
            return Err(CatalogError::Conflict(what));
        }
        if job.kind != change.kind {
            return Err(CatalogError::Conflict(format!("the kind of job {id} cannot change")));
        }
        if job.spec != change.spec {
            job.revision = Revision(job.revision.0 + 1);
            revisions.push(JobRevision {
                job: id,
                scope: job.scope,
                revision: job.revision,
                spec: change.spec.clone(),
                created_at: now,
            });
        }
        let begins = change.enabled && !job.enabled;
        job.spec = change.spec;
        job.name = change.name;
        job.frequency = change.frequency;
        job.enabled = change.enabled;
        job.updated_at = now;
        let job = job.clone();
        if begins {
            state.begin(id, begin);
        }
        Ok(job)
    }

    async fn delete_job(&self, id: JobId, _now: UnixNanos) -> Result<()> {
        self.state().job_mut(id)?.is_deleted = true;
        Ok(())
    }

    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision> {
        let state = self.state();
        let revisions = state.jobs.get(&id).map(|entry| &entry.revisions);
        let found = revisions.and_then(|all| all.iter().find(|one| one.revision == revision));
        found.cloned().ok_or_else(|| not_found("revision", &format!("{revision} of job {id}")))
    }

    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()> {
        self.state().job_mut(id)?.job.failure = Some(failure);
        Ok(())
    }
}

impl State {
    /// Adds cursors where the job has none for the partition.
    pub(super) fn begin(&mut self, job: JobId, begin: &[Cursor]) {
        for cursor in begin {
            self.cursors.entry((job, cursor.partition)).or_insert(cursor.next);
        }
    }
}
