//! How deliveries stand: of one job, of all that the caller may see, and what the ledger has.

use catalog::{BatchRecord, Grant, Job, Page, Totals};
use delivery::JobStatus;
use model::destination::redacted;
use model::{Scope, ScopeKind, UnixNanos};
use schemars::JsonSchema;
use serde::Serialize;

use super::page::{PageInfo, page, part};
use super::{ApiError, ApiResult, envelope, jobs};
use crate::app::App;
use crate::http::Call;
use crate::instant::{rfc3339, rfc3339_ms};

/// How the delivery of a job stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobStatus")]
pub(super) struct Shown {
    job_id: u64,
    /// `zones/{id}` or `accounts/{id}`.
    scope: String,
    dataset: String,
    name: Option<String>,
    destination_conf: String,
    enabled: bool,
    state: &'static str,
    /// Since the service started.
    delivered_records: u64,
    /// Since the service started.
    delivered_objects: u64,
    /// Since the service started.
    retries: u64,
    /// Records that were read and are not delivered.
    pending_records: u64,
    /// Their bytes as they are written, before compression.
    pending_bytes: u64,
    /// What stands in the log and was not read for the job yet; what of it is the job's is not
    /// known.
    unread_frames: u64,
    /// What will soon be given up unless it is delivered before.
    expiring_frames: u64,
    /// Age of the oldest record that was read and is not delivered.
    lag_seconds: Option<f64>,
    retrying: Option<Retrying>,
    last_complete: Option<String>,
    last_error: Option<String>,
    error_message: Option<String>,
    /// Since the job was made.
    totals: ShownTotals,
    /// Records that expired before they could be delivered.
    lost_records: u64,
}

/// What is being tried again.
#[derive(Serialize, JsonSchema)]
pub(super) struct Retrying {
    /// Why it failed.
    message: String,
    /// Since when it has failed.
    since: String,
    /// When it is tried again.
    next: String,
    /// How long that is from now.
    next_in_seconds: f64,
}

/// What a job has delivered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobTotals")]
pub(super) struct ShownTotals {
    objects: u64,
    records: u64,
    raw_bytes: u64,
    object_bytes: u64,
}

impl From<Totals> for ShownTotals {
    fn from(totals: Totals) -> Self {
        let Totals { batches, records, raw_bytes, object_bytes } = totals;
        Self { objects: batches, records, raw_bytes, object_bytes }
    }
}

/// `GET {scope}/logpush/jobs/{job_id}/status`.
pub(super) async fn of_job(call: &mut Call) -> ApiResult {
    let job = jobs::named(call).await?;
    let status = call.app.delivery.status(job.id);
    Ok(envelope::result(shown(&call.app, job, status, call.now()).await?))
}

/// `GET /logpush/status`: all jobs that the token covers.
pub(super) async fn all(call: &mut Call) -> ApiResult {
    let page = page(call)?;
    let jobs = covered(&call.app, call.caller()?.token.grant).await?;
    let statuses = call.app.delivery.statuses();
    let (jobs, info) = part(jobs, page);
    let mut all = Vec::with_capacity(jobs.len());
    for job in jobs {
        let status = statuses.iter().find(|status| status.job == job.id).cloned();
        all.push(shown(&call.app, job, status, call.now()).await?);
    }
    Ok(envelope::list(all, info))
}

/// The jobs of what `grant` covers.
async fn covered(app: &App, grant: Grant) -> Result<Vec<Job>, ApiError> {
    let scope = match grant {
        Grant::Installation => return Ok(app.catalog.jobs(None).await?),
        Grant::Scope(scope) => scope,
    };
    let mut jobs = app.catalog.jobs(Some(scope)).await?;
    if scope.kind == ScopeKind::Account {
        let zones = app.catalog.zones(Some(scope.id), None, None, Page::ALL).await?;
        for zone in zones.items {
            jobs.extend(app.catalog.jobs(Some(Scope::zone(zone.id))).await?);
        }
        jobs.sort_by_key(|job| job.id);
    }
    Ok(jobs)
}

