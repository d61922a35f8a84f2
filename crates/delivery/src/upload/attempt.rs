//! One attempt: one request up to the part size, an upload in parts beyond it.

use std::sync::Arc;

use bytes::Bytes;
use model::destination::Conditional;
use tokio::time::Instant;

use super::error::AttemptError;
use super::standing::Standing;
use super::{Delivering, leaving};
use crate::gate::Turn;
use crate::recover::encode_again;
use crate::room::Room;
use crate::spool::FinishedSpool;
use crate::store::{PutObject, StoreError, StoreErrorKind, Stored};

impl Delivering {
    /// Tries once, and settles the batch where the store has taken it.
    pub(super) async fn attempt_and_settle(&mut self) -> Result<(), AttemptError> {
        let stored = self.attempt().await;
        if matches!(stored, Err(AttemptError::Spool(_))) {
            // It is a cache: the journal has the records.
            self.sealed.spool = None;
        }
        let (stored, began) = stored?;
        self.abandon_all().await;
        self.settle(&stored, began.elapsed()).await;
        Ok(())
    }

    /// What the store says of the object, and when the attempt began.
    async fn attempt(&mut self) -> Result<(Stored, Instant), AttemptError> {
        self.encode().await?;
        let (gate, to) = (Arc::clone(&self.gate), Arc::clone(&self.to));
        let turn = tokio::select! {
            biased;
            turn = gate.enter(&to) => turn.map_err(AttemptError::Held)?,
            () = leaving(self.orders.clone()) => return Err(AttemptError::Left),
        };
        self.attempts = self.attempts.saturating_add(1);
        let began = Instant::now();
        let len = self.sealed.spool.as_ref().map_or(0, FinishedSpool::len);
        let stored = if len <= self.room.settings.part_bytes {
            self.put(turn, len).await
        } else {
            self.put_in_parts(turn, len).await
        };
        Ok((stored?, began))
    }

    /// Encodes the batch again where its bytes are gone: without a turn, which whoever is in the
    /// way of its bytes may be waiting for; and not for a bucket that is known to fail.
    async fn encode(&mut self) -> Result<(), AttemptError> {
        if self.sealed.spool.is_some() {
            return Ok(());
        }
        if let Some(held) = self.gate.held(&self.to) {
            return Err(AttemptError::Held(held));
        }
        let room = &self.room;
        let encoding = async {
            let _turn = room.encodings.acquire().await;
            encode_again(room, &self.sealed.plan, &self.sealed.batch).await
        };
        let spool = tokio::select! {
            biased;
            spool = encoding => spool?,
            () = leaving(self.orders.clone()) => return Err(AttemptError::Left),
        };
        self.sealed.spool = Some(spool);
        Ok(())
    }

    async fn put(&mut self, mut turn: Turn<'_>, len: u64) -> Result<Stored, AttemptError> {
        turn.carry(len).await;
        let body = self.read(0, len).await?;
        let key = self.sealed.batch.key.clone();
        let content = self.sealed.plan.content();
        loop {
            let (guarded, was_tried) = (self.is_guarded(), self.may_become_visible());
            let object = PutObject { key: &key, body: body.clone(), content, guarded };
            let stored = self.room.store.put(&self.to, object).await;
            turn.end(&stored);
            match stored {
                Ok(stored) => return Ok(stored),
                Err(error) if self.goes_on_unguarded(&error, guarded).await? => {
                    self.sealed.maybe_visible = was_tried;
                }
                Err(error) => return self.after_refusal(error, was_tried).await,
            }
        }
    }

    /// Whether an object at the key keeps this one from being written.
    pub(super) fn is_guarded(&self) -> bool {
        match self.to.conditional {
            Conditional::Always => true,
            Conditional::Never => false,
            Conditional::Auto => !self.gate.knows_no_guard(),
        }
    }

    /// Takes down that the object may become visible from now on; gives what was known before.
    pub(super) fn may_become_visible(&mut self) -> bool {
        std::mem::replace(&mut self.sealed.maybe_visible, true)
    }

    /// Whether the request failed because the store does not know guarded writes, and is to be
    /// sent again without the guard.
    pub(super) async fn goes_on_unguarded(
        &self,
        error: &StoreError,
        was_guarded: bool,
    ) -> Result<bool, AttemptError> {
        if error.kind != StoreErrorKind::NotSupported || !was_guarded {
            return Ok(false);
        }
        if self.to.conditional == Conditional::Always {
            return Err(AttemptError::NoGuard);
        }
        if self.gate.note_no_guard() {
            self.remember_no_guard().await;
        }
        Ok(true)
    }

    /// What the failure of a request means that would have made the object visible.
    pub(super) async fn after_refusal(
        &mut self,
        error: StoreError,
        was_tried: bool,
    ) -> Result<Stored, AttemptError> {
        match error.kind {
            StoreErrorKind::AlreadyThere | StoreErrorKind::Conflict => {
                self.sealed.maybe_visible = was_tried;
            }
            _ if error.may_have_happened() => {}
            _ => self.sealed.maybe_visible = was_tried,
        }
        let key = &self.sealed.batch.key;
        match error.kind {
            // The upload may be gone because it was completed.
            StoreErrorKind::AlreadyThere | StoreErrorKind::NoSuchUpload if was_tried => {}
            StoreErrorKind::AlreadyThere => {
                let why = "it was there before the first attempt".to_owned();
                return Err(AttemptError::Taken { key: key.clone(), why });
            }
            _ => return Err(error.into()),
        }
        let is_certain = error.kind == StoreErrorKind::AlreadyThere;
        match self.standing().await? {
            Standing::Ours(stored) => Ok(stored),
            // Nobody but this job writes at this key, and the ledger knows of an attempt.
            Standing::Unknown if is_certain => Ok(Stored::unseen()),
            Standing::Other(why) if is_certain => {
                Err(AttemptError::Taken { key: self.sealed.batch.key.clone(), why })
            }
            Standing::Nothing | Standing::Unknown | Standing::Other(_) => Err(error.into()),
        }
    }

    /// Some of the batch's bytes.
    pub(super) async fn read(&self, from: u64, to: u64) -> Result<Bytes, AttemptError> {
        let spool = self.sealed.spool.as_ref().ok_or(AttemptError::Encoding)?;
        read(&self.room, spool, from, to).await
    }
}

/// Some of a batch's bytes.
pub(super) async fn read(
    room: &Room,
    spool: &FinishedSpool,
    from: u64,
    to: u64,
) -> Result<Bytes, AttemptError> {
    let reader = spool.reader(from..to);
    let bytes = room.workers.start(move |_| reader()).await.ok_or(AttemptError::Encoding)?;
    Ok(bytes?)
}
