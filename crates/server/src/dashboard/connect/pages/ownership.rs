//! *Ownership token*: the file that the service wrote, and what stands in it.

use askama::Template;
use axum::response::Response;
use model::destination::Destination;

use super::super::FormData;
use super::super::place::Service;
use super::super::steps::{Problems, Step};
use super::super::walk::{At, Next, Walk};
use super::access::{hindrance, write_anew};
use crate::api::ApiError;
use crate::api::destination::allowed;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/ownership.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    /// Why there is nothing to prove.
    not_needed: Option<String>,
    hindrance: Option<String>,
    /// The file's key.
    file: Option<String>,
    console: Option<String>,
    token: String,
    is_proven: bool,
}

pub(super) fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let draft = &at.draft;
    let text = draft.destination();
    let destination = Destination::parse(&text).ok();
    let challenge = draft.challenge.as_ref().filter(|challenge| challenge.text == text);
    let failed = challenge.and_then(|challenge| challenge.written.clone().err());
    let file = challenge.and_then(|challenge| challenge.written.clone().ok());
    let proof = at.proof();
    let mut walk = at.walk(Step::Ownership);
    if let (true, Err(message)) = (at.tells || !draft.token.is_empty(), &proof) {
        walk.problems = Problems::one("ownership_token", message.clone());
    }
    let at_amazon = destination.as_ref().filter(|_| draft.place.service == Service::Amazon);
    rendered(&Page {
        frame,
        walk,
        not_needed: not_needed(at, destination.as_ref()),
        hindrance: failed
            .map(|message| format!("The file could not be written: {message}."))
            .or_else(|| hindrance(&text)),
        console: at_amazon.zip(file.as_ref()).map(|(destination, key)| object(destination, key)),
        file,
        token: draft.token.clone(),
        is_proven: proof.is_ok() && !draft.token.is_empty(),
    })
}

/// The page of an object in the Amazon S3 console.
fn object(destination: &Destination, key: &str) -> String {
    let Destination { bucket, region, .. } = destination;
    let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
    format!("https://console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={key}")
}

fn not_needed(at: &At<'_>, destination: Option<&Destination>) -> Option<String> {
    let text = if !at.draft.is_moved() {
        "The destination was not changed: it was proven when it was set."
    } else if destination.is_some_and(|destination| !destination.needs_ownership_proof()) {
        "Nothing is to be proven: the destination is written with keys of your own."
    } else if at.draft.token.is_empty() && at.proof().is_ok() {
        "As the operator of this installation you vouch for the destination: no proof is asked for."
    } else {
        return None;
    };
    Some(text.to_owned())
}

pub(super) async fn save(at: &mut At<'_>, form: &FormData) -> Result<Next, ApiError> {
    if let Some(token) = form.get("ownership_token") {
        token.trim().clone_into(&mut at.draft.token);
    }
    match form.get("action") {
        Some("challenge") => {
            let text = at.draft.destination();
            if let Ok(destination) = allowed(at.call, &text).await? {
                write_anew(at, &destination).await?;
            }
            Ok(Next::Stay)
        }
        Some("prove") => Ok(Next::Mend),
        _ if at.proof().is_ok() => Ok(Next::To(Step::Options)),
        _ => Ok(Next::Mend),
    }
}
