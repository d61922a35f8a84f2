//! *Select the data set*.

use askama::Template;
use axum::response::Response;
use model::ScopeKind;

use super::super::FormData;
use super::super::steps::{Problems, Step};
use super::super::walk::{At, Next, Walk};
use super::super::words::described;
use super::on;
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/dataset.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    kind: &'static str,
    chosen_title: String,
    sets: Vec<Set>,
    /// Titles of those that belong to the other kind of scope.
    others: Vec<String>,
    elsewhere: &'static str,
}

struct Set {
    name: String,
    title: String,
    line: String,
    fields: usize,
    is_chosen: bool,
}

/// The one that most people come for stands first.
const FIRST: &str = "http_requests";

pub(super) fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let kind = at.scope().kind;
    let all = at.call.app.datasets.iter();
    let (here, there): (Vec<_>, Vec<_>) = all.partition(|dataset| dataset.allows(kind));
    let mut sets: Vec<Set> = here
        .into_iter()
        .map(|dataset| {
            let (title, line) = described(dataset);
            let is_chosen = dataset.name == at.draft.dataset;
            Set { name: dataset.name.clone(), title, line, fields: dataset.fields.len(), is_chosen }
        })
        .collect();
    sets.sort_by_key(|set| (set.name != FIRST, set.title.to_lowercase()));
    let mut walk = at.walk(Step::Dataset);
    if at.tells && at.draft.dataset.is_empty() {
        walk.problems = Problems::one("dataset", "select one of the data sets");
    }
    rendered(&Page {
        frame,
        walk,
        kind: kind.name(),
        chosen_title: at.dataset().map_or_else(String::new, |dataset| described(&dataset).0),
        sets,
        others: there.into_iter().map(|dataset| described(dataset).0).collect(),
        elsewhere: match kind {
            ScopeKind::Zone => "the account",
            ScopeKind::Account => "a zone",
        },
    })
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Next {
    let name = form.get("dataset").unwrap_or_default();
    let allowed = |set: &&std::sync::Arc<model::Dataset>| set.allows(at.draft.scope.kind);
    // The dataset of a job that is there is fixed.
    if at.draft.before.is_none()
        && let Some(dataset) = at.call.app.datasets.get(name).filter(allowed)
    {
        at.draft.select(dataset);
    }
    on(at, Step::Dataset)
}
