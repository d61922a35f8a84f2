//! Encodes a sealed batch again, from the journal: to the same bytes as the first time.

use std::sync::Arc;

use journal::Frame;
use model::record::Scanner;
use model::{Batch, Offset, Partition};

use crate::lane::JobPlan;
use crate::merging::MergingDecoder;
use crate::open_batch::OpenBatch;
use crate::reader::{CHUNK_BYTES, belongs};
use crate::room::Room;
use crate::route::{FrameDecoder, RouteKey};
use crate::spool::FinishedSpool;
use crate::upload::AttemptError;
use crate::workers::Bench;

/// A batch on its way through a second encoding.
struct Encoding {
    plan: Arc<JobPlan>,
    level: u8,
    decoder: FrameDecoder,
    merging: Option<MergingDecoder>,
    open: OpenBatch,
}

/// Encodes `batch`, sealed under `plan`, from the journal.
///
/// Where neither the memory nor the disk has room for its bytes, it waits until it may go beyond
/// the budgets.
pub(crate) async fn encode_again(
    room: &Room,
    plan: &Arc<JobPlan>,
    batch: &Batch,
) -> Result<FinishedSpool, AttemptError> {
    let open = OpenBatch::new(&plan.compiled, &room.space);
    if let Some(spool) = encode(room, plan, batch, open).await? {
        return Ok(spool);
    }
    let right = room.space.last_resort().await;
    let open = OpenBatch::beyond_budgets(&plan.compiled, &room.space, &Arc::new(right));
    encode(room, plan, batch, open).await?.ok_or(AttemptError::Encoding)
}

/// Encodes the batch; `None` where there was no room for its bytes.
async fn encode(
    room: &Room,
    plan: &Arc<JobPlan>,
    batch: &Batch,
    open: OpenBatch,
) -> Result<Option<FinishedSpool>, AttemptError> {
    let decoder = FrameDecoder::new(std::iter::once(&**plan)).ok_or(AttemptError::Encoding)?;
    let merging = MergingDecoder::new(plan);
    let (plan, level) = (Arc::clone(plan), batch.gzip_level);
    let mut encoding = Encoding { plan, level, decoder, merging, open };
    let key = RouteKey::of(&encoding.plan);
    let mut at = batch.range.first;
    while at < batch.range.next {
        let frames = room.journal.read(batch.partition, at, CHUNK_BYTES).await?;
        let Some(next) = frames.last().map(|frame| frame.offset.next()) else { break };
        let mine = |frame: &Frame| batch.range.contains(frame.offset) && belongs(frame, &key);
        let frames: Vec<Frame> = frames.into_iter().filter(mine).collect();
        let partition = batch.partition;
        let work = room.workers.start(move |bench| {
            frames.iter().for_each(|frame| encoding.read(frame, partition, bench));
            encoding
        });
        encoding = work.await.ok_or(AttemptError::Encoding)?;
        at = next;
    }
    finish(room, encoding, batch, at).await
}

async fn finish(
    room: &Room,
    encoding: Encoding,
    batch: &Batch,
    read_to: Offset,
) -> Result<Option<FinishedSpool>, AttemptError> {
    let Encoding { plan, open, .. } = encoding;
    let work = room.workers.start(move |bench| open.close(&plan.compiled, bench));
    let encoded = work.await.flatten().ok_or(AttemptError::Encoding)?;
    if (encoded.extent.records, encoded.extent.raw_bytes) != (batch.records, batch.raw_bytes) {
        tracing::error!(
            job = %batch.job, key = %batch.key, %read_to,
            sealed = batch.records, encoded = encoded.extent.records,
            "a batch came out differently when it was encoded again; this is a bug, please report it"
        );
        return Err(AttemptError::Encoding);
    }
    Ok(encoded.spool)
}

impl Encoding {
    fn read(&mut self, frame: &Frame, partition: Partition, bench: &mut Bench) {
        let (job, open) = (&self.plan.compiled, &mut self.open);
        let take = |scanner: &Scanner, line: &[u8], at| open.encode(job, scanner, line, at);
        match &mut self.merging {
            Some(merging) => merging.decode(frame, partition, take),
            None => self.decoder.decode(frame, partition, take),
        }
        if let Some(extent) = open.frame_extent(frame.arrival) {
            open.take_frame(job, &extent, self.level);
            open.compress_full_member(job, bench);
        }
    }
}
