//! The delivery ledger in a storm, told to the trace.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{
    BatchRecord, Cursor, Delivered, Ledger, Loss, OpenUpload, Page, Paged, Result, Totals,
    UploadedPart,
};
use model::{Batch, JobId, Offset, OffsetRange, Partition, UnixNanos};

use super::StormyCatalog;
use crate::flaw::Flaw;

#[async_trait]
impl Ledger for StormyCatalog {
    async fn take_over(&self) -> Result<()> {
        let taking = async {
            self.inner.take_over().await?;
            self.note(|| "the ledger is taken over".to_owned());
            Ok(())
        };
        self.pass("take the ledger over", taking).await
    }

    async fn check_owner(&self) -> Result<()> {
        self.pass("tell who owns the ledger", self.inner.check_owner()).await
    }

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

    async fn batches_in_order(
        &self,
        job: JobId,
        from: (Partition, Offset),
        limit: u32,
    ) -> Result<Vec<BatchRecord>> {
        let listing = self.inner.batches_in_order(job, from, limit);
        self.pass("list batches in order", listing).await
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

    async fn open_upload(&self, upload: &OpenUpload) -> Result<()> {
        let noting = async {
            let noted = self.inner.open_upload(upload).await;
            if noted.is_ok() {
                self.storm.note_upload(&upload.upload_id);
            }
            noted
        };
        self.pass("note an upload", noting).await
    }

    async fn note_part(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
        part: UploadedPart,
    ) -> Result<()> {
        let noting = self.inner.note_part(job, partition, first, upload_id, part);
        self.pass("note an upload's part", noting).await
    }

    async fn close_upload(
        &self,
        job: JobId,
        partition: Partition,
        first: Offset,
        upload_id: &str,
    ) -> Result<()> {
        let closing = self.inner.close_upload(job, partition, first, upload_id);
        self.pass("close an upload", closing).await
    }

    async fn open_uploads(&self, job: Option<JobId>) -> Result<Vec<OpenUpload>> {
        self.pass("list open uploads", self.inner.open_uploads(job)).await
    }
}
