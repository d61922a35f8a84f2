//! *Quarantine*: the lines that were refused, why, and the way to have them all.
//!
//! **Rules.** The lines are hostile: they are escaped, cut, and what hides or reorders text is
//! shown by its code.

use askama::Template;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::page::{Frame, base, rendered};
use super::text::{Instant, count, visible};
use crate::api::{ApiResult, quarantine};
use crate::http::Call;

/// Lines of the page.
const LINES: usize = 100;
/// Lines of the download.
const DOWNLOADED: usize = 100_000;
/// Characters of a line that are shown.
const CHARS: usize = 600;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    frame: Frame,
    total: String,
    is_empty: bool,
    datasets: Vec<ShownDataset>,
    /// The dataset whose lines are shown; empty for all.
    dataset: String,
    lines: Vec<ShownLine>,
    path: String,
    download: String,
}

struct ShownDataset {
    name: String,
    count: String,
    is_here: bool,
}

struct ShownLine {
    arrival: Option<Instant>,
    dataset: String,
    place: String,
    reason: String,
    content: String,
    is_cut: bool,
}

/// A line as it is downloaded.
#[derive(Deserialize)]
struct Kept {
    arrival: String,
    dataset: String,
    line: u64,
    source: Option<String>,
    reason: String,
    content: String,
    #[serde(default)]
    truncated: bool,
}

impl Kept {
    fn shown(self) -> ShownLine {
        let at = model::time::parse_timestamp(self.arrival.as_bytes()).ok();
        let line = count(self.line);
        ShownLine {
            arrival: at.map(Instant),
            dataset: self.dataset,
            place: match self.source {
                Some(source) => format!("{}, line {line}", visible(&source, 200)),
                None => format!("line {line}"),
            },
            reason: visible(&self.reason, CHARS),
            is_cut: self.truncated || self.content.chars().count() > CHARS,
            content: visible(&self.content, CHARS),
        }
    }
}

/// `GET {scope}/quarantine`: the newest lines first.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    let counts = quarantine::counts(call.app.journal.as_ref(), scope).await?;
    let dataset = call.query_value("dataset").unwrap_or_default();
    let lines = quarantine::lines(call, scope, LINES).await?;
    let lines = lines.iter().rev().filter_map(|line| serde_json::from_slice::<Kept>(line).ok());
    let path = format!("{}/quarantine", base(scope));
    let is_known = counts.contains_key(&dataset);
    let query = if is_known { format!("?dataset={dataset}") } else { String::new() };
    rendered(&QuarantinePage {
        frame: Frame::of(call).await?,
        total: count(counts.values().sum()),
        is_empty: counts.is_empty(),
        lines: lines.map(Kept::shown).collect(),
        download: format!("{path}.ndjson{query}"),
        datasets: counts
            .into_iter()
            .map(|(name, lines)| ShownDataset {
                is_here: name == dataset,
                count: count(lines),
                name,
            })
            .collect(),
        dataset,
        path,
    })
}

/// `GET {scope}/quarantine.ndjson`: as the API gives it, to be saved as a file.
pub(super) async fn download(call: &mut Call) -> ApiResult {
    let lines = quarantine::lines(call, call.scope()?, DOWNLOADED).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"quarantine.ndjson\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, lines.concat()).into_response())
}
