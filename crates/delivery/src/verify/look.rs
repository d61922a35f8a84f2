//! One object of the store, read and compared.

use std::io::{self, Read};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, Bytes};
use catalog::BatchRecord;
use model::destination::Destination;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::contents::{Contents, Manner, read_object};
use super::{Difference, Expected, Verifier, VerifyError};
use crate::store::{Reading, Remedy, StoreError, StoreErrorKind};

/// Pieces of an object that wait to be decompressed.
const PIECES_AHEAD: usize = 4;
/// The waits before an object is read again after a failure that may pass.
const WAITS: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// How long the shortest object may take, and the least that a connection has to carry of others.
const READ_MAX: Duration = Duration::from_secs(90);
const SLOWEST_BYTES_PER_SECOND: u64 = 64 << 10;
/// The longest that a store may ask to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);

/// The waits between attempts to read something.
#[derive(Debug, Default)]
pub(super) struct Waits(usize);

impl Waits {
    /// Waits before another attempt; `false`, at once, where none makes sense.
    pub(super) async fn pass_after(&mut self, error: &StoreError) -> bool {
        if error.remedy() != Remedy::Retry {
            return false;
        }
        let Some(wait) = WAITS.get(self.0) else { return false };
        self.0 += 1;
        let asked = error.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        sleep(asked.max(*wait)).await;
        true
    }
}

/// What came of looking at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It is as the ledger says.
    Same,
    /// It is not.
    Altered(Vec<Difference>),
    /// Nothing stands at its key.
    Missing,
    /// The store does not let the service read it, or does not tell whether it is there.
    Denied(String),
    /// It could not be read.
    Unreadable(String),
}

impl Verifier {
    /// Reads the object of a delivered batch and compares it. What may pass is tried again.
    pub async fn look(
        &self,
        record: &BatchRecord,
        expected: &Expected,
    ) -> Result<Looked, VerifyError> {
        let to = self.revised(record.batch.revision).await?.to.clone();
        let key = &record.batch.key;
        let mut waits = Waits::default();
        loop {
            match self.look_once(&to, key, expected).await {
                Ok(looked) => return Ok(looked),
                Err(error) if waits.pass_after(&error).await => {}
                Err(error) => return Ok(Looked::Unreadable(error.to_string())),
            }
        }
    }

    async fn look_once(
        &self,
        to: &Destination,
        key: &str,
        expected: &Expected,
    ) -> Result<Looked, StoreError> {
        let reading = match self.room.store.get(to, key).await {
            Ok(Some(reading)) => reading,
            Ok(None) => return Ok(Looked::Missing),
            Err(error) if error.kind == StoreErrorKind::AccessDenied => {
                return self.look_from_afar(to, key, &error).await;
            }
            Err(error) => return Err(error),
        };
        let most = Duration::from_secs(expected.object_bytes / SLOWEST_BYTES_PER_SECOND);
        let found = timeout(READ_MAX + most, self.read(reading, expected.manner())).await;
        let slow = || StoreError::new(StoreErrorKind::NoAnswer, "the object comes too slowly");
        let found = found.unwrap_or_else(|_| Err(slow()))?;
        let differences = expected.differences(&found);
        Ok(if differences.is_empty() { Looked::Same } else { Looked::Altered(differences) })
    }

    /// What can be said of an object that may not be read. Who may not list a bucket is told of a
    /// missing object that access is denied.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    async fn look_from_afar(
        &self,
        to: &Destination,
        key: &str,
        denied: &StoreError,
    ) -> Result<Looked, StoreError> {
        let hidden = || {
            Looked::Denied(format!(
                "{denied}; S3 says the same of an object that is missing, where `s3:ListBucket` \
                 is not allowed"
            ))
        };
        if self.list_is_denied.load(Ordering::Relaxed) {
            return Ok(hidden());
        }
        match self.room.store.list(to, key, None).await {
            Ok(listing) if listing.objects.iter().any(|object| object.key == key) => {
                Ok(Looked::Denied(denied.to_string()))
            }
            Ok(_) => Ok(Looked::Missing),
            Err(error) if error.remedy() == Remedy::Retry => Err(error),
            Err(_) => {
                self.list_is_denied.store(true, Ordering::Relaxed);
                Ok(hidden())
            }
        }
    }

    /// Reads an object as it comes, and decompresses it on a thread that may block.
    async fn read(&self, mut reading: Reading, manner: Manner) -> Result<Contents, StoreError> {
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let decompressing = tokio::task::spawn_blocking(move || {
            let mut arriving = Arriving { receiver, piece: Bytes::new(), failure: None };
            let read = read_object(&mut arriving, manner);
            (read, arriving.failure)
        });
        while let Some(piece) = reading.next().await {
            if let Ok(piece) = &piece {
                self.bytes_read.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            let failed = piece.is_err();
            // Whoever decompresses has seen enough, where nobody takes it any more.
            if sender.send(piece).await.is_err() || failed {
                break;
            }
        }
        drop(sender);
        let bug = |what: String| StoreError::new(StoreErrorKind::Bug, what);
        match decompressing.await {
            Ok((_, Some(failure))) => Err(failure),
            Ok((Ok(contents), None)) => Ok(contents),
            Ok((Err(error), None)) => Err(bug(format!("the object cannot be read: {error}"))),
            Err(error) => Err(bug(format!("the object cannot be read: {error}"))),
        }
    }
}

/// An object's bytes on their way from the connection to the thread that decompresses them.
struct Arriving {
    receiver: mpsc::Receiver<Result<Bytes, StoreError>>,
    piece: Bytes,
    failure: Option<StoreError>,
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !into.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(failure)) => {
                    self.failure = Some(failure);
                    return Err(io::Error::other("the store failed"));
                }
                None => return Ok(0),
            }
        }
        let bytes = self.piece.len().min(into.len());
        self.piece.copy_to_slice(&mut into[..bytes]);
        Ok(bytes)
    }
}
