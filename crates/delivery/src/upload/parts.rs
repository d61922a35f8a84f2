//! An upload in parts: several at a time, each sent again alone where it failed, and gone on with
//! after a restart.
//!
//! Parts and the upload are noted in the ledger. A part that the ledger knows from before a
//! restart is kept only where its checksum and size are those of the bytes that the batch is
//! encoded to now; else the upload is abandoned and another begun.

use std::ops::Range;
use std::sync::Arc;

use catalog::{OpenUpload, UploadedPart};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::destination::Destination;

use super::Delivering;
use super::attempt::read;
use super::error::AttemptError;
use crate::gate::{Gate, Turn};
use crate::room::Room;
use crate::s3::checksum;
use crate::spool::FinishedSpool;
use crate::store::{PartTag, StoreErrorKind, Stored, UploadId};

/// The most parts of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PARTS_MAX: u64 = 10_000;
/// Parts of one upload that are under way at a time.
const PARTS_AT_A_TIME: usize = 4;

impl Delivering {
    pub(super) async fn put_in_parts(
        &mut self,
        turn: Turn<'_>,
        len: u64,
    ) -> Result<Stored, AttemptError> {
        self.keep_what_fits(len).await?;
        if self.sealed.uploads.current.is_none() {
            self.begin(turn, len).await?;
        } else {
            drop(turn);
        }
        match self.put_missing(len).await {
            Ok(()) => self.complete().await,
            Err(AttemptError::Store(error)) if error.kind == StoreErrorKind::NoSuchUpload => {
                self.forget_current().await;
                // It may be gone because it was completed by a request whose answer was lost.
                let was_tried = self.sealed.maybe_visible;
                self.after_refusal(error, was_tried).await
            }
            Err(error) => Err(error),
        }
    }

    /// Abandons an upload from before a restart that cannot be gone on with.
    async fn keep_what_fits(&mut self, len: u64) -> Result<(), AttemptError> {
        let uploads = &self.sealed.uploads;
        if let Some(open) = &uploads.current
            && !uploads.is_verified
        {
            if self.is_same(open, len).await? {
                tracing::info!(key = %open.key, parts = open.parts.len(), "goes on with an upload");
            } else {
                self.abandon_current().await;
            }
            self.sealed.uploads.is_verified = true;
        }
        Ok(())
    }

