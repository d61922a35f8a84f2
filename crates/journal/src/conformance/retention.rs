//! Promises about giving frames up.

use model::{Offset, Partition, UnixNanos};

use super::{BEGIN, P0, P1, Subject, append};
use crate::{ReadError, Retention};

/// Appends 100 small frames to a partition, one every ten seconds.
async fn fill(subject: &Subject, partition: Partition) {
    for _ in 0..100 {
        subject.clock.advance_seconds(10);
        let appended = subject.append(partition, append(["123456789\n"])).await;
        assert!(appended.is_ok(), "{appended:?}");
    }
}

/// Trimming moves the start, never past what it was told, and leaves the rest as it was.
pub async fn trimming_gives_up_old_frames_only(subject: &Subject) {
    fill(subject, P0).await;
    let before = subject.read_all(P0).await;
    let bytes = subject.journal.bytes();
    let start = subject.journal.trim(P0, Offset(50)).await.expect("trimming works");
    assert!(start > Offset(0) && start <= Offset(50), "the new start is {start}");
    assert_eq!(subject.journal.bounds(P0).start, start);
    assert_eq!(subject.read_all(P0).await, before[start.0 as usize..]);
    assert!(subject.journal.bytes() < bytes);
    let again = subject.journal.trim(P0, Offset(10)).await.expect("trimming works");
    assert_eq!(again, start);
}

/// Who trims everything can go on appending, and offsets go on too.
pub async fn trimming_beyond_the_end_keeps_the_journal_in_order(subject: &Subject) {
    fill(subject, P0).await;
    let start = subject.journal.trim(P0, Offset(u64::MAX)).await.expect("trimming works");
    assert!(start <= Offset(100), "the new start is {start}");
    assert_eq!(subject.store(["next\n"]).await.first, Offset(100));
    let read = subject.journal.read(P0, Offset(100), 100).await.expect("the frame is held");
    assert_eq!(read.len(), 1);
}

/// A reader that comes too late is told where to go on.
pub async fn trimmed_frames_are_said_to_be_gone(subject: &Subject) {
    fill(subject, P0).await;
    let held = subject.journal.trim(P0, Offset(90)).await.expect("trimming works");
    let read = subject.journal.read(P0, Offset(0), 100).await;
    let Err(ReadError::Trimmed { partition, wanted, start }) = read else {
        panic!("reading a trimmed frame should fail, got {read:?}");
    };
    assert_eq!((partition, wanted, start), (P0, Offset(0), held));
    let time = subject.journal.offset_for_time(P0, BEGIN).await;
    assert_eq!(time.expect("times can be looked up"), held);
}

/// The journal proposes nothing that it was not asked for.
pub async fn without_retention_nothing_expires(subject: &Subject) {
    fill(subject, P0).await;
    let expired = subject.journal.expired(P0, Retention::default(), UnixNanos(i64::MAX)).await;
    assert_eq!(expired.expect("it can be asked"), Offset(0));
}

/// Old frames expire, and not a second too early.
pub async fn frames_expire_by_age(subject: &Subject) {
    fill(subject, P0).await;
    let retention = Retention { max_age_seconds: Some(500), max_bytes: None };
    let now = UnixNanos(BEGIN.0 + 1_000 * 1_000_000_000);
    let expired = subject.journal.expired(P0, retention, now).await.expect("it can be asked");
    // The frame 49 arrived 500 seconds ago.
    assert!(expired > Offset(0) && expired <= Offset(49), "expired up to {expired}");
    let later = UnixNanos(i64::MAX);
    let expired = subject.journal.expired(P0, retention, later).await.expect("it can be asked");
    assert!(expired > Offset(49) && expired <= Offset(100), "expired up to {expired}");
}

/// Where there is too much, what came first goes first, whatever partition it is in.
pub async fn the_oldest_frames_of_all_partitions_expire_by_bytes(subject: &Subject) {
    fill(subject, P0).await;
    let half = subject.journal.bytes();
    fill(subject, P1).await;
    let now = UnixNanos(BEGIN.0 + 2_000 * 1_000_000_000);
    let within = |max_bytes| Retention { max_age_seconds: None, max_bytes: Some(max_bytes) };
    let all = within(subject.journal.bytes());
    assert_eq!(subject.journal.expired(P0, all, now).await.expect("asked"), Offset(0));
    let retention = within(half + half / 2);
    let older = subject.journal.expired(P0, retention, now).await.expect("it can be asked");
    assert!(older > Offset(0) && older < Offset(100), "expired up to {older}");
    let newer = subject.journal.expired(P1, retention, now).await.expect("it can be asked");
    assert_eq!(newer, Offset(0));
    subject.journal.trim(P0, older).await.expect("trimming works");
    assert!(subject.journal.bytes() <= half + half / 2);
}
