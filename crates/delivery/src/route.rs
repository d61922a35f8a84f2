//! All lanes of one scope and dataset on one reader: a record is scanned once for all of them.

use std::sync::Arc;

use journal::Frame;
use model::dataset::Dataset;
use model::record::Scanner;
use model::sample::RecordPosition;
use model::{Offset, Partition, Scope};
use tokio::time::Instant;

use crate::lane::{JobPlan, Lane};
use crate::open_batch::EncodedFrame;
use crate::workers::Bench;

/// What the lanes of a route have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RouteKey {
    pub(crate) scope: Scope,
    pub(crate) dataset: String,
}

impl RouteKey {
    pub(crate) fn of(plan: &JobPlan) -> Self {
        Self { scope: plan.scope, dataset: plan.compiled.dataset().name.clone() }
    }
}

/// All lanes of one scope and dataset.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) lanes: Vec<Lane>,
    decoder: FrameDecoder,
}

/// Encoded bytes per lane beyond which a worker does not keep its room for the next frame.
const KEPT_ROOM_BYTES: usize = 256 << 10;

impl Route {
    /// A route of these lanes, which share scope and dataset; at least one.
    pub(crate) fn new(lanes: Vec<Lane>) -> Option<Self> {
        let decoder = FrameDecoder::new(lanes.iter().map(|lane| &*lane.plan))?;
        Some(Self { lanes, decoder })
    }

    /// Adds a lane.
    pub(crate) fn add(self, lane: Lane) -> Option<Self> {
        let mut lanes = self.lanes;
        lanes.push(lane);
        Self::new(lanes)
    }

    /// Takes out the lanes for which `leaves` says so.
    pub(crate) fn take_out(&mut self, leaves: impl FnMut(&mut Lane) -> bool) -> Vec<Lane> {
        self.lanes.extract_if(.., leaves).collect()
    }

    /// Reads frames of the route's scope and dataset, in order, for all lanes.
    pub(crate) fn read(&mut self, frames: &[Frame], bench: &mut Bench) {
        for frame in frames {
            self.read_frame(frame, bench);
        }
    }

    fn read_frame(&mut self, frame: &Frame, bench: &mut Bench) {
        let mut rooms = std::mem::take(&mut bench.encoded);
        rooms.resize_with(self.lanes.len().max(rooms.len()), Vec::new);
        let plans = self.lanes.iter().map(|lane| {
            // What a lane has read before it joined the reader is not read again.
            (lane.position <= frame.offset).then_some((&*lane.plan, lane.partition))
        });
        let counts = self.decoder.decode(frame, plans, &mut rooms);
        for ((lane, records), room) in self.lanes.iter_mut().zip(counts).zip(&mut rooms) {
            if lane.position > frame.offset {
                continue;
            }
            let encoded = EncodedFrame { arrival: frame.arrival, records, bytes: room };
            lane.read_frame(frame, (records > 0).then_some(&encoded), bench);
            if room.capacity() > KEPT_ROOM_BYTES && self.decoder.is_shared {
                *room = Vec::new();
            }
        }
        bench.encoded = rooms;
    }

    /// Closes the batches whose time has come; `next` is the first frame not read.
    pub(crate) fn close_due(&mut self, now: Instant, next: Offset, bench: &mut Bench) {
        for lane in &mut self.lanes {
            if lane.close_at().is_some_and(|at| at <= now) {
                let next = next.max(lane.position);
                lane.close(next, bench);
            }
        }
    }

    /// When the next batch has to close.
    pub(crate) fn next_close(&self) -> Option<Instant> {
        self.lanes.iter().filter_map(Lane::close_at).min()
    }
}

/// Scans a frame's records once and encodes them for several jobs.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    dataset: Arc<Dataset>,
    scanner: Scanner,
    is_shared: bool,
}

impl FrameDecoder {
    /// A decoder for these jobs, which are of one dataset; `None` for no job.
    pub(crate) fn new<'p>(plans: impl Iterator<Item = &'p JobPlan>) -> Option<Self> {
        let plans: Vec<&JobPlan> = plans.collect();
        let dataset = Arc::clone(plans.first()?.compiled.dataset());
        let wanted = plans.iter().flat_map(|plan| plan.compiled.fields());
        let scanner = Scanner::new(Arc::clone(&dataset), wanted);
        Some(Self { dataset, scanner, is_shared: plans.len() > 1 })
    }

    /// Encodes the frame's records for each of `plans` that is there into its room, and gives
    /// the number of records that each let through.
    pub(crate) fn decode<'p>(
        &mut self,
        frame: &Frame,
        plans: impl Iterator<Item = Option<(&'p JobPlan, Partition)>>,
        rooms: &mut [Vec<u8>],
    ) -> Vec<u64> {
        let plans: Vec<_> = plans.collect();
        let mut counts = vec![0; plans.len()];
        rooms.iter_mut().for_each(Vec::clear);
        for (index, line) in (0..).zip(lines(&frame.payload)) {
            if let Err(error) = self.scanner.scan(line) {
                // The door checked it, and the frame's checksum is right: a bug, not bad input.
                tracing::error!(
                    dataset = %self.dataset.name, offset = %frame.offset, index, %error,
                    "cannot read a stored record"
                );
                continue;
            }
            for ((plan, count), room) in plans.iter().zip(&mut counts).zip(rooms.iter_mut()) {
                let Some((plan, partition)) = plan else { continue };
                let at = RecordPosition { partition: *partition, offset: frame.offset, index };
                let let_through = plan.compiled.encode(&self.scanner, line, at, *count == 0, room);
                *count += u64::from(let_through);
            }
        }
        counts
    }
}

/// The lines of a payload, without their newlines.
fn lines(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    payload
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}
