//! What was decided: accounts, zones, tokens, jobs and their revisions, the delivery ledger.
//!
//! Traits, one per question, which a backend implements together: [`Tenants`] (who is there),
//! [`Tokens`] (who may), [`Jobs`] (what is to be pushed where), [`Ledger`] (what has been sealed
//! and delivered), [`History`] (what happened to jobs), [`Audit`] (who changed what), [`Stores`]
//! (what stores can do). [`SqliteCatalog`] is the backend that comes with the program.
//!
//! **Rules of this room.** The only room with SQL. When a call returns, its effect is durable
//! and whole; when it fails or is dropped half-way, it happened wholly or not at all. Tokens are
//! stored as hashes only; destinations, which may hold secrets, encrypted. It knows nothing of
//! records, S3 or HTTP, and asks no clock: times come in as arguments.

mod error;
mod job;
mod ledger;
mod mark;
mod publish;
mod tenant;
mod testimony;
mod token;
mod upload;

pub mod audit;
pub mod history;
pub mod sqlite;
pub mod vault;

#[cfg(feature = "test-util")]
pub mod conformance;

use async_trait::async_trait;
use model::{
    AccountId, Batch, Id, InstallationId, JobId, Offset, OffsetRange, Partition, Revision, Scope,
    UnixNanos, ZoneId,
};

pub use audit::{Action, Actor, AuditOf, Subject, Verb};
pub use error::CatalogError;
pub use history::{HourFigures, JobEvent};
pub use job::{Job, JobChange, JobChanges, JobFailure, JobRevision};
pub use ledger::{BatchRecord, BatchState, Cursor, Delivered, Loss, Totals};
pub use mark::{Mark, MarkedJob};
pub use sqlite::{BroughtForward, Older, SqliteCatalog, back_up};
pub use tenant::{Account, Page, Paged, Zone, refuse_dependents};
pub use testimony::Testimony;
pub use token::{Grant, Permission, Token, TokenHash};
pub use upload::{CAPABILITIES_MAX, Capability, OpenUpload, UploadedPart};

/// What every call answers.
pub type Result<T> = std::result::Result<T, CatalogError>;

/// A whole catalogue.
pub trait Catalog:
    Tenants + Tokens + Jobs + Ledger + History + Audit + Stores + Send + Sync + std::fmt::Debug
{
}

impl<T> Catalog for T where
    T: Tenants + Tokens + Jobs + Ledger + History + Audit + Stores + Send + Sync + std::fmt::Debug
{
}

/// Who is there.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// The id of this installation, made at the catalogue's creation.
    fn installation(&self) -> &InstallationId;
    /// Adds an account. Names need not be unique; [`CatalogError::Conflict`] where the id is
    /// taken. `external_id` is a text that nobody can guess and that is nobody else's.
    async fn add_account(
        &self,
        id: AccountId,
        name: &str,
        external_id: &str,
        by: &Actor,
    ) -> Result<Account>;
    /// The account, or [`CatalogError::NotFound`].
    async fn account(&self, id: AccountId) -> Result<Account>;
    /// Accounts in the order of their creation; `only` restricts to one of them.
    async fn accounts(&self, only: Option<AccountId>, page: Page) -> Result<Paged<Account>>;
    /// Adds a zone, its name in lower case. [`CatalogError::Conflict`] where the name is taken,
    /// in any account, or the id is; [`CatalogError::NotFound`] where there is no such account.
    async fn add_zone(
        &self,
        id: ZoneId,
        account: AccountId,
        name: &str,
        by: &Actor,
    ) -> Result<Zone>;
    /// The zone, or [`CatalogError::NotFound`].
    async fn zone(&self, id: ZoneId) -> Result<Zone>;
    /// Zones in the order of their creation: of one account, one id and/or of one name, in
    /// whatever case.
    async fn zones(
        &self,
        account: Option<AccountId>,
        only: Option<ZoneId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<Zone>>;
    /// Deletes an account; its id is never used again. [`CatalogError::Conflict`] where it has
    /// zones, jobs, or tokens that are not revoked.
    async fn delete_account(&self, id: AccountId, by: &Actor) -> Result<()>;
    /// Deletes a zone; its id is never used again, its name may be. [`CatalogError::Conflict`]
    /// where it has jobs, or tokens that are not revoked.
    async fn delete_zone(&self, id: ZoneId, by: &Actor) -> Result<()>;
}

/// Who may.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Adds a token. [`CatalogError::Conflict`] where the hash or the id is known already, or
    /// there is no permission; [`CatalogError::NotFound`] where there is no such account or zone.
    async fn add_token(&self, token: Token, hash: TokenHash, by: &Actor) -> Result<()>;
    /// The token with this hash, revoked and expired ones included, or `None`.
    async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<Token>>;
    /// Tokens in the order of their creation: of exactly one grant's account or zone, or all.
    async fn tokens(&self, scope: Option<Scope>, page: Page) -> Result<Paged<Token>>;
    /// Revokes a token for good: the first time counts.
    async fn revoke_token(&self, id: Id, by: &Actor) -> Result<()>;
    /// Notes that a token was used. Each call is a durable write: note seldom.
    async fn touch_token(&self, id: Id, now: UnixNanos) -> Result<()>;
}

