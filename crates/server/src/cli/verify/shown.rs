//! The report as people and programs read it.

use std::time::Duration;

use serde_json::{Value, json};

use super::ranges::Frames;
use super::report::{Objects, Report};
use crate::cli::{CliError, count, line, megabytes, print, span};

/// Ranges of frames that are named for people; programs are told more.
const NAMED_MAX: usize = 10;
/// Ranges of frames that are named for programs; all are counted.
const NAMED_JSON_MAX: usize = 10_000;

/// Prints the report's end; findings were printed as they were found.
pub(super) fn print(report: &Report) -> Result<(), CliError> {
    if report.as_json {
        return print::json(&as_json(report));
    }
    let rows = rows(report);
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        line(format_args!("{name:width$}  {value}"))?;
    }
    if report.is_ok() {
        line(format_args!("OK: {}", good(report)))?;
    }
    Ok(())
}

/// What the word OK stands for.
fn good(report: &Report) -> String {
    let read = match report.objects.delivered {
        0 => "the ledger has no delivered object there, so that none was read".to_owned(),
        1 => "the one delivered object is as the ledger says".to_owned(),
        objects => format!("all {} delivered objects are as the ledger says", count(objects)),
    };
    match report.keys {
        Some(_) => format!("{read}, and there is no other of this job"),
        None => format!("{read}; others of this job were not looked for"),
    }
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let Objects {
        delivered,
        same,
        altered,
        missing,
        unread,
        not_delivered,
        given_up,
        without_checksum,
        without_lines,
    } = report.objects;
    let read = same + altered;
    let mut rows = vec![(
        "objects",
        format!(
            "{} delivered: {} as the ledger says, {} altered, {} missing, {} not read",
            count(delivered),
            count(same),
            count(altered),
            count(missing),
            count(unread)
        ),
    )];
    let sums = &report.same;
    let (raw, compressed) = (megabytes(sums.raw_bytes), megabytes(sums.object_bytes));
    let records = count(sums.records);
    rows.push(("records", format!("{records} as the ledger says, {raw} in {compressed}")));
    rows.push(("checksums", format!("{} compared", count(read - without_checksum))));
    let mut push_some = |name, number: u64, what: &str| {
        if number > 0 {
            rows.push((name, format!("{} {what}", count(number))));
        }
    };
    push_some(
        "no checksum",
        without_checksum,
        "delivered before checksums were kept: compared by lines and bytes alone",
    );
    push_some("no lines", without_lines, "whose records are no lines: not compared by lines");
    push_some("under way", not_delivered, "sealed and not delivered yet: not looked at");
    push_some("given up", given_up, "batches that expired before they were delivered");
    let between = &report.between;
    if !between.passed_over.is_empty() {
        let named = named(&between.passed_over);
        rows.push(("passed over", format!("{named}, which held nothing for the job")));
    }
    if !between.given_up.is_empty() {
        let (named, records) = (named(&between.given_up), count(between.given_up_records));
        rows.push(("expired", format!("{named}, with {records} records of the job")));
    }
    if let Some(keys) = report.keys {
        rows.push(("listed", format!("{} keys", count(keys))));
    }
    rows.push(("took", span(report.progress.elapsed())));
    rows
}

/// Ranges of frames, counted and named.
fn named(ranges: &[Frames]) -> String {
    let frames: u64 = ranges.iter().map(|frames| frames.range.frames()).sum();
    let named = ranges.iter().take(NAMED_MAX);
    let named: Vec<String> = named
        .map(|Frames { partition, range }| format!("{range} of partition {partition}"))
        .collect();
    let others = match ranges.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        others => format!(" and {} more", count(others as u64)),
    };
    format!("{} frames ({}{others})", count(frames), named.join(", "))
}

fn as_json(report: &Report) -> Value {
    let found: u64 = report.counts.values().sum();
    let kept = report.findings.len() as u64;
    let counts = report.counts.iter().map(|(kind, number)| (kind.name(), json!(number)));
    let between = &report.between;
    let mut given_up = ranges(&between.given_up);
    given_up["records"] = between.given_up_records.into();
    json!({
        "ok": report.is_ok(),
        "complete": report.is_complete(),
        "job_id": report.job,
        "objects": report.objects,
        "same": {
            "objects": report.same.objects,
            "records": report.same.records,
            "raw_bytes": report.same.raw_bytes,
            "object_bytes": report.same.object_bytes,
        },
        "listed_keys": report.keys,
        "passed_over": ranges(&between.passed_over),
        "given_up": given_up,
        "counts": counts
            .map(|(name, number)| (name.to_owned(), number))
            .collect::<serde_json::Map<_, _>>(),
        "findings": report.findings,
        "findings_left_out": found - kept,
        "unread": report.unread,
        "unread_left_out": report.unread_count() - report.unread.len() as u64,
        "seconds": seconds(report.progress.elapsed()),
    })
}

fn ranges(ranges: &[Frames]) -> Value {
    let frames: u64 = ranges.iter().map(|frames| frames.range.frames()).sum();
    let named = ranges.iter().take(NAMED_JSON_MAX).map(|Frames { partition, range }| {
        json!({
            "partition": partition,
            "first_frame": range.first.0,
            "next_frame": range.next.0,
        })
    });
    json!({ "ranges": ranges.len(), "frames": frames, "named": named.collect::<Vec<_>>() })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1_000.0
}
