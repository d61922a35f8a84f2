//! Promises about reading.

use std::sync::Arc;
use std::time::Duration;

use model::{Offset, Partition, UnixNanos};
use tokio::time::timeout;

use super::{BEGIN, P0, Subject, append, draft, payloads, range};
use crate::{Append, FrameDraft, FrameKind, QuarantineRef, ReadError};

/// A read fills the bytes it was given, and no more.
pub async fn a_read_gives_as_many_frames_as_fit(subject: &Subject) {
    for _ in 0..200 {
        subject.store(["123456789\n"]).await;
    }
    for (from, max_bytes, frames) in [(0, 10, 1), (0, 29, 2), (5, 30, 3), (7, 1_500, 150)] {
        let read = subject.journal.read(P0, Offset(from), max_bytes).await;
        let read = read.expect("all frames are held");
        let offsets = read.iter().map(|frame| frame.offset.0);
        assert!(offsets.eq(from..from + frames), "from {from}, {max_bytes} bytes");
    }
}

/// A reader with little room still gets on.
pub async fn a_read_gives_at_least_one_frame(subject: &Subject) {
    subject.store(["long enough\n", "2\n"]).await;
    let read = subject.journal.read(P0, Offset(0), 0).await;
    assert_eq!(payloads(&read.expect("the frame is held")), ["long enough\n"]);
}

/// At the end there is nothing; beyond it, nothing can be.
pub async fn reading_ends_at_the_end(subject: &Subject) {
    subject.store(["1\n"]).await;
    let at_end = subject.journal.read(P0, Offset(1), 100).await;
    assert_eq!(at_end.expect("reading at the end is allowed"), []);
    let beyond = subject.journal.read(P0, Offset(2), 100).await;
    let Err(ReadError::BeyondEnd { partition, wanted, end }) = beyond else {
        panic!("reading beyond the end should fail, got {beyond:?}");
    };
    assert_eq!((partition, wanted, end), (P0, Offset(2), Offset(1)));
}

/// Who waits is woken by the next frame, and by nothing else.
pub async fn waiting_ends_when_a_frame_arrives(subject: &Subject) {
    let journal = Arc::clone(&subject.journal);
    let waiting = tokio::spawn(async move {
        journal.wait_beyond(P0, Offset(0)).await;
        journal.bounds(P0).end
    });
    let other = subject.append(Partition(1), append(["1\n"])).await;
    other.expect("the append is stored");
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "a frame of another partition woke the waiting one");
    subject.store(["1\n"]).await;
    assert_eq!(waiting.await.expect("the wait ends"), Offset(1));
    subject.journal.wait_beyond(P0, Offset(0)).await;
    let early = timeout(Duration::from_millis(20), subject.journal.wait_beyond(P0, Offset(1)));
    assert!(early.await.is_err(), "the wait ended before the frame came");
}

/// A moment leads to the first frame that arrived then or later.
pub async fn a_time_finds_the_first_frame_from_then_on(subject: &Subject) {
    for _ in 0..100 {
        subject.clock.advance_seconds(10);
        subject.store(["123456789\n", "123456789\n"]).await;
    }
    let second = |seconds: i64| UnixNanos(BEGIN.0 + seconds * 1_000_000_000);
    let cases = [(-5, 0), (0, 0), (10, 0), (11, 2), (20, 2), (995, 198), (1_000, 198)];
    for (seconds, offset) in cases.into_iter().chain([(1_001, 200), (100_000, 200)]) {
        let found = subject.journal.offset_for_time(P0, second(seconds)).await;
        assert_eq!(found.expect("times can be looked up"), Offset(offset), "after {seconds} s");
    }
}

/// Quarantined lines are listed with all that is needed to find them.
pub async fn quarantined_lines_are_found(subject: &Subject) {
    let quarantined = FrameDraft { kind: FrameKind::Quarantine, ..draft("{}\n{}\n") };
    for _ in 0..20 {
        let frames = vec![draft("1\n"), quarantined.clone()];
        let appended = subject.append(P0, Append { key: None, frames }).await;
        assert!(appended.is_ok(), "{appended:?}");
    }
    let places = subject.journal.quarantined(P0).await.expect("they can be listed");
    let expected = (0..20).map(|append| QuarantineRef {
        partition: P0,
        offset: range(2 * append + 1, 2 * append + 2).first,
        arrival: BEGIN,
        scope: quarantined.scope,
        dataset: quarantined.dataset.clone(),
        records: 2,
    });
    assert!(places.into_iter().eq(expected));
    assert_eq!(subject.journal.quarantined(Partition(1)).await.expect("they can be listed"), []);
}
