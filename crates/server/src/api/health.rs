//! Is it alive, can it work, and what has it counted.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use catalog::Page;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiError, ApiResult, Code, Standing, auth, envelope};
use crate::http::Call;
use crate::metrics::{self, Levels};

/// The process answers.
#[derive(Serialize, JsonSchema)]
pub(super) struct Alive {
    status: &'static str,
}

/// Whether records can be taken in and delivered.
#[derive(Serialize, JsonSchema)]
pub(super) struct Ready {
    status: &'static str,
    /// `ok`, `refusing` (until the cause is gone) or `poisoned` (until a restart).
    journal: &'static str,
    /// `ok`, `refusing` (it cannot be written to) or `unreachable`.
    catalog: &'static str,
    delivery: &'static str,
    /// `ok`, or `doubted`: what the catalogue says of jobs is not believed, and deliveries go on by
    /// what was known last.
    jobs: &'static str,
    /// `ok`, or `refused`: the settings that were read last are wrong, and those before are in
    /// force.
    settings: &'static str,
}

/// `GET /healthz`: the process answers.
pub(super) fn alive() -> Response {
    envelope::json(StatusCode::OK, &Alive { status: "ok" })
}

/// `GET /readyz`: records can be taken in and delivered. Says no more than which part cannot:
/// anybody may ask.
pub(super) async fn ready(call: &mut Call) -> ApiResult {
    let standing = Standing::of(&call.app);
    let journal = standing.journal_word();
    let one = Page { number: 1, size: 1 };
    let catalog = match call.app.catalog.accounts(None, one).await {
        Ok(_) => standing.catalog_word(),
        Err(_) => "unreachable",
    };
    let delivery = if call.app.delivery.is_superseded() { "superseded" } else { "ok" };
    let (status, word) = match (journal, catalog, delivery) {
        ("ok", "ok", "ok") => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    // Neither keeps records out, nor holds deliveries up.
    let jobs = if call.app.delivery.doubted().is_some() { "doubted" } else { "ok" };
    let settings = if call.app.reloads.has_failed() { "refused" } else { "ok" };
    Ok(envelope::json(status, &Ready { status: word, journal, catalog, delivery, jobs, settings }))
}

/// `GET /metrics`.
pub(super) async fn metrics(call: &mut Call) -> ApiResult {
    if !call.app.api.get().metrics_public {
        let caller = auth::authenticate(&call.app, &call.headers, call.now()).await?;
        if !caller.is_operator() {
            let message = "the token is not an administrator's of the whole installation";
            return Err(ApiError::new(Code::Forbidden, message));
        }
    }
    let page = call.app.metrics.render(&Levels::of(&call.app));
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response())
}
