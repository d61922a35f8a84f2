//! How many requests of the API a token may make.
//!
//! The generic cell rate algorithm: each request moves the token's *due time* on by the time that
//! one request is allowed, and is refused while that time lies further ahead than a burst. A token
//! whose due time is past has rested and needs no entry, so there are never more entries than
//! tokens that were lately in use.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::time::NANOS_PER_SECOND;
use model::{Id, UnixNanos};

use super::{ApiError, Code};
use crate::config::ApiSettings;

/// Entries beyond which those of rested tokens are cleared away.
const ENTRIES_KEPT: usize = 1024;

/// The due times of the tokens that were lately in use.
#[derive(Debug)]
pub(crate) struct Rates {
    allowed: Mutex<Allowed>,
    due: Mutex<HashMap<Id, i64>>,
}

/// What a token may do.
#[derive(Debug, Clone, Copy)]
struct Allowed {
    /// The time that one request is allowed, in nanoseconds.
    each: i64,
    burst: u32,
}

impl Allowed {
    fn by(settings: &ApiSettings) -> Self {
        let each = NANOS_PER_SECOND / i64::from(settings.requests_per_second.max(1));
        Self { each, burst: settings.requests_burst.max(1) }
    }
}

impl Rates {
    /// The rates that the settings allow.
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        Self { allowed: Mutex::new(Allowed::by(settings)), due: Mutex::default() }
    }

    /// Other settings are in force from now on.
    pub(crate) fn set(&self, settings: &ApiSettings) {
        *self.allowed.lock().unwrap_or_else(PoisonError::into_inner) = Allowed::by(settings);
    }

    /// Counts a request of the token, or refuses it and says when to come again.
    pub(crate) fn count(&self, token: Id, now: UnixNanos) -> Result<(), ApiError> {
        let Allowed { each, burst } = *self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = each * i64::from(burst - 1);
        // No further ahead than a burst, also where the clock was set back.
        let known = due.get(&token).copied().unwrap_or(now.0);
        let before = known.clamp(now.0, now.0.saturating_add(allowed + each));
        let ahead = before - now.0;
        if ahead > allowed {
            due.insert(token, before);
            let wait = (ahead - allowed).unsigned_abs().div_ceil(NANOS_PER_SECOND.unsigned_abs());
            let message = format!(
                "the token makes more than {} requests a second; wait {wait} s",
                NANOS_PER_SECOND / each
            );
            return Err(ApiError::new(Code::TooManyRequests, message).retry_after(wait));
        }
        due.insert(token, before + each);
        if due.len() > ENTRIES_KEPT {
            due.retain(|_, at| *at > now.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;
    use crate::Config;

    const SECOND: i64 = NANOS_PER_SECOND;

    fn rates(requests_per_second: u32, requests_burst: u32) -> Rates {
        let settings = Config::default().api;
        Rates::new(&ApiSettings { requests_per_second, requests_burst, ..settings })
    }

    fn token(number: u16) -> Id {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [0; 16];
        (bytes[14], bytes[15]) = (high, low);
        Id::from_bytes(bytes)
    }

    #[test]
    fn a_burst_passes_and_then_one_request_for_each_that_is_due() {
        let rates = rates(2, 3);
        let ask = |at: i64| rates.count(token(1), UnixNanos(at)).is_ok();
        assert_eq!([ask(0), ask(0), ask(0), ask(0)], [true, true, true, false]);
        assert_eq!([ask(SECOND / 2), ask(SECOND / 2)], [true, false]);
        assert_eq!([ask(SECOND * 9), ask(SECOND * 9), ask(SECOND * 9)], [true; 3]);
        assert!(!ask(SECOND * 9));
    }

    #[test]
    fn a_token_does_not_use_up_the_requests_of_another() {
        let rates = rates(1, 1);
        for number in 0..10 {
            assert!(rates.count(token(number), UnixNanos(0)).is_ok());
            assert!(rates.count(token(number), UnixNanos(0)).is_err());
        }
    }

    #[test]
    fn the_wait_that_is_told_is_long_enough() {
        let rates = rates(1, 2);
        let ask = |at| rates.count(token(1), UnixNanos(at));
        let refused = [ask(0), ask(0), ask(SECOND / 4)].into_iter().find_map(Result::err);
        let answer = refused.expect("the third is too much").into_response();
        assert_eq!(answer.status().as_u16(), 429);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert!(ask(SECOND / 4 + SECOND).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let rates = rates(1, 1);
        assert!(rates.count(token(1), UnixNanos(9_000 * SECOND)).is_ok());
        assert!(rates.count(token(1), UnixNanos(0)).is_err());
        assert!(rates.count(token(1), UnixNanos(SECOND)).is_ok());
    }

    #[test]
    fn rested_tokens_take_no_memory() {
        let rates = rates(1, 1);
        for number in 0..5_000 {
            let at = UnixNanos(i64::from(number) * SECOND);
            rates.count(token(number), at).expect("the first of each");
        }
        assert!(rates.due.lock().expect("no panic").len() <= ENTRIES_KEPT);
    }
}