/// What is to be pushed where.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Adds a job with revision 1. Where it is enabled, `begin` says where it begins in each
    /// partition, and becomes its cursors in the same transaction. [`CatalogError::NotFound`]
    /// where there is no such account or zone.
    async fn add_job(
        &self,
        scope: Scope,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
    ) -> Result<Job>;
    /// The job, or [`CatalogError::NotFound`].
    async fn job(&self, id: JobId) -> Result<Job>;
    /// Jobs that are not deleted, in the order of their ids: of one scope, or all.
    async fn jobs(&self, scope: Option<Scope>) -> Result<Vec<Job>>;
    /// A page of the scope's jobs that are not deleted, in the order of their ids: of one
    /// dataset, or all.
    async fn jobs_page(
        &self,
        scope: Scope,
        dataset: Option<&str>,
        page: Page,
    ) -> Result<Paged<Job>>;
    /// How many jobs the scope has that are not deleted.
    async fn count_jobs(&self, scope: Scope) -> Result<u64>;
    /// What was added, changed or deleted since the catalogue was at `version`; everything since
    /// 0. Cheap where little changed. Deliveries and failures of a job are no changes of it.
    async fn jobs_changed_since(&self, version: u64) -> Result<JobChanges>;
    /// What the catalogue says of itself, to a reader who knows these jobs: by that he tells
    /// whether it is still the one that he has read.
    async fn testimony(&self, known: &[JobId]) -> Result<Testimony>;
    /// Changes a job; nothing, where it is like that already. A change of the spec or of
    /// the frequency makes a new revision; name and enabled do not. `expected` guards against such
    /// a change by somebody else in between ([`CatalogError::Conflict`], as for another `kind`). `begin` gives the cursors of
    /// partitions that have none yet (those that exist stay), and is used only where the job
    /// becomes enabled.
    async fn change_job(
        &self,
        id: JobId,
        expected: Revision,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
    ) -> Result<Job>;
    /// Deletes a job. Its revisions and its ledger stay; its number is never used again.
    async fn delete_job(&self, id: JobId, by: &Actor) -> Result<()>;
    /// What the job was at that revision, of a deleted job as well.
    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision>;
    /// Notes that the job's newest attempt failed; the next delivery clears it. The job's events
    /// and the hour's figures tell of it too.
    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()>;
}

