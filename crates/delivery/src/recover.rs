//! Encodes a sealed batch again, from the journal: to the same bytes as the first time.

use std::sync::Arc;

use journal::Frame;
use model::{Batch, Offset};

use crate::lane::JobPlan;
use crate::open_batch::{EncodedFrame, OpenBatch};
use crate::reader::{CHUNK_BYTES, belongs};
use crate::room::Room;
use crate::route::{FrameDecoder, RouteKey};
use crate::spool::{FinishedSpool, SpoolBudget};
use crate::upload::AttemptError;
use crate::workers::Bench;

/// A batch on its way through a second encoding.
struct Encoding {
    plan: Arc<JobPlan>,
    level: u8,
    decoder: FrameDecoder,
    open: Option<OpenBatch>,
}

/// Encodes `batch`, sealed under `plan`, from the journal.
pub(crate) async fn encode_again(
    room: &Room,
    plan: &Arc<JobPlan>,
    batch: &Batch,
) -> Result<FinishedSpool, AttemptError> {
    let decoder = FrameDecoder::new(std::iter::once(&**plan)).ok_or(AttemptError::Encoding)?;
    let mut encoding =
        Encoding { plan: Arc::clone(plan), level: batch.gzip_level, decoder, open: None };
    let key = RouteKey::of(plan);
    let mut at = batch.range.first;
    while at < batch.range.next {
        let frames = room.journal.read(batch.partition, at, CHUNK_BYTES).await?;
        let Some(next) = frames.last().map(|frame| frame.offset.next()) else { break };
        let mine = |frame: &Frame| batch.range.contains(frame.offset) && belongs(frame, &key);
        let frames: Vec<Frame> = frames.into_iter().filter(mine).collect();
        let (budget, partition) = (Arc::clone(&room.budget), batch.partition);
        let work = room.workers.start(move |bench| {
            for frame in &frames {
                encoding.read(frame, partition, &budget, bench);
            }
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
) -> Result<FinishedSpool, AttemptError> {
    let work = room.workers.start(move |bench| {
        let open = encoding.open?;
        Some(open.close(&encoding.plan.compiled, bench))
    });
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
    fn read(
        &mut self,
        frame: &Frame,
        partition: model::Partition,
        budget: &Arc<SpoolBudget>,
        bench: &mut Bench,
    ) {
        let mut room = std::mem::take(&mut bench.encoded);
        room.resize_with(room.len().max(1), Vec::new);
        let plans = std::iter::once(Some((&*self.plan, partition)));
        let records = self.decoder.decode(frame, plans, &mut room[..1])[0];
        if records > 0 {
            let encoded = EncodedFrame { arrival: frame.arrival, records, bytes: &room[0] };
            let job = &self.plan.compiled;
            match &mut self.open {
                Some(open) => open.add(job, &encoded),
                None => {
                    self.open = Some(OpenBatch::begin(job, self.level, budget, &encoded));
                }
            }
            if let Some(open) = &mut self.open {
                open.compress_full_member(bench);
            }
        }
        bench.encoded = room;
    }
}
