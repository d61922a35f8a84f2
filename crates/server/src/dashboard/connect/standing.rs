//! Pausing, resuming and removing a job that is connected.

use askama::Template;
use catalog::{Job, JobChange};
use model::destination::redacted;

use super::walk::{job_name, jobs_path};
use super::{FormData, tell};
use crate::api::jobs::{self, Requested};
use crate::api::{ApiError, ApiResult, Code};
use crate::cli::{count, megabytes};
use crate::dashboard::page::{Frame, rendered, to};
use crate::http::Call;

#[derive(Template)]
#[template(path = "connect/remove.html")]
struct RemovePage {
    frame: Frame,
    name: String,
    destination: String,
    /// What happens to what is not delivered.
    undelivered: String,
    action: String,
    cancel: String,
    typed: String,
    problem: Option<String>,
}

/// `POST {scope}/logs/{job_id}/pause`.
pub(in crate::dashboard) async fn pause(call: &mut Call) -> ApiResult {
    set_enabled(call, false).await
}

/// `POST {scope}/logs/{job_id}/resume`.
pub(in crate::dashboard) async fn resume(call: &mut Call) -> ApiResult {
    set_enabled(call, true).await
}

async fn set_enabled(call: &mut Call, enabled: bool) -> ApiResult {
    // Reading the form is what looks at who sent it.
    FormData::read(call).await?;
    let job = jobs::named(call).await?;
    let job = jobs::change(call, job.id, |now| {
        let Job { spec, name, kind, frequency, .. } = now.clone();
        let change = JobChange { spec, name, kind, frequency, enabled };
        Ok(Requested { change, challenge: None })
    })
    .await?;
    let what = if enabled { "pushes again" } else { "is paused" };
    tell(call, format!("{} {what}.", job_name(&job)));
    Ok(to(&path(&job)))
}

fn path(job: &Job) -> String {
    format!("{}/{}", jobs_path(job.scope), job.id)
}

/// `GET {scope}/logs/{job_id}/remove`: what happens then, and whether that is meant.
pub(in crate::dashboard) async fn ask_to_remove(call: &mut Call) -> ApiResult {
    let job = jobs::named(call).await?;
    ask(call, &job, String::new(), None).await
}

/// `POST {scope}/logs/{job_id}/remove`.
pub(in crate::dashboard) async fn remove(call: &mut Call) -> ApiResult {
    let form = FormData::read(call).await?;
    let typed = form.get("name").unwrap_or_default().trim().to_owned();
    let job = jobs::named(call).await?;
    let is_meant = |job: &Job| {
        let other = || ApiError::new(Code::BadRequest, "the name is another one");
        (typed == job_name(job).trim()).then_some(()).ok_or_else(other)
    };
    match jobs::remove(call, is_meant).await {
        Ok(job) => {
            tell(call, format!("{} is removed.", job_name(&job)));
            Ok(to(&jobs_path(job.scope)))
        }
        Err(error) if error.code() == Code::BadRequest => {
            let problem = format!("expected `{}`, the name of the job", job_name(&job));
            ask(call, &job, typed, Some(problem)).await
        }
        Err(error) => Err(error),
    }
}

async fn ask(call: &Call, job: &Job, typed: String, problem: Option<String>) -> ApiResult {
    let (cancel, frame) = (path(job), Frame::of(call).await?);
    rendered(&RemovePage {
        frame,
        name: job_name(job),
        destination: redacted(&job.spec.destination),
        undelivered: undelivered(call, job),
        action: format!("{cancel}/remove"),
        cancel,
        typed,
        problem,
    })
}

fn undelivered(call: &Call, job: &Job) -> String {
    let Some(status) = call.app.delivery.status(job.id) else {
        return "What has arrived for it and is not delivered will not be.".to_owned();
    };
    let (records, size) = (status.pending_records, status.pending_bytes);
    let frames = status.unread_frames;
    if records == 0 && frames == 0 {
        return "Everything that was read for it is delivered; nothing waits.".to_owned();
    }
    format!(
        "Not delivered yet, and given up with the job: {} records of {} that wait for their upload, \
         and what {} unread frames of the log hold for it. An upload that is under way may still \
         arrive.",
        count(records),
        megabytes(size),
        count(frames)
    )
}
