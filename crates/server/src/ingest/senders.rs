//! What the catalogue said of those who send records in, remembered so that it is not asked for
//! each request: a token is for a while, whose a scope is until something is taken away.
//!
//! A change that takes something away forgets everything, so that a revoked token works no longer
//! than the answer to its revocation.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use catalog::{Catalog, Token, TokenHash};
use model::time::NANOS_PER_SECOND;
use model::{AccountId, Scope, ScopeKind, UnixNanos};

/// How long a token is remembered: its use is noted no more often anyway.
const REMEMBERED_SECONDS: i64 = 60;
/// How many tokens are, and how many scopes.
const REMEMBERED_MAX: usize = 16 << 10;

/// What is known of senders without asking.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    tokens: HashMap<TokenHash, (UnixNanos, Token)>,
    accounts: HashMap<Scope, AccountId>,
    /// How often all was forgotten.
    forgotten: u64,
}

/// The state of the catalogue that a look into it began with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(u64);

impl Senders {
    /// The token with this hash, if it was valid of late and has not expired.
    pub(crate) fn token(&self, hash: TokenHash, now: UnixNanos) -> Option<Token> {
        let known = self.known();
        let (at, token) = known.tokens.get(&hash)?;
        let age = now.0.saturating_sub(at.0);
        let is_fresh = (0..REMEMBERED_SECONDS * NANOS_PER_SECOND).contains(&age);
        let has_expired = token.expires_at.is_some_and(|at| at <= now);
        (is_fresh && !has_expired).then(|| token.clone())
    }

    /// To be asked for before the catalogue is.
    pub(crate) fn since(&self) -> Since {
        Since(self.known().forgotten)
    }

    /// Remembers a token that is valid `now` by what the catalogue said `since` then.
    pub(crate) fn remember(&self, hash: TokenHash, token: &Token, now: UnixNanos, since: Since) {
        let mut known = self.known();
        if known.forgotten == since.0 {
            make_room(&mut known.tokens).insert(hash, (now, token.clone()));
        }
    }

    /// The account that a scope, which exists, belongs to.
    pub(crate) async fn account_of(
        &self,
        scope: Scope,
        catalog: &dyn Catalog,
    ) -> catalog::Result<AccountId> {
        if let Some(account) = self.known().accounts.get(&scope) {
            return Ok(*account);
        }
        let since = self.since();
        let account = match scope.kind {
            ScopeKind::Account => catalog.account(scope.id).await?.id,
            ScopeKind::Zone => catalog.zone(scope.id).await?.account,
        };
        let mut known = self.known();
        if known.forgotten == since.0 {
            make_room(&mut known.accounts).insert(scope, account);
        }
        Ok(account)
    }

    /// Tells that a token, a zone or an account is gone.
    pub(crate) fn forget(&self) {
        let mut known = self.known();
        known.tokens.clear();
        known.accounts.clear();
        known.forgotten += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever is forgotten for want of room is looked up again.
fn make_room<K, V>(known: &mut HashMap<K, V>) -> &mut HashMap<K, V> {
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
    known
}

#[cfg(test)]
mod tests {
    use catalog::{Grant, Permission};
    use model::Id;

    use super::*;

    const HASH: TokenHash = TokenHash([1; 32]);

    fn at(millis: i64) -> UnixNanos {
        UnixNanos(1_700_000_000_000_000_000 + millis * 1_000_000)
    }

    fn token(expires_at: Option<UnixNanos>) -> Token {
        Token {
            id: Id::from_bytes([9; 16]),
            name: String::new(),
            grant: Grant::Installation,
            permissions: vec![Permission::LogsIngest],
            created_at: at(0),
            expires_at,
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn a_token_is_known_for_a_while() {
        let senders = Senders::default();
        senders.remember(HASH, &token(None), at(0), senders.since());
        assert!(senders.token(HASH, at(59_999)).is_some());
        assert!(senders.token(HASH, at(60_000)).is_none());
        assert!(senders.token(HASH, at(-1)).is_none(), "the clock went back");
        assert!(senders.token(TokenHash([2; 32]), at(1)).is_none());
    }

    #[test]
    fn what_is_taken_away_is_forgotten_also_where_it_is_being_looked_up() {
        let senders = Senders::default();
        senders.remember(HASH, &token(None), at(0), senders.since());
        let since = senders.since();
        senders.forget();
        assert!(senders.token(HASH, at(1)).is_none());
        senders.remember(HASH, &token(None), at(2), since);
        assert!(senders.token(HASH, at(3)).is_none());
    }

    #[test]
    fn a_token_ends_when_it_expires() {
        let senders = Senders::default();
        senders.remember(HASH, &token(Some(at(500))), at(0), senders.since());
        assert!(senders.token(HASH, at(499)).is_some());
        assert!(senders.token(HASH, at(500)).is_none());
    }
}
