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
    /// forgets them with the batch. It does not wait for somebody to mend the bucket: a batch that
    /// is delivered must not be taken for lost for the sake of some parts.
    pub(super) async fn abandon_all(&mut self) {
        self.sealed.uploads.stale.extend(self.sealed.uploads.current.take());
        let seed = self.sealed.batch.range.first.0;
        let mut failures = 0;
        while self.abandon_stale().await {
            failures += 1;
            sleep(backoff(self.room.settings.retry, Remedy::Retry, failures, seed)).await;
        }
    }

    /// Tries once to abort what is stale; says whether another try soon may bring more.
    async fn abandon_stale(&mut self) -> bool {
        let mut has_failed = false;
        for open in std::mem::take(&mut self.sealed.uploads.stale) {
            let came = self.room.abandon(&self.gate, &self.to, &open).await;
            has_failed |= came == Abandoned::Failed;
            if came != Abandoned::Closed {
                self.sealed.uploads.stale.push(open);
            }
        }
        has_failed
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

/// What came of the attempt to abort an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abandoned {
    /// The ledger knows it no more: it is aborted, or cannot be.
    Closed,
    /// It is worth another try soon.
    Failed,
    /// It is worth another try once somebody has mended the bucket or the way to it.
    Waits,
}

impl Abandoned {
    /// What an abort that failed so leads to.
    fn after(kind: StoreErrorKind) -> Self {
        match kind {
            StoreErrorKind::NoSuchBucket
            | StoreErrorKind::BadCredentials
            | StoreErrorKind::WrongRegion
            | StoreErrorKind::ClockSkew
            | StoreErrorKind::Quota => Self::Waits,
            StoreErrorKind::ExpiredCredentials
            | StoreErrorKind::NoIdentity
            | StoreErrorKind::SlowDown
            | StoreErrorKind::Unavailable
            | StoreErrorKind::Unreachable
            | StoreErrorKind::Tls
            | StoreErrorKind::NoAnswer
            | StoreErrorKind::Conflict => Self::Failed,
            StoreErrorKind::NoSuchUpload
            | StoreErrorKind::AccessDenied
            | StoreErrorKind::Encryption
            | StoreErrorKind::Refused
            | StoreErrorKind::AlreadyThere
            | StoreErrorKind::NotSupported
            | StoreErrorKind::Bug => Self::Closed,
        }
    }
}

impl Room {
    /// Aborts an upload, and closes it in the ledger where it need not be tried again.
    pub(super) async fn abandon(
        &self,
        gate: &Gate,
        to: &Destination,
        open: &OpenUpload,
    ) -> Abandoned {
        if !gate.refuses_aborts() {
            let id = id_of(open);
            let abort = timeout(ANSWER_TIMEOUT, self.store.abort_upload(to, &id));
            match abort.await {
                Err(_) => return Abandoned::Failed,
                Ok(Ok(())) => tracing::debug!(key = %open.key, "aborted an upload in parts"),
                Ok(Err(error)) => {
                    let came = Abandoned::after(error.kind);
                    match error.kind {
                        StoreErrorKind::NoSuchUpload => {}
                        StoreErrorKind::AccessDenied => note_refused_abort(gate, to),
                        _ if came == Abandoned::Failed => {}
                        _ => tracing::warn!(key = %open.key, %error, "cannot abort an upload"),
                    }
                    if came != Abandoned::Closed {
                        return came;
                    }
                }
            }
        }
        self.close_upload(open).await;
        Abandoned::Closed
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

fn note_refused_abort(gate: &Gate, to: &Destination) {
    if gate.note_refused_abort() {
        tracing::info!(
            bucket = %to.bucket,
            "uploads may not be aborted; a lifecycle rule has to remove them"
        );
    }
}
