//! An upload in parts: several at a time, each sent again alone where it failed, and gone on with
//! after a restart.
//!
//! Parts and the upload are noted in the ledger. A part that the ledger knows from before a
//! restart is kept only where its checksum and size are those of the bytes that the batch is
//! encoded to now; else the upload is abandoned and another begun.

use std::ops::Range;

use catalog::{OpenUpload, UploadedPart};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::destination::Destination;

use super::Delivering;
use super::attempt::{Attempt, read};
use super::error::AttemptError;
use crate::gate::Gate;
use crate::protocol::upload::{Event, may_go_on, range_of};
use crate::room::Room;
use crate::s3::checksum;
use crate::spool::FinishedSpool;
use crate::store::{PartTag, UploadId};

/// Parts of one upload that are under way at a time.
const PARTS_AT_A_TIME: usize = 4;

impl Delivering {
    /// Whether the current upload's parts hold the batch's bytes as they are now.
    pub(super) async fn is_same(&self, len: u64) -> Result<bool, AttemptError> {
        let upload = self.current()?;
        if !may_go_on(upload, &self.sealed.batch.key, len) {
            return Ok(false);
        }
        for part in &upload.parts {
            let range = range_of(part.number, upload.part_bytes, len);
            let body = self.read(range.start, range.end).await?;
            let ours = checksum::of(self.to.checksum, &body);
            if ours.is_none() || ours != part.checksum {
                return Ok(false);
            }
        }
        tracing::info!(key = %upload.key, parts = upload.parts.len(), "goes on with an upload");
        Ok(true)
    }

    /// Begins an upload.
    pub(super) async fn begin(
        &self,
        attempt: &mut Attempt<'_>,
        part_bytes: u64,
    ) -> Result<Event, AttemptError> {
        let batch = &self.sealed.batch;
        let content = self.sealed.plan.content();
        let begun = self.room.store.begin_upload(&self.to, &batch.key, content).await;
        attempt.turn().await?.end(&begun);
        Ok(Event::Begun(OpenUpload {
            job: batch.job,
            revision: batch.revision,
            partition: batch.partition,
            first: batch.range.first,
            upload_id: begun?.id,
            key: batch.key.clone(),
            part_bytes,
            parts: Vec::new(),
        }))
    }

    /// Notes in the ledger the upload that has begun.
    pub(super) async fn note_upload(&self, attempt: &mut Attempt<'_>) -> Event {
        let Some(open) = self.sealed.upload.current() else { return Event::Noted(false) };
        let noted = self.room.catalog.open_upload(open).await;
        let is_noted = noted.is_ok();
        if let Err(error) = noted {
            attempt.failed(error.into());
        }
        Event::Noted(is_noted)
    }

    /// Uploads the parts that the store lacks. Where one fails, those under way are waited for,
    /// so that the next attempt sends again only what failed.
    pub(super) async fn put_missing(
        &mut self,
        attempt: &mut Attempt<'_>,
        len: u64,
    ) -> Result<Event, AttemptError> {
        attempt.end_turn();
        let Some(spool) = &self.sealed.spool else { return Err(AttemptError::Encoding) };
        let open = self.current()?.clone();
        let (gate, to, room) = (&*self.gate, &*self.to, &*self.room);
        let id = id_of(&open);
        let sender = Sender { room, gate, to, spool, id: &id };
        let upload = &mut self.sealed.upload;
        let mut missing = upload.missing_parts(len).into_iter();
        let mut running = FuturesUnordered::new();
        let mut failed = None;
        loop {
            while failed.is_none() && running.len() < PARTS_AT_A_TIME {
                let Some((number, range)) = missing.next() else { break };
                running.push(sender.send(number, range));
            }
            match running.next().await {
                None => break,
                Some(Ok(part)) => {
                    note_part(room, &open, &part).await;
                    upload.part_taken(part);
                }
                Some(Err(error)) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            None => {
                attempt.turn().await?;
                Ok(Event::PartsSent)
            }
            Some(AttemptError::Store(error)) => {
                let kind = error.kind;
                attempt.failed(error.into());
                Ok(Event::PartFailed(Some(kind)))
            }
            Some(error) => Err(error),
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

pub(super) fn id_of(upload: &OpenUpload) -> UploadId {
    UploadId { key: upload.key.clone(), id: upload.upload_id.clone() }
}

/// The parts' tags in the order of their numbers.
pub(super) fn tags_of(upload: &OpenUpload) -> Vec<PartTag> {
    let mut parts: Vec<&UploadedPart> = upload.parts.iter().collect();
    parts.sort_by_key(|part| part.number);
    let tag =
        |part: &UploadedPart| PartTag { etag: part.etag.clone(), checksum: part.checksum.clone() };
    parts.into_iter().map(tag).collect()
}
