//! What clients send to the local journal, and what they know of it.

use journal::{Append, FrameDraft, FrameKind, IdempotencyKey};
use model::{Id, Partition, Scope};

use crate::rng::Rng;

/// A request of a client.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) partition: Partition,
    pub(super) keyed: bool,
    pub(super) frames: Vec<FrameDraft>,
    pub(super) known: Known,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It waits to be sent, for the first time or again.
    Unsent,
    /// It was sent; whether it is stored nobody knows yet.
    Sent,
    /// It was acknowledged, or was found in the journal.
    Stored,
    /// It was not stored, and nobody sends it again.
    Over,
}

impl Request {
    pub(super) fn draw(number: u64, partition: Partition, rng: &mut Rng) -> Self {
        let frames = 0..rng.between(1, 4);
        let frames = frames.map(|frame| draft(number, frame, rng)).collect();
        Self { number, partition, keyed: rng.per_mille(600), frames, known: Known::Unsent }
    }

    pub(super) fn key(&self) -> IdempotencyKey {
        let digest = u128::from(self.number).to_be_bytes();
        IdempotencyKey { key: digest, content: digest }
    }

    pub(super) fn append(&self) -> Append {
        Append { key: self.keyed.then(|| self.key()), frames: self.frames.clone() }
    }
}

fn draft(request: u64, frame: u64, rng: &mut Rng) -> FrameDraft {
    let records = rng.between(1, 3);
    // Large ones go to the disk in pieces: whole blocks, and what is before and after them.
    let longest = if rng.per_mille(10) { 1 << 17 } else { 1 << rng.below(9) };
    let padding = "x".repeat(rng.below(longest) as usize);
    let line = |record: u64| format!("{{\"n\":\"{request} {frame} {record}{padding}\"}}\n");
    let is_quarantine = rng.per_mille(150);
    FrameDraft {
        kind: if is_quarantine { FrameKind::Quarantine } else { FrameKind::Records },
        scope: Scope::zone(Id::from_bytes([rng.between(1, 3) as u8; 16])),
        dataset: rng.pick(&["http_requests", "firewall_events"]).to_owned(),
        records: records as u32,
        payload: (0..records).map(line).collect::<String>().into(),
    }
}
