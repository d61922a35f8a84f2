//! Gathering lines into frames, within the journal's bounds.

use bytes::Bytes;
use journal::{FrameDraft, FrameKind};
use model::Scope;
use model::limits::{FRAME_BYTES_MAX, FRAME_RECORDS_MAX};

/// The open frame of one scope and kind.
#[derive(Debug)]
pub(super) struct FrameBuilder {
    kind: FrameKind,
    scope: Scope,
    payload: Vec<u8>,
    lines: usize,
}

impl FrameBuilder {
    /// A frame without a line yet.
    pub(super) const fn new(kind: FrameKind, scope: Scope) -> Self {
        Self { kind, scope, payload: Vec::new(), lines: 0 }
    }

    /// Adds a line, which has no newline and fits a frame; returns the frame that it closed.
    ///
    /// A frame begins with room for as many lines like its first one as it may hold, but for no
    /// more than `room_max` bytes.
    pub(super) fn push(
        &mut self,
        line: &[u8],
        room_max: usize,
        dataset: &str,
    ) -> Option<FrameDraft> {
        let needed = line.len() + 1;
        let full = self.lines == FRAME_RECORDS_MAX || self.payload.len() + needed > FRAME_BYTES_MAX;
        let closed = if full { self.close(dataset) } else { None };
        if self.payload.capacity() == 0 {
            let room = needed.saturating_mul(FRAME_RECORDS_MAX).min(room_max);
            self.payload.reserve_exact(room.clamp(needed, FRAME_BYTES_MAX));
        }
        self.payload.extend_from_slice(line);
        self.payload.push(b'\n');
        self.lines += 1;
        closed
    }

    /// The frame, if it has a line; the next one begins.
    pub(super) fn close(&mut self, dataset: &str) -> Option<FrameDraft> {
        if self.lines == 0 {
            return None;
        }
        let mut payload = std::mem::take(&mut self.payload);
        // The journal keeps frames in memory for its readers: no more than they hold.
        if payload.capacity() > payload.len() + payload.len() / 4 {
            payload.shrink_to_fit();
        }
        let records = std::mem::take(&mut self.lines) as u32;
        Some(FrameDraft {
            kind: self.kind,
            scope: self.scope,
            dataset: dataset.to_owned(),
            records,
            payload: Bytes::from(payload),
        })
    }
}

#[cfg(test)]
mod tests {
    use model::Id;
    use proptest::prelude::*;

    use super::*;

    fn frames(lines: &[Vec<u8>]) -> Vec<FrameDraft> {
        let scope = Scope::zone(Id::from_bytes([7; 16]));
        let mut builder = FrameBuilder::new(FrameKind::Records, scope);
        let mut frames: Vec<_> =
            lines.iter().filter_map(|line| builder.push(line, 1 << 21, "d")).collect();
        frames.extend(builder.close("d"));
        frames
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
    }
}
