//! All lanes of one scope and dataset on one reader: a record is scanned once for all of them.

use std::sync::Arc;

use journal::Frame;
use model::dataset::Dataset;
use model::record::Scanner;
use model::sample::RecordPosition;
use model::{Offset, Partition, Scope};
use tokio::time::Instant;

use crate::lane::{JobPlan, Lane};
use crate::level::Pace;
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
    pub(crate) fn read(&mut self, frames: &[Frame], pace: Pace, bench: &mut Bench) {
        for frame in frames {
            // What a lane has read before it joined the reader is not read again.
            let mut lanes: Vec<&mut Lane> =
                self.lanes.iter_mut().filter(|lane| lane.position() <= frame.offset).collect();
            let Some(partition) = lanes.first().map(|lane| lane.partition) else { continue };
            self.decoder.decode(frame, partition, |scanner, line, at| {
                lanes.iter_mut().for_each(|lane| lane.encode(scanner, line, at));
            });
            lanes.into_iter().for_each(|lane| lane.end_frame(frame, pace, bench));
        }
    }

    /// Closes the batches whose time has come; `next` is the first frame not read.
    pub(crate) fn close_due(&mut self, now: Instant, next: Offset, bench: &mut Bench) {
        for lane in &mut self.lanes {
            if lane.close_at().is_some_and(|at| at <= now) {
                let next = next.max(lane.position());
                lane.close(next, bench);
            }
        }
    }

    /// When the next batch has to close.
    pub(crate) fn next_close(&self) -> Option<Instant> {
        self.lanes.iter().filter_map(Lane::close_at).min()
    }
}

/// Scans a frame's records once for several jobs.
#[derive(Debug)]
pub(crate) struct FrameDecoder {
    dataset: Arc<Dataset>,
    scanner: Scanner,
}

impl FrameDecoder {
    /// A decoder for these jobs, which are of one dataset; `None` for no job.
    pub(crate) fn new<'p>(plans: impl Iterator<Item = &'p JobPlan>) -> Option<Self> {
        let plans: Vec<&JobPlan> = plans.collect();
        let dataset = Arc::clone(plans.first()?.compiled.dataset());
        let wanted = plans.iter().flat_map(|plan| plan.compiled.fields());
        let scanner = Scanner::new(Arc::clone(&dataset), wanted);
        Some(Self { dataset, scanner })
    }

    /// Scans the frame's records, in order, and gives each to `take` with the scanner that holds
    /// its values, and with its position.
    pub(crate) fn decode(
        &mut self,
        frame: &Frame,
        partition: Partition,
        mut take: impl FnMut(&Scanner, &[u8], RecordPosition),
    ) {
        for (index, line) in (0..).zip(lines(&frame.payload)) {
            match self.scanner.scan(line) {
                Ok(()) => {
                    let at = RecordPosition { partition, offset: frame.offset, index };
                    take(&self.scanner, line, at);
                }
                // The door checked it, and the frame's checksum is right: a bug, not bad input.
                Err(error) => tracing::error!(
                    dataset = %self.dataset.name, offset = %frame.offset, index, %error,
                    "cannot read a stored record"
                ),
            }
        }
    }
}

/// The lines of a payload, without their newlines.
pub(crate) fn lines(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begun = 0;
    memchr::memchr_iter(b'\n', payload).map(move |end| {
        let line = &payload[begun..end];
        begun = end + 1;
        line
    })
}
