//! Which closed batches are sealed, and which sealed ones are uploaded: in order, so many at a
//! time, and by the order that the lane was given.
//!
//! **Rule.** Only what the ledger has answered to be sealed is ever given out for an upload.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Offset, OffsetRange};

/// Uploads of one lane at a time.
const UPLOADS_PER_LANE: usize = 4;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// What is to become of a lane's closed and sealed batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Seal and upload.
    Work,
    /// Seal and upload what has been closed, then end.
    Drain,
    /// Seal what has been closed, begin no further attempt, then end.
    Seal,
    /// Seal nothing more, begin no further attempt, then end. What is not sealed will be read
    /// from the journal again.
    Drop,
}

impl Order {
    /// Whether closed batches are sealed.
    pub const fn seals(self) -> bool {
        !matches!(self, Self::Drop)
    }

    /// Whether attempts are begun.
    pub const fn uploads(self) -> bool {
        matches!(self, Self::Work | Self::Drain)
    }
}

/// A sealed batch that was left undelivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leftover {
    /// Its frames.
    pub range: OffsetRange,
    /// Whether its object may be visible all the same.
    pub maybe_visible: bool,
    /// Whether an attempt has failed.
    pub failed: bool,
}

/// Where a batch goes, seen from its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the place that the job names now.
    Current,
    /// To a place that the job has left: the lane goes on without it.
    Stranded,
}

/// What the ledger answers to a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealAnswer {
    /// The batch is sealed.
    Sealed,
    /// The lane does not stand where it believes: another has gone on, or an answer was lost.
    Fenced,
    /// Something failed; the batch may be sealed or not.
    Failed,
}

/// What to do after a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterSeal {
    /// It waits for its upload.
    Uploads,
    /// Seal it again after a wait. Where it was sealed after all, the ledger fences the lane.
    Again(Duration),
    /// The lane cannot go on: it starts anew from the ledger.
    Ends,
}

/// How it goes on with a lane's batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// Something is to be waited for.
    On,
    /// Nobody recalled the lane, and it is gone: what is sealed waits in the ledger.
    Lost,
    /// The order is carried out.
    Done,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Offset>,
    running: usize,
    running_max: usize,
}

impl Queue {
    fn new(running_max: usize) -> Self {
        Self { waiting: VecDeque::new(), running: 0, running_max }
    }

    fn next(&mut self) -> Option<Offset> {
        let next = if self.running < self.running_max { self.waiting.pop_front() } else { None };
        self.running += usize::from(next.is_some());
        next
    }

    fn is_done(&self, order: Order) -> bool {
        self.running == 0 && (self.waiting.is_empty() || !order.uploads())
    }
}

/// A lane's closed and sealed batches, by the first frame of their range.
#[derive(Debug)]
pub struct Publishing {
    order: Order,
    lane_is_gone: bool,
    current: Queue,
    stranded: Queue,
}

impl Publishing {
    /// Begins with batches that were sealed before, in order.
    pub fn new(recovered: impl Iterator<Item = (Offset, Way)>) -> Self {
        let mut publishing = Self {
            order: Order::Work,
            lane_is_gone: false,
            current: Queue::new(UPLOADS_PER_LANE),
            // They go to several places: those of one must not wait for those of another.
            stranded: Queue::new(usize::MAX),
        };
        for (first, way) in recovered {
            publishing.queue(way).waiting.push_back(first);
        }
        publishing
    }

    fn queue(&mut self, way: Way) -> &mut Queue {
        match way {
            Way::Current => &mut self.current,
            Way::Stranded => &mut self.stranded,
        }
    }

    /// The lane's owner has given an order.
    pub fn ordered(&mut self, order: Order) {
        self.order = order;
    }

    /// Whether a batch that was closed is to be sealed.
    pub const fn seals(&self) -> bool {
        self.order.seals()
    }

    /// The ledger has answered to the seal of the batch that begins at `first`.
    pub fn answered(&mut self, first: Offset, answer: SealAnswer) -> AfterSeal {
        match answer {
            SealAnswer::Sealed => {
                self.current.waiting.push_back(first);
                AfterSeal::Uploads
            }
            SealAnswer::Failed => AfterSeal::Again(PAUSE_AFTER_ERROR),
            SealAnswer::Fenced => {
                self.lane_is_gone = true;
                AfterSeal::Ends
            }
        }
    }

    /// No further batch will be closed.
    pub fn lane_ended(&mut self) {
        self.lane_is_gone = true;
    }

    /// Whether no further batch will be closed.
    pub const fn lane_is_gone(&self) -> bool {
        self.lane_is_gone
    }

    /// The next batch to upload, while there is one that may be.
    pub fn next_upload(&mut self) -> Option<(Offset, Way)> {
        if !self.order.uploads() {
            return None;
        }
        let current = self.current.next().map(|first| (first, Way::Current));
        current.or_else(|| self.stranded.next().map(|first| (first, Way::Stranded)))
    }

    /// An upload has ended, in whatever way.
    pub fn upload_ended(&mut self, way: Way) {
        let queue = self.queue(way);
        queue.running = queue.running.saturating_sub(1);
    }

    /// How it goes on.
    pub fn going(&self) -> Going {
        let is_done = self.current.is_done(self.order) && self.stranded.is_done(self.order);
        match self.order {
            _ if !self.lane_is_gone => Going::On,
            Order::Work => Going::Lost,
            _ if is_done => Going::Done,
            _ => Going::On,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publishing() -> Publishing {
        Publishing::new([(Offset(1), Way::Stranded), (Offset(2), Way::Current)].into_iter())
    }

    #[test]
    fn only_what_is_sealed_is_uploaded_in_order_and_so_many_at_a_time() {
        let mut publishing = publishing();
        assert_eq!(
            publishing.answered(Offset(3), SealAnswer::Failed),
            AfterSeal::Again(PAUSE_AFTER_ERROR)
        );
        for first in 4..9 {
            assert_eq!(publishing.answered(Offset(first), SealAnswer::Sealed), AfterSeal::Uploads);
        }
        let begun: Vec<u64> =
            std::iter::from_fn(|| publishing.next_upload()).map(|(first, _)| first.0).collect();
        assert_eq!(begun, [2, 4, 5, 6, 1]);
        publishing.upload_ended(Way::Current);
        assert_eq!(publishing.next_upload(), Some((Offset(7), Way::Current)));
    }

    #[test]
    fn a_lane_ends_by_its_order_or_is_lost() {
        let mut lost = publishing();
        assert_eq!(lost.going(), Going::On);
        assert_eq!(lost.answered(Offset(3), SealAnswer::Fenced), AfterSeal::Ends);
        assert_eq!(lost.going(), Going::Lost);

        let mut drained = publishing();
        drained.ordered(Order::Drain);
        drained.lane_ended();
        assert_eq!(drained.going(), Going::On);
        let ways: Vec<Way> =
            std::iter::from_fn(|| drained.next_upload()).map(|(_, way)| way).collect();
        ways.into_iter().for_each(|way| drained.upload_ended(way));
        assert_eq!(drained.going(), Going::Done);

        let mut sealed = publishing();
        sealed.ordered(Order::Seal);
        sealed.lane_ended();
        assert_eq!((sealed.next_upload(), sealed.going()), (None, Going::Done));
    }
}
