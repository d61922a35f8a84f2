//! Promises about idempotency keys.

use std::sync::Arc;

use super::{P0, P1, Subject, append, draft, payloads, range, with_key};
use crate::{Append, AppendError, Appended, FrameDraft};

/// A repeated key gets the first answer's range, and stores nothing.
pub async fn a_repeated_key_stores_nothing(subject: &Subject) {
    subject.store(["before\n"]).await;
    let first = subject.append(P0, with_key(1, 1, append(["a\n", "b\n"]))).await;
    assert_eq!(first.expect("the first is stored"), Appended::Stored(range(1, 3)));
    subject.store(["after\n"]).await;
    let second = subject.append(P0, with_key(1, 1, append(["a\n", "b\n"]))).await;
    assert_eq!(second.expect("the second is answered"), Appended::Repeated(range(1, 3)));
    let frames = subject.read_all(P0).await;
    assert_eq!(payloads(&frames), ["before\n", "a\n", "b\n", "after\n"]);
}

/// The same key with another body is a mistake of the client, and stores nothing.
pub async fn a_key_with_other_content_is_refused(subject: &Subject) {
    let first = subject.append(P0, with_key(1, 1, append(["a\n"]))).await;
    assert_eq!(first.expect("the first is stored").range(), range(0, 1));
    let second = subject.append(P0, with_key(1, 2, append(["b\n"]))).await;
    assert!(matches!(second, Err(AppendError::KeyReused(first)) if first == range(0, 1)));
    let other = subject.append(P0, with_key(2, 2, append(["b\n"]))).await;
    assert_eq!(other.expect("another key is stored"), Appended::Stored(range(1, 2)));
}

/// A key that comes back to another partition is known there too.
pub async fn keys_count_over_all_partitions(subject: &Subject) {
    let first = subject.append(P0, with_key(1, 1, append(["a\n"]))).await;
    assert!(matches!(first, Ok(Appended::Stored(_))));
    let second = subject.append(P1, with_key(1, 1, append(["a\n"]))).await;
    assert!(matches!(second, Ok(Appended::Repeated(_))));
    assert_eq!(subject.read_all(P1).await, []);
}

/// A day later the key is new again.
pub async fn a_key_is_forgotten_after_a_day(subject: &Subject) {
    let again = || with_key(1, 1, append(["a\n"]));
    let first = subject.append(P0, again()).await;
    assert!(matches!(first, Ok(Appended::Stored(_))));
    subject.clock.advance_seconds(24 * 60 * 60 - 1);
    let second = subject.append(P0, again()).await;
    assert!(matches!(second, Ok(Appended::Repeated(_))));
    subject.clock.advance_seconds(1);
    let third = subject.append(P0, again()).await;
    assert_eq!(third.expect("the third is stored"), Appended::Stored(range(1, 2)));
}

/// Of many appends with one key at the same moment one is stored; all are told where.
pub async fn concurrent_appends_with_one_key_store_once(subject: &Subject) {
    let appenders = (0..16).map(|_| {
        let journal = Arc::clone(&subject.journal);
        tokio::spawn(async move { journal.append(P0, with_key(1, 1, append(["a\n"]))).await })
    });
    let mut stored = 0;
    for appender in appenders.collect::<Vec<_>>() {
        let appended = appender.await.expect("no append panics").expect("each is answered");
        assert_eq!(appended.range(), range(0, 1));
        stored += usize::from(matches!(appended, Appended::Stored(_)));
    }
    assert_eq!(stored, 1);
    assert_eq!(payloads(&subject.read_all(P0).await), ["a\n"]);
}

/// After an append that was refused, its key is as good as new.
pub async fn a_refused_append_does_not_use_up_its_key(subject: &Subject) {
    let bad = Append { key: None, frames: vec![FrameDraft { records: 0, ..draft("a\n") }] };
    let refused = subject.append(P0, with_key(1, 1, bad)).await;
    assert!(matches!(refused, Err(AppendError::Malformed(_))));
    let appended = subject.append(P0, with_key(1, 2, append(["a\n"]))).await;
    assert_eq!(appended.expect("the good one is stored"), Appended::Stored(range(0, 1)));
}
