//! Uploads in parts that are given up: aborted where the bucket's owner allows it.
//!
//! What a refusal means is decided by [`crate::protocol::abandon`].

use catalog::OpenUpload;
use model::destination::Destination;
use tokio::time::timeout;

use super::parts::id_of;
use super::{ANSWER_TIMEOUT, Delivering};
use crate::gate::{Gate, NO_GUARD, Place};
use crate::protocol::abandon::Abandoned;
use crate::room::Room;
use crate::store::{StoreError, StoreErrorKind};

impl Delivering {
    /// Tries once to abort what is stale; says whether another try soon may bring more.
    pub(super) async fn abandon_stale(&mut self) -> bool {
        let mut has_failed = false;
        for open in self.sealed.upload.take_stale() {
            let came = self.room.abandon(&self.gate, &self.to, &open).await;
            has_failed |= came == Abandoned::Failed;
            if came != Abandoned::Closed {
                self.sealed.upload.stays_stale(open);
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

impl Room {
    /// Aborts an upload, and closes it in the ledger where it need not be tried again.
    pub(super) async fn abandon(
        &self,
        gate: &Gate,
        to: &Destination,
        open: &OpenUpload,
    ) -> Abandoned {
        if !gate.aborting().is_refused() {
            let id = id_of(open);
            let abort = timeout(ANSWER_TIMEOUT, self.store.abort_upload(to, &id));
            match abort.await {
                Err(_) => return Abandoned::Failed,
                Ok(Ok(())) => {
                    gate.aborting().aborted();
                    tracing::debug!(key = %open.key, "aborted an upload in parts");
                }
                Ok(Err(error)) => {
                    let came = gate.aborting().failed(error.kind);
                    tell_failure(&error, came, open, to);
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

fn tell_failure(error: &StoreError, came: Abandoned, open: &OpenUpload, to: &Destination) {
    match (error.kind, came) {
        (StoreErrorKind::NoSuchUpload, _) | (_, Abandoned::Failed) => {}
        (StoreErrorKind::AccessDenied, Abandoned::Closed) => tracing::info!(
            bucket = %to.bucket,
            "uploads may not be aborted; a lifecycle rule has to remove them"
        ),
        _ => tracing::warn!(key = %open.key, %error, "cannot abort an upload"),
    }
}
