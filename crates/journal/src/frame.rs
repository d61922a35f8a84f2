//! What is appended and what is read back.

use bytes::Bytes;
use model::limits::{DATASET_NAME_BYTES_MAX, FRAME_BYTES_MAX, FRAME_RECORDS_MAX};
use model::{Offset, OffsetRange, Partition, Scope, UnixNanos};

use crate::AppendError;

/// Most bytes of payload in one append.
pub const APPEND_BYTES_MAX: u64 = 1 << 30;

/// What the lines of a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Records: each line is a JSON object that was checked at the door.
    Records,
    /// Quarantine: each line is a JSON object that describes a refused line.
    Quarantine,
}

/// A frame before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameDraft {
    /// Records or quarantined lines.
    pub kind: FrameKind,
    /// Whose they are.
    pub scope: Scope,
    /// Of which dataset: at most `model::limits::DATASET_NAME_BYTES_MAX` bytes.
    pub dataset: String,
    /// How many lines the payload has: at least 1, at most `model::limits::FRAME_RECORDS_MAX`.
    pub records: u32,
    /// NDJSON: each line ends with a newline, none is empty. At most
    /// `model::limits::FRAME_BYTES_MAX` bytes. The journal may keep the newest ones in memory,
    /// and with a payload the buffer that it is a slice of.
    pub payload: Bytes,
}

/// A stored frame. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its number within the partition.
    pub offset: Offset,
    /// When it arrived; never earlier than the frame before it.
    pub arrival: UnixNanos,
    /// Records or quarantined lines.
    pub kind: FrameKind,
    /// Whose they are.
    pub scope: Scope,
    /// Of which dataset.
    pub dataset: String,
    /// How many lines the payload has.
    pub records: u32,
    /// NDJSON, each line with its newline.
    pub payload: Bytes,
}

/// A client's name for a request, so that sending it again stores nothing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Digest of the key together with whatever bounds it (the scope, the dataset).
    pub key: [u8; 16],
    /// Digest of the request's content, to tell a repetition from another request.
    pub content: [u8; 16],
}

/// One request's frames: stored whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The client's name for the request.
    pub key: Option<IdempotencyKey>,
    /// The frames, in order; at least one.
    pub frames: Vec<FrameDraft>,
}

impl Append {
    /// Bytes of payload in all its frames.
    pub fn payload_bytes(&self) -> u64 {
        self.frames.iter().map(|frame| frame.payload.len() as u64).sum()
    }

    /// Checks the bounds that every journal keeps. Whether the payloads are NDJSON is the
    /// caller's word: it is not looked into here.
    pub fn check(&self) -> Result<(), AppendError> {
        if self.frames.is_empty() {
            return Err(AppendError::Malformed("it holds no frame".to_owned()));
        }
        let bytes = self.payload_bytes();
        if bytes > APPEND_BYTES_MAX {
            let reason = format!("it has {bytes} bytes, at most {APPEND_BYTES_MAX} are allowed");
            return Err(AppendError::Malformed(reason));
        }
        self.frames.iter().enumerate().try_for_each(|(index, frame)| {
            frame
                .check()
                .map_err(|reason| AppendError::Malformed(format!("frame {index} {reason}")))
        })
    }
}

impl FrameDraft {
    fn check(&self) -> Result<(), String> {
        let dataset = self.dataset.len();
        if !(1..=DATASET_NAME_BYTES_MAX).contains(&dataset) {
            return Err(format!(
                "has a dataset name of {dataset} bytes, allowed are 1 to {DATASET_NAME_BYTES_MAX}"
            ));
        }
        let records = self.records;
        if !(1..=FRAME_RECORDS_MAX).contains(&(records as usize)) {
            return Err(format!("has {records} records, allowed are 1 to {FRAME_RECORDS_MAX}"));
        }
        let bytes = self.payload.len();
        if !(1..=FRAME_BYTES_MAX).contains(&bytes) {
            return Err(format!("has {bytes} bytes, allowed are 1 to {FRAME_BYTES_MAX}"));
        }
        if self.payload.last() != Some(&b'\n') {
            return Err("does not end with a newline".to_owned());
        }
        Ok(())
    }
}

impl Frame {
    /// `draft` as it was stored.
    pub(crate) fn new(offset: Offset, arrival: UnixNanos, draft: FrameDraft) -> Self {
        let FrameDraft { kind, scope, dataset, records, payload } = draft;
        Self { offset, arrival, kind, scope, dataset, records, payload }
    }
}

/// Where an append's frames stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// They were stored now.
    Stored(OffsetRange),
    /// They were stored before, under the same idempotency key; in the partition of that time,
    /// from which the range may have been trimmed since.
    Repeated(OffsetRange),
}

impl Appended {
    /// The frames' range.
    pub const fn range(&self) -> OffsetRange {
        match self {
            Self::Stored(range) | Self::Repeated(range) => *range,
        }
    }
}

/// Where a quarantine frame stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRef {
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
    /// When it arrived.
    pub arrival: UnixNanos,
    /// Whose lines.
    pub scope: Scope,
    /// Of which dataset.
    pub dataset: String,
    /// How many lines.
    pub records: u32,
}
