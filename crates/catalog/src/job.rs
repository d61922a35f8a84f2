//! Jobs and their revisions.

use model::{JobId, JobSpec, Revision, Scope, UnixNanos};

use crate::JobEvent;

/// A job as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Whose it is.
    pub scope: Scope,
    /// The revision of `spec`.
    pub revision: Revision,
    /// What it pushes where.
    pub spec: JobSpec,
    /// What people call it.
    pub name: Option<String>,
    /// The API's `kind`: empty or `edge`.
    pub kind: String,
    /// The API's `frequency`: `high` or `low`.
    pub frequency: String,
    /// Whether it pushes.
    pub enabled: bool,
    /// End of the newest range that was delivered.
    pub last_complete: Option<UnixNanos>,
    /// The newest failure, until a delivery clears it.
    pub failure: Option<JobFailure>,
    /// When it was made.
    pub created_at: UnixNanos,
    /// When it was last changed.
    pub updated_at: UnixNanos,
}

/// What a job is to be from now on; a caller starts from what it is and changes some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// What it pushes where. Another spec than before makes a new revision.
    pub spec: JobSpec,
    /// What people call it.
    pub name: Option<String>,
    /// The API's `kind`; fixed once the job exists.
    pub kind: String,
    /// The API's `frequency`. Another one than before makes a new revision, so that lanes that
    /// run follow it.
    pub frequency: String,
    /// Whether it pushes.
    pub enabled: bool,
}

impl JobChange {
    /// What leaves the job as it is: where a change of some of it starts from.
    pub fn none(job: &Job) -> Self {
        Self {
            spec: job.spec.clone(),
            name: job.name.clone(),
            kind: job.kind.clone(),
            frequency: job.frequency.clone(),
            enabled: job.enabled,
        }
    }

    /// Whether the job has to have a new revision for that.
    pub fn is_revision_of(&self, job: &Job) -> bool {
        self.spec != job.spec || self.frequency != job.frequency
    }

    /// Whether the job is like that already.
    pub fn is_of(&self, job: &Job) -> bool {
        let Self { spec, name, kind, frequency, enabled } = self;
        (spec, name, kind, frequency, enabled)
            == (&job.spec, &job.name, &job.kind, &job.frequency, &job.enabled)
    }
}

/// What became of the jobs between two versions of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChanges {
    /// The version that they lead to.
    pub version: u64,
    /// Jobs that were added or changed, as they are now.
    pub changed: Vec<Job>,
    /// Jobs that were deleted.
    pub deleted: Vec<JobId>,
}

/// Why a job's newest attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// When.
    pub at: UnixNanos,
    /// Why, in words for the customer, without secrets.
    pub message: String,
    /// The HTTP status that the store answered, where one did.
    pub status: Option<u16>,
    /// What kind of failure, in a word.
    pub kind: String,
}

impl JobFailure {
    /// The failure as an event.
    pub fn event(&self) -> JobEvent {
        JobEvent::new(self.at, &self.kind, self.status, self.message.clone())
    }
}

/// What a job was at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRevision {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub scope: Scope,
    /// The revision.
    pub revision: Revision,
    /// What it pushed where.
    pub spec: JobSpec,
    /// When it was made.
    pub created_at: UnixNanos,
}
