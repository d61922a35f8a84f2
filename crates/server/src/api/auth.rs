//! Who asks, and whether they may.
//!
//! | the token | answer |
//! |---|---|
//! | is absent, unknown, expired or revoked | 401 |
//! | is bound to another account or zone than the path's | 403, whether that exists or not |
//! | is bound to an account, and the path's zone is not one of its own | 404, whether it exists or not |
//! | lacks the permission | 403 |
//!
//! So nobody learns from an answer whether something of somebody else exists. A token is looked
//! up by its hash, so comparing takes no time that tells anything of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use catalog::{Grant, Permission, Token, TokenHash};
use model::time::NANOS_PER_SECOND;
use model::{Id, Scope, ScopeKind, UnixNanos};

use super::{ApiError, Code};
use crate::app::App;
use crate::http::Call;
use crate::instant::rfc3339;

/// How often the use of a token is noted.
const TOUCH_SECONDS: i64 = 60;
/// How many tokens are remembered whose use was noted.
const NOTED_MAX: usize = 16 << 10;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A valid token; the handler shows what its grant covers.
    AnyToken,
    /// This permission in the scope that the path names.
    InScope(Permission),
    /// This permission in whatever the token is bound to; the handler keeps within that.
    InGrant(Permission),
    /// The operator: administration of the whole installation.
    Operator,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The token, which is valid.
    pub(crate) token: Token,
}

impl Caller {
    /// Whether the token has this permission.
    pub(crate) fn may(&self, needed: Permission) -> bool {
        self.token.permissions.iter().any(|held| held.covers(needed))
    }

    /// Whether the token is an administrator's of the whole installation.
    pub(crate) fn is_operator(&self) -> bool {
        self.token.grant == Grant::Installation && self.may(Permission::Admin)
    }

    /// That the token has this permission.
    pub(crate) fn require(&self, needed: Permission) -> Result<(), ApiError> {
        if self.may(needed) {
            return Ok(());
        }
        let message = format!("the token lacks the permission `{}`", needed.name());
        Err(ApiError::new(Code::Forbidden, message))
    }

    /// Checks that the grant covers `scope`, which exists then.
    pub(crate) async fn require_scope(&self, app: &App, scope: Scope) -> Result<(), ApiError> {
        match (self.token.grant, scope.kind) {
            (Grant::Scope(granted), _) if granted == scope => Ok(()),
            (Grant::Installation, _) => {
                app.door.account_of(scope).await?;
                Ok(())
            }
            (Grant::Scope(Scope { kind: ScopeKind::Account, id }), ScopeKind::Zone) => {
                if app.door.account_of(scope).await? == id {
                    return Ok(());
                }
                Err(ApiError::not_found("zone", &scope.id.to_string()))
            }
            (Grant::Scope(granted), _) => {
                let kind = granted.kind.name();
                let message = format!("the token is bound to another {kind}");
                Err(ApiError::new(Code::Forbidden, message))
            }
        }
    }
}

/// Lets the caller in, or says why not.
pub(crate) async fn admit(access: Access, call: &mut Call) -> Result<(), ApiError> {
    if access == Access::Public {
        return Ok(());
    }
    let caller = identify(call).await?;
    let scope = reached(access, &caller, call).await?;
    require_access(access, &caller)?;
    call.admit(caller, scope);
    Ok(())
}

/// The scope that the path names, where the route is about one: the caller's grant covers it.
pub(crate) async fn reached(
    access: Access,
    caller: &Caller,
    call: &Call,
) -> Result<Option<Scope>, ApiError> {
    let Access::InScope(_) = access else { return Ok(None) };
    let named = scope_of(call)?;
    caller.require_scope(&call.app, named).await?;
    Ok(Some(named))
}

/// That the caller holds what the route asks for.
pub(crate) fn require_access(access: Access, caller: &Caller) -> Result<(), ApiError> {
    match access {
        Access::Public | Access::AnyToken => Ok(()),
        Access::InScope(permission) | Access::InGrant(permission) => caller.require(permission),
        Access::Operator => {
            caller.require(Permission::Admin)?;
            if caller.is_operator() {
                return Ok(());
            }
            let message = "the token is not one of the whole installation";
            Err(ApiError::new(Code::Forbidden, message))
        }
    }
}

/// Who asks: their token is valid and makes no more requests than it may. Sending records in has
/// bounds of its own.
pub(super) async fn identify(call: &Call) -> Result<Caller, ApiError> {
    if call.is_at_door() {
        return sender(call).await;
    }
    let caller = authenticate(&call.app, &call.headers, call.now()).await?;
    call.app.rates.count(caller.token.id, call.now())?;
    Ok(caller)
}

