//! Whether a job's objects are as the ledger says: batch by batch, told as it is found out; and
//! which objects of the job the ledger does not know.
//!
//! A request does a part of the work and says where to go on, so that none has to last long; an
//! object that takes its time does not look like a connection that hangs. Few requests work at a
//! time: others wait for their turn, and are asked to come again where that lasts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse;
use catalog::{BatchState, Job};
use delivery::verify::{ListCursor, Looked, Verifier, VerifyError};
use futures_util::StreamExt;
use futures_util::stream::{FuturesOrdered, unfold};
use model::Revision;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::ledger::{Asked, Entry, Found, Walk, window};
use super::{ApiError, ApiResult, Code, envelope, jobs};
use crate::app::App;
use crate::http::Call;

/// Requests that read buckets at a time.
pub(crate) const VERIFICATIONS_MAX: usize = 2;
/// How long a request waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(15);
/// Objects of a request that are read at a time.
const OBJECTS_AT_A_TIME: usize = 4;
/// After how long a request begins with no further object, or lists no further page.
const LONG_ENOUGH: Duration = Duration::from_secs(20);
/// How often a request tells that it is at work.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Extra objects after which an answer ends.
const EXTRA_MAX: usize = 1_000;
/// Most revisions that a request may name.
const REVISIONS_MAX: usize = 1_000;

/// A line of an answer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    /// A batch, and what became of its object.
    Batch { batch: Box<Entry>, position: String, result: &'static str, details: Vec<String> },
    /// The request is at work.
    Working { bytes_read: u64 },
    /// The request has done its part; where to go on, or `null` at the end.
    End { next: Option<String> },
    /// The request cannot go on.
    Failed { error: String },
}

/// Waits for a turn, in the order of those who wait.
async fn turn(app: &App) -> Result<OwnedSemaphorePermit, ApiError> {
    match timeout(TURN_WAIT, Arc::clone(&app.verifications).acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) | Err(_) => {
            let message = "other verifications are under way; try again";
            Err(ApiError::new(Code::Overloaded, message))
        }
    }
}

