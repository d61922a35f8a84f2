//! What every page has around it, and the answer that a page becomes.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use catalog::Permission;
use model::{Scope, ScopeKind};

use super::assets;
use super::session::{Flash, Session, cookie};
use crate::api::{ApiError, ApiResult};
use crate::http::Call;

/// What every page has around it. Templates that extend `layout.html` have it as `frame`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// What each form of the page carries as `csrf`.
    pub(crate) csrf: String,
    /// `light` or `dark` where the person chose one; empty otherwise.
    pub(crate) theme: &'static str,
    /// What is to be told first.
    pub(crate) flash: Option<Flash>,
    /// The name of the token that is logged in, where one is.
    pub(crate) user: Option<String>,
    /// What is selected.
    pub(crate) place: Option<Place>,
    /// The pages that there are to go to.
    pub(crate) nav: Vec<NavGroup>,
}

/// The account or zone that the page is about.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its name.
    pub(crate) name: String,
    /// `zone` or `account`.
    pub(crate) kind: &'static str,
    /// The account's name, where the person may know it and the page is about a zone.
    pub(crate) account: Option<String>,
}

/// Pages that belong together.
#[derive(Debug, Clone)]
pub(crate) struct NavGroup {
    /// What they have in common.
    pub(crate) title: &'static str,
    /// The pages.
    pub(crate) items: Vec<NavItem>,
}

/// A page to go to.
#[derive(Debug, Clone)]
pub(crate) struct NavItem {
    /// What it is called.
    pub(crate) title: &'static str,
    /// Its icon in the layout.
    pub(crate) icon: &'static str,
    /// Where it is.
    pub(crate) path: String,
    /// Whether the page is this one, or one beneath it.
    pub(crate) is_here: bool,
}

impl Frame {
    /// Around a page of somebody who is logged in.
    pub(crate) async fn of(call: &Call) -> Result<Self, ApiError> {
        let mut frame = Self::bare(call);
        let (Some(session), Ok(caller)) = (&call.session, call.caller()) else { return Ok(frame) };
        frame.csrf.clone_from(&session.csrf);
        frame.flash = call.app.sessions.told(session);
        frame.user = Some(caller.token.name.clone()).filter(|name| !name.is_empty());
        frame.user.get_or_insert_with(|| "token without a name".to_owned());
        let Some(scope) = selected(call, session).await else { return Ok(frame) };
        // What was selected before may be gone since.
        if caller.require_scope(&call.app, scope).await.is_err() {
            return Ok(frame);
        }
        let (place, account) = place(call, scope).await?;
        let is_theirs = caller.require_scope(&call.app, account).await.is_ok();
        let is_administrator = is_theirs && caller.may(Permission::Admin);
        frame.nav = nav(call, scope, account, is_administrator);
        frame.place = Some(place);
        Ok(frame)
    }

    /// Around a page of nobody in particular.
    pub(crate) fn bare(call: &Call) -> Self {
        let theme = match cookie(&call.headers, "logpush_theme") {
            Some("dark") => "dark",
            Some("light") => "light",
            _ => "",
        };
        Self { theme, ..Self::default() }
    }

    /// The address of an asset, which changes with its content.
    #[allow(clippy::unused_self, reason = "templates have the frame in scope, and no functions")]
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }
}

/// What the page is about or, where it names none, what was looked at last. An account's settings
/// leave one of its zones selected, so that its pages are near.
async fn selected(call: &Call, session: &Session) -> Option<Scope> {
    let last = call.app.sessions.scope(session);
    let Ok(named) = call.scope() else { return last };
    let Some(zone) = last.filter(|last| is_settings(call) && last.kind == ScopeKind::Zone) else {
        return Some(named);
    };
    let account = call.app.catalog.zone(zone.id).await.map(|zone| zone.account);
    Some(if account.is_ok_and(|account| account == named.id) { zone } else { named })
}

/// Whether the page is one of an account's settings.
pub(super) fn is_settings(call: &Call) -> bool {
    call.params.get("account_id").is_some() && call.uri.path().contains("/settings/")
}

/// The path of a scope's pages: `/zones/{id}` or `/accounts/{id}`.
pub(crate) fn base(scope: Scope) -> String {
    format!("/{}s/{}", scope.kind.name(), scope.id)
}

async fn place(call: &Call, scope: Scope) -> Result<(Place, Scope), ApiError> {
    let catalog = &call.app.catalog;
    match scope.kind {
        ScopeKind::Account => {
            let name = catalog.account(scope.id).await?.name;
            Ok((Place { name, kind: "account", account: None }, scope))
        }
        ScopeKind::Zone => {
            let zone = catalog.zone(scope.id).await?;
            let account = Scope::account(zone.account);
            let may_know = call.caller()?.require_scope(&call.app, account).await.is_ok();
            let name =
                if may_know { Some(catalog.account(zone.account).await?.name) } else { None };
            Ok((Place { name: zone.name, kind: "zone", account: name }, account))
        }
    }
}

fn nav(call: &Call, scope: Scope, account: Scope, is_administrator: bool) -> Vec<NavGroup> {
    let here = call.uri.path();
    let item = |title, icon, path: String| {
        let is_here = here == path || here.starts_with(&format!("{path}/"));
        NavItem { title, icon, path, is_here }
    };
    let base_path = base(scope);
    let analytics = vec![
        item("Logs", "logs", format!("{base_path}/logs")),
        item("Quarantine", "quarantine", format!("{base_path}/quarantine")),
    ];
    let mut groups = vec![NavGroup { title: "Analytics", items: analytics }];
    if is_administrator {
        let settings = format!("{}/settings", base(account));
        let items = vec![
            item("Domains", "zones", format!("{settings}/zones")),
            item("API tokens", "tokens", format!("{settings}/tokens")),
            item("Audit log", "audit", format!("{settings}/audit")),
        ];
        groups.push(NavGroup { title: "Account", items });
    }
    groups
}

/// The answer that a page becomes.
pub(crate) fn rendered(page: &impl Template) -> ApiResult {
    rendered_as(StatusCode::OK, page)
}

/// The answer that a page becomes, with this status.
pub(crate) fn rendered_as(status: StatusCode, page: &impl Template) -> ApiResult {
    let text = page.render().map_err(|error| ApiError::internal(error.to_string()))?;
    Ok((status, HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))), text)
        .into_response())
}

/// Nothing is loaded from elsewhere, nothing runs that is not a file of ours, nobody frames us,
/// nobody else sees where a person came from, and no cache keeps what belongs to one.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Sends the browser on to a path of ours, to be got.
pub(crate) fn to(path: &str) -> Response {
    let Ok(path) = HeaderValue::from_str(path) else {
        return ApiError::internal("a path that is no header").into_response();
    };
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(header::LOCATION, path), (header::CACHE_CONTROL, no_store)];
    (StatusCode::SEE_OTHER, headers).into_response()
}