/// Who asks at the door for records: a busy sender's token is not looked up for each request.
async fn sender(call: &Call) -> Result<Caller, ApiError> {
    let (senders, now) = (call.app.door.senders(), call.now());
    let hash = presented(&call.headers).map(TokenHash::of);
    if let Some(token) = hash.and_then(|hash| senders.token(hash, now)) {
        return Ok(Caller { token });
    }
    let since = senders.since();
    let caller = authenticate(&call.app, &call.headers, now).await?;
    if let Some(hash) = hash {
        senders.remember(hash, &caller.token, now, since);
    }
    Ok(caller)
}

/// The scope that the path names.
fn scope_of(call: &Call) -> Result<Scope, ApiError> {
    match call.params.get("zone_id") {
        Some(_) => call.id("zone_id").map(Scope::zone),
        None => call.id("account_id").map(Scope::account),
    }
}

/// The caller whose token the headers carry.
pub(super) async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    now: UnixNanos,
) -> Result<Caller, ApiError> {
    let refused = |message: &str| ApiError::new(Code::Unauthenticated, message);
    let text = presented(headers)
        .ok_or_else(|| refused("no credentials: send `Authorization: Bearer <token>`"))?;
    valid(app, TokenHash::of(text), now).await
}

/// The bearer of the token with this hash, which is valid.
pub(crate) async fn valid(app: &App, hash: TokenHash, now: UnixNanos) -> Result<Caller, ApiError> {
    let refused = |message: &str| ApiError::new(Code::Unauthenticated, message);
    let token = app.catalog.token_by_hash(hash).await?;
    let token = token.ok_or_else(|| refused("the token is not known"))?;
    if token.revoked_at.is_some() {
        return Err(refused("the token was revoked"));
    }
    if let Some(expired) = token.expires_at.filter(|&at| at <= now) {
        return Err(refused(&format!("the token expired at {}", rfc3339(expired))));
    }
    note_use(app, &token, now);
    Ok(Caller { token })
}

/// The token's text: of `Authorization: Bearer`, or of the older pair of headers, where the key
/// is the token and the address is not looked at.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let legacy = || text("x-auth-email").and(text("x-auth-key"));
    bearer.or_else(legacy).filter(|token| !token.is_empty())
}

/// Whose use was noted of late. Also where that fails or lasts, it is not tried for each request:
/// a busy catalogue has no longer queue for that.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    noted: Mutex<HashMap<Id, UnixNanos>>,
}

impl Uses {
    /// Whether a use of the token is to be noted now; it counts as noted then.
    fn is_due(&self, token: &Token, now: UnixNanos) -> bool {
        let is_recent =
            |last: UnixNanos| now.0.saturating_sub(last.0) < TOUCH_SECONDS * NANOS_PER_SECOND;
        if token.last_used_at.is_some_and(is_recent) {
            return false;
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&token.id).copied().is_some_and(is_recent) {
            return false;
        }
        if noted.len() >= NOTED_MAX {
            noted.clear();
        }
        noted.insert(token.id, now);
        true
    }
}

/// Notes now and then that the token is in use; the request does not wait for it.
fn note_use(app: &App, token: &Token, now: UnixNanos) {
    if !app.uses.is_due(token, now) {
        return;
    }
    let (catalog, id) = (std::sync::Arc::clone(&app.catalog), token.id);
    tokio::spawn(async move {
        if let Err(error) = catalog.touch_token(id, now).await {
            tracing::debug!(%error, "cannot note the use of a token");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Option<&str>) {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), value.parse().expect("a header value"))
            })
            .collect();
        assert_eq!(presented(&headers), expected);
    }

    #[test]
    fn a_use_is_noted_once_a_minute_also_where_the_catalogue_does_not_take_it() {
        let at = |seconds: i64| UnixNanos(seconds * NANOS_PER_SECOND);
        let token = |id: u8, last_used_at| Token {
            id: Id::from_bytes([id; 16]),
            name: String::new(),
            permissions: vec![Permission::LogsRead],
            grant: Grant::Installation,
            created_at: at(0),
            expires_at: None,
            last_used_at,
            revoked_at: None,
        };
        let uses = Uses::default();
        let due = |id, last, now| uses.is_due(&token(id, last), at(now));
        assert!(!due(1, Some(at(950)), 1_000), "the catalogue knows of a use");
        assert!(due(1, Some(at(940)), 1_000));
        assert!(!due(1, Some(at(940)), 1_059), "it is being noted");
        assert!(due(2, None, 1_059), "another token");
        assert!(due(1, Some(at(940)), 1_060));
    }

    #[test]
    fn a_token_comes_in_either_form() {
        check(&[("authorization", "Bearer abc")], Some("abc"));
        check(&[("authorization", "bearer  abc ")], Some("abc"));
        check(&[("x-auth-email", "a@b.c"), ("x-auth-key", "abc")], Some("abc"));
        check(&[("x-auth-key", "abc")], None);
        check(&[("authorization", "Basic abc")], None);
        check(&[("authorization", "Bearer ")], None);
        check(&[], None);
    }
}
