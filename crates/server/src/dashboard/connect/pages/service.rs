//! *Select a service*: to what kind of store.

use askama::Template;
use axum::response::Response;

use super::super::FormData;
use super::super::place::Service;
use super::super::steps::{Problems, Step};
use super::super::walk::{At, Next, Walk};
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/service.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    services: Vec<Shown>,
}

struct Shown {
    name: &'static str,
    title: &'static str,
    line: &'static str,
    is_chosen: bool,
}

/// What people call a kind of store.
pub(super) const fn title(service: Service) -> &'static str {
    match service {
        Service::Amazon => "Amazon S3",
        Service::Compatible => "S3-compatible storage",
        Service::R2 => "Cloudflare R2",
    }
}

const fn line(service: Service) -> &'static str {
    match service {
        Service::Amazon => "A bucket in AWS, by its policy, a role or access keys.",
        Service::Compatible => "A store that speaks S3’s protocol, by its address and keys.",
        Service::R2 => "A bucket in R2, by the account’s id and keys.",
    }
}

pub(super) fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let mut walk = at.walk(Step::Service);
    if at.tells && !at.draft.has_service {
        walk.problems = Problems::one("service", "select one of the services");
    }
    let shown = |service| Shown {
        name: Service::name(service),
        title: title(service),
        line: line(service),
        is_chosen: at.draft.has_service && at.draft.place.service == service,
    };
    rendered(&Page { frame, walk, services: Service::ALL.map(shown).into() })
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Next {
    if let Some(service) = form.get("service").and_then(Service::named) {
        at.draft.place.service = service;
        at.draft.has_service = true;
    }
    if at.draft.has_service { Next::To(Step::Service.next()) } else { Next::Mend }
}
