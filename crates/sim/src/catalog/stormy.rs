//! The catalogue as delivery sees it in a storm: slow, failing, and cut off by crashes between a
//! call's effect and its answer.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{
    Account, BatchRecord, CatalogError, Cursor, Delivered, Job, JobChange, JobFailure, JobRevision,
    Jobs, Ledger, Loss, Page, Paged, Result, Tenants, Token, TokenHash, Tokens, Totals, Zone,
};
use model::{
    AccountId, Batch, Id, InstallationId, JobId, Offset, OffsetRange, Partition, Revision, Scope,
    UnixNanos, ZoneId,
};

use super::{MemoryCatalog, State};
use crate::flaw::Flaw;
use crate::rng::Rng;
use crate::storm::Storm;

/// How rough the catalogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogRates {
    /// Of a thousand calls, so many fail without any effect.
    pub failing: u32,
    /// Of a thousand calls, so many have their effect and fail all the same.
    pub lost_answer: u32,
    /// Of a thousand calls, so many take their time.
    pub slow: u32,
    /// The longest time before a call's effect, and again after it.
    pub delay: Duration,
}

/// What the storm does to one call.
#[derive(Debug, Default)]
struct Gust {
    before: Duration,
    after: Duration,
    fails: bool,
    loses_answer: bool,
}

/// A catalogue in a storm.
#[derive(Debug)]
pub struct StormyCatalog {
    inner: Arc<MemoryCatalog>,
    storm: Arc<Storm>,
    rates: CatalogRates,
    flaw: Flaw,
    rng: Mutex<Rng>,
    before_last_seal: Mutex<Option<State>>,
}

impl StormyCatalog {
    /// A storm around `inner`.
    pub fn new(
        inner: Arc<MemoryCatalog>,
        storm: Arc<Storm>,
        rates: CatalogRates,
        flaw: Flaw,
        rng: Rng,
    ) -> Self {
        let before_last_seal = Mutex::default();
        Self { inner, storm, rates, flaw, rng: Mutex::new(rng), before_last_seal }
    }

    /// The process has died. Only a flawed catalogue minds.
    pub fn crash(&self) {
        let lost = self.before_last_seal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(state) = lost {
            self.inner.restore(state);
        }
    }

    /// Passes a call on, in the storm's way.
    async fn pass<T>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let gust = self.draw();
        self.storm.switch.step().await;
        Storm::pass(gust.before).await;
        if gust.fails {
            self.storm.saw("the catalogue fails");
            return Err(self.failure(action));
        }
        let answer = call.await;
        self.storm.switch.step().await;
        Storm::pass(gust.after).await;
        if gust.loses_answer {
            self.storm.saw("the catalogue does its work and fails");
            return Err(self.failure(action));
        }
        answer
    }

    fn failure(&self, action: &'static str) -> CatalogError {
        self.note(|| format!("cannot {action}"));
        let source = io::Error::other("the storm");
        CatalogError::Io { action, path: PathBuf::from("catalogue"), source }
    }

    fn draw(&self) -> Gust {
        if self.storm.is_calm() {
            return Gust::default();
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delay = || {
            if rng.per_mille(self.rates.slow) {
                rng.time_up_to(self.rates.delay)
            } else {
                Duration::ZERO
            }
        };
        let (before, after) = (delay(), delay());
        Gust {
            before,
            after,
            fails: rng.per_mille(self.rates.failing),
            loses_answer: rng.per_mille(self.rates.lost_answer),
        }
    }

    fn note(&self, line: impl FnOnce() -> String) {
        self.storm.trace.note(|| format!("catalogue: {}", line()));
    }
}

#[async_trait]
impl Tenants for StormyCatalog {
    fn installation(&self) -> &InstallationId {
        self.inner.installation()
    }

    async fn add_account(&self, id: AccountId, name: &str, now: UnixNanos) -> Result<Account> {
        self.pass("add an account", self.inner.add_account(id, name, now)).await
    }

    async fn account(&self, id: AccountId) -> Result<Account> {
        self.pass("find an account", self.inner.account(id)).await
    }

    async fn accounts(&self, only: Option<AccountId>, page: Page) -> Result<Paged<Account>> {
        self.pass("list accounts", self.inner.accounts(only, page)).await
    }

    async fn add_zone(
        &self,
        id: ZoneId,
        account: AccountId,
        name: &str,
        now: UnixNanos,
    ) -> Result<Zone> {
        self.pass("add a zone", self.inner.add_zone(id, account, name, now)).await
    }

    async fn zone(&self, id: ZoneId) -> Result<Zone> {
        self.pass("find a zone", self.inner.zone(id)).await
    }

    async fn zones(
        &self,
        account: Option<AccountId>,
        only: Option<ZoneId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<Zone>> {
        self.pass("list zones", self.inner.zones(account, only, name, page)).await
    }
}

#[async_trait]
impl Tokens for StormyCatalog {
    async fn add_token(&self, token: Token, hash: TokenHash) -> Result<()> {
        self.pass("add a token", self.inner.add_token(token, hash)).await
    }

    async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<Token>> {
        self.pass("find a token", self.inner.token_by_hash(hash)).await
    }

    async fn tokens(&self, scope: Option<Scope>, page: Page) -> Result<Paged<Token>> {
        self.pass("list tokens", self.inner.tokens(scope, page)).await
    }

