//! What stands at a batch's key, where the store lets us look.

use tokio::time::timeout;

use super::attempt::{Seen, read};
use super::error::AttemptError;
use super::{ANSWER_TIMEOUT, Delivering};
use crate::protocol::upload::Sight;
use crate::s3::checksum::Running;
use crate::store::{StoreError, StoreErrorKind, Stored};

/// Bytes that are read of a spool at a time.
const PIECE_BYTES: u64 = 8 << 20;

impl Delivering {
    /// Looks at what stands at the batch's key.
    pub(super) async fn standing(&self) -> Result<Seen, AttemptError> {
        let look = timeout(ANSWER_TIMEOUT, self.room.store.head(&self.to, &self.sealed.batch.key));
        let late = || StoreError::new(StoreErrorKind::NoAnswer, "no answer from the store in time");
        match look.await.unwrap_or_else(|_| Err(late())) {
            Ok(Some(stored)) => Ok(match self.difference(&stored).await? {
                Some(why) => (Sight::Other, None, Some(why)),
                None => (Sight::Ours, Some(stored), None),
            }),
            Ok(None) => Ok((Sight::Nothing, None, None)),
            Err(error) => match error.kind {
                StoreErrorKind::AccessDenied
                | StoreErrorKind::Refused
                | StoreErrorKind::NotSupported => Ok((Sight::Unknown, None, None)),
                _ => Err(error.into()),
            },
        }
    }

    /// In what an object differs from the batch's, as far as the store tells.
    async fn difference(&self, stored: &Stored) -> Result<Option<String>, AttemptError> {
        let Some(spool) = &self.sealed.spool else { return Ok(None) };
        let len = spool.len();
        if let Some(bytes) = stored.bytes.filter(|&bytes| bytes != len) {
            return Ok(Some(format!("it has {bytes} bytes, and the batch {len}")));
        }
        let theirs = stored.checksum.as_ref();
        let (Some(theirs), Some(mut ours)) = (theirs, Running::new(self.to.checksum)) else {
            return Ok(None);
        };
        let mut at = 0;
        while at < len {
            let until = (at + PIECE_BYTES).min(len);
            ours.add(&read(&self.room, spool, at, until).await?);
            at = until;
        }
        let ours = ours.text();
        Ok((*theirs != ours).then(|| format!("its checksum is {theirs}, and the batch's {ours}")))
    }
}
