//! Jobs: what a customer wants pushed where.

mod change;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use catalog::{Cursor, Job, JobChange, Permission};
use model::compiled_job::CompiledJob;
use model::{Issue, JobId, Partition, Scope};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::MutexGuard;
use tokio::time::timeout;

use super::fields::Fields;
use super::page::{PageInfo, page_or_whole};
use super::{ApiError, ApiResult, Code, destination, envelope, ownership};
use crate::app::App;
use crate::http::Call;

pub(crate) use change::Requested;
pub(super) use shown::Shown;
use shown::shown;

/// What the v4 API says at the bound.
const TOO_MANY_JOBS: &str = "creating a new job is not allowed: exceeded max jobs allowed";

/// How long a change of a job waits for those before it.
const TURN_WAIT: Duration = Duration::from_secs(30);

/// The turn to change jobs, of which there is one.
async fn turn(app: &App) -> Result<MutexGuard<'_, ()>, ApiError> {
    let message = "other changes of jobs take long: nothing has changed, try again in a moment";
    let turn = timeout(TURN_WAIT, app.job_changes.lock()).await;
    turn.map_err(|_| ApiError::new(Code::Overloaded, message))
}

/// `GET {scope}/logpush/jobs`.
pub(super) async fn list(call: &mut Call) -> ApiResult {
    render_list(call, None).await
}

/// `GET {scope}/logpush/datasets/{dataset}/jobs`.
pub(super) async fn of_dataset(call: &mut Call) -> ApiResult {
    let dataset = super::datasets::named(call)?;
    render_list(call, Some(&dataset.name)).await
}

/// `GET {scope}/logpush/jobs/{job_id}`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let job = named(call).await?;
    render(call, job)
}

/// `POST {scope}/logpush/jobs`.
pub(super) async fn create(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &change::KEYS)?;
    let requested = change::created(&mut fields);
    fields.refuse_more(findings(call, scope, &requested, true).await?);
    fields.finish()?;
    let job = insert(call, scope, requested.change).await?;
    render(call, job)
}

/// Makes a job of what was asked for, after checking it.
pub(crate) async fn add(call: &Call, scope: Scope, requested: Requested) -> Result<Job, ApiError> {
    refuse(findings(call, scope, &requested, true).await?)?;
    insert(call, scope, requested.change).await
}

async fn insert(call: &Call, scope: Scope, change: JobChange) -> Result<Job, ApiError> {
    let app = &call.app;
    let _turn = turn(app).await?;
    if app.catalog.count_jobs(scope).await? >= app.api.get().jobs_per_scope_max as u64 {
        return Err(ApiError::new(Code::QuotaExceeded, TOO_MANY_JOBS));
    }
    let begin = begin(app, change.enabled);
    let job = app.catalog.add_job(scope, change, &begin, &call.actor()).await?;
    app.delivery.reload().await;
    Ok(job)
}

/// `PUT {scope}/logpush/jobs/{job_id}`.
pub(super) async fn update(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let app = Arc::clone(&call.app);
    let _turn = turn(&app).await?;
    let before = named(call).await?;
    let mut fields = Fields::parse(&body, &change::KEYS)?;
    let requested = change::updated(&mut fields, &before);
    let moved = is_moved(&requested, &before);
    fields.refuse_more(findings(call, before.scope, &requested, moved).await?);
    fields.finish()?;
    let job = replace(call, &before, requested.change).await?;
    render(call, job)
}

/// Changes a job of the path's scope to what `change` makes of it, after checking that.
pub(crate) async fn change(
    call: &Call,
    id: JobId,
    change: impl FnOnce(&Job) -> Result<Requested, ApiError> + Send,
) -> Result<Job, ApiError> {
    let _turn = turn(&call.app).await?;
    let before = of_scope(call, id).await?;
    let requested = change(&before)?;
    let moved = is_moved(&requested, &before);
    refuse(findings(call, before.scope, &requested, moved).await?)?;
    replace(call, &before, requested.change).await
}

fn is_moved(requested: &Requested, before: &Job) -> bool {
    requested.change.spec.destination != before.spec.destination
}

