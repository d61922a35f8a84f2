//! The end of a batch whose object is visible: its open uploads are abandoned, then the ledger
//! notes it as delivered.
//!
//! Abandoning does not wait for somebody to mend the bucket: a batch that is delivered must not be
//! taken for lost for the sake of some parts. Noting is tried until it succeeds.

use std::time::Duration;

use super::backoff::backoff;
use crate::RetrySettings;
use crate::store::Remedy;

const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The object is visible, or a wait is over.
    Begin,
    /// Abandoning was tried once; whether another try soon may bring more.
    Abandoned {
        /// Whether another try soon may bring more.
        again: bool,
    },
    /// The ledger has noted the delivery.
    Noted,
    /// The ledger says that the batch was given up meanwhile, and stays so.
    TooLate,
    /// The ledger failed; it may have noted the delivery, which may be noted again.
    NotNoted,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Try once to abandon all uploads of the batch.
    Abandon,
    /// Note the delivery in the ledger.
    Note,
    /// Wait, then go on with [`Event::Begin`].
    Wait(Duration),
    /// The batch is done with.
    End,
}

/// The end of one batch.
#[derive(Debug, Clone, Default)]
pub struct Settling {
    failures: u32,
    is_clean: bool,
}

impl Settling {
    /// What is to be done now. `seed` decides how waits are spread.
    pub fn on(&mut self, event: Event, retry: RetrySettings, seed: u64) -> Action {
        match event {
            Event::Begin if self.is_clean => Action::Note,
            Event::Begin => Action::Abandon,
            Event::Abandoned { again: true } => {
                self.failures = self.failures.saturating_add(1);
                Action::Wait(backoff(retry, Remedy::Retry, self.failures, seed))
            }
            Event::Abandoned { again: false } => {
                self.is_clean = true;
                Action::Note
            }
            Event::NotNoted => Action::Wait(PAUSE_AFTER_ERROR),
            Event::Noted | Event::TooLate => Action::End,
        }
    }
}
