//! The page of a connected service: how it stands, its charts, its newest objects, its events.

mod chart;
mod charts;
mod export;
mod objects;
mod quantity;
mod range;
mod standing;

use askama::Template;
use catalog::{Job, Page, Permission};
use model::UnixNanos;
use model::destination::redacted;

use self::chart::Chart;
pub(super) use self::export::export;
use self::objects::{Event, Object};
use self::range::{Range, Slot, Slots};
use self::standing::{Lag, Trouble};
use super::job_state::JobState;
use super::page::{Frame, base, rendered};
use super::text::{Instant, count};
use crate::api::{ApiError, ApiResult, jobs};
use crate::app::App;
use crate::cli::megabytes;
use crate::http::Call;

/// Most objects that are counted for the last hour: the newest.
const COUNTED: Page = Page { number: 1, size: 5_000 };

#[derive(Template)]
#[template(path = "job/page.html")]
struct JobPage {
    frame: Frame,
    name: String,
    dataset: String,
    destination: String,
    state: JobState,
    /// The path of the job's pages.
    path: String,
    /// The path of the scope's list of jobs.
    list: String,
    is_enabled: bool,
    may_write: bool,
    last_complete: Option<Instant>,
    lag: Lag,
    totals: ShownTotals,
    trouble: Option<Trouble>,
    ranges: [RangeLink; 4],
    is_hour: bool,
    health: Vec<Chart>,
    reliability: Vec<Chart>,
    objects: Vec<Object>,
    events: Vec<Event>,
    now: Instant,
}

/// The way to another range.
struct RangeLink {
    name: &'static str,
    title: &'static str,
    is_shown: bool,
}

/// What the job has delivered since it was made.
struct ShownTotals {
    objects: String,
    lines: String,
    raw: String,
    compressed: String,
}

/// `GET {scope}/logs/{job_id}`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let (frame, job, now) = (Frame::of(call).await?, jobs::named(call).await?, call.now());
    let app = &call.app;
    let range = Range::named(call.query_value("range").as_deref());
    let slots = slots(app, &job, range, now).await?;
    let status = app.delivery.status(job.id);
    let status = status.as_ref();
    let totals = app.catalog.totals(job.id).await?;
    let list = format!("{}/logs", base(job.scope));
    rendered(&JobPage {
        frame,
        name: job.name.clone().unwrap_or_else(|| format!("job {}", job.id)),
        dataset: job.spec.dataset.clone(),
        destination: redacted(&job.spec.destination),
        state: JobState::of(&job, status),
        path: format!("{list}/{}", job.id),
        list,
        is_enabled: job.enabled,
        may_write: call.caller()?.may(Permission::LogsWrite),
        last_complete: job.last_complete.map(Instant),
        lag: Lag::of(status, now),
        totals: ShownTotals {
            objects: count(totals.batches),
            lines: count(totals.records),
            raw: megabytes(totals.raw_bytes),
            compressed: megabytes(totals.object_bytes),
        },
        trouble: job.failure.as_ref().map(|failure| Trouble::of(failure, status)),
        ranges: Range::ALL.map(|each| RangeLink {
            name: each.name(),
            title: each.title(),
            is_shown: each == range,
        }),
        is_hour: range == Range::Hour,
        health: charts::health(range, &slots),
        reliability: charts::reliability(range, &slots),
        objects: objects::objects(app, &job).await?,
        events: objects::events(app, &job).await?,
        now: Instant(now),
    })
}

/// What the job did in the range.
async fn slots(app: &App, job: &Job, range: Range, now: UnixNanos) -> Result<Vec<Slot>, ApiError> {
    let mut slots = Slots::new(range, now);
    if range == Range::Hour {
        for record in &app.catalog.batches(job.id, COUNTED).await?.items {
            slots.add_batch(record);
        }
        for loss in &app.catalog.losses(job.id).await? {
            slots.add_loss(loss);
        }
        for event in &app.catalog.events(job.id, Page::ALL).await?.items {
            slots.add_event(event);
        }
    } else {
        for figures in app.catalog.figures(job.id, range.begins(now), now).await? {
            slots.add_hour(figures);
        }
    }
    Ok(slots.finish())
}
