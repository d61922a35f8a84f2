//! What a bucket lets abort, and what a failed abort leads to.
//!
//! Aborting needs `s3:AbortMultipartUpload`, which nobody has to give. Where it is refused though
//! the bucket takes writes, the upload counts as closed, and a lifecycle rule of the bucket
//! removes the parts. A bucket that lets nobody in for a while says nothing of aborts: an abort is
//! refused for good only where one was denied, a write that was sent after that was taken, and one
//! is denied again.

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

/// What is known of a bucket's letting uploads be aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aborting {
    /// Nothing: no abort was denied since the last one that was not.
    #[default]
    Unknown,
    /// One was denied, and nothing was written since.
    Denied,
    /// One was denied, and something was written since.
    DeniedAndWritten,
    /// It is refused for good.
    Refused,
}

impl Aborting {
    /// Whether the bucket is known to refuse it for good.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::Refused)
    }

    /// Whether what is sent now is sent after a denial.
    pub const fn is_denied(self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// The bucket took a write, which was sent after a denial or not.
    pub const fn written(&mut self, after_denial: bool) {
        if after_denial && matches!(self, Self::Denied) {
            *self = Self::DeniedAndWritten;
        }
    }

    /// An upload was aborted.
    pub const fn aborted(&mut self) {
        *self = Self::Unknown;
    }

    /// What an abort that failed so leads to.
    pub const fn failed(&mut self, kind: StoreErrorKind) -> Abandoned {
        match kind {
            StoreErrorKind::AccessDenied => self.denied(),
            StoreErrorKind::NoSuchBucket
            | StoreErrorKind::BadCredentials
            | StoreErrorKind::WrongRegion
            | StoreErrorKind::ClockSkew
            | StoreErrorKind::Quota => Abandoned::Waits,
            StoreErrorKind::ExpiredCredentials
            | StoreErrorKind::NoIdentity
            | StoreErrorKind::SlowDown
            | StoreErrorKind::Unavailable
            | StoreErrorKind::Unreachable
            | StoreErrorKind::Tls
            | StoreErrorKind::NoAnswer
            | StoreErrorKind::Conflict => Abandoned::Failed,
            StoreErrorKind::NoSuchUpload
            | StoreErrorKind::Encryption
            | StoreErrorKind::Refused
            | StoreErrorKind::AlreadyThere
            | StoreErrorKind::NotSupported
            | StoreErrorKind::Bug => Abandoned::Closed,
        }
    }

    const fn denied(&mut self) -> Abandoned {
        if matches!(self, Self::DeniedAndWritten | Self::Refused) {
            *self = Self::Refused;
            return Abandoned::Closed;
        }
        *self = Self::Denied;
        Abandoned::Waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: StoreErrorKind = StoreErrorKind::AccessDenied;

    #[test]
    fn an_abort_is_refused_for_good_only_where_writes_are_taken_between_two_denials() {
        let mut aborting = Aborting::default();
        let written = |aborting: &mut Aborting| aborting.written(aborting.is_denied());
        written(&mut aborting);
        assert_eq!(aborting.failed(DENIED), Abandoned::Waits);
        assert_eq!(aborting.failed(DENIED), Abandoned::Waits);
        written(&mut aborting);
        assert!(!aborting.is_refused());
        assert_eq!(aborting.failed(DENIED), Abandoned::Closed);
        assert!(aborting.is_refused());
    }

    #[test]
    fn a_write_that_was_sent_before_a_denial_says_nothing_when_it_is_answered_after_it() {
        let mut aborting = Aborting::default();
        let after_denial = aborting.is_denied();
        assert_eq!(aborting.failed(DENIED), Abandoned::Waits);
        aborting.written(after_denial);
        assert_eq!(aborting.failed(DENIED), Abandoned::Waits);
    }

    #[test]
    fn an_abort_that_is_let_through_begins_anew() {
        let mut aborting = Aborting::default();
        aborting.failed(DENIED);
        aborting.written(true);
        aborting.aborted();
        assert_eq!(aborting.failed(DENIED), Abandoned::Waits);
    }
}
