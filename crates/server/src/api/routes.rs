//! The one table of what can be asked for: method, path, what it needs, who answers.
//!
//! `{scope}` in a path stands for `accounts/{account_id}` and `zones/{zone_id}`: such a route is
//! there twice.

use std::future::{Future, ready};
use std::pin::Pin;

use axum::http::{Method, StatusCode};
use catalog::Permission::{Admin, LogsIngest, LogsRead, LogsWrite};

use super::auth::Access::{self, AnyToken, InGrant, InScope, Operator, Public};
use super::{
    ApiResult, accounts, audit, datasets, destination, health, history, ingest, jobs, ledger,
    openapi, origin, ownership, policy, quarantine, standing, status, tokens, verify, zones,
};
use crate::app::App;
use crate::http::Call;

/// An answer on its way.
pub(crate) type Answer<'c> = Pin<Box<dyn Future<Output = ApiResult> + Send + 'c>>;

/// Answers calls.
pub(crate) type Handler = for<'c> fn(&'c mut Call) -> Answer<'c>;

/// One route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// Its method; with `GET` comes `HEAD`.
    pub(crate) method: Method,
    /// Its path, variable parts in braces.
    pub(crate) path: String,
    /// What it asks of its caller.
    pub(crate) access: Access,
    /// Who answers.
    pub(crate) handler: Handler,
    /// For whom it is.
    pub(crate) surface: Surface,
}

/// For whom an answer is, and so how callers show who they are and how errors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Programs: a token in the headers, errors as JSON.
    Api,
    /// People: a session, errors as pages.
    Pages,
}

/// What the paths of the door for records begin with.
pub(crate) const DOOR: &str = "/ingest/";

