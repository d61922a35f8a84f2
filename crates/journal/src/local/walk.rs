//! Walking over the frames of a segment file, one after the other.
//!
//! **Rules.** Each frame's checksum is verified before it is given out, and so is that it follows
//! the one before it. Memory is bounded by one chunk, or one frame where that is larger.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use memchr::memmem;
use model::{Offset, UnixNanos};
use thiserror::Error;

use super::chunk::Chunks;
use super::format::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, SegmentId, StoredFrame};

/// Bytes that are read at once when something is looked for in a file.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// Why a walk cannot go on.
#[derive(Debug, Error)]
pub(super) enum WalkError {
    #[error("{reason}")]
    Broken { at: u64, reason: &'static str },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A walk over the frames of a segment.
#[derive(Debug)]
pub(super) struct Walk<'f> {
    file: &'f File,
    segment: SegmentId,
    /// Where the next frame begins.
    position: u64,
    /// Where the walk ends.
    end: u64,
    chunk_bytes: usize,
    chunks: Chunks,
    /// What was read ahead, from `position` on.
    chunk: Bytes,
    next: Offset,
    arrival: UnixNanos,
    /// How many frames of the current append are still to come; unknown at the beginning.
    following: Option<u32>,
}

impl<'f> Walk<'f> {
    /// A walk from the frame `first`, which begins at `position`, up to the position `end`.
    pub(super) fn new(
        file: &'f File,
        segment: SegmentId,
        (first, position): (Offset, u64),
        end: u64,
        chunk_bytes: usize,
    ) -> Self {
        Self {
            file,
            segment,
            position,
            end,
            chunk_bytes,
            chunks: Chunks::default(),
            chunk: Bytes::new(),
            next: first,
            arrival: UnixNanos(i64::MIN),
            following: None,
        }
    }

    /// Reads into these buffers.
    pub(super) fn reading_into(mut self, chunks: &Chunks) -> Self {
        self.chunks = chunks.clone();
        self
    }

    /// The next frame; `None` at the end.
    pub(super) fn next_frame(&mut self) -> Result<Option<StoredFrame>, WalkError> {
        if self.position >= self.end {
            return Ok(None);
        }
        self.read_ahead(FRAME_HEADER_BYTES)?;
        let header = FrameHeader::decode(&self.chunk).map_err(|reason| self.broken(reason))?;
        self.read_ahead(header.frame_bytes())?;
        let bytes = self.chunk.slice(..header.frame_bytes());
        let stored = header
            .complete(self.segment, self.position, bytes)
            .map_err(|reason| self.broken(reason))?;
        self.check_order(&stored)?;
        self.chunk = self.chunk.slice(header.frame_bytes()..);
        self.position += stored.bytes;
        self.next = stored.frame.offset.next();
        self.arrival = stored.frame.arrival;
        self.following = Some(stored.following);
        Ok(Some(stored))
    }

    fn check_order(&self, stored: &StoredFrame) -> Result<(), WalkError> {
        if stored.frame.offset != self.next {
            return Err(self.broken("the frame has another offset than its place says"));
        }
        if stored.frame.arrival < self.arrival {
            return Err(self.broken("the frame arrived before the one before it"));
        }
        let follows = match self.following {
            None | Some(0) => true,
            Some(left) => stored.following == left - 1,
        };
        if follows { Ok(()) } else { Err(self.broken("the append before it is not complete")) }
    }