async fn shown(
    app: &App,
    job: Job,
    status: Option<JobStatus>,
    now: UnixNanos,
) -> Result<Shown, ApiError> {
    let totals = app.catalog.totals(job.id).await?.into();
    let losses = app.catalog.losses(job.id).await?;
    let state = state(&job, status.as_ref());
    let of = |read: fn(&JobStatus) -> u64| status.as_ref().map_or(0, read);
    let (delivered_records, delivered_objects) =
        (of(|s| s.delivered_records), of(|s| s.delivered_objects));
    let (retries, pending_records) = (of(|s| s.retries), of(|s| s.pending_records));
    let (pending_bytes, unread_frames) = (of(|s| s.pending_bytes), of(|s| s.unread_frames));
    let expiring_frames = of(|s| s.expiring_frames);
    let oldest = status.as_ref().and_then(|status| status.oldest_pending);
    Ok(Shown {
        job_id: job.id.0,
        scope: format!("{}s/{}", job.scope.kind.name(), job.scope.id),
        dataset: job.spec.dataset,
        name: job.name,
        destination_conf: redacted(&job.spec.destination),
        enabled: job.enabled,
        state,
        delivered_records,
        delivered_objects,
        retries,
        pending_records,
        pending_bytes,
        unread_frames,
        expiring_frames,
        lag_seconds: oldest.map(|at| seconds(at, now)),
        retrying: status.and_then(|status| status.retrying).map(|retrying| Retrying {
            message: retrying.message,
            since: rfc3339(retrying.since),
            next: rfc3339(retrying.next),
            next_in_seconds: seconds(now, retrying.next),
        }),
        last_complete: job.last_complete.map(rfc3339),
        last_error: job.failure.as_ref().map(|failure| rfc3339(failure.at)),
        error_message: job.failure.map(|failure| failure.message),
        totals,
        lost_records: losses.iter().map(|loss| loss.records).sum(),
    })
}

/// From one instant to a later one; none where it is not later.
fn seconds(from: UnixNanos, to: UnixNanos) -> f64 {
    to.0.saturating_sub(from.0).max(0) as f64 / 1e9
}

/// One word for how it goes.
fn state(job: &Job, status: Option<&JobStatus>) -> &'static str {
    match status {
        _ if !job.enabled => "disabled",
        None => "starting",
        Some(status) if status.retrying.is_some() => "retrying",
        Some(status) if status.pending_records > 0 || status.unread_frames > 0 => "delivering",
        Some(_) => "idle",
    }
}

/// A batch of the ledger, which is an object in the bucket once it is delivered.
#[derive(Serialize, JsonSchema)]
pub(super) struct Batch {
    partition: u16,
    first_frame: u64,
    next_frame: u64,
    revision: u32,
    key: String,
    start: String,
    end: String,
    records: u64,
    raw_bytes: u64,
    sealed_at: String,
    state: &'static str,
    delivered_at: Option<String>,
    object_bytes: Option<u64>,
    etag: Option<String>,
    attempts: Option<u32>,
}

/// `GET {scope}/logpush/jobs/{job_id}/batches`: the ledger, newest first.
pub(super) async fn batches(call: &mut Call) -> ApiResult {
    let page = page(call)?;
    let job = jobs::named(call).await?;
    let found = call.app.catalog.batches(job.id, page).await?;
    let info = PageInfo::new(page, found.items.len(), found.total);
    Ok(envelope::list(found.items.into_iter().map(batch).collect::<Vec<_>>(), info))
}

fn batch(record: BatchRecord) -> Batch {
    let BatchRecord { batch, sealed_at, state } = record;
    let delivered = state.delivered();
    Batch {
        partition: batch.partition.0,
        first_frame: batch.range.first.0,
        next_frame: batch.range.next.0,
        revision: batch.revision.0,
        key: batch.key,
        start: rfc3339_ms(batch.start),
        end: rfc3339_ms(batch.end),
        records: batch.records,
        raw_bytes: batch.raw_bytes,
        sealed_at: rfc3339_ms(sealed_at),
        state: state.name(),
        delivered_at: delivered.map(|delivered| rfc3339_ms(delivered.at)),
        object_bytes: delivered.map(|delivered| delivered.object_bytes),
        attempts: delivered.map(|delivered| delivered.attempts),
        etag: delivered.map(|delivered| delivered.etag.clone()),
    }
}
