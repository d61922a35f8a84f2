//! The quarantine: refused lines, to be looked at and mended by who sent them.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::IntoResponse;
use journal::{Frame, FrameKind, Journal, QuarantineRef, ReadError};
use model::{Partition, Scope};

use super::page::number;
use super::{ApiError, ApiResult};
use crate::http::Call;
use crate::ingest::{OPERATOR, downloaded};

/// Lines of an answer when the request names no number.
pub(super) const LINES: u32 = 1000;
/// Most lines of an answer.
pub(super) const LINES_MAX: u32 = 100_000;
/// Bytes of frames after which no older one is added to an answer.
const BYTES_MAX: usize = 8 << 20;

/// `GET {scope}/logpush/quarantine`: the newest lines as NDJSON, newest last.
pub(super) async fn of_scope(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    download(call, scope).await
}

/// `GET /logpush/quarantine`: the operator's own, lines that belong to no customer.
pub(super) async fn of_operator(call: &mut Call) -> ApiResult {
    download(call, OPERATOR).await
}

async fn download(call: &Call, scope: Scope) -> ApiResult {
    let limit = number(call, "limit", LINES, LINES_MAX)? as usize;
    let body = lines(call, scope, limit).await?.concat();
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// The newest lines of the scope, at most `limit`, newest last: each a line of NDJSON. Of one
/// dataset where the query names one.
pub(crate) async fn lines(
    call: &Call,
    scope: Scope,
    limit: usize,
) -> Result<Vec<Vec<u8>>, ApiError> {
    let dataset = call.query_value("dataset");
    let journal = call.app.journal.as_ref();
    let frames = newest(journal, scope, dataset.as_deref(), limit).await?;
    let mut lines: Vec<Vec<u8>> = frames.iter().flat_map(downloaded).collect();
    Ok(lines.split_off(lines.len().saturating_sub(limit)))
}

/// How many refused lines of the scope the journal holds, by dataset.
pub(crate) async fn counts(
    journal: &dyn Journal,
    scope: Scope,
) -> Result<BTreeMap<String, u64>, ReadError> {
    let mut counts = BTreeMap::new();
    for partition in (0..journal.partitions()).map(Partition) {
        for frame in journal.quarantined(partition).await? {
            if frame.scope == scope {
                *counts.entry(frame.dataset).or_default() += u64::from(frame.records);
            }
        }
    }
    Ok(counts)
}

/// The newest quarantine frames of the scope that hold `limit` lines together, oldest first.
async fn newest(
    journal: &dyn Journal,
    scope: Scope,
    dataset: Option<&str>,
    limit: usize,
) -> Result<Vec<Frame>, ReadError> {
    let mut found: Vec<QuarantineRef> = Vec::new();
    for partition in (0..journal.partitions()).map(Partition) {
        let all = journal.quarantined(partition).await?;
        found.extend(all.into_iter().filter(|frame| {
            frame.scope == scope && dataset.is_none_or(|dataset| frame.dataset == dataset)
        }));
    }
    found.sort_by_key(|frame| (frame.arrival, frame.partition, frame.offset));
    let (mut frames, mut lines, mut bytes) = (Vec::new(), 0, 0);
    for place in found.iter().rev() {
        if lines >= limit || bytes >= BYTES_MAX {
            break;
        }
        // A frame that was trimmed since is no longer in the quarantine.
        let Some(frame) = read(journal, place).await? else { continue };
        lines += frame.records as usize;
        bytes += frame.payload.len();
        frames.push(frame);
    }
    frames.reverse();
    Ok(frames)
}

async fn read(journal: &dyn Journal, place: &QuarantineRef) -> Result<Option<Frame>, ReadError> {
    match journal.read(place.partition, place.offset, 1).await {
        Ok(frames) => {
            let frame = frames.into_iter().next();
            Ok(frame.filter(|frame| frame.kind == FrameKind::Quarantine))
        }
        Err(ReadError::Trimmed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
