//! Promises about appending.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use model::limits::{DATASET_NAME_BYTES_MAX, FRAME_BYTES_MAX, FRAME_RECORDS_MAX};
use model::{AccountId, Offset, Partition, Scope};

use super::{BEGIN, P0, P1, Subject, append, draft, payloads, range};
use crate::{
    Append, AppendError, Appended, Bounds, Frame, FrameDraft, FrameKind, Health, ReadError,
    Retention,
};

/// A new journal is empty and can take something.
pub async fn a_new_journal_is_empty(subject: &Subject) {
    assert_eq!(subject.journal.partitions(), 2);
    assert_eq!(subject.journal.bounds(P0), Bounds { start: Offset(0), end: Offset(0) });
    assert_eq!(subject.read_all(P0).await, []);
    assert_eq!(subject.journal.health(), Health::Writable);
}

/// What comes back is what was appended, byte for byte.
pub async fn frames_come_back_as_they_were_appended(subject: &Subject) {
    let drafts = vec![
        draft("{\"a\":1}\n{\"a\":2}\n"),
        FrameDraft {
            kind: FrameKind::Quarantine,
            scope: Scope::account(AccountId::from_bytes([9; 16])),
            dataset: "d".repeat(DATASET_NAME_BYTES_MAX),
            records: FRAME_RECORDS_MAX as u32,
            payload: Bytes::from("\n".repeat(FRAME_RECORDS_MAX)),
        },
        FrameDraft { payload: Bytes::from(vec![b'\n'; FRAME_BYTES_MAX]), ..draft("{}\n") },
    ];
    let appended = subject.append(P0, Append { key: None, frames: drafts.clone() }).await;
    assert_eq!(appended.expect("the append is stored"), Appended::Stored(range(0, 3)));
    let frames = subject.read_all(P0).await;
    assert_eq!(frames.iter().map(|frame| frame.offset.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(frames.iter().all(|frame| frame.arrival == BEGIN));
    let back = frames.into_iter().map(|frame| {
        let Frame { kind, scope, dataset, records, payload, .. } = frame;
        FrameDraft { kind, scope, dataset, records, payload }
    });
    assert!(back.eq(drafts));
}

/// The frames of an append are neighbours and arrive at one moment.
pub async fn frames_of_one_append_stand_together_with_one_arrival(subject: &Subject) {
    assert_eq!(subject.store(["1\n", "2\n"]).await, range(0, 2));
    subject.clock.advance_seconds(1);
    assert_eq!(subject.store(["3\n", "4\n", "5\n"]).await, range(2, 5));
    let frames = subject.read_all(P0).await;
    assert_eq!(payloads(&frames), ["1\n", "2\n", "3\n", "4\n", "5\n"]);
    let arrivals: Vec<_> =
        frames.iter().map(|frame| (frame.arrival.0 - BEGIN.0) / 1_000_000_000).collect();
    assert_eq!(arrivals, [0, 0, 1, 1, 1]);
}

/// Each partition counts for itself.
pub async fn partitions_are_independent(subject: &Subject) {
    subject.store(["zero\n"]).await;
    let appended = subject.append(P1, append(["one\n"])).await;
    assert_eq!(appended.expect("the append is stored").range(), range(0, 1));
    assert_eq!(payloads(&subject.read_all(P0).await), ["zero\n"]);
    assert_eq!(payloads(&subject.read_all(P1).await), ["one\n"]);
}

/// Whoever names a partition that does not exist is told so.
pub async fn a_partition_that_does_not_exist_is_named(subject: &Subject) {
    let nowhere = Partition(2);
    let journal = &subject.journal;
    let appended = subject.append(nowhere, append(["1\n"])).await;
    assert!(matches!(appended, Err(AppendError::NoPartition(Partition(2)))));
    let is_named = |error| matches!(error, Some(ReadError::NoPartition(Partition(2))));
    assert!(is_named(journal.read(nowhere, Offset(0), 1).await.err()));
    assert!(is_named(journal.trim(nowhere, Offset(0)).await.err()));
    assert!(is_named(journal.offset_for_time(nowhere, BEGIN).await.err()));
    assert!(is_named(journal.quarantined(nowhere).await.err()));
    assert!(is_named(journal.expired(nowhere, Retention::default(), BEGIN).await.err()));
    assert_eq!(journal.bounds(nowhere), Bounds { start: Offset(0), end: Offset(0) });
}

/// A frame outside the bounds is refused, and the good ones beside it are not stored either.
pub async fn a_malformed_append_stores_nothing(subject: &Subject) {
    let good = || draft("{}\n");
    let bad = [
        FrameDraft { payload: Bytes::new(), ..good() },
        FrameDraft { payload: Bytes::from_static(b"{}"), ..good() },
        FrameDraft { payload: Bytes::from(vec![b'\n'; FRAME_BYTES_MAX + 1]), ..good() },
        FrameDraft { records: 0, ..good() },
        FrameDraft { records: FRAME_RECORDS_MAX as u32 + 1, ..good() },
        FrameDraft { dataset: String::new(), ..good() },
        FrameDraft { dataset: "d".repeat(DATASET_NAME_BYTES_MAX + 1), ..good() },
    ];
    let mut appends = vec![vec![]];
    appends.extend(bad.into_iter().map(|bad| vec![good(), bad]));
    for frames in appends {
        let appended = subject.append(P0, Append { key: None, frames }).await;
        assert!(matches!(appended, Err(AppendError::Malformed(_))), "{appended:?}");
    }
    assert_eq!(subject.journal.bounds(P0).end, Offset(0));
}

/// Arrival times stand still while the clock is behind them.
pub async fn arrival_never_goes_back(subject: &Subject) {
    for seconds in [10, -60, 20, 60] {
        subject.clock.advance_seconds(seconds);
        subject.store(["1\n"]).await;
    }
    let frames = subject.read_all(P0).await;
    let arrivals: Vec<_> =
        frames.iter().map(|frame| (frame.arrival.0 - BEGIN.0) / 1_000_000_000).collect();
    assert_eq!(arrivals, [10, 10, 10, 30]);
}

/// Whoever appends at the same time as others has their frames stored together, once.
pub async fn concurrent_appends_are_each_stored_whole_and_once(subject: &Subject) {
    const APPENDERS: usize = 16;
    const APPENDS: usize = 20;
    let appenders = (0..APPENDERS).map(|appender| {
        let journal = Arc::clone(&subject.journal);
        tokio::spawn(async move {
            for number in 0..APPENDS {
                let frames = [0, 1, 2].map(|frame| format!("{appender} {number} {frame}\n"));
                let frames = frames.iter().map(|payload| draft(payload)).collect();
                let appended = journal.append(P0, Append { key: None, frames }).await;
                assert!(matches!(appended, Ok(Appended::Stored(_))), "{appended:?}");
            }
        })
    });
    for appender in appenders.collect::<Vec<_>>() {
        appender.await.expect("every append is stored");
    }
    let frames = subject.read_all(P0).await;
    assert_eq!(frames.len(), APPENDERS * APPENDS * 3);
    let mut seen = HashSet::new();
    for (together, first) in frames.chunks(3).zip((0..).step_by(3)) {
        assert!(together.iter().map(|frame| frame.offset.0).eq(first..first + 3));
        let texts = payloads(together);
        let name = texts[0].trim_end().trim_end_matches('0');
        assert!(texts.iter().enumerate().all(|(i, text)| *text == format!("{name}{i}\n")));
        assert!(seen.insert(name.to_owned()), "`{name}` stands twice");
    }
}
