//! The state of one partition, shared by its writer, its readers and whoever trims it.
//!
//! **Rules.** Only the writer adds frames, and the order is always: file, index, tail, end. What
//! is before the end is durable and can be read; nothing behind it is ever given out.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{Offset, Partition};
use tokio::sync::watch;

use super::chunk::Chunks;
use super::index::Mark;
use super::segment::Segment;
use super::tail::Tail;
use super::trim::Leftovers;
use crate::expiry::Span;
use crate::{Bounds, Frame, Health};

/// One partition.
#[derive(Debug)]
pub(super) struct PartitionState {
    pub(super) id: Partition,
    pub(super) dir: PathBuf,
    segments: RwLock<Segments>,
    tail: Mutex<Tail>,
    end: watch::Sender<Offset>,
    health: Mutex<Health>,
    leftovers: Mutex<Leftovers>,
    /// For those who read from the files.
    pub(super) chunks: Chunks,
    places: Mutex<VecDeque<Mark>>,
}

/// How many places are known at which readers stopped: one for each that reads on its own, about.
const PLACES_MAX: usize = 16;

/// The segments of a partition: consecutive, without a gap.
#[derive(Debug)]
pub(super) struct Segments {
    /// Oldest first.
    pub(super) sealed: VecDeque<Arc<Segment>>,
    pub(super) active: Arc<Segment>,
}

impl PartitionState {
    pub(super) fn new(
        id: Partition,
        dir: PathBuf,
        segments: Segments,
        tail: Tail,
        leftovers: Leftovers,
    ) -> Self {
        let end = segments.active.index().range.next;
        Self {
            id,
            dir,
            segments: RwLock::new(segments),
            tail: Mutex::new(tail),
            end: watch::Sender::new(end),
            health: Mutex::new(Health::Writable),
            leftovers: Mutex::new(leftovers),
            chunks: Chunks::default(),
            places: Mutex::default(),
        }
    }

    /// Where the frame `offset` stands in its segment, if a reader has stopped there of late.
    pub(super) fn place_of(&self, offset: Offset) -> Option<Mark> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.iter().find(|place| place.offset == offset).copied()
    }

    /// Takes down where a reader has stopped: it will go on there.
    pub(super) fn stopped_at(&self, place: Mark) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.push_front(place);
        places.truncate(PLACES_MAX);
    }

    /// Where the partition ends, to be waited on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Offset> {
        self.end.subscribe()
    }

    pub(super) fn bounds(&self) -> Bounds {
        let start = self.with_segments(|segments| match segments.sealed.front() {
            Some(oldest) => oldest.id.base,
            None => segments.active.id.base,
        });
        Bounds { start, end: *self.end.borrow() }
    }

    /// Looks at the list of segments.
    pub(super) fn with_segments<T>(&self, look: impl FnOnce(&Segments) -> T) -> T {
        look(&self.segments.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The segment that holds the frame `offset`, or will hold it; `None` for a trimmed one.
    pub(super) fn segment_of(&self, offset: Offset) -> Option<Arc<Segment>> {
        self.with_segments(|segments| {
            if offset >= segments.active.id.base {
                return Some(Arc::clone(&segments.active));
            }
            let after = segments.sealed.partition_point(|segment| segment.id.base <= offset);
            segments.sealed.get(after.checked_sub(1)?).map(Arc::clone)
        })
    }

    /// The segment that is being written.
    pub(super) fn active(&self) -> Arc<Segment> {
        self.with_segments(|segments| Arc::clone(&segments.active))
    }

    /// All segments, oldest first.
    pub(super) fn all_segments(&self) -> Vec<Arc<Segment>> {
        self.with_segments(|segments| {
            segments.sealed.iter().chain([&segments.active]).map(Arc::clone).collect()
        })
    }

    /// What retention needs to know of the sealed segments, oldest first.
    pub(super) fn sealed_spans(&self) -> Vec<Span> {
        self.with_segments(|segments| segments.sealed.iter().map(|one| one.span()).collect())
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.with_segments(|segments| {
            let sealed = segments.sealed.iter().map(|segment| segment.index().end).sum::<u64>();
            sealed + segments.active.index().end
        })
    }

    /// Makes `next` the active segment and the one before it a sealed one.
    pub(super) fn roll(&self, next: Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        let sealed = std::mem::replace(&mut segments.active, next);
        sealed.forget_notes();
        segments.sealed.push_back(sealed);
    }

    /// Takes the sealed segments that end at or before `before` off the list.
    pub(super) fn take_sealed(&self, before: Offset) -> Vec<Arc<Segment>> {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        let kept = segments.sealed.partition_point(|one| one.index().range.next <= before);
        segments.sealed.drain(..kept).collect()
    }

    /// Makes frames visible that the files and the index hold already.
    pub(super) fn publish(&self, frames: impl IntoIterator<Item = Frame>, end: Offset) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        frames.into_iter().for_each(|frame| tail.push(frame));
        drop(tail);
        self.end.send_replace(end);
    }

    /// Frames from memory; `None` where `from` has to be read from a file.
    pub(super) fn read_tail(
        &self,
        from: Offset,
        end: Offset,
        max_bytes: usize,
    ) -> Option<Vec<Frame>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).read(from, end, max_bytes)
    }

    pub(super) fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the health, and logs it where it turns.
    pub(super) fn set_health(&self, health: Health) {
        let mut current = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = self.id.0;
        match (&*current, &health) {
            (Health::Writable, Health::Writable) | (Health::Refusing(_), Health::Refusing(_)) => {}
            (_, Health::Writable) => tracing::info!(partition, "appends are taken again"),
            (_, Health::Refusing(reason)) => {
                tracing::warn!(partition, reason, "appends are refused");
            }
            (_, Health::Poisoned(reason)) => {
                tracing::error!(partition, reason, "appends are refused until a restart");
            }
        }
        *current = health;
    }

    /// What trimming has left to do; holding it keeps other trims out.
    pub(super) fn leftovers(&self) -> MutexGuard<'_, Leftovers> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
