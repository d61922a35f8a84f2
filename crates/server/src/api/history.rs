//! What happened to a job, and what it did hour by hour.

use std::collections::BTreeMap;

use catalog::{HourFigures, JobEvent};
use model::UnixNanos;
use model::time::{NANOS_PER_SECOND, parse_timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::page::{PageInfo, page};
use super::{ApiError, ApiResult, Code, envelope, jobs};
use crate::http::Call;
use crate::instant::{rfc3339, rfc3339_ms};

const HOUR: i64 = 3_600 * NANOS_PER_SECOND;
/// Hours that are shown where the request names none.
const HOURS: i64 = 24;
/// Most hours of an answer: a little more than are kept.
const HOURS_MAX: i64 = 31 * 24;

/// Something that happened to a job, once or again and again.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobEvent")]
pub(super) struct Event {
    /// `recovered`, `dropped`, or the kind of a failure.
    kind: String,
    message: String,
    /// The HTTP status that the store answered.
    status: Option<u16>,
    /// How often.
    count: u64,
    /// When it happened first.
    since: String,
    /// When it happened last.
    at: String,
}

/// `GET {scope}/logpush/jobs/{job_id}/events`: newest first.
pub(super) async fn events(call: &mut Call) -> ApiResult {
    let page = page(call)?;
    let job = jobs::named(call).await?;
    let found = call.app.catalog.events(job.id, page).await?;
    let info = PageInfo::new(page, found.items.len(), found.total);
    Ok(envelope::list(found.items.into_iter().map(event).collect::<Vec<_>>(), info))
}

fn event(event: JobEvent) -> Event {
    let JobEvent { since, at, count, kind, status, message } = event;
    Event { kind, message, status, count, since: rfc3339_ms(since), at: rfc3339_ms(at) }
}

/// What a job did in one hour.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobHour")]
pub(super) struct Hour {
    /// When the hour begins.
    #[serde(rename = "hour")]
    begins: String,
    objects: u64,
    records: u64,
    /// Records that expired before they could be delivered.
    dropped_records: u64,
    raw_bytes: u64,
    object_bytes: u64,
    failed_attempts: u64,
    /// How long the uploads of the delivered objects took on average.
    upload_millis_mean: Option<f64>,
    /// How long the longest of them took.
    upload_millis_max: u64,
    /// How many of the failed attempts were answered with which HTTP status.
    statuses: BTreeMap<u16, u64>,
}

/// `GET {scope}/logpush/jobs/{job_id}/history`: the hours in which the job did anything, oldest
/// first.
pub(super) async fn hours(call: &mut Call) -> ApiResult {
    let job = jobs::named(call).await?;
    let to = instant(call, "to")?.unwrap_or_else(|| call.now());
    let from = instant(call, "from")?;
    let from = from.unwrap_or(UnixNanos(to.0.saturating_sub(HOURS * HOUR)));
    if from > to || to.0.saturating_sub(from.0) > HOURS_MAX * HOUR {
        let message = format!("`from` has to lie before `to`, by at most {} days", HOURS_MAX / 24);
        return Err(ApiError::new(Code::BadRequest, message));
    }
    // Whole hours: the first one that `from` lies in as well.
    let from = catalog::history::hour_of(from);
    let found = call.app.catalog.figures(job.id, from, to).await?;
    let info = PageInfo::whole(found.len());
    Ok(envelope::list(found.into_iter().map(hour).collect::<Vec<_>>(), info))
}

fn hour(figures: HourFigures) -> Hour {
    let mean = figures.upload_millis as f64 / figures.batches as f64;
    Hour {
        begins: rfc3339(figures.hour),
        objects: figures.batches,
        records: figures.records,
        dropped_records: figures.dropped_records,
        raw_bytes: figures.raw_bytes,
        object_bytes: figures.object_bytes,
        failed_attempts: figures.failed_attempts,
        upload_millis_mean: (figures.batches > 0).then_some(mean),
        upload_millis_max: figures.upload_millis_max,
        statuses: figures.statuses.into_iter().collect(),
    }
}

/// The instant that the query's parameter names, in any form that records may have.
pub(super) fn instant(call: &Call, name: &str) -> Result<Option<UnixNanos>, ApiError> {
    let Some(text) = call.query_value(name) else { return Ok(None) };
    parse_timestamp(text.as_bytes()).map(Some).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        let message = format!(
            "the parameter `{name}` is `{shown}`: expected a time such as `2026-11-23T20:00:00Z`"
        );
        ApiError::new(Code::BadRequest, message)
    })
}
