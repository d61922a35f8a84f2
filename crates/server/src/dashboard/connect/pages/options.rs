//! *Name and options*, with a preview of what objects will hold.

use askama::Template;
use axum::response::Response;
use model::TimestampFormat;
use model::filter::Filter;
use model::merge;
use model::output::{Compression, OutputOptions, OutputType};

use super::super::FormData;
use super::super::options::Options;
use super::super::recent::Recent;
use super::super::steps::Step;
use super::super::walk::{At, Next, Walk};
use super::on;
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/options.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    options: Options,
    timestamp_formats: Vec<Word>,
    output_types: Vec<Word>,
    compressions: Vec<Word>,
    others: Vec<String>,
    /// Whether the data set's records can be merged.
    can_merge: bool,
    /// Whether the advanced ones are open.
    is_open: bool,
    preview: String,
    preview_of: String,
}

struct Word {
    value: &'static str,
    label: &'static str,
    is_chosen: bool,
}

pub(super) async fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let options = &at.draft.options;
    let walk = at.walk(Step::Options);
    let (preview, preview_of) = preview(at).await?;
    let words = |chosen: &str, all: Vec<(&'static str, &'static str)>| {
        let word = |(value, label)| Word { value, label, is_chosen: value == chosen };
        all.into_iter().map(word).collect()
    };
    let is_changed = Options { name: String::new(), ..options.clone() } != Options::new();
    rendered(&Page {
        frame,
        timestamp_formats: words(&options.timestamp_format, timestamp_formats()),
        output_types: words(&options.output_type, output_types()),
        compressions: words(&options.compression, compressions()),
        others: options.others_shown(),
        can_merge: merge::is_possible(&*at.selected()?),
        is_open: is_changed || !walk.problems.all().is_empty(),
        walk,
        options: options.clone(),
        preview,
        preview_of,
    })
}

fn timestamp_formats() -> Vec<(&'static str, &'static str)> {
    let label = |format| match format {
        TimestampFormat::Rfc3339 => "RFC 3339: 2026-01-31T12:00:00Z",
        TimestampFormat::Rfc3339Ms => "RFC 3339 with milliseconds: 2026-01-31T12:00:00.123Z",
        TimestampFormat::Rfc3339Ns => "RFC 3339 with nanoseconds: 2026-01-31T12:00:00.123456789Z",
        TimestampFormat::Unix => "Unix, in seconds: 1769860800",
        TimestampFormat::UnixNano => "Unix, in nanoseconds: 1769860800123456789",
    };
    let mut all = TimestampFormat::ALL.map(|format| (format.name(), label(format)));
    all.sort_by_key(|(name, _)| *name != TimestampFormat::Rfc3339.name());
    all.into()
}

fn output_types() -> Vec<(&'static str, &'static str)> {
    let label = |output| match output {
        OutputType::Ndjson => "NDJSON: one JSON object a line",
        OutputType::Csv => "CSV: one line of comma-separated values",
    };
    OutputType::ALL.map(|output| (output.name(), label(output))).into()
}

fn compressions() -> Vec<(&'static str, &'static str)> {
    let label = |compression| match compression {
        Compression::Gzip => "gzip: .log.gz",
        Compression::Zstd => "Zstandard: .log.zst",
    };
    Compression::ALL.map(|compression| (compression.name(), label(compression))).into()
}

/// What an object of the first few records would hold, and what these are. Where there is nothing to
/// look at, the latter says why.
async fn preview(at: &At<'_>) -> Result<(String, String), ApiError> {
    let dataset = at.selected()?;
    let json = at.draft.options.output_options(&at.draft.fields);
    let Ok(options) = OutputOptions::parse(&json, &dataset) else {
        return Ok((String::new(), "It is shown once the options are complete.".to_owned()));
    };
    let filter = Filter::parse(&at.draft.conditions.text(&dataset), &dataset).unwrap_or_default();
    let recent = Recent::read(at.call.app.journal.as_ref(), at.scope(), &dataset.name).await?;
    let (text, of) = if recent.matching(filter.as_ref(), &dataset) > 0 {
        let of = "What an object of the newest records would hold, before compression.";
        (recent.preview(filter.as_ref(), &options, &dataset), of)
    } else {
        let sample = Recent::sample(&dataset, at.call.now());
        let of = "No records to show yet: this one is made up from the data set’s fields.";
        (sample.preview(None, &options, &dataset), of)
    };
    if text.trim().is_empty() {
        return Ok((
            String::new(),
            "With these options an object would hold empty lines.".to_owned(),
        ));
    }
    Ok((text, of.to_owned()))
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Next {
    at.draft.options.fill(form);
    at.draft.has_options = true;
    if form.get("action") == Some("preview") { Next::Mend } else { on(at, Step::Options) }
}
