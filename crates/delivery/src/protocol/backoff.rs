//! How long to wait before the next attempt: exponential backoff with full jitter.
//!
//! The wait is drawn from nothing up to a bound that doubles with every failure, so that those who
//! failed together do not come back together:
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>. The draw comes from
//! a seed that the caller makes of an identity; nothing here is random.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::RetrySettings;
use crate::store::Remedy;

/// How much later than what passes by itself something is tried again that a person has to mend.
const PATIENCE: u32 = 8;

/// The wait after so many failures on end.
pub fn backoff(retry: RetrySettings, remedy: Remedy, failures: u32, seed: u64) -> Duration {
    let (first, max) = match remedy {
        Remedy::Retry => (retry.first, retry.max),
        Remedy::WaitForCustomer | Remedy::ReportBug => {
            (retry.first.saturating_mul(PATIENCE), retry.slow_max)
        }
    };
    let doublings = failures.saturating_sub(1).min(20);
    let bound = first.saturating_mul(1 << doublings).min(max);
    let mut hasher = DefaultHasher::new();
    (seed, failures).hash(&mut hasher);
    bound.mul_f64(hasher.finish() as f64 / u64::MAX as f64)
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
    fn waits_are_spread_from_nothing_to_a_bound_that_doubles_up_to_the_longest() {
        for (remedy, failures, bound) in [
            (Remedy::Retry, 1, 1),
            (Remedy::Retry, 4, 8),
            (Remedy::Retry, 1000, 30),
            (Remedy::WaitForCustomer, 1, 8),
            (Remedy::WaitForCustomer, 3, 32),
            (Remedy::ReportBug, 1000, 300),
        ] {
            let waits: Vec<f64> = (0..1000)
                .map(|seed| backoff(RETRY, remedy, failures, seed).as_secs_f64())
                .collect();
            let bound = f64::from(bound);
            assert!(waits.iter().all(|&wait| wait <= bound), "{remedy:?} {failures}");
            assert!(waits.iter().any(|&wait| wait < bound / 10.0), "{remedy:?} {failures}");
            assert!(waits.iter().any(|&wait| wait > bound * 0.9), "{remedy:?} {failures}");
        }
    }

    #[test]
    fn the_same_identity_waits_the_same_time() {
        let wait = |seed| backoff(RETRY, Remedy::Retry, 3, seed);
        assert_eq!(wait(7), wait(7));
        assert_ne!(wait(7), wait(8));
    }
}
