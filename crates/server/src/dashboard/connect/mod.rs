//! *Connect a service*, and editing, pausing and removing what is connected.
//!
//! ```text
//!  new ─► dataset ─► fields ─► filter ─► service ─► destination ─► access ─► ownership
//!                                                                                │
//!  edit a job ─────────────────────────► summary ─► saved        options ◄───────┘
//!                                           ▲                       │
//!                                           └───────────────────────┘
//! ```
//!
//! **Rules.** Nothing typed is lost: each form that is sent is kept in a draft at once, right or
//! wrong, and the browser is sent on to a page that can be reloaded. What is wrong is told beside
//! its field. Jobs are made and changed by the same functions as the API's.

mod conditions;
mod draft;
mod drafts;
mod options;
mod pages;
mod place;
mod recent;
mod standing;
mod steps;
mod walk;
mod words;

use askama::Template;
use axum::http::StatusCode;
use model::{Id, Scope};

use self::draft::Draft;
pub(crate) use self::drafts::Drafts;
use self::drafts::Owner;
pub(super) use self::standing::{ask_to_remove, pause, remove, resume};
use self::steps::Step;
use self::walk::{At, Next, jobs_path};
use super::Form as FormData;
use super::page::{Frame, rendered_as, to};
use crate::api::jobs::named;
use crate::api::policy::account_of;
use crate::api::{ApiError, ApiResult, Code};
use crate::http::Call;
use crate::random::random_id;

/// `GET {scope}/logs/new`: the first step, before anything is kept.
pub(super) async fn new(call: &mut Call) -> ApiResult {
    let at = at_beginning(call).await?;
    pages::show(&at, Step::Dataset, Frame::of(call).await?).await
}

/// `POST {scope}/logs/new`: keeps a draft from now on.
pub(super) async fn begin(call: &mut Call) -> ApiResult {
    let form = FormData::read(call).await?;
    let mut at = at_beginning(call).await?;
    let next = pages::save(&mut at, Step::Dataset, &form).await?;
    if at.draft.dataset.is_empty() {
        return Ok(to(&format!("{}?mend=1", at.path)));
    }
    let (id, owner) = (random_id()?, owner(call)?);
    let path = draft_path(owner.1, id);
    call.app.drafts.begin(id, owner, at.draft, call.now());
    Ok(to(&match next {
        Next::To(step) => format!("{path}/{}", step.name()),
        _ => format!("{path}/{}", Step::Dataset.name()),
    }))
}

/// `GET {scope}/logs/new/{draft}/{step}`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let frame = Frame::of(call).await?;
    let Some((_, at)) = at_draft(call)? else { return gone(call, frame) };
    let step = step(call)?;
    if step != Step::Dataset && at.draft.dataset.is_empty() {
        return Ok(to(&at.link(Step::Dataset)));
    }
    pages::show(&at, step, frame).await
}

/// `POST {scope}/logs/new/{draft}/{step}`: keeps what the form holds, and sends on.
pub(super) async fn save(call: &mut Call) -> ApiResult {
    let form = FormData::read(call).await?;
    let frame = Frame::of(call).await?;
    let Some((id, mut at)) = at_draft(call)? else { return gone(call, frame) };
    let step = step(call)?;
    let next = pages::save(&mut at, step, &form).await?;
    let (owner, here) = (owner(call)?, at.link(step));
    if let Next::Saved(path) = next {
        let text = match at.draft.before {
            Some(_) => "The job is saved.",
            None => "The service is connected: what arrives from now on is pushed.",
        };
        tell(call, text);
        call.app.drafts.end(id, owner);
        return Ok(to(&path));
    }
    let onward = match &next {
        Next::To(step) => at.link(*step),
        Next::Mend => format!("{here}?mend=1"),
        Next::With(name, value) => format!("{here}?{name}={}", encoded(value)),
        Next::Stay | Next::Saved(_) => here,
    };
    let mut draft = at.draft;
    if matches!(step, Step::Access | Step::Ownership)
        && let Some(now) = call.app.drafts.get(id, owner, call.now())
    {
        // Asking a store takes time, in which another tab may have gone on.
        let Draft { tried, challenge, token, .. } = draft;
        draft = Draft { tried, challenge, token, ..now };
    }
    let kept = call.app.drafts.put(id, owner, draft, call.now());
    kept.map_err(|error| ApiError::new(Code::TooLarge, error.to_string()))?;
    Ok(to(&onward))
}

/// `GET {scope}/logs/{job_id}/edit`: opens a job in a draft.
pub(super) async fn edit(call: &mut Call) -> ApiResult {
    let job = named(call).await?;
    let (app, owner) = (&call.app, owner(call)?);
    let id = match app.drafts.untouched(&job, owner) {
        Some(id) => id,
        None => {
            let id = random_id()?;
            let external_id = account_of(app, job.scope).await?.external_id;
            let draft = Draft::read(&job, external_id, &app.datasets);
            app.drafts.begin(id, owner, draft, call.now());
            id
        }
    };
    Ok(to(&format!("{}/{}", draft_path(owner.1, id), Step::Summary.name())))
}

#[derive(Template)]
#[template(path = "connect/gone.html")]
struct GonePage {
    frame: Frame,
    begin: String,
    jobs: String,
}

/// The page in the place of a draft that is not there.
fn gone(call: &Call, frame: Frame) -> ApiResult {
    let jobs = jobs_path(call.scope()?);
    let page = GonePage { frame, begin: format!("{jobs}/new"), jobs };
    rendered_as(StatusCode::NOT_FOUND, &page)
}

/// Has the next page say that something was done.
fn tell(call: &Call, text: impl Into<String>) {
    if let Some(session) = &call.session {
        call.app.sessions.tell(session, "success", text);
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn step(call: &Call) -> Result<Step, ApiError> {
    let step = call.params.get("step").and_then(Step::named);
    step.ok_or_else(|| ApiError::no_route(&call.uri))
}

fn owner(call: &Call) -> Result<Owner, ApiError> {
    Ok((call.caller()?.token.id, call.scope()?))
}

fn draft_path(scope: Scope, id: Id) -> String {
    format!("{}/new/{id}", jobs_path(scope))
}

/// Whether the browser comes back to see what is to be mended.
fn tells(call: &Call) -> bool {
    call.query_value("mend").is_some()
}

async fn at_beginning(call: &Call) -> Result<At<'_>, ApiError> {
    let scope = call.scope()?;
    let external_id = account_of(&call.app, scope).await?.external_id;
    let draft = Draft::new(scope, external_id);
    let path = format!("{}/new", jobs_path(scope));
    Ok(At { call, draft, path, is_begun: false, tells: tells(call) })
}

/// The draft that the path names; none, where there is none of the caller's.
fn at_draft(call: &Call) -> Result<Option<(Id, At<'_>)>, ApiError> {
    let id = call.id("draft")?;
    let owner = owner(call)?;
    let Some(draft) = call.app.drafts.get(id, owner, call.now()) else { return Ok(None) };
    let path = draft_path(owner.1, id);
    Ok(Some((id, At { call, draft, path, is_begun: true, tells: tells(call) })))
}