/// `POST {scope}/logpush/jobs/{job_id}/verify`: reads the objects of delivered batches, and says
/// of each whether it is as the ledger says, in NDJSON.
pub(super) async fn objects(call: &mut Call) -> ApiResult {
    let asked = Asked::read(call)?;
    let job = jobs::named(call).await?;
    let turn = turn(&call.app).await?;
    let (lines, written) = mpsc::channel(OBJECTS_AT_A_TIME);
    let checking = Checking {
        walk: Walk::new(&call.app, &job, asked),
        verifier: Arc::new(call.app.delivery.verifier(job.id)),
        limit: asked.limit,
        lines,
        _turn: turn,
    };
    tokio::spawn(checking.run());
    let next = |mut written: mpsc::Receiver<Vec<u8>>| async move {
        let line = written.recv().await?;
        Some((Ok::<_, Infallible>(line), written))
    };
    let body = Body::from_stream(unfold(written, next));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// A request's work.
struct Checking {
    walk: Walk,
    verifier: Arc<Verifier>,
    limit: usize,
    lines: mpsc::Sender<Vec<u8>>,
    _turn: OwnedSemaphorePermit,
}

/// Nobody reads the answer any more.
struct Gone;

impl Checking {
    async fn run(mut self) {
        let last = match self.check().await {
            Ok(next) => Line::End { next },
            Err(None) => return,
            Err(Some(error)) => {
                tracing::warn!(error = error.message(), "a verification cannot go on");
                Line::Failed { error: error.message().to_owned() }
            }
        };
        let _ = self.write(&last).await;
    }

    /// Checks one batch after the other, and gives where to go on.
    async fn check(&mut self) -> Result<Option<String>, Option<ApiError>> {
        let begun = Instant::now();
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut running = FuturesOrdered::new();
        let (mut taken, mut may_take) = (0, true);
        loop {
            while may_take && running.len() < OBJECTS_AT_A_TIME {
                let is_enough = taken >= self.limit || begun.elapsed() >= LONG_ENOUGH;
                let found = if is_enough { None } else { self.walk.next().await.map_err(Some)? };
                may_take = found.is_some();
                taken += usize::from(may_take);
                running.extend(found.map(|found| checked(Arc::clone(&self.verifier), found)));
            }
            tokio::select! {
                line = running.next() => match line {
                    None => return Ok(self.walk.next_position()),
                    Some(line) => self.write(&line.map_err(Some)?).await.map_err(|Gone| None)?,
                },
                _ = heartbeat.tick() => {
                    let bytes_read = self.verifier.bytes_read();
                    self.write(&Line::Working { bytes_read }).await.map_err(|Gone| None)?;
                }
            }
        }
    }

    async fn write(&self, line: &Line) -> Result<(), Gone> {
        let mut text = serde_json::to_vec(line).map_err(|_| Gone)?;
        text.push(b'\n');
        self.lines.send(text).await.map_err(|_| Gone)
    }
}

/// Checks the object of a batch.
async fn checked(verifier: Arc<Verifier>, found: Found) -> Result<Line, ApiError> {
    let (expected, looked) = match look(&verifier, &found).await {
        Ok(looked) => looked,
        Err(error @ VerifyError::Revision { .. }) => {
            (None, Some(Looked::Unreadable(error.to_string())))
        }
        Err(error) => return Err(error.into()),
    };
    let (result, details) = match looked {
        None if found.record.state == BatchState::Lost => ("given_up", Vec::new()),
        None => ("not_delivered", Vec::new()),
        Some(Looked::Same) => ("same", Vec::new()),
        Some(Looked::Altered(differences)) => {
            ("altered", differences.iter().map(ToString::to_string).collect())
        }
        Some(Looked::Missing) => ("missing", Vec::new()),
        Some(Looked::Denied(why)) => ("denied", vec![why]),
        Some(Looked::Unreadable(why)) => ("unreadable", vec![why]),
    };
    let (batch, position) = (Box::new(found.entry(expected.as_ref())), found.position());
    Ok(Line::Batch { batch, position, result, details })
}

type Compared = (Option<delivery::verify::Expected>, Option<Looked>);

async fn look(verifier: &Verifier, found: &Found) -> Result<Compared, VerifyError> {
    let Some(expected) = verifier.expected(&found.record).await? else { return Ok((None, None)) };
    let looked = verifier.look(&found.record, &expected).await?;
    Ok((Some(expected), Some(looked)))
}

/// Objects of the job that the ledger does not know.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExtraObjects")]
pub(super) struct ExtraObjects {
    /// Keys that were listed, of whomever.
    keys: u64,
    extra: Vec<ExtraObject>,
    /// What could not be listed.
    unlisted: Vec<Unlisted>,
    /// What to give as `after` to go on; `null` at the end.
    next: Option<String>,
}

/// An object of the job that should not be where it is.
#[derive(Serialize, JsonSchema)]
struct ExtraObject {
    bucket: String,
    key: String,
    object_bytes: u64,
    why: String,
}

/// A place that could not be listed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnlistedPlace")]
struct Unlisted {
    place: String,
    message: String,
}

/// `POST {scope}/logpush/jobs/{job_id}/verify/extra`: lists where batches of the named revisions
/// went, and where the job pushes now.
pub(super) async fn extra(call: &mut Call) -> ApiResult {
    let from = list_cursor(call)?;
    let window = window(call)?;
    let job = jobs::named(call).await?;
    let revisions = revisions(call, &job)?;
    let _turn = turn(&call.app).await?;
    let verifier = call.app.delivery.verifier(job.id);
    let begun = Instant::now();
    let mut all = ExtraObjects { keys: 0, extra: Vec::new(), unlisted: Vec::new(), next: None };
    let mut next = Some(from);
    while let Some(from) = next.take() {
        let listed = verifier.list(&job, &revisions, from, window).await?;
        all.keys += listed.keys;
        all.extra.extend(listed.extra.into_iter().map(|extra| ExtraObject {
            bucket: extra.bucket,
            key: extra.key,
            object_bytes: extra.bytes,
            why: extra.why.to_string(),
        }));
        all.unlisted.extend(listed.unlisted.map(|unlisted| Unlisted {
            place: unlisted.place,
            message: unlisted.error.to_string(),
        }));
        if begun.elapsed() >= LONG_ENOUGH || all.extra.len() >= EXTRA_MAX {
            all.next = listed.next.map(|next| cursor_text(&next));
            break;
        }
        next = listed.next;
    }
    Ok(envelope::result(all))
}

/// `PLACE` or `PLACE:KEY`.
fn cursor_text(cursor: &ListCursor) -> String {
    match &cursor.after {
        Some(after) => format!("{}:{after}", cursor.place),
        None => cursor.place.to_string(),
    }
}

fn list_cursor(call: &Call) -> Result<ListCursor, ApiError> {
    let Some(text) = call.query_value("after") else { return Ok(ListCursor::default()) };
    let (place, after) = match text.split_once(':') {
        Some((place, after)) => (place, Some(after.to_owned())),
        None => (text.as_str(), None),
    };
    let place = place.parse().map_err(|_| {
        let message = "the parameter `after` has to be what `next` was in an answer before";
        ApiError::new(Code::BadRequest, message)
    })?;
    Ok(ListCursor { place, after })
}

/// The revisions that the query names; all of the job's where it names none.
fn revisions(call: &Call, job: &Job) -> Result<Vec<Revision>, ApiError> {
    let named = call.query_value("revisions");
    among(named.as_deref(), job.revision).ok_or_else(|| {
        let message = format!(
            "the parameter `revisions` has to list up to {REVISIONS_MAX} of the job's revisions 1 \
             to {}, such as `1,2`",
            job.revision.0
        );
        ApiError::new(Code::BadRequest, message)
    })
}

/// The revisions that are named, or all until `newest`; `None` where one is none of these, or where
/// there are too many: each is read, and kept while the request lasts.
fn among(named: Option<&str>, newest: Revision) -> Option<Vec<Revision>> {
    let all = 1..=newest.0;
    let Some(text) = named else {
        return (newest.0 as usize <= REVISIONS_MAX).then(|| all.map(Revision).collect());
    };
    let read = |number: &str| number.parse().ok().filter(|number| all.contains(number));
    let named: Option<Vec<_>> = text.split(',').map(|number| read(number).map(Revision)).collect();
    named.filter(|named| named.len() <= REVISIONS_MAX)
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Catalog(error) => error.into(),
            other => Self::new(Code::Conflict, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_reads_more_revisions_than_it_may_name() {
        let count =
            |named: Option<&str>, newest| among(named, Revision(newest)).map(|found| found.len());
        assert_eq!(count(None, 1_000), Some(1_000));
        assert_eq!(count(None, 1_001), None);
        assert_eq!(count(Some("1,1001"), 1_001), Some(2));
        assert_eq!(count(Some(["1"; 1_001].join(",").as_str()), 1_001), None);
        for wrong in ["0", "3", "1,", "x", "-1", "4294967296"] {
            assert_eq!(count(Some(wrong), 2), None, "{wrong}");
        }
    }
}
