//! The summary: all at a glance, *Save and Start Pushing*, and what to do where somebody else
//! changed the job in between.

use askama::Template;
use axum::response::Response;
use catalog::{Job, JobChange};
use model::destination::redacted;

use super::super::FormData;
use super::super::draft::Draft;
use super::super::steps::{State, Step};
use super::super::walk::{At, Next, Walk};
use super::super::words::described;
use super::service;
use crate::api::jobs::{self, Requested};
use crate::api::{ApiError, Code};
use crate::dashboard::page::{Frame, rendered};
use crate::dashboard::text::count;

#[derive(Template)]
#[template(path = "connect/summary.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    failure: Option<String>,
    conflicts: Vec<Conflict>,
    rows: Vec<Row>,
    open: Vec<Open>,
    warning: Option<&'static str>,
}

/// What is told of a destination that was not tried.
const UNTRIED: &str = "Access to the destination is not validated: whether objects arrive is seen only \
                       when they are sent.";

/// What somebody else made other than it was.
struct Conflict {
    what: &'static str,
    now: String,
    yours: String,
}

struct Row {
    title: &'static str,
    lines: Vec<String>,
    link: String,
}

struct Open {
    title: &'static str,
    link: String,
    word: &'static str,
}

pub(super) async fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    page(at, frame, at.call.query_value("failure")).await
}

async fn page(at: &At<'_>, frame: Frame, failure: Option<String>) -> Result<Response, ApiError> {
    let draft = &at.draft;
    let (issues, proven) = (at.issues(), at.proof().is_ok());
    // Validating and looking at the options are not asked for; what is wrong there is.
    let is_open = |step: &Step| match step {
        Step::Summary | Step::Access => false,
        Step::Options => issues.iter().any(|issue| Step::of(issue) == *step),
        _ => step.state(draft, &issues, proven) != State::Done,
    };
    let open = Step::ALL.into_iter().filter(is_open);
    let untried = draft.is_moved() && !draft.was_tried_well();
    rendered(&Page {
        frame,
        walk: at.walk(Step::Summary),
        failure: failure.and_then(|word| told(&word)),
        conflicts: conflicts(at).await?,
        rows: rows(at),
        open: open
            .map(|step| Open {
                title: step.title(),
                link: format!("{}?mend=1", at.link(step)),
                word: step.state(draft, &issues, proven).word(),
            })
            .collect(),
        warning: untried.then_some(UNTRIED),
    })
}

/// Why saving failed, by the word in the address: what stands in an address may be anybody's.
fn told(word: &str) -> Option<String> {
    let text = match word {
        "quota" => "There are as many jobs as are allowed: remove one before you add another.",
        "gone" => "The job was removed in the meantime.",
        "unavailable" => "The service cannot save it now. Nothing is lost: try again.",
        _ => return None,
    };
    Some(text.to_owned())
}

fn rows(at: &At<'_>) -> Vec<Row> {
    let Draft { options, place, .. } = &at.draft;
    let dataset = at.dataset();
    let title = dataset.as_ref().map(|dataset| described(dataset).0);
    let filter = dataset.as_ref().map(|dataset| at.draft.conditions.text(dataset));
    let filter = filter.filter(|text| !text.is_empty());
    let mut of_options = vec![format!("timestamps as {}", options.timestamp_format)];
    let mut add = |is_set: bool, text: String| {
        if is_set {
            of_options.push(text);
        }
    };
    add(true, format!("{}, {}", options.output_type, options.compression));
    add(!options.sample_rate.is_empty(), format!("a share of {}", options.sample_rate));
    add(options.redacts_lookups, "CVE-2021-44228 redacted".to_owned());
    add(options.merges_subrequests, "subrequests merged".to_owned());
    add(!options.record_template.is_empty(), "with a record template".to_owned());
    for (limit, unit) in [
        (&options.max_upload_bytes, "bytes"),
        (&options.max_upload_interval_seconds, "seconds"),
        (&options.max_upload_records, "records"),
    ] {
        let shown = limit.parse().map_or_else(|_| limit.clone(), count);
        add(!limit.is_empty(), format!("batches of at most {shown} {unit}"));
    }
    let row = |title, lines, step| Row { title, lines, link: at.link(step) };
    let name = if options.name.is_empty() { "none".to_owned() } else { options.name.clone() };
    vec![
        row("Data set", vec![title.unwrap_or_default()], Step::Dataset),
        row("Fields", fields(&at.draft.fields), Step::Fields),
        row("If logs match", vec![filter.unwrap_or_else(|| "every record".into())], Step::Filter),
        row("Service", vec![service::title(place.service).to_owned()], Step::Service),
        row("Destination", vec![redacted(&at.draft.destination())], Step::Destination),
        row("Name", vec![name], Step::Options),
        row("Options", of_options, Step::Options),
    ]
}

fn fields(names: &[String]) -> Vec<String> {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    vec![format!("{}: {text}", names.len())]
}

