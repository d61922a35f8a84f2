//! Gathering lines into frames, within the journal's bounds.
//!
//! Lines that stand together in the body are not copied: their frame is a part of the body, which
//! the journal then keeps as it came in. Where that would keep much memory for little, they are
//! copied after all.

use std::ops::Range;

use bytes::Bytes;
use journal::{FrameDraft, FrameKind};
use model::Scope;
use model::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};

use super::buffers::{Buffer, KEPT_BYTES_MAX};

/// Lines that stand together make a frame of their own from this size on; fewer of them are copied
/// to those that follow.
const RUN_BYTES_MIN: usize = 64 << 10;

/// The open frame of one scope and kind.
///
/// Its lines, each with a newline, are a part of the body or a copy, never both.
#[derive(Debug)]
pub(super) struct FrameBuilder {
    kind: FrameKind,
    scope: Scope,
    run: Range<usize>,
    copied: Vec<u8>,
    lines: usize,
}

/// A frame whose lines may still lie in the body.
#[derive(Debug)]
pub(super) struct Gathered {
    kind: FrameKind,
    scope: Scope,
    run: Range<usize>,
    copied: Vec<u8>,
    lines: usize,
}

impl FrameBuilder {
    /// A frame without a line yet.
    pub(super) const fn new(kind: FrameKind, scope: Scope) -> Self {
        Self { kind, scope, run: 0..0, copied: Vec::new(), lines: 0 }
    }

    /// Adds the line at `at` of `body`, behind which a newline stands there; returns the frame
    /// that it closed.
    pub(super) fn push_part(&mut self, body: &[u8], at: Range<usize>) -> Option<Gathered> {
        let part = at.start..at.end + 1;
        let mut closed = self.make_room(part.len());
        if self.lines > 0 && self.run.end != part.start && self.is_long_run() {
            closed = self.close();
        }
        if self.lines == 0 {
            self.run = part;
        } else if self.copied.is_empty() && self.run.end == part.start {
            self.run.end = part.end;
        } else {
            self.copy_run(body, body.len() - part.start);
            self.copied.extend_from_slice(&body[part]);
        }
        self.lines += 1;
        closed
    }

    /// Adds a line that does not stand like this in `body`, has no newline and fits a frame;
    /// returns the frame that it closed.
    ///
    /// A frame begins with room for as many lines like its first one as it may hold, but for no
    /// more than `room_max` bytes.
    pub(super) fn push(&mut self, body: &[u8], line: &[u8], room_max: usize) -> Option<Gathered> {
        let needed = line.len() + 1;
        let mut closed = self.make_room(needed);
        if self.is_long_run() {
            closed = self.close();
        }
        let room = needed.saturating_mul(FRAME_RECORDS_MAX).min(room_max);
        self.copy_run(body, room.clamp(needed, FRAME_BYTES_MAX));
        self.copied.extend_from_slice(line);
        self.copied.push(b'\n');
        self.lines += 1;
        closed
    }

    /// The frame, if it has a line; the next one begins.
    pub(super) fn close(&mut self) -> Option<Gathered> {
        if self.lines == 0 {
            return None;
        }
        let Self { kind, scope, .. } = *self;
        let Self { run, copied, lines, .. } = std::mem::replace(self, Self::new(kind, scope));
        Some(Gathered { kind, scope, run, copied, lines })
    }

    /// Closes the frame, if `needed` more bytes do not fit.
    fn make_room(&mut self, needed: usize) -> Option<Gathered> {
        let bytes = self.run.len() + self.copied.len();
        let is_full = self.lines == FRAME_RECORDS_MAX || bytes + needed > FRAME_BYTES_MAX;
        if is_full { self.close() } else { None }
    }

    fn is_long_run(&self) -> bool {
        self.run.len() >= RUN_BYTES_MIN
    }

    /// Copies what lies in the body, before `room` more bytes.
    fn copy_run(&mut self, body: &[u8], room: usize) {
        let run = std::mem::take(&mut self.run);
        if self.copied.capacity() == 0 {
            self.copied.reserve_exact((run.len() + room).min(FRAME_BYTES_MAX));
        }
        self.copied.extend_from_slice(&body[run]);
    }
}

/// The frames as the journal takes them; `body` is what they were gathered from.
pub(super) fn drafts(frames: Vec<Gathered>, body: Buffer, dataset: &str) -> Vec<FrameDraft> {
    let in_body: usize = frames.iter().map(|frame| frame.run.len()).sum();
    // The journal keeps frames in memory for its readers, and the whole body with a part of it.
    let shares = body.capacity() <= KEPT_BYTES_MAX && in_body >= body.capacity() / 2;
    let part: Box<dyn Fn(Range<usize>) -> Bytes> = if shares {
        let body = Bytes::from_owner(body);
        Box::new(move |run| body.slice(run))
    } else {
        Box::new(move |run| Bytes::copy_from_slice(&body[run]))
    };
    let draft = |frame: Gathered| FrameDraft {
        kind: frame.kind,
        scope: frame.scope,
        dataset: dataset.to_owned(),
        records: frame.lines as u32,
        payload: if frame.run.is_empty() { fitted(frame.copied) } else { part(frame.run) },
    };
    frames.into_iter().map(draft).collect()
}