    /// Sees to it that `bytes` from `position` on are in the chunk.
    fn read_ahead(&mut self, bytes: usize) -> Result<(), WalkError> {
        if self.chunk.len() >= bytes {
            return Ok(());
        }
        let left = self.end - self.position;
        if (bytes as u64) > left {
            return Err(self.broken("the file ends within the frame"));
        }
        let wanted = (self.chunk_bytes.max(bytes) as u64).min(left) as usize;
        match self.chunks.read(self.file, self.position, wanted) {
            Ok(chunk) => self.chunk = chunk,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.broken("the file ends within the frame"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn broken(&self, reason: &'static str) -> WalkError {
        WalkError::Broken { at: self.position, reason }
    }
}

/// Whether somewhere in the positions from `from` up to `end` an intact frame stands that was
/// written when whole and durable appends went beyond the position `whole`.
pub(super) fn is_committed_beyond(
    file: &File,
    segment: SegmentId,
    (from, end): (u64, u64),
    whole: u64,
) -> io::Result<bool> {
    let magic = memmem::Finder::new(&FRAME_MAGIC);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut position = from;
    while position + (FRAME_HEADER_BYTES as u64) <= end {
        let length = (chunk.len() as u64).min(end - position) as usize;
        file.read_exact_at(&mut chunk[..length], position)?;
        for found in magic.find_iter(&chunk[..length]) {
            if is_witness(file, segment, (position + found as u64, end), whole)? {
                return Ok(true);
            }
        }
        // The next chunk overlaps this one, where a magic could stand across the border.
        position += (length - (FRAME_MAGIC.len() - 1)) as u64;
    }
    Ok(false)
}

fn is_witness(
    file: &File,
    segment: SegmentId,
    (position, end): (u64, u64),
    whole: u64,
) -> io::Result<bool> {
    let mut header = [0; FRAME_HEADER_BYTES];
    if position + (header.len() as u64) > end {
        return Ok(false);
    }
    file.read_exact_at(&mut header, position)?;
    let Ok(header) = FrameHeader::decode(&header) else {
        return Ok(false);
    };
    let speaks_beyond = whole < header.committed && header.committed <= position;
    if !speaks_beyond || position + (header.frame_bytes() as u64) > end {
        return Ok(false);
    }
    let mut frame = vec![0; header.frame_bytes()];
    file.read_exact_at(&mut frame, position)?;
    Ok(header.complete(segment, position, Bytes::from(frame)).is_ok())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use model::{Id, Partition, Scope};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::format::{Placing, encode_frame_head};
    use super::*;
    use crate::{FrameDraft, FrameKind};

    const SEGMENT: SegmentId = SegmentId { partition: Partition(0), base: Offset(0) };

    /// A frame of `segment`, with its offset, its arrival and how many frames follow it.
    fn frame(segment: SegmentId, (offset, arrival, following): (u64, i64, u32)) -> Vec<u8> {
        let draft = FrameDraft {
            kind: FrameKind::Records,
            scope: Scope::zone(Id::from_bytes([7; 16])),
            dataset: "http_requests".to_owned(),
            records: 1,
            payload: Bytes::from_static(b"{}\n"),
        };
        let placing = Placing {
            offset: Offset(offset),
            arrival: UnixNanos(arrival),
            committed: 1,
            following,
            key: None,
        };
        let mut bytes = Vec::new();
        encode_frame_head(segment, &placing, &draft, &mut bytes);
        bytes.extend_from_slice(&draft.payload);
        bytes
    }

    /// How many of these frames are given out before the walk stops, and why it does.
    fn walk_over(frames: &[Vec<u8>]) -> (usize, Option<&'static str>) {
        let bytes = frames.concat();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let mut walk = Walk::new(&file, SEGMENT, (Offset(0), 0), bytes.len() as u64, 100);
        for walked in 0.. {
            match walk.next_frame() {
                Ok(Some(stored)) => assert_eq!(stored.frame.payload, "{}\n"),
                Ok(None) => return (walked, None),
                Err(WalkError::Broken { reason, .. }) => return (walked, Some(reason)),
                Err(WalkError::Io(error)) => panic!("{error}"),
            }
        }
        unreachable!("a walk ends")
    }

    fn walk_over_placed<const N: usize>(
        places: [(u64, i64, u32); N],
    ) -> (usize, Option<&'static str>) {
        walk_over(&places.map(|place| frame(SEGMENT, place)))
    }

    #[test]
    fn frames_in_order_are_given_out() {
        assert_eq!(walk_over_placed([(0, 1, 1), (1, 1, 0), (2, 5, 0)]), (3, None));
    }

    #[test]
    fn intact_frames_in_a_wrong_place_are_not_given_out() {
        let offset = Some("the frame has another offset than its place says");
        assert_eq!(walk_over_placed([(0, 1, 0), (0, 1, 0)]), (1, offset));
        assert_eq!(walk_over_placed([(0, 1, 0), (2, 1, 0)]), (1, offset));
        let arrival = Some("the frame arrived before the one before it");
        assert_eq!(walk_over_placed([(0, 2, 0), (1, 1, 0)]), (1, arrival));
        let append = Some("the append before it is not complete");
        assert_eq!(walk_over_placed([(0, 1, 2), (1, 1, 0)]), (1, append));
        assert_eq!(walk_over_placed([(0, 1, 1), (1, 1, 1)]), (1, append));
    }

    #[test]
    fn intact_frames_of_another_segment_are_not_given_out() {
        let checksum = Some("the frame's checksum does not match");
        let partition = SegmentId { partition: Partition(1), ..SEGMENT };
        assert_eq!(walk_over(&[frame(partition, (0, 1, 0))]), (0, checksum));
        let base = SegmentId { base: Offset(7), ..SEGMENT };
        assert_eq!(walk_over(&[frame(base, (0, 1, 0))]), (0, checksum));
    }

    #[test]
    fn a_witness_is_found_wherever_it_stands() {
        for before in [1, 500, CHUNK_BYTES - 70, CHUNK_BYTES - 3, CHUNK_BYTES - 1, CHUNK_BYTES] {
            let mut file = tempfile::tempfile().unwrap();
            // Its `committed` is 1: it witnesses that the first byte was durable.
            let mut bytes = vec![0xFF; before];
            bytes.extend(frame(SEGMENT, (9, 1, 0)));
            file.write_all(&bytes).unwrap();
            let all = (0, bytes.len() as u64);
            assert!(is_committed_beyond(&file, SEGMENT, all, 0).unwrap(), "at {before}");
            assert!(!is_committed_beyond(&file, SEGMENT, all, 1).unwrap(), "at {before}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_end_the_walk(
            mut header in vec(any::<u8>(), FRAME_HEADER_BYTES),
            kinds in (1..3_u8, 1..3_u8, 1..64_u8, 0..2_u8),
            rest in vec(any::<u8>(), 0..300),
        ) {
            // So much is right that the lengths are believed.
            header[..FRAME_MAGIC.len()].copy_from_slice(&FRAME_MAGIC);
            header[10..16].copy_from_slice(&[0, 0, 1, 0, 0, 0]);
            header[44..48].copy_from_slice(&[kinds.0, kinds.1, kinds.2, kinds.3]);
            prop_assert!(walk_over(&[header, rest]).1.is_some());
        }
    }
}
