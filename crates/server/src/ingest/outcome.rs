//! What became of a request's lines: the answer, and the same answer again for a repetition.

use journal::{FrameKind, Journal, ReadError};
use model::{OffsetRange, Partition};
use schemars::JsonSchema;
use serde::Serialize;

use super::quarantine::{self, LineError};

/// Most refused lines that an answer explains.
const ERRORS_MAX: usize = 100;
/// Bytes that are read at a time.
const READ_BYTES: usize = 2 << 20;

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "IngestOutcome")]
pub(crate) struct Outcome {
    /// Records that were taken.
    pub(crate) accepted: u64,
    /// Lines that went to the quarantine.
    pub(crate) quarantined: u64,
    /// Why, for the first of them.
    pub(crate) errors: Vec<LineError>,
}

impl Outcome {
    /// How many lines there were.
    pub(super) fn lines(&self) -> u64 {
        self.accepted + self.quarantined
    }

    /// Counts a refused line and keeps why, if it is among the first.
    pub(super) fn refuse(&mut self, error: LineError) {
        self.quarantined += 1;
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }

    /// The outcome of the request whose frames stand at `range`.
    ///
    /// # Errors
    /// Where they are trimmed already, among others.
    pub(super) async fn of_frames(
        journal: &dyn Journal,
        partition: Partition,
        range: OffsetRange,
    ) -> Result<Self, ReadError> {
        let mut outcome = Self::default();
        let mut from = range.first;
        while from < range.next {
            let frames = journal.read(partition, from, READ_BYTES).await?;
            if frames.is_empty() {
                break;
            }
            for frame in frames.iter().filter(|frame| frame.offset < range.next) {
                match frame.kind {
                    FrameKind::Records => outcome.accepted += u64::from(frame.records),
                    FrameKind::Quarantine => {
                        quarantine::errors(frame).for_each(|error| outcome.refuse(error));
                    }
                }
            }
            from = from.plus(frames.len() as u64);
        }
        Ok(outcome)
    }
}
