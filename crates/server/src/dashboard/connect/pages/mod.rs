//! The pages of the walk, a module for each step: what it shows, and what it takes in.

mod access;
mod dataset;
mod destination;
mod fields;
mod filter;
mod options;
mod ownership;
mod service;
mod summary;

use axum::response::Response;

use super::FormData;
use super::steps::Step;
use super::walk::{At, Next};
use crate::api::ApiError;
use crate::dashboard::page::Frame;

/// The page of a step.
pub(super) async fn show(at: &At<'_>, step: Step, frame: Frame) -> Result<Response, ApiError> {
    match step {
        Step::Dataset => dataset::show(at, frame),
        Step::Fields => fields::show(at, frame),
        Step::Filter => filter::show(at, frame).await,
        Step::Service => service::show(at, frame),
        Step::Destination => destination::show(at, frame).await,
        Step::Access => access::show(at, frame),
        Step::Ownership => ownership::show(at, frame),
        Step::Options => options::show(at, frame).await,
        Step::Summary => summary::show(at, frame).await,
    }
}

/// Takes in what the form of a step holds.
pub(super) async fn save(at: &mut At<'_>, step: Step, form: &FormData) -> Result<Next, ApiError> {
    match step {
        Step::Dataset => Ok(dataset::save(at, form)),
        Step::Fields => fields::save(at, form),
        Step::Filter => filter::save(at, form),
        Step::Service => Ok(service::save(at, form)),
        Step::Destination => Ok(destination::save(at, form)),
        Step::Access => access::save(at, form).await,
        Step::Ownership => ownership::save(at, form).await,
        Step::Options => Ok(options::save(at, form)),
        Step::Summary => summary::save(at, form).await,
    }
}

/// On to the next step, where nothing is wrong with this one.
fn on(at: &At<'_>, step: Step) -> Next {
    let is_wrong = at.issues().iter().any(|issue| Step::of(issue) == step);
    if is_wrong { Next::Mend } else { Next::To(step.next()) }
}
