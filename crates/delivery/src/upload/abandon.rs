//! Uploads in parts that are given up: aborted where the bucket's owner allows it.
//!
//! Aborting needs `s3:AbortMultipartUpload`, which nobody has to give. Where it is refused that is
//! remembered, no error, and a lifecycle rule of the bucket removes the parts.

use catalog::OpenUpload;
use model::destination::Destination;
use tokio::time::{sleep, timeout};

use super::parts::id_of;
use super::{ANSWER_TIMEOUT, Delivering};
use crate::backoff::backoff;
use crate::gate::{Gate, NO_GUARD, Place};
use crate::room::Room;
use crate::store::{Remedy, StoreErrorKind};

impl Delivering {
    /// Gives up the upload that was gone on with, so that the next attempt begins another.
    pub(super) async fn abandon_current(&mut self) {
        self.sealed.uploads.stale.extend(self.sealed.uploads.current.take());
        self.abandon_stale().await;
    }

    /// Gives up all uploads of a batch whose object is visible, again and again: the ledger
    /// forgets them with the batch.
    pub(super) async fn abandon_all(&mut self) {
        self.sealed.uploads.stale.extend(self.sealed.uploads.current.take());
        let seed = self.sealed.batch.range.first.0;
        let mut failures = 0;
        self.abandon_stale().await;
        while !self.sealed.uploads.stale.is_empty() {
            failures += 1;
            sleep(backoff(self.room.settings.retry, Remedy::Retry, failures, seed)).await;
            self.abandon_stale().await;
        }
    }

    /// Tries once to abort what is stale.
    async fn abandon_stale(&mut self) {
        for open in std::mem::take(&mut self.sealed.uploads.stale) {
            if !self.room.abandon(&self.gate, &self.to, &open).await {
                self.sealed.uploads.stale.push(open);
            }
        }
    }

    /// Notes in the catalogue that the store does not know guarded writes.
    pub(super) async fn remember_no_guard(&self) {
        let place = Place::of(&self.to).to_string();
        tracing::info!(%place, "the store does not know guarded writes; going on without them");
        let at = self.room.clock.now();
        let noted = self.room.catalog.remember_capability(&place, NO_GUARD, "unknown", at).await;
        if let Err(error) = noted {
            tracing::warn!(%place, %error, "cannot note what the store does not know");
        }
    }
}

impl Room {
    /// Aborts an upload and closes it in the ledger; `false` where it has to be tried again.
    pub(super) async fn abandon(&self, gate: &Gate, to: &Destination, open: &OpenUpload) -> bool {
        if !gate.refuses_aborts() {
            let id = id_of(open);
            let abort = timeout(ANSWER_TIMEOUT, self.store.abort_upload(to, &id));
            match abort.await {
                Err(_) => return false,
                Ok(Ok(())) => tracing::debug!(key = %open.key, "aborted an upload in parts"),
                Ok(Err(error)) => match error.kind {
                    StoreErrorKind::NoSuchUpload => {}
                    StoreErrorKind::AccessDenied => {
                        if gate.note_refused_abort() {
                            tracing::info!(
                                bucket = %to.bucket,
                                "uploads may not be aborted; a lifecycle rule has to remove them"
                            );
                        }
                    }
                    _ if error.remedy() == Remedy::Retry => return false,
                    _ => tracing::warn!(key = %open.key, %error, "cannot abort an upload"),
                },
            }
        }
        self.close_upload(open).await;
        true
    }

    /// Notes that an upload is no more. Where that fails it is found again among what is left
    /// over.
    pub(super) async fn close_upload(&self, open: &OpenUpload) {
        let OpenUpload { job, partition, first, upload_id, .. } = open;
        if let Err(error) = self.catalog.close_upload(*job, *partition, *first, upload_id).await {
            tracing::warn!(%job, key = %open.key, %error, "cannot close an upload in the ledger");
        }
    }
}
