//! Delivers one sealed batch: uploads it until the store has taken it, then settles it.

use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catalog::{CatalogError, Delivered, JobFailure};
use journal::ReadError;
use model::destination::Destination;
use model::{Batch, UnixNanos};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::lane::JobPlan;
use crate::progress::LaneProgress;
use crate::publisher::{Leftover, Order};
use crate::recover::encode_again;
use crate::room::Room;
use crate::spool::FinishedSpool;
use crate::status::Retrying;
use crate::store::{Content, PutObject, StoreError, Stored};

/// The most parts of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PARTS_MAX: u64 = 10_000;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A batch that stands in the ledger and is to be uploaded.
#[derive(Debug)]
pub(crate) struct SealedBatch {
    pub(crate) batch: Batch,
    pub(crate) plan: Arc<JobPlan>,
    /// Where it goes: the place of the batch's revision, by today's keys.
    pub(crate) destination: Destination,
    /// Its bytes; without them it is encoded again.
    pub(crate) spool: Option<FinishedSpool>,
    pub(crate) maybe_visible: bool,
    pub(crate) failed: bool,
    /// Whether it goes to a place that its job has left: the lane goes on without it.
    pub(crate) is_stranded: bool,
}

impl SealedBatch {
    pub(crate) fn left(&self) -> Leftover {
        Leftover { range: self.batch.range, maybe_visible: self.maybe_visible, failed: self.failed }
    }
}

/// What has become of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    Delivered,
    Left(Leftover),
}

/// An attempt that succeeded.
#[derive(Debug)]
struct Done {
    stored: Stored,
    attempts: u32,
    duration: Duration,
}

/// Why an attempt did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the batch cannot be read from the journal again: {0}")]
    Journal(#[from] ReadError),
    #[error("the batch's spool cannot be read: {0}")]
    Spool(#[from] io::Error),
    #[error("encoding the batch again failed; this is a bug, please report it")]
    Encoding,
}

impl AttemptError {
    fn may_have_happened(&self) -> bool {
        matches!(self, Self::Store(error) if error.may_have_happened())
    }
}

/// Uploads `sealed` until the store has taken it or the order says to leave it.
pub(crate) async fn deliver(
    room: Arc<Room>,
    progress: Arc<LaneProgress>,
    mut sealed: SealedBatch,
    mut orders: watch::Receiver<Order>,
) -> Outcome {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let began = Instant::now();
        match attempt(&room, &mut sealed).await {
            Ok(stored) => {
                let done = Done { stored, attempts, duration: began.elapsed() };
                return settle(&room, &progress, &sealed, &done).await;
            }
            Err(error) => {
                sealed.failed = true;
                sealed.maybe_visible |= error.may_have_happened();
                let wait = backoff(&room, &sealed.batch, attempts);
                report(&room, &progress, &sealed.batch, &error, wait).await;
                let left = async {
                    if orders.wait_for(|order| !order.uploads()).await.is_err() {
                        // Nobody is left to give an order: the last one holds.
                        pending::<()>().await;
                    }
                };
                if timeout(wait, left).await.is_ok() {
                    return Outcome::Left(sealed.left());
                }
            }
        }
    }
}

async fn attempt(room: &Room, sealed: &mut SealedBatch) -> Result<Stored, AttemptError> {
    let _turn = room.uploads.acquire().await;
    let spool = match &mut sealed.spool {
        Some(spool) => spool,
        empty => empty.insert(encode_again(room, &sealed.plan, &sealed.batch).await?),
    };
    let to = &sealed.destination;
    let key = &sealed.batch.key;
    if spool.len() <= room.settings.part_bytes {
        let body = read(room, spool, 0, spool.len()).await?;
        let object = PutObject { key, body, content: Content::Gzip, guarded: false };
        return Ok(room.store.put(to, object).await?);
    }
    put_in_parts(room, to, key, spool).await
}

async fn read(
    room: &Room,
    spool: &FinishedSpool,
    from: u64,
    to: u64,
) -> Result<Bytes, AttemptError> {
    let reader = spool.reader(from..to);
    let bytes = room.workers.start(move |_| reader()).await.ok_or(AttemptError::Encoding)?;
    Ok(bytes?)
}

