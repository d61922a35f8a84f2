//! Those who send records in, remembered for a moment: a busy sender's token and scope are not
//! looked up again for each request.
//!
//! A change that takes something away forgets all of them at once, so that a revoked token works
//! no longer than the answer to its revocation.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use catalog::TokenHash;
use model::time::NANOS_PER_SECOND;
use model::{Scope, UnixNanos};

use super::auth::Caller;

/// How long a sender is remembered.
const REMEMBERED_SECONDS: i64 = 1;
/// How many are.
const REMEMBERED_MAX: usize = 4096;

/// Senders that were let in of late.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    senders: HashMap<(TokenHash, Scope), (UnixNanos, Caller)>,
    /// How often all were forgotten.
    forgotten: u64,
}

/// The state of the catalogue that a look into it began with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since(u64);

impl Senders {
    /// The caller with this token, if it was let in to this scope of late and has not expired.
    pub(super) fn known(&self, token: TokenHash, to: Scope, now: UnixNanos) -> Option<Caller> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, caller) = known.senders.get(&(token, to))?;
        let age = now.0.saturating_sub(at.0);
        let is_fresh = (0..REMEMBERED_SECONDS * NANOS_PER_SECOND).contains(&age);
        let has_expired = caller.token.expires_at.is_some_and(|at| at <= now);
        (is_fresh && !has_expired).then(|| caller.clone())
    }

    /// To be asked for before the catalogue is.
    pub(super) fn since(&self) -> Since {
        Since(self.known.lock().unwrap_or_else(PoisonError::into_inner).forgotten)
    }

    /// Remembers a caller that was let in by what the catalogue said `since` then.
    pub(super) fn remember(
        &self,
        token: TokenHash,
        to: Scope,
        now: UnixNanos,
        caller: &Caller,
        since: Since,
    ) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.forgotten != since.0 {
            return;
        }
        if known.senders.len() >= REMEMBERED_MAX {
            known.senders.clear();
        }
        known.senders.insert((token, to), (now, caller.clone()));
    }

    /// Tells that a token, a zone or an account is gone.
    pub(crate) fn forget(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.senders.clear();
        known.forgotten += 1;
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Grant, Permission, Token};
    use model::Id;

    use super::*;

    const TOKEN: TokenHash = TokenHash([1; 32]);

    fn at(millis: i64) -> UnixNanos {
        UnixNanos(1_700_000_000_000_000_000 + millis * 1_000_000)
    }

    fn zone(number: u8) -> Scope {
        Scope::zone(Id::from_bytes([number; 16]))
    }

    fn caller(expires_at: Option<UnixNanos>) -> Caller {
        let token = Token {
            id: Id::from_bytes([9; 16]),
            name: String::new(),
            grant: Grant::Installation,
            permissions: vec![Permission::LogsIngest],
            created_at: at(0),
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        Caller { token }
    }

    #[test]
    fn a_sender_is_known_for_a_moment_in_its_scope_alone() {
        let senders = Senders::default();
        senders.remember(TOKEN, zone(1), at(0), &caller(None), senders.since());
        assert!(senders.known(TOKEN, zone(1), at(999)).is_some());
        assert!(senders.known(TOKEN, zone(1), at(1000)).is_none());
        assert!(senders.known(TOKEN, zone(1), at(-1)).is_none(), "the clock went back");
        assert!(senders.known(TOKEN, zone(2), at(1)).is_none());
        assert!(senders.known(TokenHash([2; 32]), zone(1), at(1)).is_none());
    }

    #[test]
    fn what_is_taken_away_is_forgotten_also_where_it_is_being_looked_up() {
        let senders = Senders::default();
        senders.remember(TOKEN, zone(1), at(0), &caller(None), senders.since());
        let since = senders.since();
        senders.forget();
        assert!(senders.known(TOKEN, zone(1), at(1)).is_none());
        senders.remember(TOKEN, zone(1), at(2), &caller(None), since);
        assert!(senders.known(TOKEN, zone(1), at(3)).is_none());
    }

    #[test]
    fn a_token_ends_when_it_expires() {
        let senders = Senders::default();
        senders.remember(TOKEN, zone(1), at(0), &caller(Some(at(500))), senders.since());
        assert!(senders.known(TOKEN, zone(1), at(499)).is_some());
        assert!(senders.known(TOKEN, zone(1), at(500)).is_none());
    }
}
