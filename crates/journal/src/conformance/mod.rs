//! What every journal promises, as tests that each implementation runs.
//!
//! [`conformance_suite!`](crate::conformance_suite) makes one test of each promise. The journal
//! under test should have small segments (about a kilobyte), or there is nothing to trim.

mod append;
mod keys;
mod read;
mod retention;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use model::time::NANOS_PER_SECOND;
use model::{Id, Offset, OffsetRange, Partition, Scope, UnixNanos};
use tempfile::TempDir;

use crate::{
    Append, AppendError, Appended, Clock, Frame, FrameDraft, FrameKind, IdempotencyKey, Journal,
    ManualClock,
};

pub use self::append::*;
pub use self::keys::*;
pub use self::read::*;
pub use self::retention::*;

/// Opens an empty journal of that many partitions; it may keep its files in the directory.
pub type Open = fn(&Path, u16, Arc<dyn Clock>) -> Arc<dyn Journal>;

/// When the clock of the journal under test begins.
const BEGIN: UnixNanos = UnixNanos(1_700_000_000 * NANOS_PER_SECOND);
const P0: Partition = Partition(0);
const P1: Partition = Partition(1);

/// A journal of two partitions under test, and the clock it goes by.
#[derive(Debug)]
pub struct Subject {
    journal: Arc<dyn Journal>,
    clock: Arc<ManualClock>,
    _dir: TempDir,
}

impl Subject {
    /// Opens a journal to test.
    pub fn new(open: Open) -> Self {
        let dir = TempDir::new().expect("tests need a directory for temporary files");
        let clock = Arc::new(ManualClock::new(BEGIN));
        let journal = open(dir.path(), 2, Arc::<ManualClock>::clone(&clock));
        Self { journal, clock, _dir: dir }
    }

    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError> {
        self.journal.append(partition, append).await
    }

    /// Appends frames with these payloads to partition 0.
    async fn store<const N: usize>(&self, payloads: [&str; N]) -> OffsetRange {
        match self.append(P0, append(payloads)).await {
            Ok(Appended::Stored(range)) => range,
            other => panic!("the append should be stored, got {other:?}"),
        }
    }

    async fn read_all(&self, partition: Partition) -> Vec<Frame> {
        let from = self.journal.bounds(partition).start;
        let read = self.journal.read(partition, from, usize::MAX).await;
        read.expect("all that is held can be read")
    }
}

fn append<const N: usize>(payloads: [&str; N]) -> Append {
    Append { key: None, frames: payloads.map(draft).into() }
}

fn with_key(key: u8, content: u8, append: Append) -> Append {
    let key = IdempotencyKey { key: [key; 16], content: [content; 16] };
    Append { key: Some(key), ..append }
}

fn draft(payload: &str) -> FrameDraft {
    FrameDraft {
        kind: FrameKind::Records,
        scope: Scope::zone(Id::from_bytes([7; 16])),
        dataset: "http_requests".to_owned(),
        records: payload.lines().count() as u32,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

fn payloads(frames: &[Frame]) -> Vec<&str> {
    let text = |frame| str::from_utf8(frame).expect("the tests append text");
    frames.iter().map(|frame| text(&frame.payload)).collect()
}

fn range(first: u64, next: u64) -> OffsetRange {
    OffsetRange::new(Offset(first), Offset(next))
}

/// Makes a test of each promise for the journal that the function at `$open` opens; see
/// [`conformance::Open`](crate::conformance::Open). Needs tokio's test macro.
#[macro_export]
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::conformance_suite! { @tests $open:
            a_new_journal_is_empty,
            frames_come_back_as_they_were_appended,
            frames_of_one_append_stand_together_with_one_arrival,
            partitions_are_independent,
            a_partition_that_does_not_exist_is_named,
            a_malformed_append_stores_nothing,
            arrival_never_goes_back,
            concurrent_appends_are_each_stored_whole_and_once,
            a_repeated_key_stores_nothing,
            a_key_with_other_content_is_refused,
            keys_count_over_all_partitions,
            a_key_is_forgotten_after_a_day,
            concurrent_appends_with_one_key_store_once,
            a_refused_append_does_not_use_up_its_key,
            a_read_gives_as_many_frames_as_fit,
            a_read_gives_at_least_one_frame,
            reading_ends_at_the_end,
            waiting_ends_when_a_frame_arrives,
            a_time_finds_the_first_frame_from_then_on,
            quarantined_lines_are_found,
            trimming_gives_up_old_frames_only,
            trimming_beyond_the_end_keeps_the_journal_in_order,
            trimmed_frames_are_said_to_be_gone,
            without_retention_nothing_expires,
            frames_expire_by_age,
            the_oldest_frames_of_all_partitions_expire_by_bytes,
        }
    };
    (@tests $open:path: $($promise:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let subject = $crate::conformance::Subject::new($open);
                $crate::conformance::$promise(&subject).await;
            }
        )+
    };
}