/// What has been sealed and what has been delivered.
///
/// Per (job, partition) there is one cursor. Everything before it is sealed in a batch, was
/// passed over because it holds nothing for the job, or was given up on the record.
///
/// ```text
///  offset     0        5        9       14              20         end
///             ├────────┼────────┼───────┼───────────────┼──────────►
///             │ batch  │ batch  │passed │     batch      │ not yet decided
///             │delivered│delivered│ over │     sealed     │
///             ▲                                         ▲
///           begin                                     cursor
/// ```
///
/// A ledger has one owner, the newest that took it over. Whoever took it over before is fenced for
/// good: every call that changes the ledger is [`CatalogError::Superseded`] then, and does nothing.
/// Handles that never took it over are not compared.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Makes this handle's user the owner, whoever it was before. What is read of the ledger after
    /// that changes by this handle only.
    async fn take_over(&self) -> Result<()>;
    /// [`CatalogError::Superseded`] where another has taken over since this handle did. What was
    /// read before a call that succeeds was sealed by this owner or by one before it.
    async fn check_owner(&self) -> Result<()>;
    /// The job's cursors, by partition; of a deleted job as well.
    async fn cursors(&self, job: JobId) -> Result<Vec<Cursor>>;
    /// All cursors of jobs that are not deleted, by job and partition: for trimming and recovery.
    async fn all_cursors(&self) -> Result<Vec<(JobId, Cursor)>>;
    /// Adds cursors where the job has none for the partition (a partition was added); those that
    /// exist stay.
    async fn begin(&self, job: JobId, begin: &[Cursor]) -> Result<()>;
    /// Seals a batch and moves the cursor from `batch.range.first` to `batch.range.next`, in one
    /// transaction. [`CatalogError::Fenced`], and nothing done, where the cursor stands elsewhere
    /// (somebody else sealed) or the job is deleted. An older revision than the job's newest may
    /// be sealed: a change of the job closes its batches.
    async fn seal(&self, batch: &Batch, now: UnixNanos) -> Result<()>;
    /// Moves cursors over frames that hold nothing for their job, each from `first` to `next`.
    /// A cursor that does not stand at `first`, or whose job is deleted, stays where it is; the
    /// number moved is returned.
    async fn pass_over(&self, passed: &[(JobId, Partition, OffsetRange)]) -> Result<usize>;
    /// Notes a sealed batch as delivered, of a deleted job as well; moves the job's
    /// `last_complete` up to its end, adds it to the totals and the hour's figures, closes its
    /// uploads in parts and clears the job's failure, of which an event tells.
    /// Repeating it changes nothing. [`CatalogError::NotFound`] where there is no such batch,
    /// [`CatalogError::Fenced`] where it was given up.
    async fn settle(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        what: Delivered,
    ) -> Result<()>;
    /// Takes back the seals of the job's batches in `partition` from `first` on and moves the
    /// cursor back to `first`: for batches that certainly never became visible, when their job
    /// has changed. [`CatalogError::Fenced`], and nothing done, where one of them is delivered or
    /// lost, or `first` is not the start of a sealed batch.
    async fn unseal(&self, job: JobId, partition: Partition, first: Offset) -> Result<()>;
    /// Sealed batches that are neither delivered nor lost, by job, partition and first frame: of
    /// one job, or of all jobs that are not deleted.
    async fn undelivered(&self, job: Option<JobId>) -> Result<Vec<Batch>>;
    /// The job's batches, newest seal first, whatever became of them.
    async fn batches(&self, job: JobId, page: Page) -> Result<Paged<BatchRecord>>;
    /// At most `limit` of the job's batches from the one that begins at `from` on, in the order of
    /// partitions and frames, whatever became of them; of a deleted job as well. What is sealed
    /// meanwhile comes after what was there.
    async fn batches_in_order(
        &self,
        job: JobId,
        from: (Partition, Offset),
        limit: u32,
    ) -> Result<Vec<BatchRecord>>;
    /// Records that frames expired before they were delivered, and moves the cursor beyond them
    /// where it stood inside. Undelivered batches wholly or partly in the range become lost, with
    /// all of their frames: `loss.records` counts those too. An event and the hour's figures tell
    /// of it. Repeating it changes nothing.
    async fn give_up(&self, loss: &Loss) -> Result<()>;
    /// What was given up of a job, newest first.
    async fn losses(&self, job: JobId) -> Result<Vec<Loss>>;
    /// Sums over the job's delivered batches, kept as they are settled: cheap at any size. Of a
    /// deleted job as well; [`CatalogError::NotFound`] where there never was one.
    async fn totals(&self, job: JobId) -> Result<Totals>;
    /// Notes that an upload in parts was begun for a sealed batch; repeating it changes nothing.
    /// [`CatalogError::NotFound`] where there is no such batch, [`CatalogError::Fenced`] where it
    /// is delivered or lost.
    async fn open_upload(&self, upload: &OpenUpload) -> Result<()>;
    /// Notes a part that the store has, in place of another of that number.
    /// [`CatalogError::NotFound`] where no such upload is open.
    async fn note_part(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
        part: UploadedPart,
    ) -> Result<()>;
    /// Notes that an upload was completed or abandoned; nothing, where it is not open.
    async fn close_upload(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
    ) -> Result<()>;
    /// Uploads that are open, by job, partition and first frame: of one job or of all, deleted
    /// ones and batches that were unsealed or given up included.
    async fn open_uploads(&self, job: Option<JobId>) -> Result<Vec<OpenUpload>>;
}

/// What happened to jobs.
#[async_trait]
pub trait History: Send + Sync {
    /// The job's events, newest first, of a deleted job as well.
    async fn events(&self, job: JobId, page: Page) -> Result<Paged<JobEvent>>;
    /// The job's figures for the hours that begin in `from..to` and in which it did anything,
    /// oldest first, of a deleted job as well.
    async fn figures(&self, job: JobId, from: UnixNanos, to: UnixNanos)
    -> Result<Vec<HourFigures>>;
    /// Notes an event, or a repeat of one ([`history::EVENT_REPEATS_WITHIN`]). Of a job the
    /// newest [`history::EVENTS_PER_JOB_MAX`] are kept. [`CatalogError::NotFound`] where there is
    /// no such job.
    async fn note_event(&self, job: JobId, event: JobEvent) -> Result<()>;
    /// Forgets events that happened last, and hours that began, before `at`.
    async fn forget_before(&self, at: UnixNanos) -> Result<()>;
}

/// Who changed what.
#[async_trait]
pub trait Audit: Send + Sync {
    /// What was done, newest first. Of an account the newest
    /// [`audit::ACTIONS_PER_ACCOUNT_MAX`] are kept.
    async fn actions(&self, of: AuditOf, page: Page) -> Result<Paged<Action>>;
    /// Forgets what was done before `at`.
    async fn forget_actions_before(&self, at: UnixNanos) -> Result<()>;
}

/// What stores have shown that they can do or cannot.
#[async_trait]
pub trait Stores: Send + Sync {
    /// Remembers what the store at `place` (endpoint and bucket) has shown of `what`, in place of
    /// what it showed before. The newest [`CAPABILITIES_MAX`] are kept.
    async fn remember_capability(
        &self,
        place: &str,
        what: &str,
        value: &str,
        at: UnixNanos,
    ) -> Result<()>;
    /// Everything remembered, by place and what it is about.
    async fn capabilities(&self) -> Result<Vec<Capability>>;
}