    /// Whether the upload's parts hold the batch's bytes as they are now.
    async fn is_same(&self, upload: &OpenUpload, len: u64) -> Result<bool, AttemptError> {
        if upload.key != self.sealed.batch.key || len.div_ceil(upload.part_bytes) > PARTS_MAX {
            return Ok(false);
        }
        for part in &upload.parts {
            let range = range_of(part.number, upload.part_bytes, len);
            if range.end - range.start != part.bytes || part.bytes == 0 {
                return Ok(false);
            }
            let body = self.read(range.start, range.end).await?;
            let ours = checksum::of(self.to.checksum, &body);
            if ours.is_none() || ours != part.checksum {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins an upload and notes it.
    async fn begin(&mut self, mut turn: Turn<'_>, len: u64) -> Result<(), AttemptError> {
        let batch = &self.sealed.batch;
        let content = self.sealed.plan.content();
        let begun = self.room.store.begin_upload(&self.to, &batch.key, content).await;
        turn.end(&begun);
        let open = OpenUpload {
            job: batch.job,
            revision: batch.revision,
            partition: batch.partition,
            first: batch.range.first,
            upload_id: begun?.id,
            key: batch.key.clone(),
            part_bytes: self.room.settings.part_bytes.max(len.div_ceil(PARTS_MAX)),
            parts: Vec::new(),
        };
        let noted = self.room.catalog.open_upload(&open).await;
        self.sealed.uploads.current = Some(open);
        self.sealed.uploads.is_verified = true;
        if let Err(error) = noted {
            self.abandon_current().await;
            return Err(error.into());
        }
        Ok(())
    }

    /// Uploads the parts that the store lacks. Where one fails, those under way are waited for,
    /// so that the next attempt sends again only what failed.
    async fn put_missing(&mut self, len: u64) -> Result<(), AttemptError> {
        let Some(spool) = &self.sealed.spool else { return Err(AttemptError::Encoding) };
        let Some(open) = &mut self.sealed.uploads.current else {
            return Err(AttemptError::Encoding);
        };
        let (gate, to, room) = (&*self.gate, &*self.to, &*self.room);
        let (id, part_bytes) = (id_of(open), open.part_bytes);
        let sender = Sender { room, gate, to, spool, id: &id };
        let parts = u32::try_from(len.div_ceil(part_bytes)).unwrap_or(u32::MAX);
        let held: Vec<u32> = open.parts.iter().map(|part| part.number).collect();
        let mut missing = (1..=parts).filter(|number| !held.contains(number));
        let mut running = FuturesUnordered::new();
        let mut failed = None;
        loop {
            while failed.is_none() && running.len() < PARTS_AT_A_TIME {
                let Some(number) = missing.next() else { break };
                running.push(sender.send(number, range_of(number, part_bytes, len)));
            }
            match running.next().await {
                None => break,
                Some(Ok(part)) => {
                    self.failures = 0;
                    note_part(room, open, &part).await;
                    open.parts.push(part);
                }
                Some(Err(error)) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Makes the object of all its parts visible.
    async fn complete(&mut self) -> Result<Stored, AttemptError> {
        let Some(open) = &self.sealed.uploads.current else { return Err(AttemptError::Encoding) };
        let (id, tags) = (id_of(open), tags_of(open));
        let (gate, to) = (Arc::clone(&self.gate), Arc::clone(&self.to));
        let mut turn = gate.enter(&to).await.map_err(AttemptError::Held)?;
        loop {
            let (guarded, was_tried) = (self.is_guarded(), self.may_become_visible());
            let stored = self.room.store.complete_upload(&to, &id, &tags, guarded).await;
            turn.end(&stored);
            let error = match stored {
                Ok(stored) => {
                    // The ledger closes it with the batch.
                    self.sealed.uploads.current = None;
                    return Ok(stored);
                }
                Err(error) => error,
            };
            if self.goes_on_unguarded(&error, guarded).await? {
                self.sealed.maybe_visible = was_tried;
                continue;
            }
            match error.kind {
                StoreErrorKind::NoSuchUpload => self.forget_current().await,
                // The parts are not what the store wants, or another upload was in the way:
                // everything has to be sent again.
                StoreErrorKind::Refused | StoreErrorKind::Conflict => self.abandon_current().await,
                _ => {}
            }
            return self.after_refusal(error, was_tried).await;
        }
    }

    /// Forgets the upload, which the store does not know any more.
    async fn forget_current(&mut self) {
        if let Some(gone) = self.sealed.uploads.current.take() {
            self.room.close_upload(&gone).await;
        }
    }
}

/// What sends parts.
#[derive(Debug, Clone, Copy)]
struct Sender<'a> {
    room: &'a Room,
    gate: &'a Gate,
    to: &'a Destination,
    spool: &'a FinishedSpool,
    id: &'a UploadId,
}

impl Sender<'_> {
    async fn send(self, number: u32, range: Range<u64>) -> Result<UploadedPart, AttemptError> {
        let Self { room, gate, to, spool, id } = self;
        let bytes = range.end - range.start;
        let mut turn = gate.enter(to).await.map_err(AttemptError::Held)?;
        turn.carry(bytes).await;
        let body = read(room, spool, range.start, range.end).await?;
        let sent = room.store.put_part(to, id, number, body).await;
        turn.end(&sent);
        let PartTag { etag, checksum } = sent?;
        Ok(UploadedPart { number, etag, checksum, bytes })
    }
}

/// Notes a part in the ledger. Where that fails, a restart sends it again.
async fn note_part(room: &Room, upload: &OpenUpload, part: &UploadedPart) {
    let OpenUpload { job, partition, first, upload_id, .. } = upload;
    let noted = room.catalog.note_part(*job, *partition, *first, upload_id, part.clone()).await;
    if let Err(error) = noted {
        tracing::warn!(%job, key = %upload.key, %error, "cannot note a part in the ledger");
    }
}

/// The bytes of a part.
fn range_of(number: u32, part_bytes: u64, len: u64) -> Range<u64> {
    let first = (u64::from(number.max(1)) - 1).saturating_mul(part_bytes).min(len);
    first..first.saturating_add(part_bytes).min(len)
}

pub(super) fn id_of(upload: &OpenUpload) -> UploadId {
    UploadId { key: upload.key.clone(), id: upload.upload_id.clone() }
}

/// The parts' tags in the order of their numbers.
fn tags_of(upload: &OpenUpload) -> Vec<PartTag> {
    let mut parts: Vec<&UploadedPart> = upload.parts.iter().collect();
    parts.sort_by_key(|part| part.number);
    let tag =
        |part: &UploadedPart| PartTag { etag: part.etag.clone(), checksum: part.checksum.clone() };
    parts.into_iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_object_from_end_to_end() {
        let ranges: Vec<Range<u64>> = (1..=3).map(|number| range_of(number, 10, 25)).collect();
        assert_eq!(ranges, [0..10, 10..20, 20..25]);
        assert_eq!(range_of(4, 10, 25), 25..25);
    }
}
