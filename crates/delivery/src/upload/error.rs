//! Why an attempt did not succeed, and what to do about it.

use std::io;
use std::time::Duration;

use catalog::CatalogError;
use journal::ReadError;

use crate::gate::Held;
use crate::store::{Remedy, StoreError};

/// The longest that a store may ask to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Why an attempt did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "another object stands at the key `{key}` ({why}), and is not overwritten; remove it, or \
         give the job another path"
    )]
    Taken { key: String, why: String },
    #[error(
        "the store does not know guarded writes, which the destination asks for; use \
         `conditional=auto`"
    )]
    NoGuard,
    #[error("the batch cannot be read from the journal again: {0}")]
    Journal(#[from] ReadError),
    #[error("the batch's spool cannot be read: {0}")]
    Spool(#[from] io::Error),
    #[error("the upload cannot be noted in the ledger: {0}")]
    Ledger(#[from] CatalogError),
    #[error("encoding the batch again failed; this is a bug, please report it")]
    Encoding,
    /// Others of the same bucket have failed.
    #[error("waiting for the bucket: {}", .0.error)]
    Held(Held),
    /// The batch is to be left.
    #[error("the upload was left")]
    Left,
}

impl AttemptError {
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Taken { .. } | Self::NoGuard => Remedy::WaitForCustomer,
            Self::Encoding => Remedy::ReportBug,
            Self::Journal(_) | Self::Spool(_) | Self::Ledger(_) | Self::Held(_) | Self::Left => {
                Remedy::Retry
            }
        }
    }

    /// The kind in a word of lower case, for events.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Store(error) => error.kind.name(),
            Self::Taken { .. } => "already_there",
            Self::NoGuard => "not_supported",
            Self::Journal(_) => "journal",
            Self::Spool(_) => "spool",
            Self::Ledger(_) => "catalogue",
            Self::Encoding => "bug",
            Self::Held(held) => held.error.kind.name(),
            Self::Left => "left",
        }
    }

    /// The HTTP status, where the store gave one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Store(error) => error.status,
            _ => None,
        }
    }

    /// How long the store asks to wait.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Store(error) => error.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX),
            _ => Duration::ZERO,
        }
    }
}
