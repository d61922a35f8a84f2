//! Calls that are made again until they succeed, however often it takes.

use std::time::{Duration, Instant};

use crate::random::random_bytes;

use super::{Client, ClientError, Door, Receipt, Shipment};

/// Wait after the first failure; doubled each time …
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How long something is tried again that fails in a way that passes by itself.
#[derive(Debug)]
pub struct Patience {
    retry_for: Duration,
    failing_since: Option<Instant>,
    wait: Duration,
}

impl Patience {
    /// Until `retry_for` has passed since the first failure.
    pub fn new(retry_for: Duration) -> Self {
        Self { retry_for, failing_since: None, wait: FIRST_WAIT }
    }

    /// The pause before the next attempt after this failure; `None` where there is to be none.
    pub fn pause_after(&mut self, error: &ClientError) -> Option<Duration> {
        if !error.may_pass() {
            return None;
        }
        let since = self.failing_since.get_or_insert_with(Instant::now);
        let pause = jittered(self.wait).max(error.retry_after().unwrap_or_default());
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        (since.elapsed() + pause <= self.retry_for).then_some(pause)
    }
}

impl Client {
    /// Sends records in until they are acknowledged, refused for good, or `retry_for` has passed
    /// since the first failure. The shipment's key makes that safe, also where an answer was lost.
    /// `waiting` is told of each failure and of the pause before the next attempt.
    pub async fn ingest_patiently(
        &self,
        door: &Door,
        shipment: &Shipment,
        retry_for: Duration,
        mut waiting: impl FnMut(&ClientError, Duration),
    ) -> Result<Receipt, ClientError> {
        let mut patience = Patience::new(retry_for);
        loop {
            let error = match self.ingest(door, shipment).await {
                Ok(receipt) => return Ok(receipt),
                Err(error) => error,
            };
            let Some(pause) = patience.pause_after(&error) else { return Err(error) };
            waiting(&error, pause);
            tokio::time::sleep(pause).await;
        }
    }
}

/// `wait`, shortened by a random share of up to one half, so that many senders do not come back
/// at the same moment.
fn jittered(wait: Duration) -> Duration {
    // Without randomness the wait is the shortest: that harms nothing.
    let random = random_bytes().unwrap_or_default();
    let share = f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX);
    wait.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        let refused = |status, retry_after| ClientError::Refused {
            status,
            code: None,
            message: "no".into(),
            retry_after,
        };
        let mut patience = Patience::new(Duration::from_mins(1));
        assert!(patience.pause_after(&refused(503, None)).is_some());
        let asked_for = Some(Duration::from_secs(40));
        assert_eq!(patience.pause_after(&refused(429, asked_for)), asked_for);
        assert_eq!(patience.pause_after(&refused(400, None)), None);
        assert_eq!(patience.pause_after(&refused(503, Some(Duration::from_mins(2)))), None);
    }

    #[test]
    fn a_wait_is_shortened_by_half_at_most() {
        for _ in 0..200 {
            let wait = jittered(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&wait));
        }
    }
}
