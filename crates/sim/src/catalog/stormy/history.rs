//! What has happened, in a storm: events and figures, the audit trail, what stores can do.

use async_trait::async_trait;
use catalog::{
    Action, Audit, AuditOf, Capability, History, HourFigures, JobEvent, Page, Paged, Result, Stores,
};
use model::{JobId, UnixNanos};

use super::StormyCatalog;

#[async_trait]
impl History for StormyCatalog {
    async fn events(&self, job: JobId, page: Page) -> Result<Paged<JobEvent>> {
        self.pass("list a job's events", self.inner.events(job, page)).await
    }

    async fn figures(
        &self,
        job: JobId,
        from: UnixNanos,
        to: UnixNanos,
    ) -> Result<Vec<HourFigures>> {
        self.pass("read a job's figures", self.inner.figures(job, from, to)).await
    }

    async fn note_event(&self, job: JobId, event: JobEvent) -> Result<()> {
        self.pass("note a job's event", self.inner.note_event(job, event)).await
    }

    async fn forget_before(&self, at: UnixNanos) -> Result<()> {
        self.pass("forget what is old", self.inner.forget_before(at)).await
    }
}

#[async_trait]
impl Audit for StormyCatalog {
    async fn actions(&self, of: AuditOf, page: Page) -> Result<Paged<Action>> {
        self.pass("list actions", self.inner.actions(of, page)).await
    }

    async fn forget_actions_before(&self, at: UnixNanos) -> Result<()> {
        self.pass("forget what is old", self.inner.forget_actions_before(at)).await
    }
}

#[async_trait]
impl Stores for StormyCatalog {
    async fn remember_capability(
        &self,
        place: &str,
        what: &str,
        value: &str,
        at: UnixNanos,
    ) -> Result<()> {
        let remembering = self.inner.remember_capability(place, what, value, at);
        self.pass("remember what a store can do", remembering).await
    }

    async fn capabilities(&self) -> Result<Vec<Capability>> {
        self.pass("list what stores can do", self.inner.capabilities()).await
    }
}