    async fn revoke_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        self.pass("revoke a token", self.inner.revoke_token(id, now)).await
    }

    async fn touch_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        self.pass("note the use of a token", self.inner.touch_token(id, now)).await
    }
}

#[async_trait]
impl Jobs for StormyCatalog {
    async fn add_job(
        &self,
        scope: Scope,
        change: JobChange,
        begin: &[Cursor],
        now: UnixNanos,
    ) -> Result<Job> {
        self.pass("add a job", self.inner.add_job(scope, change, begin, now)).await
    }

    async fn job(&self, id: JobId) -> Result<Job> {
        self.pass("find a job", self.inner.job(id)).await
    }

    async fn jobs(&self, scope: Option<Scope>) -> Result<Vec<Job>> {
        self.pass("list jobs", self.inner.jobs(scope)).await
    }

    async fn change_job(
        &self,
        id: JobId,
        expected: Revision,
        change: JobChange,
        begin: &[Cursor],
        now: UnixNanos,
    ) -> Result<Job> {
        self.pass("change a job", self.inner.change_job(id, expected, change, begin, now)).await
    }

    async fn delete_job(&self, id: JobId, now: UnixNanos) -> Result<()> {
        self.pass("delete a job", self.inner.delete_job(id, now)).await
    }

    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision> {
        self.pass("find a job's revision", self.inner.revision(id, revision)).await
    }

    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()> {
        self.pass("note a job's failure", self.inner.note_failure(id, failure)).await
    }
}

#[async_trait]
impl Ledger for StormyCatalog {
    async fn cursors(&self, job: JobId) -> Result<Vec<Cursor>> {
        self.pass("list a job's cursors", self.inner.cursors(job)).await
    }

    async fn all_cursors(&self) -> Result<Vec<(JobId, Cursor)>> {
        self.pass("list all cursors", self.inner.all_cursors()).await
    }

    async fn begin(&self, job: JobId, begin: &[Cursor]) -> Result<()> {
        self.pass("add cursors", self.inner.begin(job, begin)).await
    }

    async fn seal(&self, batch: &Batch, now: UnixNanos) -> Result<()> {
        if self.flaw == Flaw::AnswersBeforeTheSeal {
            let (inner, batch) = (Arc::clone(&self.inner), batch.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                inner.seal(&batch, now).await
            });
            return Ok(());
        }
        let sealing = async {
            let before = (self.flaw == Flaw::ForgetsTheLastSeal).then(|| self.inner.snapshot());
            let sealed = self.inner.seal(batch, now).await;
            *self.before_last_seal.lock().unwrap_or_else(PoisonError::into_inner) = before;
            self.storm.saw(if sealed.is_ok() { "a batch is sealed" } else { "a seal is fenced" });
            self.note(|| {
                let Batch { job, revision, partition, range, records, .. } = batch;
                let of = format!("job {job} revision {revision} partition {partition}");
                format!("seal {of} {range}, {records} records: {sealed:?}")
            });
            sealed
        };
        self.pass("seal a batch", sealing).await
    }

    async fn pass_over(&self, passed: &[(JobId, Partition, OffsetRange)]) -> Result<usize> {
        let passing = async {
            let moved = self.inner.pass_over(passed).await;
            self.storm.saw("frames are passed over");
            self.note(|| {
                let ranges = passed.iter().map(|(job, at, range)| format!(" {job}/{at}:{range}"));
                format!("pass over{}: {moved:?}", ranges.collect::<String>())
            });
            moved
        };
        self.pass("pass over frames", passing).await
    }

    async fn settle(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        what: Delivered,
    ) -> Result<()> {
        let settling = async {
            let settled = self.inner.settle(job, partition, first, what).await;
            self.storm.saw("a batch is settled");
            self.note(|| format!("settle job {job} partition {partition} {first}: {settled:?}"));
            settled
        };
        self.pass("settle a batch", settling).await
    }

    async fn unseal(&self, job: JobId, partition: Partition, first: Offset) -> Result<()> {
        let unsealing = async {
            let unsealed = self.inner.unseal(job, partition, first).await;
            let is_done = unsealed.is_ok();
            self.storm.saw(if is_done { "batches are unsealed" } else { "an unseal is fenced" });
            self.note(|| format!("unseal job {job} partition {partition} {first}: {unsealed:?}"));
            unsealed
        };
        self.pass("unseal batches", unsealing).await
    }

    async fn undelivered(&self, job: Option<JobId>) -> Result<Vec<Batch>> {
        self.pass("list undelivered batches", self.inner.undelivered(job)).await
    }

    async fn batches(&self, job: JobId, page: Page) -> Result<Paged<BatchRecord>> {
        self.pass("list batches", self.inner.batches(job, page)).await
    }

    async fn give_up(&self, loss: &Loss) -> Result<()> {
        let giving_up = async {
            let given_up = self.inner.give_up(loss).await;
            self.storm.saw("frames are given up");
            self.note(|| format!("give up {loss:?}: {given_up:?}"));
            given_up
        };
        self.pass("record a loss", giving_up).await
    }

    async fn losses(&self, job: JobId) -> Result<Vec<Loss>> {
        self.pass("list losses", self.inner.losses(job)).await
    }

    async fn totals(&self, job: JobId) -> Result<Totals> {
        self.pass("sum up a job's batches", self.inner.totals(job)).await
    }
}