/// Has to be called in the turn in which `before` was read.
async fn replace(call: &Call, before: &Job, change: JobChange) -> Result<Job, ApiError> {
    let app = &call.app;
    let begin = begin(app, change.enabled && !before.enabled);
    let by = call.actor();
    let job = app.catalog.change_job(before.id, before.revision, change, &begin, &by).await?;
    app.delivery.reload().await;
    Ok(job)
}

/// The job that is no more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JobDeleted")]
pub(super) struct Deleted {
    id: u64,
}

/// `DELETE {scope}/logpush/jobs/{job_id}`.
pub(super) async fn delete(call: &mut Call) -> ApiResult {
    let job = remove(call, |_| Ok(())).await?;
    Ok(envelope::result(Deleted { id: job.id.0 }))
}

/// Deletes the job that the path names, where `check` finds nothing against it.
pub(crate) async fn remove(
    call: &Call,
    check: impl FnOnce(&Job) -> Result<(), ApiError> + Send,
) -> Result<Job, ApiError> {
    let _turn = turn(&call.app).await?;
    let job = named(call).await?;
    check(&job)?;
    call.app.catalog.delete_job(job.id, &call.actor()).await?;
    call.app.delivery.reload().await;
    Ok(job)
}

/// The job that the path names, which is one of its scope.
pub(crate) async fn named(call: &Call) -> Result<Job, ApiError> {
    let read = |text: &str| text.parse().ok().filter(|id: &u64| id.to_string() == text);
    let id = call.params.get("job_id").and_then(read).map(JobId);
    of_scope(call, id.ok_or_else(|| ApiError::no_route(&call.uri))?).await
}

/// The job of that number, which is one of the path's scope.
async fn of_scope(call: &Call, id: JobId) -> Result<Job, ApiError> {
    let scope = call.scope()?;
    match call.app.catalog.job(id).await {
        Ok(job) if job.scope == scope => Ok(job),
        Ok(_) => Err(ApiError::not_found("job", &id.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// All that is wrong with what was asked for. The proof of ownership is looked at only where the
/// destination is `moved` to.
async fn findings(
    call: &Call,
    scope: Scope,
    requested: &Requested,
    moved: bool,
) -> Result<Vec<Issue>, ApiError> {
    let Requested { change, challenge } = requested;
    let mut issues = change::check_name(change.name.as_deref());
    if let Err(found) = CompiledJob::of(&change.spec, scope.kind, &call.app.datasets) {
        issues.extend(found);
    }
    if moved {
        let destination = &change.spec.destination;
        issues.extend(destination::check_role(call, destination).await?.err());
        let proven = ownership::check_proof(call, scope, destination, challenge.as_deref())?;
        issues.extend(proven.err().map(|message| Issue::new(ownership::POINTER, message)));
    }
    Ok(issues)
}

fn refuse(issues: Vec<Issue>) -> Result<(), ApiError> {
    if issues.is_empty() { Ok(()) } else { Err(issues.into()) }
}

/// Where a job that becomes enabled begins: at each partition's end.
fn begin(app: &App, becomes_enabled: bool) -> Vec<Cursor> {
    if !becomes_enabled {
        return Vec::new();
    }
    (0..app.journal.partitions())
        .map(Partition)
        .map(|partition| Cursor { partition, next: app.journal.bounds(partition).end })
        .collect()
}

/// The job as the API shows it, without the secrets of its destination.
pub(crate) fn without_secrets(job: Job) -> Result<serde_json::Value, ApiError> {
    serde_json::to_value(shown(job, false)).map_err(|error| ApiError::internal(error.to_string()))
}

fn render(call: &Call, job: Job) -> ApiResult {
    Ok(envelope::result(shown(job, call.caller()?.may(Permission::LogsWrite))))
}

async fn render_list(call: &Call, dataset: Option<&str>) -> ApiResult {
    let secrets = call.caller()?.may(Permission::LogsWrite);
    let page = page_or_whole(call)?;
    let found = call.app.catalog.jobs_page(call.scope()?, dataset, page).await?;
    let info = PageInfo::new(page, found.items.len(), found.total);
    let jobs: Vec<_> = found.items.into_iter().map(|job| shown(job, secrets)).collect();
    Ok(envelope::list(jobs, info))
}
