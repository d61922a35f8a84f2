//! The bytes of a segment: its header, then one frame after the other.
//!
//! **Rules.** This is version 1 of the format, written down in `docs/journal-format.md`; numbers
//! are little-endian. A frame's checksum begins with the identity of its segment, so that a frame
//! of another segment (left behind by the file system, or copied by hand) never passes for one
//! of this. Decoding trusts nothing: any bytes give a value or a reason, never a panic.

use bytes::{Buf, BufMut, Bytes};
use crc_fast::{CrcAlgorithm, Digest};
use model::limits::{DATASET_NAME_BYTES_MAX, FRAME_BYTES_MAX, FRAME_RECORDS_MAX};
use model::{Id, Offset, Partition, Scope, ScopeKind, UnixNanos};

use crate::{Frame, FrameDraft, FrameKind, IdempotencyKey};

/// The version of the format that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;
/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER_BYTES: usize = 64;
/// Bytes of a frame's fixed header.
pub(super) const FRAME_HEADER_BYTES: usize = 64;
/// How a frame begins. 0xFF occurs in no UTF-8 text, so no record can look like a frame.
pub(super) const FRAME_MAGIC: [u8; 4] = *b"\xFFLPF";

const SEGMENT_MAGIC: [u8; 8] = *b"\xFFLPSEG\r\n";
const KEY_BYTES: usize = 32;
const FLAG_KEY: u8 = 1;
/// Where a frame's checksum ends; it covers all that follows.
const CHECKED_FROM: usize = 8;

/// Which segment: its partition and its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentId {
    pub(super) partition: Partition,
    pub(super) base: Offset,
}

impl SegmentId {
    /// The CRC-32C of this identity and `parts`.
    pub(super) fn checksum(self, parts: &[&[u8]]) -> u32 {
        let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
        digest.update(&self.partition.0.to_le_bytes());
        digest.update(&self.base.0.to_le_bytes());
        for part in parts {
            digest.update(part);
        }
        digest.finalize() as u32
    }
}

/// Why the bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// Written in another version of the format.
    Version(u32),
    /// Not a header at all, or a broken one.
    Broken(&'static str),
}

/// Encodes a segment's header. `arrival` is that of the newest frame before the segment.
pub(super) fn encode_segment_header(
    id: SegmentId,
    arrival: UnixNanos,
) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut fields = Vec::with_capacity(SEGMENT_HEADER_BYTES);
    fields.put_u16_le(id.partition.0);
    fields.put_bytes(0, 6);
    fields.put_u64_le(id.base.0);
    fields.put_i64_le(arrival.0);
    fields.put_bytes(0, 24);
    let mut header = [0; SEGMENT_HEADER_BYTES];
    let mut rest = &mut header[..];
    rest.put_slice(&SEGMENT_MAGIC);
    rest.put_u32_le(VERSION);
    rest.put_u32_le(id.checksum(&[&fields]));
    rest.put_slice(&fields);
    header
}

/// The arrival of the newest frame before the segment `id`, whose file begins with `bytes`.
pub(super) fn decode_segment_header(
    id: SegmentId,
    bytes: &[u8; SEGMENT_HEADER_BYTES],
) -> Result<UnixNanos, HeaderFault> {
    let mut rest = &bytes[..];
    if rest.copy_to_bytes(SEGMENT_MAGIC.len()) != SEGMENT_MAGIC[..] {
        return Err(HeaderFault::Broken("it does not begin like a segment"));
    }
    let version = rest.get_u32_le();
    if version != VERSION {
        return Err(HeaderFault::Version(version));
    }
    if rest.get_u32_le() != id.checksum(&[rest]) {
        return Err(HeaderFault::Broken("the checksum of its header does not match"));
    }
    rest.advance(16);
    Ok(UnixNanos(rest.get_i64_le()))
}

/// Where a frame stands, as far as it is decided by the append and the segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing {
    pub(super) offset: Offset,
    pub(super) arrival: UnixNanos,
    /// Up to which position of the file all appends were whole and durable when this was written.
    pub(super) committed: u64,
    /// How many frames of the same append follow.
    pub(super) following: u32,
    /// The append's idempotency key, on its first frame.
    pub(super) key: Option<IdempotencyKey>,
}

/// Bytes that a frame of `draft` takes in the file.
pub(super) fn frame_bytes(draft: &FrameDraft, has_key: bool) -> u64 {
    let key = if has_key { KEY_BYTES } else { 0 };
    (FRAME_HEADER_BYTES + key + draft.dataset.len() + draft.payload.len()) as u64
}

