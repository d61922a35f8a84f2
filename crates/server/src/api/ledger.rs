//! The delivery ledger of a job in the order of its frames, for those who compare it with the
//! bucket.

use std::collections::VecDeque;
use std::sync::Arc;

use catalog::{BatchRecord, Job};
use delivery::checksum_text;
use delivery::verify::{Expected, Verifier, VerifyError, Window};
use model::{JobId, Offset, Partition};
use schemars::JsonSchema;
use serde::Serialize;

use super::history::instant;
use super::page::number;
use super::status::ShownTotals;
use super::{ApiError, ApiResult, Code, envelope, jobs};
use crate::app::App;
use crate::http::Call;
use crate::instant::rfc3339_ms;

/// Entries of an answer where the request names no number.
pub(super) const ENTRIES: u32 = 100;
/// Most entries of an answer.
pub(super) const ENTRIES_MAX: u32 = 1_000;
/// Entries that are read of the ledger at a time.
const PAGE: u32 = 500;
/// Entries that one answer looks at, whether they lie in the span of time or not.
const LOOKED_AT_MAX: usize = 20_000;

/// What the ledger says of a job as a whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerSummary")]
pub(super) struct Summary {
    /// With the job's id it tells the job's objects from all others: their names hold both.
    installation_id: String,
    job_id: u64,
    /// The frames of each partition that are not decided yet.
    cursors: Vec<Cursor>,
    /// What expired before it could be delivered, newest first.
    losses: Vec<Loss>,
    totals: ShownTotals,
}

/// Where a job stands in a partition.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerCursor")]
struct Cursor {
    partition: u16,
    /// The first frame that is not decided yet.
    next_frame: u64,
}

/// Frames that expired before they could be delivered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerLoss")]
struct Loss {
    partition: u16,
    first_frame: u64,
    next_frame: u64,
    /// Records of the job in them.
    records: u64,
    at: String,
}

/// `GET {scope}/logpush/jobs/{job_id}/ledger`.
pub(super) async fn summary(call: &mut Call) -> ApiResult {
    let job = jobs::named(call).await?;
    let catalog = &call.app.catalog;
    let totals = catalog.totals(job.id).await?.into();
    let losses = catalog.losses(job.id).await?.into_iter().map(|loss| Loss {
        partition: loss.partition.0,
        first_frame: loss.range.first.0,
        next_frame: loss.range.next.0,
        records: loss.records,
        at: rfc3339_ms(loss.at),
    });
    let losses = losses.collect();
    let cursors = catalog.cursors(job.id).await?.into_iter();
    let cursors = cursors
        .map(|cursor| Cursor { partition: cursor.partition.0, next_frame: cursor.next.0 })
        .collect();
    let installation_id = catalog.installation().to_string();
    Ok(envelope::result(Summary { installation_id, job_id: job.id.0, cursors, losses, totals }))
}

/// A batch of the ledger, with what its object has to be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerEntry")]
pub(super) struct Entry {
    partition: u16,
    first_frame: u64,
    next_frame: u64,
    /// Where the batch before it in its partition ends; what lies between was passed over, because
    /// it held nothing for the job, or given up.
    previous_next_frame: Option<u64>,
    revision: u32,
    key: String,
    start: String,
    end: String,
    records: u64,
    /// `sealed`, `delivered` or `lost`.
    state: &'static str,
    sealed_at: String,
    delivered_at: Option<String>,
    object_bytes: Option<u64>,
    /// The CRC-64/NVME of the object in base64, as S3 writes it; `null` where it was delivered
    /// before checksums were kept.
    checksum: Option<String>,
    raw_bytes: u64,
    /// The newlines in what the object decompresses to; `null` where its records are no lines.
    newlines: Option<u64>,
    /// Whether newlines between double quotes count.
    newlines_in_quotes: bool,
}

/// A part of the ledger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerEntries")]
pub(super) struct Entries {
    batches: Vec<Entry>,
    /// What to give as `after` to go on; `null` at the end.
    next: Option<String>,
}

/// `GET {scope}/logpush/jobs/{job_id}/ledger/batches`: by partition and frame.
pub(super) async fn batches(call: &mut Call) -> ApiResult {
    let asked = Asked::read(call)?;
    let job = jobs::named(call).await?;
    let verifier = call.app.delivery.verifier(job.id);
    let mut walk = Walk::new(&call.app, &job, asked);
    let mut batches = Vec::new();
    while batches.len() < asked.limit && walk.looked_at < LOOKED_AT_MAX {
        let Some(found) = walk.next().await? else { break };
        let expected = expected(&verifier, &found.record).await?;
        batches.push(found.entry(expected.as_ref()));
    }
    let next = walk.next_position();
    Ok(envelope::result(Entries { batches, next }))
}

/// What the object of a batch has to be, as far as it is known.
async fn expected(verifier: &Verifier, record: &BatchRecord) -> Result<Option<Expected>, ApiError> {
    match verifier.expected(record).await {
        Err(VerifyError::Revision { .. }) => Ok(None),
        expected => Ok(expected?),
    }
}

/// A batch, by partition and first frame, and the last that was looked at.
type Position = (Partition, Offset);