/// What somebody else changed since editing began, and would be lost.
async fn conflicts(at: &At<'_>) -> Result<Vec<Conflict>, ApiError> {
    let Some(before) = &at.draft.before else { return Ok(Vec::new()) };
    let now = match at.call.app.catalog.job(before.id).await {
        Ok(now) => now,
        Err(catalog::CatalogError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if !is_changed(before, &now) {
        return Ok(Vec::new());
    }
    let (yours, _) = at.draft.change(&at.call.app.datasets);
    let parts = parts_of_job(&now).into_iter().zip(parts_of_change(&yours));
    let differing = parts.filter(|((_, now), (_, yours))| now != yours);
    let conflict = |((what, now), (_, yours))| Conflict { what, now, yours };
    let mut conflicts: Vec<_> = differing.map(conflict).collect();
    if conflicts.is_empty() {
        let same = || "the same".to_owned();
        conflicts.push(Conflict { what: "Everything", now: same(), yours: same() });
    }
    Ok(conflicts)
}

/// Whether a job is another one than it was, besides whether it is paused.
fn is_changed(before: &Job, now: &Job) -> bool {
    before.revision != now.revision || before.name != now.name
}

type Part = (&'static str, String);

fn parts_of_job(job: &Job) -> Vec<Part> {
    let Job { spec, name, kind, frequency, enabled, .. } = job.clone();
    parts_of_change(&JobChange { spec, name, kind, frequency, enabled })
}

fn parts_of_change(change: &JobChange) -> Vec<Part> {
    let spec = &change.spec;
    let number = |limit: Option<u64>| limit.map_or_else(String::new, |limit| limit.to_string());
    vec![
        ("Name", change.name.clone().unwrap_or_default()),
        ("Destination", redacted(&spec.destination)),
        ("Fields and output", spec.output_options.clone().unwrap_or_default()),
        ("Logpull options", spec.logpull_options.clone()),
        ("Filter", spec.filter.clone()),
        ("Leave out attacks", spec.filter_attack_traffic.to_string()),
        ("Frequency", change.frequency.clone()),
        ("Bytes of a batch", number(spec.max_upload_bytes)),
        ("Seconds of a batch", number(spec.max_upload_interval_seconds)),
        ("Records of a batch", number(spec.max_upload_records)),
    ]
}

pub(super) async fn save(at: &mut At<'_>, form: &FormData) -> Result<Next, ApiError> {
    match form.get("action") {
        Some("overwrite") => {
            rebase(at).await?;
            return Ok(Next::Stay);
        }
        Some("restart") => {
            restart(at).await?;
            return Ok(Next::Stay);
        }
        _ => {}
    }
    let (change, issues) = at.draft.change(&at.call.app.datasets);
    let issues = if issues.is_empty() { at.issues() } else { issues };
    if let Some(issue) = issues.first() {
        return Ok(Next::To(Step::of(issue)));
    }
    if at.proof().is_err() {
        return Ok(Next::To(Step::Ownership));
    }
    let token = Some(at.draft.token.trim().to_owned()).filter(|token| !token.is_empty());
    let requested = Requested { change, challenge: token };
    let saved = match &at.draft.before {
        None => jobs::add(at.call, at.scope(), requested).await,
        Some(before) => replace(at, before, requested).await,
    };
    match saved {
        Ok(job) => Ok(Next::Saved(format!("{}/{}", at.jobs(), job.id))),
        Err(error) => match error.code() {
            Code::Conflict => Ok(Next::Stay),
            Code::QuotaExceeded => Ok(Next::With("failure", "quota".to_owned())),
            Code::NotFound => Ok(Next::With("failure", "gone".to_owned())),
            Code::Unavailable => Ok(Next::With("failure", "unavailable".to_owned())),
            _ => match error.issues().first() {
                Some(issue) => Ok(Next::To(Step::of(issue))),
                None => Err(error),
            },
        },
    }
}

/// Changes the job that is edited, unless somebody else did since.
async fn replace(at: &At<'_>, before: &Job, requested: Requested) -> Result<Job, ApiError> {
    jobs::change(at.call, before.id, |now| {
        if is_changed(before, now) {
            return Err(ApiError::new(Code::Conflict, "the job was changed by somebody else"));
        }
        // Whether it is paused is not edited here.
        let change = JobChange { enabled: now.enabled, ..requested.change };
        Ok(Requested { change, ..requested })
    })
    .await
}

/// Takes the job as it is now for what is edited, and keeps what was typed.
async fn rebase(at: &mut At<'_>) -> Result<(), ApiError> {
    if let Some(before) = &mut at.draft.before {
        *before = at.call.app.catalog.job(before.id).await?;
    }
    Ok(())
}

/// Begins anew with the job as it is now.
async fn restart(at: &mut At<'_>) -> Result<(), ApiError> {
    if let Some(before) = &at.draft.before {
        let now = at.call.app.catalog.job(before.id).await?;
        let external_id = at.draft.external_id.clone();
        at.draft = Draft::read(&now, external_id, &at.call.app.datasets);
    }
    Ok(())
}
