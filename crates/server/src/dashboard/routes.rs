//! The one table of pages: method, path, what it needs, who answers. `{scope}` stands for
//! `accounts/{account_id}` and `zones/{zone_id}`, as in the API's table.

use std::future::ready;

use axum::http::Method;
use catalog::Permission::{Admin, LogsRead, LogsWrite};

use super::settings::{audit, tokens, zones as account_zones};
use super::{assets, connect, job, login, logs, quarantine, zones};
use crate::api::Access::{AnyToken, InScope, Public};
use crate::api::{Offered, Route, Row, Surface, expanded};

const TABLE: &[Row] = &[
    (Method::GET, "/assets/{name}", Public, |c| Box::pin(ready(assets::show(c)))),
    // Coming and going.
    (Method::GET, "/", AnyToken, |c| Box::pin(zones::home(c))),
    (Method::GET, "/login", Public, |c| Box::pin(login::show(c))),
    (Method::POST, "/login", Public, |c| Box::pin(login::log_in(c))),
    (Method::GET, "/login/once/{secret}", Public, |c| Box::pin(ready(login::show_once(c)))),
    (Method::POST, "/login/once/{secret}", Public, |c| Box::pin(login::log_in_once(c))),
    (Method::POST, "/logout", AnyToken, |c| Box::pin(ready(login::log_out(c)))),
    // What there is to select.
    (Method::GET, "/accounts", AnyToken, |c| Box::pin(zones::show(c))),
    // Analytics > Logs.
    (Method::GET, "/{scope}/logs", InScope(LogsRead), |c| Box::pin(logs::show(c))),
    // Connect a service.
    (Method::GET, "/{scope}/logs/new", InScope(LogsWrite), |c| Box::pin(connect::new(c))),
    (Method::POST, "/{scope}/logs/new", InScope(LogsWrite), |c| Box::pin(connect::begin(c))),
    (Method::GET, "/{scope}/logs/new/{draft}/{step}", InScope(LogsWrite), |c| {
        Box::pin(connect::show(c))
    }),
    (Method::POST, "/{scope}/logs/new/{draft}/{step}", InScope(LogsWrite), |c| {
        Box::pin(connect::save(c))
    }),
    // One of them.
    (Method::GET, "/{scope}/logs/{job_id}", InScope(LogsRead), |c| Box::pin(job::show(c))),
    (Method::GET, "/{scope}/logs/{job_id}/export/{format}", InScope(LogsRead), |c| {
        Box::pin(job::export(c))
    }),
    // Edit, pause, resume, remove.
    (Method::GET, "/{scope}/logs/{job_id}/edit", InScope(LogsWrite), |c| {
        Box::pin(connect::edit(c))
    }),
    (Method::POST, "/{scope}/logs/{job_id}/pause", InScope(LogsWrite), |c| {
        Box::pin(connect::pause(c))
    }),
    (Method::POST, "/{scope}/logs/{job_id}/resume", InScope(LogsWrite), |c| {
        Box::pin(connect::resume(c))
    }),
    (Method::GET, "/{scope}/logs/{job_id}/remove", InScope(LogsWrite), |c| {
        Box::pin(connect::ask_to_remove(c))
    }),
    (Method::POST, "/{scope}/logs/{job_id}/remove", InScope(LogsWrite), |c| {
        Box::pin(connect::remove(c))
    }),
    (Method::GET, "/{scope}/quarantine", InScope(LogsRead), |c| Box::pin(quarantine::show(c))),
    (Method::GET, "/{scope}/quarantine.ndjson", InScope(LogsRead), |c| {
        Box::pin(quarantine::download(c))
    }),
    // An account's settings.
    (Method::GET, "/accounts/{account_id}/settings/zones", InScope(Admin), |c| {
        Box::pin(account_zones::show(c))
    }),
    (Method::POST, "/accounts/{account_id}/settings/zones", InScope(Admin), |c| {
        Box::pin(account_zones::add(c))
    }),
    (Method::POST, "/accounts/{account_id}/settings/zones/remove", InScope(Admin), |c| {
        Box::pin(account_zones::remove(c))
    }),
    (Method::GET, "/accounts/{account_id}/settings/tokens", InScope(Admin), |c| {
        Box::pin(tokens::show(c))
    }),
    (Method::POST, "/accounts/{account_id}/settings/tokens", InScope(Admin), |c| {
        Box::pin(tokens::create(c))
    }),
    (Method::POST, "/accounts/{account_id}/settings/tokens/revoke", InScope(Admin), |c| {
        Box::pin(tokens::revoke(c))
    }),
    (Method::GET, "/accounts/{account_id}/settings/audit", InScope(Admin), |c| {
        Box::pin(audit::show(c))
    }),
];

/// Every page.
pub(crate) fn routes() -> Vec<Route> {
    expanded(TABLE, Surface::Pages)
}

/// Every page, for tests that walk through all of them.
pub fn pages() -> Vec<Offered> {
    routes().into_iter().map(Offered::from).collect()
}
