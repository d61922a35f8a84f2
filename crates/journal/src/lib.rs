//! What has arrived: the durable, partitioned, append-only log.
//!
//! ```text
//!  partition 0    start                        end
//!                   ▼                           ▼
//!   (trimmed)     ┌───┬───┬───┬───┬───┬───┬───┐
//!  ─ ─ ─ ─ ─ ─ ─ ─│ 4 │ 5 │ 6 │ 7 │ 8 │ 9 │10 │ ◄── append: one request, whole or not at all
//!                 └───┴───┴───┴───┴───┴───┴───┘
//!                           ▲ read(6) gives 6, 7, … and never a gap
//! ```
//!
//! A frame holds one scope's records of one dataset. Frames of one append stand together, become
//! visible together and survive a crash together. A frame never changes.
//!
//! **Rules of this room.** When [`Journal::append`] returns, the frames are durable. Nothing that
//! was acknowledged is ever given up except by [`Journal::trim`], and the journal never trims by
//! itself: it only proposes ([`Journal::expired`]). It knows nothing of jobs, S3 or SQL.

mod clock;
mod error;
mod expiry;
mod frame;
mod keys;
mod memory;

pub mod local;

#[cfg(feature = "test-util")]
pub mod conformance;

use async_trait::async_trait;
use model::{Offset, Partition, UnixNanos};

#[cfg(feature = "test-util")]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use error::{AppendError, OpenError, ReadError};
pub use frame::{
    APPEND_BYTES_MAX, Append, Appended, Frame, FrameDraft, FrameKind, IdempotencyKey, QuarantineRef,
};
pub use local::{LocalJournal, LocalSettings};
pub use memory::MemoryJournal;

/// Where a partition begins and ends: it holds the frames `start <= offset < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The oldest frame that is still held.
    pub start: Offset,
    /// The offset that the next frame will get.
    pub end: Offset,
}

impl Bounds {
    /// Those of a partition that never held a frame.
    const EMPTY: Self = Self { start: Offset(0), end: Offset(0) };

    /// Whether reading can begin at `from`: at a frame that is held, or at the end.
    fn check(&self, partition: Partition, from: Offset) -> Result<(), ReadError> {
        if from < self.start {
            return Err(ReadError::Trimmed { partition, wanted: from, start: self.start });
        }
        if from > self.end {
            return Err(ReadError::BeyondEnd { partition, wanted: from, end: self.end });
        }
        Ok(())
    }
}

/// How long the journal holds frames. `None` means without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Frames that arrived longer ago than this many seconds have expired.
    pub max_age_seconds: Option<u64>,
    /// The oldest frames beyond this many bytes on disk, over all partitions, have expired.
    pub max_bytes: Option<u64>,
}

/// How many idempotency keys the journal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyCounts {
    /// Those that are remembered.
    pub held: u64,
    /// Those that were forgotten, since the journal was opened, before their 24 hours were over,
    /// because there were too many.
    pub forgotten_early: u64,
}

/// Whether the journal can take more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Writable,
    /// Not now, but by itself again when the cause is gone (such as a full disk).
    Refusing(String),
    /// Not before a restart: a failed fsync left the disk's state unknown.
    Poisoned(String),
}

/// The durable log. See the crate's documentation for the picture.
#[async_trait]
pub trait Journal: Send + Sync + std::fmt::Debug + 'static {
    /// How many partitions there are; they are numbered from 0.
    fn partitions(&self) -> u16;

    /// Stores all frames of `append`, or none, and returns when they are durable.
    ///
    /// With an idempotency key that was seen within the last 24 hours, in any partition, nothing
    /// is stored: the answer is [`Appended::Repeated`] with the range of the first time, or
    /// [`AppendError::KeyReused`] where the key came with other content. Two appends with one
    /// key that run at the same time store once. How many keys are remembered is bounded.
    ///
    /// Whoever stops waiting does not take the append back: it may be stored all the same.
    ///
    /// Frames get consecutive offsets in their order, and one arrival time that is never earlier
    /// than that of any frame before them in the partition.
    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError>;

    /// The frames from `from` on, in order and without a gap: as many as fit `max_bytes` of
    /// payload, but at least one where there is one. Empty at the end of the partition.
    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, ReadError>;

    /// Returns as soon as the partition ends beyond `offset` (at once, where it does already).
    /// Never returns for a partition that does not exist.
    async fn wait_beyond(&self, partition: Partition, offset: Offset);

    /// Where the partition begins and ends now. All that is before `end` is durable. A partition
    /// that does not exist is empty.
    fn bounds(&self, partition: Partition) -> Bounds;

    /// The first frame that arrived at `at` or later; the partition's end where there is none.
    async fn offset_for_time(
        &self,
        partition: Partition,
        at: UnixNanos,
    ) -> Result<Offset, ReadError>;

    /// Up to where `retention` would have the partition trimmed at the time `now`: its start,
    /// where nothing has expired.
    async fn expired(
        &self,
        partition: Partition,
        retention: Retention,
        now: UnixNanos,
    ) -> Result<Offset, ReadError>;

    /// Gives up frames before `before`, and returns the partition's new start. It may keep some
    /// of them (whole segments go at once), never gives up a frame from `before` on.
    async fn trim(&self, partition: Partition, before: Offset) -> Result<Offset, ReadError>;

    /// Where the quarantined lines stand that the journal holds, oldest first.
    async fn quarantined(&self, partition: Partition) -> Result<Vec<QuarantineRef>, ReadError>;

    /// How many idempotency keys are remembered, and how many were forgotten early.
    fn keys(&self) -> KeyCounts;

    /// Bytes of the frames that the journal holds, as it stores them, over all partitions.
    fn bytes(&self) -> u64;

    /// Whether it can take more.
    fn health(&self) -> Health;
}