/// Appends to `out` everything of a frame that stands before its payload.
pub(super) fn encode_frame_head(
    segment: SegmentId,
    placing: &Placing,
    draft: &FrameDraft,
    out: &mut Vec<u8>,
) {
    let head = out.len();
    out.put_slice(&FRAME_MAGIC);
    out.put_u32_le(0);
    out.put_u32_le(draft.payload.len() as u32);
    out.put_u32_le(draft.records);
    out.put_u64_le(placing.offset.0);
    out.put_i64_le(placing.arrival.0);
    out.put_u64_le(placing.committed);
    out.put_u32_le(placing.following);
    out.put_u8(kind_code(draft.kind));
    out.put_u8(scope_code(draft.scope.kind));
    out.put_u8(draft.dataset.len() as u8);
    out.put_u8(if placing.key.is_some() { FLAG_KEY } else { 0 });
    out.put_slice(draft.scope.id.as_bytes());
    if let Some(IdempotencyKey { key, content }) = placing.key {
        out.put_slice(&key);
        out.put_slice(&content);
    }
    out.put_slice(draft.dataset.as_bytes());
    let checksum = segment.checksum(&[&out[head + CHECKED_FROM..], &draft.payload]);
    out[head + FRAME_MAGIC.len()..head + CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
}

/// The fixed header of a frame, as it stands in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    checksum: u32,
    payload_bytes: usize,
    records: u32,
    offset: Offset,
    arrival: UnixNanos,
    pub(super) committed: u64,
    following: u32,
    kind: FrameKind,
    scope: Scope,
    dataset_bytes: usize,
    has_key: bool,
}

/// A frame with what the file says about it.
#[derive(Debug)]
pub(super) struct StoredFrame {
    /// Where in the file it begins.
    pub(super) position: u64,
    /// How many bytes it takes there.
    pub(super) bytes: u64,
    pub(super) following: u32,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) frame: Frame,
}

impl FrameHeader {
    /// Decodes the header at the beginning of `bytes`, which hold at least that many; the
    /// checksum is not known to be right before [`Self::complete`].
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut rest = &bytes[..FRAME_HEADER_BYTES];
        if rest.copy_to_bytes(FRAME_MAGIC.len()) != FRAME_MAGIC[..] {
            return Err("no frame begins here");
        }
        let checksum = rest.get_u32_le();
        let payload_bytes = rest.get_u32_le() as usize;
        let records = rest.get_u32_le();
        let offset = Offset(rest.get_u64_le());
        let arrival = UnixNanos(rest.get_i64_le());
        let committed = rest.get_u64_le();
        let following = rest.get_u32_le();
        let kind = kind_of(rest.get_u8()).ok_or("the frame's kind is unknown")?;
        let scope_kind = scope_kind_of(rest.get_u8()).ok_or("the frame's scope is unknown")?;
        let dataset_bytes = usize::from(rest.get_u8());
        let flags = rest.get_u8();
        let mut id = [0; 16];
        rest.copy_to_slice(&mut id);
        let is_bounded = (1..=FRAME_BYTES_MAX).contains(&payload_bytes)
            && (1..=FRAME_RECORDS_MAX).contains(&(records as usize))
            && (1..=DATASET_NAME_BYTES_MAX).contains(&dataset_bytes)
            && flags & !FLAG_KEY == 0;
        if !is_bounded {
            return Err("the frame's header breaks its bounds");
        }
        Ok(Self {
            checksum,
            payload_bytes,
            records,
            offset,
            arrival,
            committed,
            following,
            kind,
            scope: Scope { kind: scope_kind, id: Id::from_bytes(id) },
            dataset_bytes,
            has_key: flags == FLAG_KEY,
        })
    }

    /// Bytes that the whole frame takes in the file.
    pub(super) const fn frame_bytes(&self) -> usize {
        let key = if self.has_key { KEY_BYTES } else { 0 };
        FRAME_HEADER_BYTES + key + self.dataset_bytes + self.payload_bytes
    }

    /// The frame whose bytes, header included, are `bytes`; it stands at `position`.
    pub(super) fn complete(
        self,
        segment: SegmentId,
        position: u64,
        mut bytes: Bytes,
    ) -> Result<StoredFrame, &'static str> {
        let stored_bytes = bytes.len() as u64;
        if segment.checksum(&[&bytes[CHECKED_FROM..]]) != self.checksum {
            return Err("the frame's checksum does not match");
        }
        bytes.advance(FRAME_HEADER_BYTES);
        let key = self.has_key.then(|| {
            let mut digests = IdempotencyKey { key: [0; 16], content: [0; 16] };
            bytes.copy_to_slice(&mut digests.key);
            bytes.copy_to_slice(&mut digests.content);
            digests
        });
        let dataset = bytes.split_to(self.dataset_bytes);
        let dataset =
            str::from_utf8(&dataset).map_err(|_| "the frame's dataset is not UTF-8")?.to_owned();
        let frame = Frame {
            offset: self.offset,
            arrival: self.arrival,
            kind: self.kind,
            scope: self.scope,
            dataset,
            records: self.records,
            payload: bytes,
        };
        Ok(StoredFrame { position, bytes: stored_bytes, following: self.following, key, frame })
    }
}

const fn kind_code(kind: FrameKind) -> u8 {
    match kind {
        FrameKind::Records => 1,
        FrameKind::Quarantine => 2,
    }
}

const fn kind_of(code: u8) -> Option<FrameKind> {
    match code {
        1 => Some(FrameKind::Records),
        2 => Some(FrameKind::Quarantine),
        _ => None,
    }
}

/// The code of a scope's kind, in segments and in indexes.
pub(super) const fn scope_code(kind: ScopeKind) -> u8 {
    match kind {
        ScopeKind::Account => 1,
        ScopeKind::Zone => 2,
    }
}

/// The scope's kind of that code.
pub(super) const fn scope_kind_of(code: u8) -> Option<ScopeKind> {
    match code {
        1 => Some(ScopeKind::Account),
        2 => Some(ScopeKind::Zone),
        _ => None,
    }
}
