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

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: RetrySettings = RetrySettings {
        first: Duration::from_secs(1),
        max: Duration::from_secs(30),
        slow_max: Duration::from_secs(300),
    };

    #[test]
    fn what_is_open_is_abandoned_before_the_delivery_is_noted_until_it_is() {
        let mut settling = Settling::default();
        let mut on = |event| settling.on(event, RETRY, 7);
        assert_eq!(on(Event::Begin), Action::Abandon);
        assert!(matches!(on(Event::Abandoned { again: true }), Action::Wait(_)));
        assert_eq!(on(Event::Begin), Action::Abandon);
        assert_eq!(on(Event::Abandoned { again: false }), Action::Note);
        assert_eq!(on(Event::NotNoted), Action::Wait(PAUSE_AFTER_ERROR));
        assert_eq!(on(Event::Begin), Action::Note);
        assert_eq!(on(Event::Noted), Action::End);
    }

    #[test]
    fn a_batch_that_was_given_up_meanwhile_is_done_with() {
        let mut settling = Settling::default();
        assert_eq!(settling.on(Event::TooLate, RETRY, 7), Action::End);
    }
}
