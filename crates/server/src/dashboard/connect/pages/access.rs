//! *Validate access*: writes a small file, step by step, and tells what to mend.

use askama::Template;
use axum::response::Response;
use delivery::{CheckOutcome, CheckStep};
use model::destination::{Destination, redacted};

use super::super::FormData;
use super::super::draft::{Challenge, Tried};
use super::super::steps::Step;
use super::super::walk::{At, Next, Walk};
use crate::api::destination::{allowed, tried};
use crate::api::{ApiError, ownership};
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/access.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    destination: String,
    destination_step: String,
    hindrance: Option<String>,
    is_unchanged: bool,
    is_stale: bool,
    is_good: bool,
    steps: Vec<Shown>,
}

struct Shown {
    title: &'static str,
    outcome: &'static str,
    is_failed: bool,
    detail: String,
    mend: Option<String>,
}

/// What a step of trying a destination does, for people.
fn title(name: &str) -> &'static str {
    match name {
        "resolve" => "Find the host",
        "connect" => "Connect to it",
        "tls" => "Secure the connection",
        "region" => "Compare the region",
        "credentials" => "Fetch the credentials",
        "write" => "Write a file",
        "guarded" => "Never overwrite",
        "abort" => "Give up an unfinished upload",
        _ => "Try",
    }
}

pub(super) fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let draft = &at.draft;
    let text = draft.destination();
    let tried = draft.tried.as_ref();
    let is_current = tried.is_some_and(|tried| tried.text == text);
    let shown = |step: &CheckStep| Shown {
        title: title(step.name),
        outcome: step.outcome.name(),
        is_failed: step.outcome == CheckOutcome::Failed,
        detail: step.detail.clone(),
        mend: step.mend.clone(),
    };
    rendered(&Page {
        frame,
        walk: at.walk(Step::Access),
        hindrance: hindrance(&text),
        destination: redacted(&text),
        destination_step: at.link(Step::Destination),
        is_unchanged: !draft.is_moved(),
        is_stale: tried.is_some() && !is_current,
        is_good: draft.was_tried_well(),
        steps: tried
            .filter(|_| is_current)
            .map(|tried| tried.steps.iter().map(shown).collect())
            .unwrap_or_default(),
    })
}

/// Why there is nothing to try yet.
pub(super) fn hindrance(text: &str) -> Option<String> {
    let issues = Destination::parse(text).err()?;
    let messages: Vec<String> = issues.into_iter().map(|issue| issue.message).collect();
    Some(format!("The destination is not complete: {}.", messages.join("; ")))
}

pub(super) async fn save(at: &mut At<'_>, form: &FormData) -> Result<Next, ApiError> {
    if form.get("action") != Some("validate") {
        return Ok(Next::To(Step::Ownership));
    }
    let text = at.draft.destination();
    let Ok(destination) = allowed(at.call, &text).await? else { return Ok(Next::Stay) };
    let steps = tried(at.call, &destination).await;
    let tried = Tried { text, steps };
    let is_ok = tried.is_ok();
    at.draft.tried = Some(tried);
    if is_ok && at.proof().is_err() {
        // The next step asks for what the file holds.
        write_challenge(at, &destination).await?;
    }
    Ok(Next::Stay)
}

/// Writes a challenge for the draft's destination, where none is written yet.
async fn write_challenge(at: &mut At<'_>, destination: &Destination) -> Result<(), ApiError> {
    let text = at.draft.destination();
    let is_there = |challenge: &Challenge| challenge.text == text && challenge.written.is_ok();
    if at.draft.challenge.as_ref().is_some_and(is_there) {
        return Ok(());
    }
    write_anew(at, destination).await
}

/// Writes a new challenge for the draft's destination.
pub(super) async fn write_anew(at: &mut At<'_>, destination: &Destination) -> Result<(), ApiError> {
    let text = at.draft.destination();
    let written = ownership::write(at.call, at.scope(), &text, destination).await;
    let written = written.map_err(|error| error.to_string());
    at.draft.challenge = Some(Challenge { text, written });
    Ok(())
}
