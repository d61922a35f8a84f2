//! Where something stands in the journal.
//!
//! A position is (partition, offset); the offset counts the frames of its partition from 0.
//! Ranges are half-open everywhere: `first` is in, `next` is not.
//!
//! ```text
//!   offset   0   1   2   3   4   5   6
//!          ┌───┬───┬───┬───┬───┬───┬ ─ ─
//!          │   │   │ ▓ │ ▓ │ ▓ │   │
//!          └───┴───┴───┴───┴───┴───┴ ─ ─
//!                    ▲           ▲
//!                  first       next        OffsetRange { first: 2, next: 5 } holds 2, 3 and 4
//! ```

use std::fmt;

/// One of the journal's parallel logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u16);

/// The number of a frame within its partition, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset `frames` further on.
    #[must_use]
    pub const fn plus(self, frames: u64) -> Self {
        Self(self.0 + frames)
    }

    /// The offset of the next frame.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A run of frames of one partition: from `first`, up to but without `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OffsetRange {
    /// The first frame of the range.
    pub first: Offset,
    /// The frame after its last.
    pub next: Offset,
}

impl OffsetRange {
    /// The range from `first` up to but without `next`.
    pub const fn new(first: Offset, next: Offset) -> Self {
        Self { first, next }
    }

    /// How many frames it holds.
    pub const fn frames(&self) -> u64 {
        self.next.0.saturating_sub(self.first.0)
    }

    /// Whether it holds no frame.
    pub const fn is_empty(&self) -> bool {
        self.frames() == 0
    }

    /// Whether `offset` is in it.
    pub fn contains(&self, offset: Offset) -> bool {
        self.first <= offset && offset < self.next
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.next)
    }
}
