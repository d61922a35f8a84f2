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

use super::format::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, SegmentId, StoredFrame};

/// Bytes that are read at once when a whole file is walked over.
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
            chunk: Bytes::new(),
            next: first,
            arrival: UnixNanos(i64::MIN),
            following: None,
        }
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
        if follows {
            Ok(())
        } else {
            Err(self.broken("the append before it is not complete"))
        }
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
        let mut chunk = vec![0; wanted];
        match self.file.read_exact_at(&mut chunk, self.position) {
            Ok(()) => self.chunk = Bytes::from(chunk),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.broken("the file ends within the frame"));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn broken(&self, reason: &'static str) -> WalkError {
        WalkError::Broken {
            at: self.position,
            reason,
        }
    }
}

/// Whether somewhere in the positions from `from` up to `end` an intact frame stands that was
/// written when everything up to a position beyond `acknowledged` had been acknowledged.
pub(super) fn is_acknowledged_beyond(
    file: &File,
    segment: SegmentId,
    (from, end): (u64, u64),
    acknowledged: u64,
) -> io::Result<bool> {
    let magic = memmem::Finder::new(&FRAME_MAGIC);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut position = from;
    while position + (FRAME_HEADER_BYTES as u64) <= end {
        let length = (chunk.len() as u64).min(end - position) as usize;
        file.read_exact_at(&mut chunk[..length], position)?;
        for found in magic.find_iter(&chunk[..length]) {
            if is_witness(file, segment, (position + found as u64, end), acknowledged)? {
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
    acknowledged: u64,
) -> io::Result<bool> {
    let mut header = [0; FRAME_HEADER_BYTES];
    if position + (header.len() as u64) > end {
        return Ok(false);
    }
    file.read_exact_at(&mut header, position)?;
    let Ok(header) = FrameHeader::decode(&header) else {
        return Ok(false);
    };
    let speaks_beyond = acknowledged < header.committed && header.committed <= position;
    if !speaks_beyond || position + (header.frame_bytes() as u64) > end {
        return Ok(false);
    }
    let mut frame = vec![0; header.frame_bytes()];
    file.read_exact_at(&mut frame, position)?;
    Ok(header
        .complete(segment, position, Bytes::from(frame))
        .is_ok())
}
