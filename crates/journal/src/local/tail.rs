//! The newest frames of a partition, kept in memory: a reader at the tail reads no file.
//!
//! **Rules.** The frames are consecutive and end with the newest; beyond the bound the oldest go.

use std::collections::VecDeque;

use bytes::Bytes;
use model::Offset;

use crate::Frame;

/// What a frame takes besides its payload, about.
const FRAME_OVERHEAD_BYTES: usize = 256;
/// A payload below this size is copied: it may be a small part of a large request, which would
/// otherwise stay in memory for its sake.
const COPY_BYTES_MAX: usize = 64 << 10;

/// The newest frames.
#[derive(Debug)]
pub(super) struct Tail {
    frames: VecDeque<Frame>,
    bytes: usize,
    bytes_max: usize,
}

impl Tail {
    /// An empty tail that will keep at most `bytes_max`.
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// Adds the frame behind the newest one.
    pub(super) fn push(&mut self, mut frame: Frame) {
        if frame.payload.len() < COPY_BYTES_MAX {
            frame.payload = Bytes::copy_from_slice(&frame.payload);
        }
        self.bytes += cost(&frame);
        self.frames.push_back(frame);
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.frames.pop_front() else {
                return;
            };
            self.bytes -= cost(&oldest);
        }
    }

    /// The frames from `from` up to `end`, as many as fit `max_bytes` but at least one; `None`
    /// where `from` is not held.
    pub(super) fn read(&self, from: Offset, end: Offset, max_bytes: usize) -> Option<Vec<Frame>> {
        let first = self.frames.front()?.offset;
        let index = from.0.checked_sub(first.0)? as usize;
        if index >= self.frames.len() {
            return None;
        }
        let mut bytes = 0;
        let fitting = self.frames.range(index..).take_while(|frame| {
            bytes += frame.payload.len();
            frame.offset < end && (frame.offset == from || bytes <= max_bytes)
        });
        Some(fitting.cloned().collect())
    }
}

fn cost(frame: &Frame) -> usize {
    FRAME_OVERHEAD_BYTES + frame.payload.len()
}

#[cfg(test)]
mod tests {
    use model::{Id, Scope, UnixNanos};

    use super::*;
    use crate::FrameKind;

    fn frame(offset: u64, bytes: usize) -> Frame {
        Frame {
            offset: Offset(offset),
            arrival: UnixNanos(0),
            kind: FrameKind::Records,
            scope: Scope::zone(Id::from_bytes([0; 16])),
            dataset: "d".to_owned(),
            records: 1,
            payload: Bytes::from(vec![b'\n'; bytes]),
        }
    }

    #[test]
    fn the_oldest_frames_go_when_the_bound_is_reached() {
        let mut tail = Tail::new(3 * (FRAME_OVERHEAD_BYTES + 10));
        (0..5).for_each(|offset| tail.push(frame(offset, 10)));
        assert_eq!(tail.read(Offset(1), Offset(5), 1_000), None);
        let held = tail.read(Offset(2), Offset(5), 1_000).unwrap();
        assert_eq!(held.iter().map(|frame| frame.offset.0).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn what_is_not_published_yet_is_not_read() {
        let mut tail = Tail::new(1 << 20);
        (0..3).for_each(|offset| tail.push(frame(offset, 10)));
        let read = tail.read(Offset(0), Offset(2), 1_000).unwrap();
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_frame_larger_than_the_bound_empties_the_tail() {
        let mut tail = Tail::new(1_000);
        tail.push(frame(0, 10));
        tail.push(frame(1, 2_000));
        assert_eq!(tail.read(Offset(0), Offset(2), 1_000), None);
        assert_eq!(tail.read(Offset(1), Offset(2), 1_000), None);
        assert_eq!(tail.bytes, 0);
    }

    #[test]
    fn a_small_part_does_not_keep_its_request_in_memory() {
        let request = Bytes::from(vec![b'\n'; 1 << 20]);
        let mut tail = Tail::new(1 << 20);
        tail.push(Frame { payload: request.slice(..10), ..frame(0, 1) });
        assert!(request.is_unique());
    }
}
