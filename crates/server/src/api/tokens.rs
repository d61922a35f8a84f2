//! Tokens: made, listed, verified, revoked. A token's text is shown once, when it is made.

use std::collections::BTreeSet;

use catalog::{Grant, Page, Permission, Token, TokenHash};
use model::time::parse_timestamp;
use model::{Id, Scope, ScopeKind, UnixNanos};
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Fields, Given};
use super::page::{page, part};
use super::{ApiError, ApiResult, Caller, Code, auth, envelope};
use crate::app::App;
use crate::http::Call;
use crate::instant::rfc3339;
use crate::random::{random_id, token_text};

/// The name of the administrator's token that the service adds at its start. Tokens of this name
/// are the service's own business.
pub(crate) const RESERVED_NAME: &str = "administrator (from the settings)";

/// Longest name of a token, in characters.
const NAME_CHARS_MAX: usize = 120;

/// A token, without its text unless it was just made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(super) struct Shown {
    id: String,
    name: String,
    status: &'static str,
    permissions: Vec<&'static str>,
    account_id: Option<String>,
    zone_id: Option<String>,
    issued_on: String,
    expires_on: Option<String>,
    last_used_on: Option<String>,
    /// The text, only when the token was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

fn shown(token: &Token, now: UnixNanos, value: Option<String>) -> Shown {
    let bound_to = |wanted| match token.grant {
        Grant::Scope(scope) if scope.kind == wanted => Some(scope.id.to_string()),
        _ => None,
    };
    Shown {
        id: token.id.to_string(),
        name: token.name.clone(),
        status: status(token, now),
        permissions: token.permissions.iter().map(|permission| permission.name()).collect(),
        account_id: bound_to(ScopeKind::Account),
        zone_id: bound_to(ScopeKind::Zone),
        issued_on: rfc3339(token.created_at),
        expires_on: token.expires_at.map(rfc3339),
        last_used_on: token.last_used_at.map(rfc3339),
        value,
    }
}

/// `active`, `expired` or `revoked`.
pub(crate) fn status(token: &Token, now: UnixNanos) -> &'static str {
    match token {
        Token { revoked_at: Some(_), .. } => "revoked",
        Token { expires_at: Some(at), .. } if *at <= now => "expired",
        _ => "active",
    }
}

/// A token that is valid.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenVerified")]
pub(super) struct Verified {
    id: String,
    status: &'static str,
    not_before: String,
    expires_on: Option<String>,
}

/// `GET /user/tokens/verify`: whether the token in the headers is valid.
pub(super) async fn verify(call: &mut Call) -> ApiResult {
    let caller = auth::identify(call).await;
    let token = match caller {
        Ok(Caller { token }) => token,
        Err(error) if error.code() == Code::Unauthenticated => {
            return Err(ApiError::new(Code::InvalidToken, "invalid API token"));
        }
        Err(error) => return Err(error),
    };
    Ok(envelope::result(Verified {
        id: token.id.to_string(),
        status: "active",
        not_before: rfc3339(token.created_at),
        expires_on: token.expires_at.map(rfc3339),
    }))
}

/// `GET /user/tokens`: those within the caller's own grant, revoked ones left out.
pub(super) async fn list(call: &mut Call) -> ApiResult {
    let (page, now) = (page(call)?, call.now());
    let tokens = visible(&call.app, call.caller()?.token.grant).await?;
    let (tokens, info) = part(tokens, page);
    let shown: Vec<_> = tokens.iter().map(|token| shown(token, now, None)).collect();
    Ok(envelope::list(shown, info))
}

/// The tokens that are bound to what `grant` covers. Tokens are few: one a sender or program.
pub(crate) async fn visible(app: &App, grant: Grant) -> Result<Vec<Token>, ApiError> {
    let zones: BTreeSet<Id> = match grant {
        Grant::Scope(Scope { kind: ScopeKind::Account, id }) => {
            let zones = app.catalog.zones(Some(id), None, None, Page::ALL).await?;
            zones.items.into_iter().map(|zone| zone.id).collect()
        }
        _ => BTreeSet::new(),
    };
    let covered = |token: &Token| match (grant, token.grant) {
        (Grant::Installation, _) => true,
        (Grant::Scope(_), Grant::Installation) => false,
        (Grant::Scope(granted), Grant::Scope(scope)) => {
            granted == scope || (scope.kind == ScopeKind::Zone && zones.contains(&scope.id))
        }
    };
    let tokens = app.catalog.tokens(None, Page::ALL).await?.items;
    Ok(tokens.into_iter().filter(|token| token.revoked_at.is_none() && covered(token)).collect())
}

