//! The end of an attempt: a delivery that is settled, or a failure that is told.

use std::time::Duration;

use catalog::{CatalogError, Delivered, JobFailure};
use model::UnixNanos;
use tokio::time::{Instant, sleep};

use super::Delivering;
use super::error::AttemptError;
use crate::gate::Held;
use crate::protocol::settle::{Action, Event, Settling};
use crate::spool::FinishedSpool;
use crate::status::Retrying;
use crate::store::Stored;

impl Delivering {
    /// Ends the batch, whose object is visible: what is still open is abandoned, and the ledger
    /// notes the delivery.
    pub(super) async fn settle(&mut self, stored: &Stored, took: impl Fn() -> Duration) {
        self.sealed.upload.retire();
        let retry = self.room.settings.retry;
        let first = self.sealed.batch.range.first;
        let (mut settling, mut event, mut delivered) = (Settling::default(), Event::Begin, None);
        loop {
            event = match settling.on(event, retry, first.0) {
                Action::Abandon => Event::Abandoned { again: self.abandon_stale().await },
                Action::Wait(wait) => {
                    sleep(wait).await;
                    Event::Begin
                }
                Action::Note => {
                    let what = delivered.get_or_insert_with(|| self.delivered(stored, took()));
                    self.note_delivery(what).await
                }
                Action::End => break,
            };
        }
        if let Some(delivered) = delivered {
            self.count(&delivered);
        }
    }

    fn delivered(&self, stored: &Stored, took: Duration) -> Delivered {
        Delivered {
            at: self.room.clock.now(),
            object_bytes: self.sealed.spool.as_ref().map_or(0, FinishedSpool::len),
            checksum: self.sealed.spool.as_ref().map(FinishedSpool::checksum),
            etag: stored.etag.clone(),
            attempts: self.sealed.upload.attempts(),
            duration_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    async fn note_delivery(&self, what: &Delivered) -> Event {
        let batch = &self.sealed.batch;
        let (first, catalog) = (batch.range.first, &self.room.catalog);
        match catalog.settle(batch.job, batch.partition, first, what.clone()).await {
            Ok(()) => {
                self.progress.ledger_works();
                Event::Noted
            }
            // Who has taken over finds the object, and notes it.
            Err(error) if self.room.heeds(&error) => Event::TooLate,
            Err(error @ (CatalogError::Fenced(_) | CatalogError::NotFound { .. })) => {
                // It was given up while the store took it: the ledger says lost, and stays.
                tracing::error!(job = %batch.job, key = %batch.key, %error, "delivered too late");
                Event::TooLate
            }
            Err(error) => {
                tracing::error!(job = %batch.job, %error, "cannot settle a batch; trying again");
                self.progress.ledger_fails(&error, self.room.clock.now());
                Event::NotNoted
            }
        }
    }

    fn count(&self, delivered: &Delivered) {
        let batch = &self.sealed.batch;
        let totals = &self.progress.totals;
        totals.delivered_records.add(batch.records);
        totals.delivered_objects.add(1);
        totals.delivered_bytes.add(delivered.object_bytes);
        totals.delivered_raw_bytes.add(batch.raw_bytes);
        self.room.metrics.delivered(Duration::from_millis(delivered.duration_millis));
        self.progress.delivered(batch.range.first);
        tracing::info!(
            job = %batch.job, key = %batch.key, records = batch.records,
            bytes = delivered.object_bytes, attempts = delivered.attempts,
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
