//! What is decided, in a storm: accounts, zones, tokens, jobs.

use async_trait::async_trait;
use catalog::{
    Account, Actor, Cursor, Job, JobChange, JobChanges, JobFailure, JobRevision, Jobs, Page, Paged,
    Result, Tenants, Testimony, Token, TokenHash, Tokens, Zone,
};
use model::{AccountId, Id, InstallationId, JobId, Revision, Scope, UnixNanos, ZoneId};

use super::StormyCatalog;

#[async_trait]
impl Tenants for StormyCatalog {
    fn installation(&self) -> &InstallationId {
        self.inner.installation()
    }

    async fn add_account(
        &self,
        id: AccountId,
        name: &str,
        external_id: &str,
        by: &Actor,
    ) -> Result<Account> {
        self.pass("add an account", self.inner.add_account(id, name, external_id, by)).await
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
        by: &Actor,
    ) -> Result<Zone> {
        self.pass("add a zone", self.inner.add_zone(id, account, name, by)).await
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

    async fn delete_account(&self, id: AccountId, by: &Actor) -> Result<()> {
        self.pass("delete an account", self.inner.delete_account(id, by)).await
    }

    async fn delete_zone(&self, id: ZoneId, by: &Actor) -> Result<()> {
        self.pass("delete a zone", self.inner.delete_zone(id, by)).await
    }
}

#[async_trait]
impl Tokens for StormyCatalog {
    async fn add_token(&self, token: Token, hash: TokenHash, by: &Actor) -> Result<()> {
        self.pass("add a token", self.inner.add_token(token, hash, by)).await
    }

    async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<Token>> {
        self.pass("find a token", self.inner.token_by_hash(hash)).await
    }

    async fn tokens(&self, scope: Option<Scope>, page: Page) -> Result<Paged<Token>> {
        self.pass("list tokens", self.inner.tokens(scope, page)).await
    }

    async fn revoke_token(&self, id: Id, by: &Actor) -> Result<()> {
        self.pass("revoke a token", self.inner.revoke_token(id, by)).await
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
        by: &Actor,
    ) -> Result<Job> {
        self.pass("add a job", self.inner.add_job(scope, change, begin, by)).await
    }

    async fn job(&self, id: JobId) -> Result<Job> {
        self.pass("find a job", self.inner.job(id)).await
    }

    async fn jobs(&self, scope: Option<Scope>) -> Result<Vec<Job>> {
        self.pass("list jobs", self.inner.jobs(scope)).await
    }

    async fn jobs_page(
        &self,
        scope: Scope,
        dataset: Option<&str>,
        page: Page,
    ) -> Result<Paged<Job>> {
        self.pass("list jobs", self.inner.jobs_page(scope, dataset, page)).await
    }

    async fn count_jobs(&self, scope: Scope) -> Result<u64> {
        self.pass("count jobs", self.inner.count_jobs(scope)).await
    }

    async fn jobs_changed_since(&self, version: u64) -> Result<JobChanges> {
        let mut changes =
            self.pass("list changed jobs", self.inner.jobs_changed_since(version)).await?;
        changes.changed.iter_mut().for_each(|job| self.sample_by_chance(&mut job.spec));
        Ok(changes)
    }

    async fn testimony(&self, known: &[JobId]) -> Result<Testimony> {
        self.pass("tell how it stands", self.inner.testimony(known)).await
    }

    async fn change_job(
        &self,
        id: JobId,
        expected: Revision,
        change: JobChange,
        begin: &[Cursor],
        by: &Actor,
    ) -> Result<Job> {
        self.pass("change a job", self.inner.change_job(id, expected, change, begin, by)).await
    }

    async fn delete_job(&self, id: JobId, by: &Actor) -> Result<()> {
        self.pass("delete a job", self.inner.delete_job(id, by)).await
    }

    async fn revision(&self, id: JobId, revision: Revision) -> Result<JobRevision> {
        let found = self.pass("find a job's revision", self.inner.revision(id, revision)).await;
        found.map(|mut revision| {
            self.sample_by_chance(&mut revision.spec);
            revision
        })
    }

    async fn note_failure(&self, id: JobId, failure: JobFailure) -> Result<()> {
        self.pass("note a job's failure", self.inner.note_failure(id, failure)).await
    }
}
