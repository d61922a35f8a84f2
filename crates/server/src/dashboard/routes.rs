//! The routes of the dashboard.

use axum::http::Method;
use catalog::Permission::{LogsRead, LogsWrite};

use super::{connect, job};
use crate::api::Access::InScope;
use crate::api::Row;

/// The routes of the dashboard.
pub(crate) const TABLE: &[Row] = &[
    (Method::GET, "/{scope}/logs/new", InScope(LogsWrite), |c| Box::pin(connect::new(c))),
    (Method::POST, "/{scope}/logs/new", InScope(LogsWrite), |c| Box::pin(connect::begin(c))),
    (Method::GET, "/{scope}/logs/new/{draft}/{step}", InScope(LogsWrite), |c| {
        Box::pin(connect::show(c))
    }),
    (Method::POST, "/{scope}/logs/new/{draft}/{step}", InScope(LogsWrite), |c| {
        Box::pin(connect::save(c))
    }),
    (Method::GET, "/{scope}/logs/{job_id}", InScope(LogsRead), |c| Box::pin(job::show(c))),
    (Method::GET, "/{scope}/logs/{job_id}/export/{format}", InScope(LogsRead), |c| {
        Box::pin(job::export(c))
    }),
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
];
