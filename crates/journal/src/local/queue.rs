//! The way of an append to its partition's writer: bounded by bytes, closed once.
//!
//! **Rules.** What waits here is bounded: an append waits outside until there is room. Once
//! closed, nothing more gets in, and what is in comes out before the writer is told the end.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use model::{OffsetRange, UnixNanos};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::format::frame_bytes;
use crate::keys::Reservation;
use crate::{AppendError, FrameDraft, IdempotencyKey};

/// An append on its way.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) frames: Vec<FrameDraft>,
    pub(super) ticket: Ticket,
}

/// Who waits for an append, and what it occupies meanwhile.
#[derive(Debug)]
pub(super) struct Ticket {
    key: Option<Reservation>,
    answer: oneshot::Sender<Result<OffsetRange, AppendError>>,
    _room: OwnedSemaphorePermit,
}

impl Request {
    /// The idempotency key.
    pub(super) fn key(&self) -> Option<IdempotencyKey> {
        self.ticket.key.as_ref().map(Reservation::key)
    }

    /// Bytes that its frames take in the file.
    pub(super) fn bytes(&self) -> u64 {
        bytes_in_file(&self.frames, self.ticket.key.is_some())
    }
}

impl Ticket {
    /// Tells the caller that the frames are durable at `range`.
    pub(super) fn succeed(self, range: OffsetRange, arrival: UnixNanos) {
        if let Some(key) = self.key {
            key.confirm(range, arrival);
        }
        // The caller may have gone; the append stands all the same.
        let _received = self.answer.send(Ok(range));
    }

    /// Tells the caller that nothing was stored.
    pub(super) fn fail(self, error: AppendError) {
        drop(self.key);
        let _received = self.answer.send(Err(error));
    }
}

fn bytes_in_file(frames: &[FrameDraft], has_key: bool) -> u64 {
    let first = |index| has_key && index == 0;
    frames.iter().enumerate().map(|(index, frame)| frame_bytes(frame, first(index))).sum()
}

/// The sending end.
#[derive(Debug)]
pub(super) struct Queue {
    room: Arc<Semaphore>,
    room_bytes: u32,
    sender: Mutex<Option<Sender<Request>>>,
}

/// A queue in which at most `bytes_max` bytes wait, and its receiving end.
pub(super) fn queue(bytes_max: usize) -> (Queue, Receiver<Request>) {
    let (sender, receiver) = mpsc::channel();
    let room_bytes = u32::try_from(bytes_max.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let room = Arc::new(Semaphore::new(room_bytes as usize));
    (Queue { room, room_bytes, sender: Mutex::new(Some(sender)) }, receiver)
}

impl Queue {
    /// Sends an append to the writer, and waits until it is durable.
    pub(super) async fn submit(
        &self,
        frames: Vec<FrameDraft>,
        key: Option<Reservation>,
    ) -> Result<OffsetRange, AppendError> {
        // An append that is larger than all the room has it to itself.
        let bytes = u32::try_from(bytes_in_file(&frames, key.is_some())).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes.min(self.room_bytes)).await;
        let room = room.map_err(|_| AppendError::Closed)?;
        let (answer, answered) = oneshot::channel();
        self.send(Request { frames, ticket: Ticket { key, answer, _room: room } })?;
        let stopped = || AppendError::Poisoned("its writer has stopped unexpectedly".to_owned());
        answered.await.map_err(|_| stopped())?
    }

    fn send(&self, request: Request) -> Result<(), AppendError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = sender.as_ref().ok_or(AppendError::Closed)?;
        sender.send(request).map_err(|_| AppendError::Closed)
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.room.close();
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
