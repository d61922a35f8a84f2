//! What the failure to abort an upload in parts leads to.
//!
//! Aborting needs `s3:AbortMultipartUpload`, which nobody has to give. Where it is refused by a
//! bucket that takes writes, the upload counts as closed, and a lifecycle rule of the bucket
//! removes the parts. A bucket that lets nobody in for a while says nothing of aborts.

use crate::store::StoreErrorKind;

/// What came of the attempt to abort an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// The ledger may forget it: it is aborted, or cannot be.
    Closed,
    /// It is worth another try soon.
    Failed,
    /// It is worth another try once somebody has mended the bucket or the way to it.
    Waits,
}

impl Abandoned {
    /// What an abort that failed so leads to, at a bucket that is known to take writes now, or
    /// is not.
    pub const fn after(kind: StoreErrorKind, takes_writes: bool) -> Self {
        match kind {
            StoreErrorKind::AccessDenied if !takes_writes => Self::Waits,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_abort_is_final_only_where_writes_are_taken() {
        let denied = StoreErrorKind::AccessDenied;
        assert_eq!(Abandoned::after(denied, true), Abandoned::Closed);
        assert_eq!(Abandoned::after(denied, false), Abandoned::Waits);
    }
}
