//! The end of an attempt: a delivery that is settled, or a failure that is told.

use std::time::Duration;

use catalog::{CatalogError, Delivered, JobFailure};
use model::UnixNanos;
use tokio::time::{Instant, sleep};

use super::Delivering;
use super::error::AttemptError;
use crate::gate::Held;
use crate::spool::FinishedSpool;
use crate::status::Retrying;
use crate::store::Stored;

const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

impl Delivering {
    /// Notes the batch as delivered; the object is visible, so this is tried until it succeeds.
    pub(super) async fn settle(&self, stored: &Stored, took: Duration) {
        let batch = &self.sealed.batch;
        let object_bytes = self.sealed.spool.as_ref().map_or(0, FinishedSpool::len);
        let delivered = Delivered {
            at: self.room.clock.now(),
            object_bytes,
            etag: stored.etag.clone(),
            attempts: self.attempts,
            duration_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        loop {
            let first = batch.range.first;
            let catalog = &self.room.catalog;
            match catalog.settle(batch.job, batch.partition, first, delivered.clone()).await {
                Ok(()) => break,
                Err(error @ (CatalogError::Fenced(_) | CatalogError::NotFound { .. })) => {
                    // It was given up while the store took it: the ledger says lost, and stays.
                    tracing::error!(job = %batch.job, key = %batch.key, %error, "delivered too late");
                    break;
                }
                Err(error) => {
                    tracing::error!(job = %batch.job, %error, "cannot settle a batch; trying again");
                    sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
        let totals = &self.progress.totals;
        totals.delivered_records.add(batch.records);
        totals.delivered_objects.add(1);
        totals.delivered_bytes.add(object_bytes);
        totals.delivered_raw_bytes.add(batch.raw_bytes);
        self.room.metrics.delivered(took);
        self.progress.delivered(batch.range.first);
        tracing::info!(
            job = %batch.job, key = %batch.key, records = batch.records, bytes = object_bytes,
            attempts = self.attempts,
            "delivered an object"
        );
    }

    /// Tells of an attempt that failed and is made again after `wait`.
    pub(super) async fn report(&self, error: &AttemptError, wait: Duration) {
        let batch = &self.sealed.batch;
        let message = error.to_string();
        self.progress.totals.retries.add(1);
        tracing::warn!(
            job = %batch.job, key = %batch.key, error = %message, ?wait, "an upload failed"
        );
        self.progress.retrying(self.retrying(&message, wait));
        self.note(message, error.status(), error.kind()).await;
    }

    /// Tells, once, that the batch waits because others of its bucket have failed.
    pub(super) async fn report_held(&mut self, held: &Held) {
        let message = held.error.to_string();
        let until = held.until.map_or(Duration::ZERO, |until| until - Instant::now());
        let is_told = self.progress.retrying(self.retrying(&message, until));
        let is_news = self.held_for.replace(message.clone()).as_ref() != Some(&message);
        if is_news && !is_told {
            self.note(message, None, held.error.kind.name()).await;
        }
    }

    fn retrying(&self, message: &str, wait: Duration) -> Retrying {
        let now = self.room.clock.now();
        let wait = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
        let next = UnixNanos(now.0.saturating_add(wait));
        Retrying { message: message.to_owned(), since: now, next }
    }

    async fn note(&self, message: String, status: Option<u16>, kind: &str) {
        let job = self.sealed.batch.job;
        let at = self.room.clock.now();
        let failure = JobFailure { at, message, status, kind: kind.to_owned() };
        if let Err(error) = self.room.catalog.note_failure(job, failure).await {
            tracing::error!(%job, %error, "cannot note the failure in the catalogue");
        }
    }
}
