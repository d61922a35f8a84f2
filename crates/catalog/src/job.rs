//! Jobs and their revisions.

use model::{JobId, JobSpec, Revision, Scope, UnixNanos};

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
    /// The API's `frequency`.
    pub frequency: String,
    /// Whether it pushes.
    pub enabled: bool,
}

/// Why a job's newest attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// When.
    pub at: UnixNanos,
    /// Why, in words for the customer, without secrets.
    pub message: String,
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
