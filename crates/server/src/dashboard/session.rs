//! Sessions of people at the dashboard, and links that begin one, kept in memory.
//!
//! **Rules.** The browser holds a random secret, the service its hash. A session is no more than
//! a pointer to a token: at each request the catalogue says whether the token is still valid, so
//! a session ends with its token, when nobody uses it, and after a week in any case. There are
//! bounds to how many there are; the one that was left alone longest goes first. A restart ends
//! all of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use catalog::TokenHash;
use model::time::NANOS_PER_SECOND;
use model::{Scope, UnixNanos};

use crate::random::{NoRandomness, token_text};

/// The cookie's name.
pub(super) const COOKIE: &str = "logpush_session";
/// After how long without a request a session ends.
const IDLE_SECONDS: i64 = 12 * 60 * 60;
/// After how long a session ends in any case.
pub(super) const AGE_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;
/// How long a link to log in can be used.
const LINK_SECONDS: i64 = 60 * 60;
/// Most sessions.
const SESSIONS_MAX: usize = 10_000;
/// Most links that were not used yet.
const LINKS_MAX: usize = 100;

/// A session, as one request sees it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The hash of its secret.
    pub(super) key: TokenHash,
    /// What each form of its pages carries.
    pub(super) csrf: String,
    /// The hash of the token that it stands for.
    pub(super) token: TokenHash,
}

/// Something to tell on the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flash {
    /// `success` or `error`.
    pub(crate) kind: &'static str,
    /// What.
    pub(crate) text: String,
}

/// All sessions, and the links that begin one.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Open>>,
    links: Mutex<HashMap<[u8; 32], Link>>,
}

struct Open {
    csrf: String,
    token: TokenHash,
    begun: UnixNanos,
    used: UnixNanos,
    flash: Option<Flash>,
    scope: Option<Scope>,
}

struct Link {
    token: TokenHash,
    ends: UnixNanos,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions(…)")
    }
}

impl Open {
    fn is_over(&self, now: UnixNanos) -> bool {
        let past = |since: UnixNanos, seconds: i64| {
            now.0.saturating_sub(since.0) >= seconds * NANOS_PER_SECOND
        };
        past(self.used, IDLE_SECONDS) || past(self.begun, AGE_SECONDS_MAX)
    }
}

impl Sessions {
    fn open(&self) -> MutexGuard<'_, HashMap<[u8; 32], Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> MutexGuard<'_, HashMap<[u8; 32], Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session of the token's bearer, and gives its secret with it.
    pub(super) fn begin(
        &self,
        token: TokenHash,
        now: UnixNanos,
    ) -> Result<(String, Session), NoRandomness> {
        let (secret, csrf) = (token_text()?, token_text()?);
        let key = TokenHash::of(&secret);
        let mut open = self.open();
        if open.len() >= SESSIONS_MAX {
            open.retain(|_, session| !session.is_over(now));
        }
        if open.len() >= SESSIONS_MAX {
            let oldest = open.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        let session = Session { key, csrf: csrf.clone(), token };
        let (begun, used) = (now, now);
        open.insert(key.0, Open { csrf, token, begun, used, flash: None, scope: None });
        Ok((secret, session))
    }

    /// The session whose secret the headers carry, where it is not over.
    pub(super) fn of(&self, headers: &HeaderMap, now: UnixNanos) -> Option<Session> {
        let key = TokenHash::of(secret(headers)?);
        let mut open = self.open();
        let session = open.get_mut(&key.0)?;
        if session.is_over(now) {
            open.remove(&key.0);
            return None;
        }
        session.used = now;
        Some(Session { key, csrf: session.csrf.clone(), token: session.token })
    }

    /// Ends a session.
    pub(super) fn end(&self, session: &Session) {
        self.open().remove(&session.key.0);
    }

    /// Has something told on the session's next page.
    pub(crate) fn tell(&self, session: &Session, kind: &'static str, text: impl Into<String>) {
        if let Some(open) = self.open().get_mut(&session.key.0) {
            open.flash = Some(Flash { kind, text: text.into() });
        }
    }

    /// What is to be told, once.
    pub(super) fn told(&self, session: &Session) -> Option<Flash> {
        self.open().get_mut(&session.key.0)?.flash.take()
    }

    /// Notes which scope was looked at last.
    pub(super) fn note_scope(&self, session: &Session, scope: Scope) {
        if let Some(open) = self.open().get_mut(&session.key.0) {
            open.scope = Some(scope);
        }
    }

    /// Which scope was looked at last.
    pub(super) fn scope(&self, session: &Session) -> Option<Scope> {
        self.open().get(&session.key.0)?.scope
    }

    /// Makes a link that begins a session of the token's bearer once, and gives its secret.
    pub(crate) fn invite(&self, token: TokenHash, now: UnixNanos) -> Result<String, NoRandomness> {
        let secret = token_text()?;
        let mut links = self.links();
        links.retain(|_, link| link.ends > now);
        if links.len() >= LINKS_MAX {
            let oldest = links.iter().min_by_key(|(_, link)| link.ends).map(|(key, _)| *key);
            oldest.map(|key| links.remove(&key));
        }
        let ends = UnixNanos(now.0.saturating_add(LINK_SECONDS * NANOS_PER_SECOND));
        links.insert(TokenHash::of(&secret).0, Link { token, ends });
        Ok(secret)
    }

    /// Whether a link with this secret can be used.
    pub(super) fn is_invited(&self, secret: &str, now: UnixNanos) -> bool {
        self.links().get(&TokenHash::of(secret).0).is_some_and(|link| link.ends > now)
    }

    /// Uses a link up: whose token it stands for.
    pub(super) fn accept(&self, secret: &str, now: UnixNanos) -> Option<TokenHash> {
        let link = self.links().remove(&TokenHash::of(secret).0)?;
        (link.ends > now).then_some(link.token)
    }
}

/// The secret in the cookie.
fn secret(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE)
}

