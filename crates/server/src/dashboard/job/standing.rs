//! How far behind a job is, and what to do about its failure.

use catalog::JobFailure;
use delivery::JobStatus;
use model::UnixNanos;

use crate::cli::megabytes;
use crate::dashboard::text::{Instant, count, span};

/// Whether a failure of that kind passes only once the customer has mended something.
fn is_customers(kind: &str) -> bool {
    const KINDS: [&str; 8] = [
        "no_such_bucket",
        "access_denied",
        "bad_credentials",
        "wrong_region",
        "clock_skew",
        "encryption",
        "quota",
        "refused",
    ];
    KINDS.contains(&kind)
}

/// How far behind a job is.
#[derive(Debug)]
pub(super) struct Lag {
    pub(super) time: String,
    pub(super) lines: String,
    pub(super) bytes: String,
    /// Frames of the log that were not read for the job yet.
    pub(super) unread: u64,
    pub(super) unread_text: String,
    /// Frames that will be given up soon.
    pub(super) expiring: u64,
    pub(super) expiring_text: String,
}

impl Lag {
    pub(super) fn of(status: Option<&JobStatus>, now: UnixNanos) -> Self {
        let of = |read: fn(&JobStatus) -> u64| status.map_or(0, read);
        let seconds = status.map_or(0.0, |status| status.lag_seconds(now));
        let (unread, expiring) = (of(|s| s.unread_frames), of(|s| s.expiring_frames));
        Self {
            time: if seconds > 0.0 { span(seconds) } else { "none".to_owned() },
            lines: count(of(|s| s.pending_records)),
            bytes: megabytes(of(|s| s.pending_bytes)),
            unread,
            unread_text: count(unread),
            expiring,
            expiring_text: count(expiring),
        }
    }
}

/// The newest failure of a job that has not delivered since.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) at: Instant,
    pub(super) kind: String,
    pub(super) status: Option<u16>,
    /// What happened, in the words of the attempt.
    pub(super) message: String,
    /// What to do about it.
    pub(super) mend: &'static str,
    /// Whether the destination is the place to mend it.
    pub(super) is_at_destination: bool,
    pub(super) next: Option<Instant>,
}

impl Trouble {
    pub(super) fn of(failure: &JobFailure, status: Option<&JobStatus>) -> Self {
        let next = status.and_then(|status| status.retrying.as_ref()).map(|retry| retry.next);
        Self {
            at: Instant(failure.at),
            kind: failure.kind.clone(),
            status: failure.status,
            message: failure.message.clone(),
            mend: mend(&failure.kind),
            is_at_destination: is_customers(&failure.kind),
            next: next.map(Instant),
        }
    }
}

/// What to do about a failure of that kind.
fn mend(kind: &str) -> &'static str {
    match kind {
        "no_such_bucket" => {
            "Create the bucket again, or change the destination to one that exists. Pushing goes \
             on by itself once it is there."
        }
        "access_denied" => {
            "Let the service write there again: compare the bucket's policy with the one that the \
             destination's page shows. Pushing goes on by itself once it is allowed."
        }
        "bad_credentials" => "Change the destination, and give it keys that are valid.",
        "wrong_region" => "Change the destination to the region that the bucket is in.",
        "clock_skew" => "Set the clock of the machine that the service runs on.",
        "encryption" => {
            "Allow the use of the KMS key that encrypts the bucket, or change the destination's \
             encryption."
        }
        "quota" => "Make room at the store, or put its account in order.",
        "refused" => "Change the destination: the store refuses what its settings ask for.",
        "no_identity" => {
            "The operator has to give the service credentials of its own; or change the \
             destination to use a role or keys."
        }
        "already_there" => {
            "Find out who else writes under this path: an object stands where only this job \
             writes."
        }
        "bug" => "Report it to the operator: no setting mends it. The lines wait in the log.",
        _ => "Nothing needs to be done now: it is tried again by itself, and no line is lost.",
    }
}

#[cfg(test)]
mod tests {
    use delivery::{Remedy, StoreErrorKind};

    use super::*;

    #[test]
    fn whoever_has_to_mend_a_failure_is_told_how() {
        let again = mend("unavailable");
        for kind in [
            StoreErrorKind::NoSuchBucket,
            StoreErrorKind::AccessDenied,
            StoreErrorKind::BadCredentials,
            StoreErrorKind::WrongRegion,
            StoreErrorKind::ClockSkew,
            StoreErrorKind::Encryption,
            StoreErrorKind::Quota,
            StoreErrorKind::Refused,
            StoreErrorKind::SlowDown,
            StoreErrorKind::Unavailable,
            StoreErrorKind::Unreachable,
            StoreErrorKind::NoAnswer,
            StoreErrorKind::Bug,
        ] {
            let waits = kind.remedy() == Remedy::WaitForCustomer;
            assert_eq!(is_customers(kind.name()), waits, "{kind:?}");
            assert_eq!(mend(kind.name()) == again, kind.remedy() == Remedy::Retry, "{kind:?}");
        }
    }
}