/// `POST /user/tokens`.
pub(super) async fn create(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let now = call.now();
    let known = ["name", "permissions", "account_id", "zone_id", "expires_on"];
    let mut fields = Fields::parse(&body, &known)?;
    let name = name(&mut fields);
    let permissions = permissions(&mut fields);
    let grant = grant(&mut fields);
    let expires_at = expires_at(&mut fields, now);
    fields.finish()?;
    let (token, text) = make(call, name, permissions, grant, expires_at).await?;
    Ok(envelope::result(shown(&token, now, Some(text))))
}

/// Makes a token where the caller may, and gives its text with it.
pub(crate) async fn make(
    call: &Call,
    name: String,
    permissions: Vec<Permission>,
    grant: Grant,
    expires_at: Option<UnixNanos>,
) -> Result<(Token, String), ApiError> {
    match grant {
        Grant::Installation if !call.caller()?.is_operator() => {
            let message = "a token of the whole installation needs one to make it: name an \
                           `account_id` or a `zone_id`";
            return Err(ApiError::new(Code::Forbidden, message));
        }
        Grant::Installation => {}
        Grant::Scope(scope) => call.caller()?.require_scope(&call.app, scope).await?,
    }
    let token = Token {
        id: random_id()?,
        name,
        permissions,
        grant,
        created_at: call.now(),
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let text = token_text()?;
    call.app.catalog.add_token(token.clone(), TokenHash::of(&text), &call.actor()).await?;
    Ok((token, text))
}

fn name(fields: &mut Fields) -> String {
    let name = fields.text("name").value().unwrap_or_default();
    if let Some(why) = refused_name(&name) {
        fields.refuse("name", why);
    }
    name
}

/// Why a token cannot be called so.
pub(crate) fn refused_name(name: &str) -> Option<String> {
    if name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control) {
        return Some(format!(
            "at most {NAME_CHARS_MAX} characters, none of them a control character"
        ));
    }
    (name == RESERVED_NAME).then(|| "this name is the service's own: choose another".to_owned())
}

fn permissions(fields: &mut Fields) -> Vec<Permission> {
    let names = fields.texts("permissions").value().unwrap_or_default();
    let known = Permission::ALL.map(Permission::name).join("`, `");
    if names.is_empty() {
        fields.refuse_missing("permissions", format!("expected at least one of `{known}`"));
    }
    let mut permissions = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match Permission::from_name(name) {
            Some(permission) if !permissions.contains(&permission) => permissions.push(permission),
            Some(_) => {}
            None => {
                let shown: String = name.chars().take(64).collect();
                let message = format!("`{shown}` is no permission: expected one of `{known}`");
                fields.refuse(&format!("permissions/{index}"), message);
            }
        }
    }
    permissions
}

/// What the token is to be bound to: an account, a zone, or nothing.
fn grant(fields: &mut Fields) -> Grant {
    let mut id = |key: &str| {
        let text = fields.text(key).value().filter(|text| !text.is_empty())?;
        let parsed = text.parse::<Id>();
        parsed.map_err(|error| fields.refuse(key, error.to_string())).ok()
    };
    match (id("account_id"), id("zone_id")) {
        (Some(_), Some(_)) => {
            fields.refuse("zone_id", "a token is bound to an account or to a zone, not to both");
            Grant::Installation
        }
        (Some(id), None) => Grant::Scope(Scope::account(id)),
        (None, Some(id)) => Grant::Scope(Scope::zone(id)),
        (None, None) => Grant::Installation,
    }
}

fn expires_at(fields: &mut Fields, now: UnixNanos) -> Option<UnixNanos> {
    let Given::Value(text) = fields.text("expires_on") else { return None };
    if text.is_empty() {
        return None;
    }
    match parse_timestamp(text.as_bytes()) {
        Ok(at) if at > now => return Some(at),
        Ok(_) => fields.refuse("expires_on", "lies in the past"),
        Err(error) => fields.refuse("expires_on", error.to_string()),
    }
    None
}

/// The token that is good no more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenRevoked")]
pub(super) struct Revoked {
    id: String,
}

/// `DELETE /user/tokens/{token_id}`.
pub(super) async fn revoke(call: &mut Call) -> ApiResult {
    let id = call.id("token_id")?;
    revoke_within(call, call.caller()?.token.grant, id).await?;
    Ok(envelope::result(Revoked { id: id.to_string() }))
}

/// Revokes a token that is bound to what `grant` covers.
pub(crate) async fn revoke_within(call: &Call, grant: Grant, id: Id) -> Result<Token, ApiError> {
    let visible = visible(&call.app, grant).await?;
    let Some(token) = visible.into_iter().find(|token| token.id == id) else {
        return Err(ApiError::not_found("token", &id.to_string()));
    };
    call.app.catalog.revoke_token(id, &call.actor()).await?;
    call.app.door.senders().forget();
    Ok(token)
}
