//! Gets one request through the ingest door, however often it takes.

use std::time::{Duration, Instant};

use crate::random::random_bytes;

use super::{Client, ClientError, Door, Receipt, Shipment};

/// Wait after the first failure; doubled each time …
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

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
        let mut failing_since: Option<Instant> = None;
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.ingest(door, shipment).await {
                Ok(receipt) => return Ok(receipt),
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error),
            };
            let since = failing_since.get_or_insert_with(Instant::now);
            let pause = jittered(wait).max(error.retry_after().unwrap_or_default());
            if since.elapsed() + pause > retry_for {
                return Err(error);
            }
            waiting(&error, pause);
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
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
    fn a_wait_is_shortened_by_half_at_most() {
        for _ in 0..200 {
            let wait = jittered(Duration::from_secs(10));
            assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&wait));
        }
    }
}
