//! Jobs and their revisions in memory.

use async_trait::async_trait;
use catalog::{
    Action, Actor, CatalogError, Cursor, Job, JobChange, JobChanges, JobFailure, JobRevision, Jobs,
    Page, Paged, Result, Testimony, Totals,
};
use model::{JobId, Revision, Scope};

use super::{JobEntry, MemoryCatalog, State, not_found, paged};

#[async_trait]
impl Jobs for MemoryCatalog {
    async fn add_job(
        &self,
        scope: Scope,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
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
            created_at: by.at,
            updated_at: by.at,
        };
        let first = JobRevision { job: id, scope, revision, spec, created_at: by.at };
        let entry = JobEntry {
            job: job.clone(),
            revisions: vec![first],
            is_deleted: false,
            changed: 0,
            totals: Totals::default(),
        };
        state.jobs.insert(id, entry);
        state.note_change(by, id, None);
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

    async fn jobs_page(
        &self,
        scope: Scope,
        dataset: Option<&str>,
        page: Page,
    ) -> Result<Paged<Job>> {
        let mut jobs = self.jobs(Some(scope)).await?;
        jobs.retain(|job| dataset.is_none_or(|dataset| job.spec.dataset == dataset));
        Ok(paged(jobs.into_iter(), page))
    }

    async fn count_jobs(&self, scope: Scope) -> Result<u64> {
        Ok(self.jobs(Some(scope)).await?.len() as u64)
    }

    async fn jobs_changed_since(&self, version: u64) -> Result<JobChanges> {
        let state = self.state();
        let newer = || state.jobs.values().filter(|entry| entry.changed > version);
        let (gone, here): (Vec<_>, Vec<_>) = newer().partition(|entry| entry.is_deleted);
        Ok(JobChanges {
            version: version.max(state.job_version),
            changed: here.into_iter().map(|entry| entry.job.clone()).collect(),
            deleted: gone.into_iter().map(|entry| entry.job.id).collect(),
        })
    }

    async fn testimony(&self, known: &[JobId]) -> Result<Testimony> {
        let state = self.state();
        let is_unknown = |job: &JobId| !state.jobs.contains_key(job);
        Ok(Testimony {
            installation: Some(self.installation.clone()),
            version: state.jobs.values().map(|entry| entry.changed).max().unwrap_or(0),
            unknown: known.iter().copied().filter(is_unknown).collect(),
            is_in_place: true,
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
        let mut state = self.state();
        let JobEntry { job, revisions, .. } = state.job_mut(id)?;
        if job.revision != expected {
            let what = format!("job {id} is at revision {}, not at {expected}", job.revision);
            return Err(CatalogError::Conflict(what));
        }
        if job.kind != change.kind {
            return Err(CatalogError::Conflict(format!("the kind of job {id} cannot change")));
        }
        if change.is_of(job) {
            return Ok(job.clone());
        }
        let before = job.clone();
        if change.is_revision_of(job) {
            job.revision = Revision(job.revision.0 + 1);
            revisions.push(JobRevision {
                job: id,
                scope: job.scope,
                revision: job.revision,
                spec: change.spec.clone(),
                created_at: by.at,
            });
        }
        let begins = change.enabled && !job.enabled;
        job.spec = change.spec;
        job.name = change.name;
        job.frequency = change.frequency;
        job.enabled = change.enabled;
        job.updated_at = by.at;
        let job = job.clone();
        state.note_change(by, id, Some(&before));
        if begins {
            state.begin(id, begin);
        }
        Ok(job)
    }

    async fn delete_job(&self, id: JobId, by: &Actor) -> Result<()> {
        let mut state = self.state();
        let entry = state.job_mut(id)?;
        entry.is_deleted = true;
        let before = entry.job.clone();
        state.note_change(by, id, Some(&before));
        Ok(())
    }

    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision> {
        let state = self.state();
        let revisions = state.jobs.get(&id).map(|entry| &entry.revisions);
        let found = revisions.and_then(|all| all.iter().find(|one| one.revision == revision));
        found.cloned().ok_or_else(|| not_found("revision", &format!("{revision} of job {id}")))
    }

    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()> {
        let mut state = self.state();
        state.job_mut(id)?.job.failure = Some(failure.clone());
        state.add_event(id, failure.event());
        let figures = state.figures_at(id, failure.at);
        figures.failed_attempts += 1;
        if let Some(status) = failure.status {
            match figures.statuses.binary_search_by_key(&status, |&(known, _)| known) {
                Ok(index) => figures.statuses[index].1 += 1,
                Err(index) => figures.statuses.insert(index, (status, 1)),
            }
        }
        Ok(())
    }
}

impl State {
    /// Gives a changed job the next version, and writes the change down.
    fn note_change(&mut self, by: &Actor, id: JobId, before: Option<&Job>) {
        self.job_version += 1;
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.changed = self.job_version;
        let after = (!entry.is_deleted).then(|| entry.job.clone());
        let account = self.account_of(self.jobs[&id].job.scope);
        self.write(Action::of_job(by, account, before, after.as_ref()));
    }

    /// Adds cursors where the job has none for the partition.
    pub(super) fn begin(&mut self, job: JobId, begin: &[Cursor]) {
        for cursor in begin {
            self.cursors.entry((job, cursor.partition)).or_insert(cursor.next);
        }
    }
}
