//! One attempt: carries out what [`Upload`] says is to be done next, and tells it what came of it.
//!
//! [`Upload`]: crate::protocol::upload::Upload

use std::sync::Arc;

use bytes::Bytes;
use catalog::OpenUpload;
use tokio::time::Instant;

use super::error::AttemptError;
use super::{Delivering, leaving};
use crate::gate::{Gate, Turn};
use crate::protocol::upload::{Action, Event, Failure, Sight, View};
use crate::recover::encode_again;
use crate::room::Room;
use crate::spool::FinishedSpool;
use crate::store::{PutObject, StoreError, Stored};

/// What one attempt has in its hands.
#[derive(Debug)]
pub(super) struct Attempt<'g> {
    gate: &'g Gate,
    to: &'g model::destination::Destination,
    turn: Option<Turn<'g>>,
    /// The object's bytes, where it is written in one request.
    body: Option<Bytes>,
    /// What the store says of the object.
    stored: Option<Stored>,
    /// The last that went wrong.
    told: Option<AttemptError>,
    /// In what an object at the key differs from the batch's.
    difference: Option<String>,
}

impl<'g> Attempt<'g> {
    /// Takes down what came of a request, and gives it as the protocol wants to know it.
    fn answered(&mut self, answer: Result<Stored, StoreError>) -> Event {
        if let Some(turn) = &mut self.turn {
            turn.end(&answer);
        }
        Event::Answered(match answer {
            Ok(stored) => {
                self.stored = Some(stored);
                Ok(())
            }
            Err(error) => {
                let kind = error.kind;
                self.told = Some(error.into());
                Err(kind)
            }
        })
    }

    /// A turn for a request.
    pub(super) async fn turn(&mut self) -> Result<&mut Turn<'g>, AttemptError> {
        let turn = match self.turn.take() {
            Some(turn) => turn,
            None => self.gate.enter(self.to).await.map_err(AttemptError::Held)?,
        };
        Ok(self.turn.insert(turn))
    }

    pub(super) fn end_turn(&mut self) {
        self.turn = None;
    }

    pub(super) fn failed(&mut self, error: AttemptError) {
        self.told = Some(error);
    }

    fn failure(self, failure: Failure, key: &str) -> AttemptError {
        let before = || "it was there before the first attempt".to_owned();
        match failure {
            Failure::AsTold => self.told.unwrap_or(AttemptError::Encoding),
            Failure::Taken => {
                let why = self.difference.unwrap_or_else(before);
                AttemptError::Taken { key: key.to_owned(), why }
            }
            Failure::NoGuard => AttemptError::NoGuard,
        }
    }
}

impl Delivering {
    /// Tries once, and settles the batch where the store has taken it.
    pub(super) async fn attempt_and_settle(&mut self) -> Result<(), AttemptError> {
        let stored = self.attempt().await;
        if matches!(stored, Err(AttemptError::Spool(_))) {
            // It is a cache: the journal has the records.
            self.sealed.spool = None;
        }
        let (stored, began) = stored?;
        self.settle(&stored, || began.elapsed()).await;
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
        let began = Instant::now();
        let attempt = Attempt {
            gate: &gate,
            to: &to,
            turn: Some(turn),
            body: None,
            stored: None,
            told: None,
            difference: None,
        };
        Ok((self.go_through(attempt).await?, began))
    }

    /// Carries out one action after the other.
    async fn go_through(&mut self, mut attempt: Attempt<'_>) -> Result<Stored, AttemptError> {
        let len = self.sealed.spool.as_ref().map_or(0, FinishedSpool::len);
        let mut event = Event::Entered;
        loop {
            let view = self.view(len);
            event = match self.sealed.upload.on(event, view) {
                Action::Put { guarded } => self.put(&mut attempt, len, guarded).await?,
                Action::Compare => Event::Compared { is_same: self.is_same(len).await? },
                Action::Begin { part_bytes } => self.begin(&mut attempt, part_bytes).await?,
                Action::Note => self.note_upload(&mut attempt).await,
                Action::SendParts => self.put_missing(&mut attempt, len).await?,
                Action::Complete { guarded } => self.complete(&mut attempt, guarded).await?,
                Action::Look => self.look(&mut attempt).await,
                Action::Abandon => {
                    self.abandon_stale().await;
                    Event::Done
                }
                Action::Forget => {
                    if let Some(gone) = self.sealed.upload.take_gone() {
                        self.room.close_upload(&gone).await;
                    }
                    Event::Done
                }
                Action::NoteNoGuard => {
                    if self.gate.note_no_guard() {
                        self.remember_no_guard().await;
                    }
                    Event::Done
                }
                Action::Stored => return attempt.stored.ok_or(AttemptError::Encoding),
                Action::Unseen => return Ok(Stored::unseen()),
                Action::Fail(failure) => {
                    return Err(attempt.failure(failure, &self.sealed.batch.key));
                }
            };
        }
    }

    fn view(&self, len: u64) -> View {
        View {
            len,
            part_bytes: self.room.settings.part_bytes,
            conditional: self.to.conditional,
            knows_no_guard: self.gate.knows_no_guard(),
        }
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

    async fn put(
        &self,
        attempt: &mut Attempt<'_>,
        len: u64,
        guarded: bool,
    ) -> Result<Event, AttemptError> {
        if attempt.body.is_none() {
            attempt.turn().await?.carry(len).await;
            attempt.body = Some(self.read(0, len).await?);
        }
        let body = attempt.body.clone().unwrap_or_default();
        let key = &*self.sealed.batch.key;
        let object = PutObject { key, body, content: self.sealed.plan.content(), guarded };
        let stored = self.room.store.put(&self.to, object).await;
        Ok(attempt.answered(stored))
    }

    async fn complete(
        &self,
        attempt: &mut Attempt<'_>,
        guarded: bool,
    ) -> Result<Event, AttemptError> {
        let open = self.current()?;
        let (id, tags) = (super::parts::id_of(open), super::parts::tags_of(open));
        let stored = self.room.store.complete_upload(&self.to, &id, &tags, guarded).await;
        Ok(attempt.answered(stored))
    }

    /// Looks at what stands at the batch's key.
    async fn look(&self, attempt: &mut Attempt<'_>) -> Event {
        match self.standing().await {
            Ok((sight, stored, difference)) => {
                attempt.stored = stored;
                attempt.difference = difference;
                Event::Looked(sight)
            }
            Err(error) => {
                attempt.failed(error);
                Event::NotTold
            }
        }
    }

    /// The upload in parts that is gone on with.
    pub(super) fn current(&self) -> Result<&OpenUpload, AttemptError> {
        self.sealed.upload.current().ok_or(AttemptError::Encoding)
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
    if let Some(bytes) = spool.in_memory(from..to) {
        return Ok(bytes);
    }
    let reader = spool.reader(from..to);
    let bytes = room.workers.start(move |_| reader()).await.ok_or(AttemptError::Encoding)?;
    Ok(bytes?)
}

/// What stands at a key: how it looks, what the store says of it, and in what it differs.
pub(super) type Seen = (Sight, Option<Stored>, Option<String>);
