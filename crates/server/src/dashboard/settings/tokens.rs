//! *API tokens* of an account and its domains: made, shown once, revoked.

use askama::Template;
use catalog::{Grant, Page, Permission, Token, Zone};
use model::time::NANOS_PER_SECOND;
use model::{Id, Scope, UnixNanos};

use crate::api::{ApiError, ApiResult, tokens};
use crate::dashboard::Form;
use crate::dashboard::error::sentence;
use crate::dashboard::page::{Frame, base, rendered, to};
use crate::dashboard::text::{Instant, visible};
use crate::http::Call;

const DAY: i64 = 24 * 60 * 60 * NANOS_PER_SECOND;
/// After how many days a new token may expire; 0 for never.
const DAYS: [(i64, &str); 5] =
    [(30, "30 days"), (90, "90 days"), (365, "1 year"), (1, "1 day"), (0, "Never")];

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct TokensPage {
    frame: Frame,
    path: String,
    tokens: Vec<ShownToken>,
    /// The text of the token that was just made.
    made: Option<String>,
    typed: String,
    permissions: Vec<ShownPermission>,
    places: Vec<ShownPlace>,
    days: Vec<ShownDays>,
    problems: Vec<String>,
}

struct ShownToken {
    id: String,
    name: String,
    permissions: String,
    bound: String,
    status: &'static str,
    created: Instant,
    expires: Option<Instant>,
    used: Option<Instant>,
    is_own: bool,
}

struct ShownPermission {
    name: &'static str,
    title: &'static str,
    meaning: &'static str,
    is_chosen: bool,
}

struct ShownPlace {
    value: String,
    title: String,
    is_chosen: bool,
}

struct ShownDays {
    days: i64,
    title: &'static str,
    is_chosen: bool,
}

const fn described(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::LogsRead => ("See", "Jobs, how they stand, and refused lines."),
        Permission::LogsWrite => ("Change", "Connect, change, pause and remove services."),
        Permission::LogsIngest => ("Send", "Send records in; for the machines that log."),
        Permission::Admin => ("Administer", "All of it, these tokens included."),
    }
}

/// `GET /accounts/{account_id}/settings/tokens`.
pub(in crate::dashboard) async fn show(call: &mut Call) -> ApiResult {
    page(call, &Form::default(), None, Vec::new()).await
}

/// `POST /accounts/{account_id}/settings/tokens`: makes one, and shows its text this once.
pub(in crate::dashboard) async fn create(call: &mut Call) -> ApiResult {
    let form = Form::read(call).await?;
    let name = form.text("name").to_owned();
    let mut problems: Vec<String> =
        tokens::refused_name(&name).map(|why| format!("Name: {why}.")).into_iter().collect();
    if name.is_empty() {
        problems.push("Give the token a name, so that others know what it is for.".to_owned());
    }
    let permissions: Vec<_> = form.all("permission").filter_map(Permission::from_name).collect();
    if permissions.is_empty() {
        problems.push("Choose what the token may do.".to_owned());
    }
    let bound = bound(call, form.text("place")).await?;
    if !problems.is_empty() {
        return page(call, &form, None, problems).await;
    }
    let days = form.text("days").parse().unwrap_or(0_i64).clamp(0, 3_650);
    let expires = (days > 0).then(|| UnixNanos(call.now().0.saturating_add(days * DAY)));
    match tokens::make(call, name, permissions, Grant::Scope(bound), expires).await {
        Ok((_, text)) => page(call, &Form::default(), Some(text), Vec::new()).await,
        Err(error) => {
            let problem = sentence(error.message());
            page(call, &form, None, vec![problem]).await
        }
    }
}

/// `POST /accounts/{account_id}/settings/tokens/revoke`.
pub(in crate::dashboard) async fn revoke(call: &mut Call) -> ApiResult {
    let form = Form::read(call).await?;
    let id = form.text("token");
    let id: Id = id.parse().map_err(|_| ApiError::not_found("token", id))?;
    let account = call.scope()?;
    let token = tokens::revoke_within(call, Grant::Scope(account), id).await?;
    if let Some(session) = &call.session {
        let text = format!("The token “{}” is revoked.", visible(&token.name, 120));
        call.app.sessions.tell(session, "success", text);
    }
    Ok(to(&format!("{}/settings/tokens", base(account))))
}

/// What the token is to be bound to: the account, or one of its zones.
async fn bound(call: &Call, place: &str) -> Result<Scope, ApiError> {
    let account = call.scope()?;
    if place.is_empty() {
        return Ok(account);
    }
    let id: Id = place.parse().map_err(|_| ApiError::not_found("zone", place))?;
    let zone = call.app.catalog.zone(id).await?;
    if zone.account != account.id {
        return Err(ApiError::not_found("zone", place));
    }
    Ok(Scope::zone(id))
}

async fn page(call: &Call, form: &Form, made: Option<String>, problems: Vec<String>) -> ApiResult {
    let account = call.scope()?;
    let zones = call.app.catalog.zones(Some(account.id), None, None, Page::ALL).await?.items;
    let mut found = tokens::visible(&call.app, Grant::Scope(account)).await?;
    found.sort_by_key(|token| std::cmp::Reverse(token.created_at));
    let shown = found.iter().map(|token| shown(call, token, &zones)).collect();
    let chosen = |permission: &Permission| form.all("permission").any(|n| n == permission.name());
    let place = form.text("place");
    let whole = ShownPlace {
        value: String::new(),
        title: "The whole account".to_owned(),
        is_chosen: place.is_empty(),
    };
    let of_zone = |zone: &Zone| {
        let value = zone.id.to_string();
        ShownPlace { is_chosen: place == value, title: zone.name.clone(), value }
    };
    let days = form.get("days").and_then(|text| text.parse().ok()).unwrap_or(DAYS[0].0);
    rendered(&TokensPage {
        frame: Frame::of(call).await?,
        path: format!("{}/settings/tokens", base(account)),
        tokens: shown,
        made,
        typed: form.text("name").to_owned(),
        permissions: Permission::ALL
            .iter()
            .map(|permission| {
                let (title, meaning) = described(*permission);
                let (name, is_chosen) = (permission.name(), chosen(permission));
                ShownPermission { name, title, meaning, is_chosen }
            })
            .collect(),
        places: std::iter::once(whole).chain(zones.iter().map(of_zone)).collect(),
        days: DAYS.map(|(of, title)| ShownDays { days: of, title, is_chosen: of == days }).into(),
        problems,
    })
}

fn shown(call: &Call, token: &Token, zones: &[Zone]) -> ShownToken {
    let zone = |id: Id| zones.iter().find(|zone| zone.id == id).map(|zone| zone.name.clone());
    let permissions: Vec<_> = token.permissions.iter().map(|held| held.name()).collect();
    ShownToken {
        id: token.id.to_string(),
        name: visible(&token.name, 120),
        permissions: permissions.join(", "),
        bound: match token.grant {
            Grant::Scope(scope) => zone(scope.id).unwrap_or_else(|| "the whole account".to_owned()),
            Grant::Installation => "the whole installation".to_owned(),
        },
        status: tokens::status(token, call.now()),
        created: Instant(token.created_at),
        expires: token.expires_at.map(Instant),
        used: token.last_used_at.map(Instant),
        is_own: call.caller().is_ok_and(|caller| caller.token.id == token.id),
    }
}
