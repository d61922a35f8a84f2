//! *Analytics > Logs*: the services that are connected.

use askama::Template;
use catalog::{Job, Permission};
use delivery::JobStatus;
use model::UnixNanos;
use model::destination::{Destination, redacted};

use super::job_state::{Health, JobState, health_from};
use super::page::{Frame, base, rendered};
use super::text::{Instant, between, bytes, count, span};
use super::zones::{Pager, page_number, search, search_query};
use crate::api::{ApiError, ApiResult, Matter, Standing};
use crate::http::Call;

/// Jobs of a page.
const PER_PAGE: usize = 25;

#[derive(Template)]
#[template(path = "logs.html")]
struct LogsPage {
    frame: Frame,
    jobs: Vec<ShownJob>,
    search: String,
    /// How many jobs there are at all.
    total: usize,
    found: String,
    /// Where a service is connected; none for those who may not.
    connect: Option<String>,
    pager: Pager,
    /// What is the matter with the service itself.
    matters: Vec<Matter>,
}

struct ShownJob {
    path: String,
    name: String,
    dataset: String,
    service: &'static str,
    destination: String,
    state: JobState,
    /// Why it does not push, where it does not.
    problem: Option<String>,
    last_complete: Option<Instant>,
    lag: String,
    /// The bytes that wait, where any do.
    waiting: Option<String>,
    health: Health,
}

/// `GET {scope}/logs`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let (scope, now) = (call.scope()?, call.now());
    let search = search(call);
    let mut jobs = call.app.catalog.jobs(Some(scope)).await?;
    let total = jobs.len();
    let wanted = search.to_lowercase();
    jobs.retain(|job| search.is_empty() || has(job, &wanted));
    let number = page_number(call, PER_PAGE, jobs.len());
    let pager = Pager::new(number, PER_PAGE, jobs.len(), &search_query(&search));
    let found = count(jobs.len() as u64);
    let base = base(scope);
    let mut shown = Vec::with_capacity(PER_PAGE);
    for job in jobs.into_iter().skip((number - 1) * PER_PAGE).take(PER_PAGE) {
        shown.push(shown_job(call, job, &base, now).await?);
    }
    let connect = call.caller()?.may(Permission::LogsWrite).then(|| format!("{base}/logs/new"));
    let frame = Frame::of(call).await?;
    let matters = matters(call)?;
    rendered(&LogsPage { frame, jobs: shown, search, total, found, connect, pager, matters })
}

/// What is the matter with the service, with the reasons for the operator alone.
fn matters(call: &Call) -> Result<Vec<Matter>, ApiError> {
    let is_operator = call.caller()?.is_operator();
    let mut matters = Standing::of(&call.app).matters();
    if !is_operator {
        matters.iter_mut().for_each(|matter| matter.reason.clear());
    }
    Ok(matters)
}

/// Whether the job's name, number, dataset, destination or state has the text.
fn has(job: &Job, wanted: &str) -> bool {
    let destination = redacted(&job.spec.destination);
    let name = job.name.as_deref().unwrap_or_default();
    [name, &job.spec.dataset, &destination, &job.id.to_string()]
        .iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

async fn shown_job(
    call: &Call,
    job: Job,
    base: &str,
    now: UnixNanos,
) -> Result<ShownJob, ApiError> {
    let figures = call.app.catalog.figures(job.id, health_from(now), UnixNanos(now.0 + 1)).await?;
    let status = call.app.delivery.status(job.id);
    let state = JobState::of(&job, status.as_ref());
    let (service, destination) = named(&job.spec.destination);
    Ok(ShownJob {
        path: format!("{base}/logs/{}", job.id),
        name: job.name.clone().unwrap_or_else(|| format!("Job {}", job.id)),
        service,
        destination,
        state,
        problem: problem(&job, status.as_ref(), state),
        last_complete: job.last_complete.map(Instant),
        lag: lag(status.as_ref(), now),
        waiting: waiting(status.as_ref()),
        health: Health::of(&figures, now),
        dataset: job.spec.dataset,
    })
}

/// The kind of store, and the place in it.
fn named(text: &str) -> (&'static str, String) {
    let Ok(destination) = Destination::parse(text) else { return ("Amazon S3", redacted(text)) };
    let place = redacted(text);
    let place = place.split('?').next().unwrap_or_default();
    let place = place.trim_start_matches("s3://").trim_start_matches("r2://").to_owned();
    let service = match &destination.endpoint {
        None => "Amazon S3",
        Some(_) if text.starts_with("r2://") => "Cloudflare R2",
        Some(_) => "S3-compatible",
    };
    (service, place)
}

fn problem(job: &Job, status: Option<&JobStatus>, state: JobState) -> Option<String> {
    if state == JobState::Pushing || state == JobState::Paused {
        return None;
    }
    let failure = job.failure.as_ref().map(|failure| failure.message.clone());
    let retrying = || Some(status?.retrying.as_ref()?.message.clone());
    failure.or_else(retrying).map(|text| super::text::visible(&text, 300))
}

/// The bytes that were read and are not delivered.
fn waiting(status: Option<&JobStatus>) -> Option<String> {
    let pending = status.map_or(0, |status| status.pending_bytes);
    (pending > 0).then(|| format!("{} wait", bytes(pending)))
}

/// The age of the oldest record that waits.
fn lag(status: Option<&JobStatus>, now: UnixNanos) -> String {
    let oldest = status.and_then(|status| status.oldest_pending);
    oldest.map_or_else(|| "none".to_owned(), |oldest| span(between(oldest, now)))
}