/// Which part of the ledger is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) after: Option<Position>,
    pub(super) limit: usize,
    pub(super) window: Window,
}

impl Asked {
    /// What the query asks for.
    pub(super) fn read(call: &Call) -> Result<Self, ApiError> {
        let after = call.query_value("after").map(|text| {
            let (partition, first) = text.split_once('-')?;
            Some((Partition(partition.parse().ok()?), Offset(first.parse().ok()?)))
        });
        if after == Some(None) {
            let message = "the parameter `after` has to be what `next` was in an answer before";
            return Err(ApiError::new(Code::BadRequest, message));
        }
        let limit = number(call, "limit", ENTRIES, ENTRIES_MAX)? as usize;
        Ok(Self { after: after.flatten(), limit, window: window(call)? })
    }
}

/// The span of time that the query asks for.
pub(super) fn window(call: &Call) -> Result<Window, ApiError> {
    let (from, to) = (instant(call, "from")?, instant(call, "to")?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(ApiError::new(Code::BadRequest, "`from` has to lie before `to`"));
    }
    Ok(Window::new(from, to))
}

/// A walk through a job's ledger by partition and frame.
pub(super) struct Walk {
    app: Arc<App>,
    job: JobId,
    window: Window,
    /// Where the next page begins; `None` at the end.
    from: Option<Position>,
    ahead: VecDeque<BatchRecord>,
    /// The last batch that was looked at, and where it ends.
    last: Option<(Position, Offset)>,
    /// The batch behind which the walk begins, until it was seen.
    after: Option<Position>,
    pub(super) looked_at: usize,
}

/// A batch that was found on a walk.
pub(super) struct Found {
    pub(super) record: BatchRecord,
    previous_next: Option<Offset>,
}

impl Walk {
    pub(super) fn new(app: &Arc<App>, job: &Job, asked: Asked) -> Self {
        Self {
            app: Arc::clone(app),
            job: job.id,
            window: asked.window,
            from: Some(asked.after.unwrap_or((Partition(0), Offset(0)))),
            ahead: VecDeque::new(),
            last: None,
            after: asked.after,
            looked_at: 0,
        }
    }

    /// The next batch with records of the span of time.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, ApiError> {
        loop {
            let Some(record) = self.look_at_next().await? else { return Ok(None) };
            let (partition, range) = (record.batch.partition, record.batch.range);
            let before = self.last.replace(((partition, range.first), range.next));
            let before = before.filter(|((of, _), _)| *of == partition);
            // Only where the batch before it ends was wanted of this one.
            if self.after.take() == Some((partition, range.first)) {
                continue;
            }
            self.looked_at += 1;
            let previous_next = before.map(|(_, next)| next);
            if self.window.touches(record.batch.start, record.batch.end) {
                return Ok(Some(Found { record, previous_next }));
            }
            if self.looked_at >= LOOKED_AT_MAX {
                return Ok(None);
            }
        }
    }

    async fn look_at_next(&mut self) -> Result<Option<BatchRecord>, ApiError> {
        if self.ahead.is_empty()
            && let Some(from) = self.from
        {
            let page = self.app.catalog.batches_in_order(self.job, from, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            let beyond =
                |record: &BatchRecord| (record.batch.partition, record.batch.range.first.next());
            self.from = page.last().map(beyond).filter(|_| !is_last);
            self.ahead = page.into();
        }
        Ok(self.ahead.pop_front())
    }

    /// What to give as `after` to go on behind the last batch that was looked at; `None` where
    /// there was nothing more when it was.
    pub(super) fn next_position(&self) -> Option<String> {
        let is_at_end = self.from.is_none() && self.ahead.is_empty();
        let (position, _) = self.last.filter(|_| !is_at_end)?;
        Some(position_text(position))
    }
}

/// A position as clients know it.
fn position_text((partition, first): Position) -> String {
    format!("{partition}-{first}")
}

impl Found {
    /// The position of the batch, as clients know it.
    pub(super) fn position(&self) -> String {
        position_text((self.record.batch.partition, self.record.batch.range.first))
    }

    /// The batch as clients see it.
    pub(super) fn entry(&self, expected: Option<&Expected>) -> Entry {
        let BatchRecord { batch, sealed_at, state } = &self.record;
        let delivered = state.delivered();
        let newlines = expected.and_then(|expected| expected.newlines);
        Entry {
            partition: batch.partition.0,
            first_frame: batch.range.first.0,
            next_frame: batch.range.next.0,
            previous_next_frame: self.previous_next.map(|next| next.0),
            revision: batch.revision.0,
            key: batch.key.clone(),
            start: rfc3339_ms(batch.start),
            end: rfc3339_ms(batch.end),
            records: batch.records,
            state: state.name(),
            sealed_at: rfc3339_ms(*sealed_at),
            delivered_at: delivered.map(|delivered| rfc3339_ms(delivered.at)),
            object_bytes: delivered.map(|delivered| delivered.object_bytes),
            checksum: delivered.and_then(|delivered| delivered.checksum).map(checksum_text),
            raw_bytes: batch.raw_bytes,
            newlines: newlines.map(|newlines| newlines.count),
            newlines_in_quotes: newlines.is_none_or(|newlines| newlines.in_quotes_too),
        }
    }
}
