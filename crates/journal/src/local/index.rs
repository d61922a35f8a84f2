//! What is remembered of a segment, so that its file need not be read to find something in it.
//!
//! **Rules.** The marks (one for about every [`MARK_BYTES`] of file) stay in memory for each
//! segment. The notes (idempotency keys, places of quarantined lines) stay in memory only for the
//! active segment; those of a sealed one are in its index file.

use model::{Offset, OffsetRange, Partition, UnixNanos};

use super::format::{SEGMENT_HEADER_BYTES, SegmentId, StoredFrame};
use crate::keys::StoredKey;
use crate::{Frame, FrameKind, IdempotencyKey, QuarantineRef};

/// Bytes of file between two marks.
const MARK_BYTES: u64 = 512 << 10;

/// Where a frame stands, for one frame out of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) offset: Offset,
    pub(super) position: u64,
    pub(super) arrival: UnixNanos,
}

/// Where the frames of a segment stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentIndex {
    /// In ascending order; the first frame has one.
    pub(super) marks: Vec<Mark>,
    /// The segment's frames.
    pub(super) range: OffsetRange,
    /// Where its last frame ends in the file.
    pub(super) end: u64,
    /// When its newest frame arrived; while it is empty, the newest frame before it.
    pub(super) newest: UnixNanos,
}

/// What a segment holds besides records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// The appends with an idempotency key, oldest first.
    pub(super) keys: Vec<StoredKey>,
    /// The quarantine frames, oldest first.
    pub(super) quarantine: Vec<QuarantineRef>,
}

/// Where a frame was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) bytes: u64,
}

impl SegmentIndex {
    /// The index of an empty segment; `arrival` is that of the newest frame before it.
    pub(super) fn new(segment: SegmentId, arrival: UnixNanos) -> Self {
        Self {
            marks: Vec::new(),
            range: OffsetRange::new(segment.base, segment.base),
            end: SEGMENT_HEADER_BYTES as u64,
            newest: arrival,
        }
    }

    /// Adds the frame behind the last one.
    pub(super) fn add(&mut self, offset: Offset, arrival: UnixNanos, place: Place) {
        let Place { position, bytes } = place;
        if self.marks.last().is_none_or(|mark| position - mark.position >= MARK_BYTES) {
            self.marks.push(Mark { offset, position, arrival });
        }
        self.range.next = offset.next();
        self.end = position + bytes;
        self.newest = arrival;
    }

    /// The last mark at or before `offset`; `None` where the segment does not hold that frame.
    pub(super) fn mark_before(&self, offset: Offset) -> Option<Mark> {
        if !self.range.contains(offset) {
            return None;
        }
        let after = self.marks.partition_point(|mark| mark.offset <= offset);
        self.marks.get(after.checked_sub(1)?).copied()
    }

    /// A mark from which on the first frame that arrived at `at` or later is found; `None` where
    /// the segment has no such frame.
    pub(super) fn mark_before_time(&self, at: UnixNanos) -> Option<Mark> {
        if self.range.is_empty() || self.newest < at {
            return None;
        }
        let after = self.marks.partition_point(|mark| mark.arrival < at);
        self.marks.get(after.saturating_sub(1)).copied()
    }
}

impl Notes {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.keys.len() + self.quarantine.len()
    }

    /// Takes a note of a frame, where there is something to note. `key` is that of the append of
    /// which it is the first frame; `following` counts the append's other frames.
    pub(super) fn add(
        &mut self,
        partition: Partition,
        frame: &Frame,
        key: Option<IdempotencyKey>,
        following: u32,
    ) {
        let Frame { offset, arrival, scope, records, .. } = *frame;
        if let Some(key) = key {
            let range = OffsetRange::new(offset, offset.plus(u64::from(following) + 1));
            self.keys.push(StoredKey { key, range, arrival });
        }
        if frame.kind == FrameKind::Quarantine {
            let dataset = frame.dataset.clone();
            self.quarantine.push(QuarantineRef {
                partition,
                offset,
                arrival,
                scope,
                dataset,
                records,
            });
        }
    }
}

/// The index and the notes of a segment, built from its frames. Frames count only when their
/// append is complete.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    pub(super) id: SegmentId,
    pub(super) index: SegmentIndex,
    pub(super) notes: Notes,
    /// The frames of the append that is not complete yet, without their payloads.
    open: Vec<StoredFrame>,
}

impl IndexBuilder {
    /// Of the segment `id`; `arrival` is that of the newest frame before it.
    pub(super) fn new(id: SegmentId, arrival: UnixNanos) -> Self {
        Self {
            id,
            index: SegmentIndex::new(id, arrival),
            notes: Notes::default(),
            open: Vec::new(),
        }
    }

    /// Adds the frame behind the last one.
    pub(super) fn add(&mut self, mut stored: StoredFrame) {
        let is_last = stored.following == 0;
        stored.frame.payload.clear();
        self.open.push(stored);
        if !is_last {
            return;
        }
        for StoredFrame { position, bytes, following, key, frame } in self.open.drain(..) {
            self.index.add(frame.offset, frame.arrival, Place { position, bytes });
            self.notes.add(self.id.partition, &frame, key, following);
        }
    }
}
