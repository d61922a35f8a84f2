//! Reading frames from the files: what is older than the frames in memory.
//!
//! **Rules.** These functions block. Each frame's checksum is verified. A segment that is trimmed
//! while it is being read either gives its frames or the answer that they are gone, because a
//! file that is open keeps its content.

use model::{Offset, UnixNanos};

use super::disk::Disk;
use super::index::Mark;
use super::partition::PartitionState;
use super::segment::{Segment, SegmentFault};
use super::walk::{CHUNK_BYTES, Walk};
use crate::{Frame, QuarantineRef, ReadError};

/// Most bytes that are read from a file at once, unless a frame is larger.
const READ_BYTES_MAX: usize = 4 << 20;
/// Bytes that are read beyond the payload that is wanted, for what stands between the payloads.
const HEADERS_BYTES: usize = 64 << 10;

/// The frames that one read has found.
#[derive(Debug)]
struct Found {
    frames: Vec<Frame>,
    bytes: usize,
    max_bytes: usize,
    end: Offset,
}

impl Found {
    /// Takes `frame`, where it still fits.
    fn take(&mut self, frame: Frame) -> bool {
        let bytes = self.bytes.saturating_add(frame.payload.len());
        let fits = frame.offset < self.end && (self.frames.is_empty() || bytes <= self.max_bytes);
        if fits {
            self.bytes = bytes;
            self.frames.push(frame);
        }
        fits
    }
}

/// The frames from `from` up to `end`, as many as fit `max_bytes`, but at least one.
pub(super) fn read(
    partition: &PartitionState,
    from: Offset,
    end: Offset,
    max_bytes: usize,
) -> Result<Vec<Frame>, ReadError> {
    let mut found = Found { frames: Vec::new(), bytes: 0, max_bytes, end };
    let mut next = from;
    while next < end {
        match read_segment(partition, next, &mut found) {
            Ok(Some(after)) => next = after,
            Ok(None) => break,
            // What was found before the fault is good; the fault comes up again at the next read.
            Err(_) if !found.frames.is_empty() => break,
            Err(error) => {
                partition.bounds().check(partition.id, from)?;
                return Err(error);
            }
        }
    }
    Ok(found.frames)
}

/// Reads from `from` to the end of its segment, and returns the first frame of the next one;
/// `None` where no more fits.
fn read_segment(
    partition: &PartitionState,
    from: Offset,
    found: &mut Found,
) -> Result<Option<Offset>, ReadError> {
    let gone = || ReadError::Trimmed {
        partition: partition.id,
        wanted: from,
        start: partition.bounds().start,
    };
    let segment = partition.segment_of(from).ok_or_else(gone)?;
    let (mark, next, end) = {
        let index = segment.index();
        (index.mark_before(from).ok_or_else(gone)?, index.range.next, index.end)
    };
    let mark = partition.place_of(from).unwrap_or(mark);
    let file = segment.open()?;
    let room = found.max_bytes.saturating_sub(found.bytes).saturating_add(HEADERS_BYTES);
    let start = (mark.offset, mark.position);
    let walk = Walk::new(&file, segment.id, start, end, room.min(READ_BYTES_MAX));
    let mut walk = walk.reading_into(&partition.chunks);
    while let Some(stored) = walk.next_frame().map_err(|error| fault(&segment, error))? {
        let (offset, position, arrival) =
            (stored.frame.offset, stored.position, stored.frame.arrival);
        if offset >= from && !found.take(stored.frame) {
            partition.stopped_at(Mark { offset, position, arrival });
            return Ok(None);
        }
    }
    Ok(Some(next))
}

/// The first frame that arrived at `at` or later; the partition's end where there is none.
pub(super) fn offset_for_time(
    partition: &PartitionState,
    at: UnixNanos,
) -> Result<Offset, ReadError> {
    let end = partition.bounds().end;
    for segment in partition.all_segments() {
        match find_time(&segment, at) {
            Ok(Some(offset)) => return Ok(offset.min(end)),
            Ok(None) => {}
            // Trimmed in the meantime: a later segment has the first frame that is still held.
            Err(_) if segment.id.base < partition.bounds().start => {}
            Err(error) => return Err(error),
        }
    }
    Ok(end)
}

fn find_time(segment: &Segment, at: UnixNanos) -> Result<Option<Offset>, ReadError> {
    let (mark, end) = {
        let index = segment.index();
        let Some(mark) = index.mark_before_time(at) else {
            return Ok(None);
        };
        (mark, index.end)
    };
    let file = segment.open()?;
    let mut walk = Walk::new(&file, segment.id, (mark.offset, mark.position), end, CHUNK_BYTES);
    while let Some(stored) = walk.next_frame().map_err(|error| fault(segment, error))? {
        if stored.frame.arrival >= at {
            return Ok(Some(stored.frame.offset));
        }
    }
    Ok(None)
}

/// Where the quarantined lines stand, oldest first.
pub(super) fn quarantined(
    partition: &PartitionState,
    disk: &dyn Disk,
) -> Result<Vec<QuarantineRef>, ReadError> {
    let mut places = Vec::new();
    for segment in partition.all_segments() {
        match segment.notes(disk) {
            Ok(notes) => places.extend(notes.quarantine),
            Err(_) if segment.id.base < partition.bounds().start => {}
            Err(error) => return Err(error),
        }
    }
    let end = partition.bounds().end;
    places.retain(|place| place.offset < end);
    Ok(places)
}

fn fault(segment: &Segment, error: impl Into<SegmentFault>) -> ReadError {
    error.into().on_read(&segment.path)
}