/// The value of the cookie of that name.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|p| p.split_once('='));
    pairs.find(|(given, _)| given.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(seconds * NANOS_PER_SECOND)
    }

    fn with(secret: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = format!("other=1; {COOKIE}={secret}");
        headers.insert(header::COOKIE, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_after_a_week_in_any_case() {
        let sessions = Sessions::default();
        let (secret, _) = sessions.begin(TokenHash::of("t"), at(0)).unwrap();
        let headers = with(&secret);
        let mut now = 0;
        while now < AGE_SECONDS_MAX {
            assert!(sessions.of(&headers, at(now)).is_some(), "{now}");
            now += IDLE_SECONDS - 1;
        }
        assert!(sessions.of(&headers, at(now)).is_none());

        let (secret, _) = sessions.begin(TokenHash::of("t"), at(0)).unwrap();
        assert!(sessions.of(&with(&secret), at(IDLE_SECONDS)).is_none());
        assert!(sessions.of(&with(&secret), at(0)).is_none());
        assert!(sessions.of(&with("x"), at(0)).is_none());
        assert!(sessions.of(&HeaderMap::new(), at(0)).is_none());
    }

    #[test]
    fn there_are_bounds_to_sessions_and_the_one_left_alone_goes() {
        let sessions = Sessions::default();
        let (first, _) = sessions.begin(TokenHash::of("t"), at(0)).unwrap();
        let (second, _) = sessions.begin(TokenHash::of("t"), at(0)).unwrap();
        sessions.of(&with(&first), at(5)).unwrap();
        for _ in 0..SESSIONS_MAX - 1 {
            sessions.begin(TokenHash::of("t"), at(6)).unwrap();
        }
        assert_eq!(sessions.open().len(), SESSIONS_MAX);
        assert!(sessions.of(&with(&first), at(7)).is_some());
        assert!(sessions.of(&with(&second), at(7)).is_none());
    }

    #[test]
    fn a_link_is_good_once_and_for_an_hour() {
        let sessions = Sessions::default();
        let link = sessions.invite(TokenHash::of("t"), at(0)).unwrap();
        assert!(sessions.is_invited(&link, at(1)) && sessions.is_invited(&link, at(1)));
        assert_eq!(sessions.accept(&link, at(1)), Some(TokenHash::of("t")));
        assert_eq!(sessions.accept(&link, at(1)), None);
        let link = sessions.invite(TokenHash::of("t"), at(0)).unwrap();
        assert!(!sessions.is_invited(&link, at(LINK_SECONDS)));
        assert_eq!(sessions.accept(&link, at(LINK_SECONDS)), None);
    }

    #[test]
    fn what_is_to_be_told_is_told_once() {
        let sessions = Sessions::default();
        let (_, session) = sessions.begin(TokenHash::of("t"), at(0)).unwrap();
        sessions.tell(&session, "success", "done");
        assert_eq!(sessions.told(&session).unwrap().text, "done");
        assert_eq!(sessions.told(&session), None);
    }
}