/// The bytes, without much more memory than they fill.
fn fitted(mut bytes: Vec<u8>) -> Bytes {
    if bytes.capacity() > bytes.len() + bytes.len() / 4 {
        bytes.shrink_to_fit();
    }
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use model::Id;
    use proptest::prelude::*;

    use super::*;

    use crate::ingest::buffers::Buffers;

    fn builder() -> FrameBuilder {
        FrameBuilder::new(FrameKind::Records, Scope::zone(Id::from_bytes([7; 16])))
    }

    fn buffer(bytes: &[u8]) -> Buffer {
        let mut buffer = Buffers::default().take(bytes.len());
        buffer.extend_from_slice(bytes);
        buffer
    }

    fn frames(lines: &[Vec<u8>]) -> Vec<FrameDraft> {
        let mut builder = builder();
        let mut frames: Vec<_> =
            lines.iter().filter_map(|line| builder.push(&[], line, 1 << 21)).collect();
        frames.extend(builder.close());
        drafts(frames, buffer(&[]), "d")
    }

    /// Frames of the lines of `body`, those that `stands` leaves out as ones that do not stand
    /// there like this.
    fn frames_of(body: &[u8], stands: impl Fn(usize) -> bool) -> Vec<FrameDraft> {
        let mut builder = builder();
        let mut frames = Vec::new();
        let mut at = 0;
        for (number, line) in body.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let end = at + line.len() - 1;
            frames.extend(if stands(number) {
                builder.push_part(body, at..end)
            } else {
                builder.push(body, &body[at..end], 1 << 21)
            });
            at = end + 1;
        }
        frames.extend(builder.close());
        drafts(frames, buffer(body), "d")
    }

    #[test]
    fn lines_that_stand_together_are_not_copied() {
        let body = b"{\"a\":1}\n".repeat(40_000);
        let drafts = frames_of(&body, |_| true);
        assert_eq!(drafts.len(), 80);
        let base = drafts[0].payload.as_ptr();
        for (number, draft) in drafts.iter().enumerate() {
            let at = number * FRAME_RECORDS_MAX * 8;
            assert_eq!(draft.payload.as_ptr(), base.wrapping_add(at), "{number}");
        }
    }

    #[test]
    fn a_small_part_of_a_body_does_not_keep_it_in_memory() {
        let mut body = buffer(&b"{}\n".repeat(10));
        body.reserve(100_000);
        let mut builder = builder();
        assert!(builder.push_part(&body, 0..2).is_none());
        let inside = body.as_ptr_range();
        let drafts = drafts(builder.close().into_iter().collect(), body, "d");
        assert_eq!(&drafts[0].payload[..], b"{}\n");
        assert!(!inside.contains(&drafts[0].payload.as_ptr()));
    }

    #[test]
    fn a_frame_closes_at_its_count_and_at_its_bytes() {
        let small = frames(&vec![b"{}".to_vec(); FRAME_RECORDS_MAX + 1]);
        assert_eq!(small.iter().map(|frame| frame.records).collect::<Vec<_>>(), [500, 1]);
        let half = frames(&vec![vec![b'x'; FRAME_BYTES_MAX / 2 - 1]; 3]);
        assert_eq!(half.iter().map(|frame| frame.records).collect::<Vec<_>>(), [2, 1]);
        assert!(frames(&[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn frames_hold_all_lines_in_order_within_bounds(
            lengths in prop::collection::vec(prop_oneof![1..100_usize, 1..900_000_usize], 0..12)
        ) {
            let lines: Vec<Vec<u8>> = lengths.iter().map(|&length| vec![b'a'; length]).collect();
            let frames = frames(&lines);
            let joined: Vec<u8> =
                frames.iter().flat_map(|frame| frame.payload.iter().copied()).collect();
            let expected: Vec<u8> =
                lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
            prop_assert!(joined == expected);
            for frame in &frames {
                prop_assert!(frame.payload.len() <= FRAME_BYTES_MAX);
                let lines = frame.payload.split_inclusive(|&byte| byte == b'\n').count();
                prop_assert_eq!(frame.records as usize, lines);
            }
        }

        #[test]
        fn frames_are_whole_whether_or_not_their_lines_stand_together(
            lengths in prop::collection::vec(prop_oneof![1..100_usize, 1..90_000_usize], 0..40),
            copied in prop::collection::vec(0..40_usize, 0..6),
        ) {
            let body: Vec<u8> = lengths
                .iter()
                .enumerate()
                .flat_map(|(number, &length)| {
                    let byte = b'a' + (number % 26) as u8;
                    std::iter::repeat_n(byte, length).chain([b'\n'])
                })
                .collect();
            let frames = frames_of(&body, |number| !copied.contains(&number));
            let joined: Vec<u8> =
                frames.iter().flat_map(|frame| frame.payload.iter().copied()).collect();
            prop_assert!(joined == body);
            for frame in &frames {
                prop_assert!(frame.payload.len() <= FRAME_BYTES_MAX);
                let lines = memchr::memchr_iter(b'\n', &frame.payload).count();
                prop_assert_eq!(frame.records as usize, lines);
            }
        }
    }
}