async fn put_in_parts(
    room: &Room,
    to: &Destination,
    key: &str,
    spool: &FinishedSpool,
) -> Result<Stored, AttemptError> {
    let part_bytes = room.settings.part_bytes.max(spool.len().div_ceil(PARTS_MAX));
    let upload = room.store.begin_upload(to, key, Content::Gzip).await?;
    let uploaded = async {
        let mut parts = Vec::new();
        let mut from = 0;
        while from < spool.len() {
            let until = (from + part_bytes).min(spool.len());
            let body = read(room, spool, from, until).await?;
            let number = parts.len() as u32 + 1;
            parts.push(room.store.put_part(to, &upload, number, body).await?);
            from = until;
        }
        Ok(room.store.complete_upload(to, &upload, &parts, false).await?)
    };
    let uploaded: Result<Stored, AttemptError> = uploaded.await;
    if uploaded.is_err() {
        // Aborting needs a permission that the bucket's owner may not have given; then a
        // lifecycle rule of theirs removes the parts.
        let aborted = timeout(ABORT_TIMEOUT, room.store.abort_upload(to, &upload)).await;
        tracing::debug!(key, ?aborted, "gave up an upload in parts");
    }
    uploaded
}

/// Notes the batch as delivered; the object is visible, so this is tried until it succeeds.
async fn settle(
    room: &Room,
    progress: &LaneProgress,
    sealed: &SealedBatch,
    done: &Done,
) -> Outcome {
    let batch = &sealed.batch;
    let object_bytes = sealed.spool.as_ref().map_or(0, FinishedSpool::len);
    let attempts = done.attempts;
    let delivered = Delivered {
        at: room.clock.now(),
        object_bytes,
        etag: done.stored.etag.clone(),
        attempts,
        duration_millis: u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX),
    };
    loop {
        let first = batch.range.first;
        let catalog = &room.catalog;
        match catalog.settle(batch.job, batch.partition, first, delivered.clone()).await {
            Ok(()) => break,
            Err(error @ (CatalogError::Fenced(_) | CatalogError::NotFound { .. })) => {
                // It was given up while the store took it: the ledger says lost, and stays.
                tracing::error!(job = %batch.job, key = %batch.key, %error, "delivered too late");
                break;
            }
            Err(error) => {
                tracing::error!(job = %batch.job, %error, "cannot settle a batch; trying again");
                sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
    let totals = &progress.totals;
    totals.delivered_records.add(batch.records);
    totals.delivered_objects.add(1);
    totals.delivered_bytes.add(object_bytes);
    totals.delivered_raw_bytes.add(batch.raw_bytes);
    progress.delivered(batch.range.first);
    tracing::info!(
        job = %batch.job, key = %batch.key, records = batch.records, bytes = object_bytes, attempts,
        "delivered an object"
    );
    Outcome::Delivered
}

async fn report(
    room: &Room,
    progress: &LaneProgress,
    batch: &Batch,
    error: &AttemptError,
    wait: Duration,
) {
    let now = room.clock.now();
    let message = error.to_string();
    let next = UnixNanos(now.0.saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX)));
    progress.totals.retries.add(1);
    progress.retrying(Retrying { message: message.clone(), since: now, next });
    tracing::warn!(job = %batch.job, key = %batch.key, error = %message, ?wait, "an upload failed");
    let failure = JobFailure { at: now, message, status: None, kind: "upload".to_owned() };
    if let Err(error) = room.catalog.note_failure(batch.job, failure).await {
        tracing::error!(job = %batch.job, %error, "cannot note the failure in the catalogue");
    }
}

/// The wait before the next attempt. The jitter comes from the batch's identity, so that batches
/// that failed together do not come back together, and nothing here is random.
fn backoff(room: &Room, batch: &Batch, attempts: u32) -> Duration {
    let retry = room.settings.retry;
    let doubled = retry.first.saturating_mul(1 << (attempts - 1).min(20));
    let mut hasher = DefaultHasher::new();
    (batch.job, batch.partition, batch.range.first, attempts).hash(&mut hasher);
    let share = hasher.finish() as f64 / u64::MAX as f64;
    doubled.min(retry.max).mul_f64(1.0 - share / 2.0)
}