/// A line of a table of routes.
pub(crate) type Row = (Method, &'static str, Access, Handler);

const TABLE: &[Row] = &[
    (Method::GET, "/openapi.json", Public, |_| Box::pin(ready(Ok(openapi::show())))),
    (Method::GET, "/healthz", Public, |_| Box::pin(ready(Ok(health::alive())))),
    (Method::GET, "/readyz", Public, |c| Box::pin(health::ready(c))),
    (Method::GET, "/metrics", Public, |c| Box::pin(health::metrics(c))),
    // The door for records.
    (Method::POST, "/ingest/v1/{scope}/{dataset}", InScope(LogsIngest), |c| {
        Box::pin(ingest::to_scope(c))
    }),
    (Method::POST, "/ingest/v1/{dataset}", InGrant(LogsIngest), |c| {
        Box::pin(ingest::per_record(c))
    }),
    // Administration.
    (Method::GET, "/client/v4/user/tokens/verify", Public, |c| Box::pin(tokens::verify(c))),
    (Method::GET, "/client/v4/user/tokens", InGrant(Admin), |c| Box::pin(tokens::list(c))),
    (Method::POST, "/client/v4/user/tokens", InGrant(Admin), |c| Box::pin(tokens::create(c))),
    (Method::DELETE, "/client/v4/user/tokens/{token_id}", InGrant(Admin), |c| {
        Box::pin(tokens::revoke(c))
    }),
    (Method::GET, "/client/v4/accounts", AnyToken, |c| Box::pin(accounts::list(c))),
    (Method::POST, "/client/v4/accounts", Operator, |c| Box::pin(accounts::create(c))),
    (Method::GET, "/client/v4/accounts/{account_id}", AnyToken, |c| Box::pin(accounts::show(c))),
    (Method::DELETE, "/client/v4/accounts/{account_id}", Operator, |c| {
        Box::pin(accounts::delete(c))
    }),
    (Method::GET, "/client/v4/accounts/{account_id}/audit_logs", InScope(Admin), |c| {
        Box::pin(audit::of_account(c))
    }),
    (Method::GET, "/client/v4/audit_logs", Operator, |c| Box::pin(audit::of_installation(c))),
    (Method::GET, "/client/v4/zones", AnyToken, |c| Box::pin(zones::list(c))),
    (Method::POST, "/client/v4/zones", Operator, |c| Box::pin(zones::create(c))),
    (Method::GET, "/client/v4/zones/{zone_id}", AnyToken, |c| Box::pin(zones::show(c))),
    (Method::DELETE, "/client/v4/zones/{zone_id}", Operator, |c| Box::pin(zones::delete(c))),
    // Logpush.
    (Method::GET, "/client/v4/{scope}/logpush/jobs", InScope(LogsRead), |c| {
        Box::pin(jobs::list(c))
    }),
    (Method::POST, "/client/v4/{scope}/logpush/jobs", InScope(LogsWrite), |c| {
        Box::pin(jobs::create(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}", InScope(LogsRead), |c| {
        Box::pin(jobs::show(c))
    }),
    (Method::PUT, "/client/v4/{scope}/logpush/jobs/{job_id}", InScope(LogsWrite), |c| {
        Box::pin(jobs::update(c))
    }),
    (Method::DELETE, "/client/v4/{scope}/logpush/jobs/{job_id}", InScope(LogsWrite), |c| {
        Box::pin(jobs::delete(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/datasets/{dataset}/jobs", InScope(LogsRead), |c| {
        Box::pin(jobs::of_dataset(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/datasets/{dataset}/fields", InScope(LogsRead), |c| {
        Box::pin(ready(datasets::fields(c)))
    }),
    (
        Method::GET,
        "/client/v4/{scope}/logpush/datasets/{dataset}/fields/default",
        InScope(LogsRead),
        |c| Box::pin(ready(datasets::default_fields(c))),
    ),
    (Method::POST, "/client/v4/{scope}/logpush/ownership", InScope(LogsWrite), |c| {
        Box::pin(ownership::challenge(c))
    }),
    (Method::POST, "/client/v4/{scope}/logpush/ownership/validate", InScope(LogsWrite), |c| {
        Box::pin(ownership::validate(c))
    }),
    (Method::POST, "/client/v4/{scope}/logpush/validate/destination", InScope(LogsWrite), |c| {
        Box::pin(destination::validate(c))
    }),
    (
        Method::POST,
        "/client/v4/{scope}/logpush/validate/destination/exists",
        InScope(LogsRead),
        |c| Box::pin(destination::exists(c)),
    ),
    (Method::POST, "/client/v4/{scope}/logpush/validate/origin", InScope(LogsRead), |c| {
        Box::pin(origin::validate(c))
    }),
    // What the v4 API does not have.
    (Method::POST, "/client/v4/{scope}/logpush/destination/check", InScope(LogsWrite), |c| {
        Box::pin(destination::check(c))
    }),
    (Method::POST, "/client/v4/logpush/destination/check", Operator, |c| {
        Box::pin(destination::check(c))
    }),
    (Method::POST, "/client/v4/{scope}/logpush/destination/policy", InScope(LogsWrite), |c| {
        Box::pin(policy::of_scope(c))
    }),
    (Method::POST, "/client/v4/logpush/destination/policy", Operator, |c| {
        Box::pin(policy::of_operator(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}/events", InScope(LogsRead), |c| {
        Box::pin(history::events(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}/history", InScope(LogsRead), |c| {
        Box::pin(history::hours(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}/status", InScope(LogsRead), |c| {
        Box::pin(status::of_job(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}/batches", InScope(LogsRead), |c| {
        Box::pin(status::batches(c))
    }),
    (Method::GET, "/client/v4/{scope}/logpush/jobs/{job_id}/ledger", InScope(LogsRead), |c| {
        Box::pin(ledger::summary(c))
    }),
    (
        Method::GET,
        "/client/v4/{scope}/logpush/jobs/{job_id}/ledger/batches",
        InScope(LogsRead),
        |c| Box::pin(ledger::batches(c)),
    ),
    (Method::POST, "/client/v4/{scope}/logpush/jobs/{job_id}/verify", InScope(LogsRead), |c| {
        Box::pin(verify::objects(c))
    }),
    (
        Method::POST,
        "/client/v4/{scope}/logpush/jobs/{job_id}/verify/extra",
        InScope(LogsRead),
        |c| Box::pin(verify::extra(c)),
    ),
    (Method::GET, "/client/v4/{scope}/logpush/quarantine", InScope(LogsRead), |c| {
        Box::pin(quarantine::of_scope(c))
    }),
    (Method::GET, "/client/v4/logpush/quarantine", Operator, |c| {
        Box::pin(quarantine::of_operator(c))
    }),
    (Method::GET, "/client/v4/logpush/status", InGrant(LogsRead), |c| Box::pin(status::all(c))),
    (Method::GET, "/client/v4/logpush/health", AnyToken, |c| Box::pin(ready(standing::show(c)))),
];

/// Every route.
pub(crate) fn routes() -> Vec<Route> {
    expanded(TABLE, Surface::Api)
}

/// The routes of a table.
pub(crate) fn expanded(table: &[Row], surface: Surface) -> Vec<Route> {
    table.iter().flat_map(|row| expand(row, surface)).collect()
}

fn expand((method, path, access, handler): &Row, surface: Surface) -> Vec<Route> {
    let (access, handler) = (*access, *handler);
    let paths = expand_path(path).into_iter();
    paths
        .map(|(_, path)| Route { method: method.clone(), path, access, handler, surface })
        .collect()
}

/// The paths that a path of the table stands for, each with the kind of its scope, or nothing.
pub(crate) fn expand_path(path: &str) -> Vec<(&'static str, String)> {
    if !path.contains("{scope}") {
        return vec![("", path.to_owned())];
    }
    [("account", "accounts/{account_id}"), ("zone", "zones/{zone_id}")]
        .map(|(kind, scope)| (kind, path.replace("{scope}", scope)))
        .to_vec()
}

/// A route, as others may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its method.
    pub method: Method,
    /// Its path, variable parts in braces.
    pub path: String,
    /// What it asks of its caller.
    pub access: Access,
}

/// Every route, for documentation and for tests that walk through all of them.
pub fn offered() -> Vec<Offered> {
    routes().into_iter().map(Offered::from).collect()
}

impl From<Route> for Offered {
    fn from(Route { method, path, access, .. }: Route) -> Self {
        Self { method, path, access }
    }
}

impl Route {
    /// Counts an answer, where the route is one whose answers are counted.
    pub(crate) fn count(&self, app: &App, status: StatusCode) {
        if self.path.starts_with(DOOR) {
            app.ingest_metrics.answered(status.as_u16());
        }
    }
}
