//! What a journal knows after it was closed, or left, and opened again.

use std::sync::Arc;

use journal::local::OsDisk;
use journal::{
    Append, AppendError, Appended, Frame, FrameDraft, FrameKind, Health, Journal, OpenError,
};
use model::{Offset, Partition};

use crate::setup::{
    BEGIN, Home, P0, append, draft, payload, range, read_all, store, store_many, texts, with_key,
};

#[tokio::test]
async fn everything_is_there_again() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    store_many(&journal, 50).await;
    let before = read_all(&journal).await;
    let bytes = journal.bytes();
    journal.close().await;
    let journal = home.open();
    assert_eq!(read_all(&journal).await, before);
    assert_eq!(journal.bytes(), bytes);
    assert_eq!(journal.bounds(P0).end, Offset(50));
    assert_eq!(store(&journal, &["next\n"]).await, range(50, 51));
}

#[tokio::test]
async fn small_and_large_appends_are_read_from_the_files_as_they_were_stored() {
    let mut home = Home::with_segments(3_000_000);
    home.settings.tail_bytes_max = 0;
    let payload = |bytes: usize| {
        let mut text: Vec<u8> = (0..bytes).map(|at| b' ' + (at * 7 / 5 % 90) as u8).collect();
        text.push(b'\n');
        text
    };
    let sizes =
        [1, 70_000, 4_095, 1_000_000, 10, 65_536, 999_999, 300_000, 3, 1_000_000, 1_000_000];
    let wanted: Vec<Vec<u8>> = sizes.into_iter().map(payload).collect();
    let journal = home.try_open_on(Arc::new(OsDisk)).unwrap();
    for payload in &wanted {
        let append = Append { key: None, frames: vec![draft(payload.clone())] };
        journal.append(P0, append).await.unwrap();
    }
    let payloads = |frames: Vec<Frame>| -> Vec<Vec<u8>> {
        frames.into_iter().map(|frame| frame.payload.to_vec()).collect()
    };
    assert!(payloads(read_all(&journal).await) == wanted);
    journal.close().await;
    let journal = home.try_open_on(Arc::new(OsDisk)).unwrap();
    assert!(home.files(".seg").len() > 1);
    assert!(payloads(read_all(&journal).await) == wanted);
}

#[tokio::test]
async fn a_journal_that_was_never_closed_opens_as_well() {
    let home = Home::new();
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    drop(journal);
    let journal = loop {
        // The writer gives the directory free when it has ended, a moment after the drop.
        match home.try_open() {
            Err(OpenError::Locked(_)) => tokio::task::yield_now().await,
            opened => break opened.unwrap(),
        }
    };
    assert_eq!(texts(&journal).await, ["1\n"]);
}

#[tokio::test]
async fn a_second_journal_is_kept_out() {
    let home = Home::new();
    let journal = home.open();
    let second = home.try_open();
    assert!(matches!(second, Err(OpenError::Locked(dir)) if dir == home.path()));
    journal.close().await;
    home.try_open().unwrap();
}

#[tokio::test]
async fn a_closed_journal_takes_nothing_and_still_reads() {
    let home = Home::new();
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    journal.close().await;
    let appended = journal.append(P0, append(&["2\n"])).await;
    assert!(matches!(appended, Err(AppendError::Closed)), "{appended:?}");
    assert_eq!(texts(&journal).await, ["1\n"]);
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_the_appends_that_were_taken() {
    let home = Home::new();
    let journal = Arc::new(home.open());
    let appends = (0..50).map(|_| {
        let journal = Arc::clone(&journal);
        tokio::spawn(async move { journal.append(P0, append(&["1\n"])).await })
    });
    let appends = appends.collect::<Vec<_>>();
    journal.close().await;
    let mut stored = 0;
    for append in appends {
        match append.await.unwrap() {
            Ok(Appended::Stored(_)) => stored += 1,
            Err(AppendError::Closed) => {}
            other => panic!("an append was answered with {other:?}"),
        }
    }
    assert_eq!(home.open().bounds(P0).end, Offset(stored));
}

#[tokio::test]
async fn keys_are_known_after_a_restart() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    for key in 0..40 {
        let appended = journal.append(P0, with_key(key, 0, append(&["a\n", "b\n"]))).await;
        assert!(matches!(appended, Ok(Appended::Stored(_))));
    }
    journal.close().await;
    assert!(home.files(".seg").len() > 3, "some keys should stand in sealed segments");
    let journal = home.open();
    for key in 0..40 {
        let first = u64::from(key) * 2;
        let again = journal.append(P0, with_key(key, 0, append(&["a\n", "b\n"]))).await;
        assert_eq!(again.unwrap(), Appended::Repeated(range(first, first + 2)));
        let other = journal.append(P0, with_key(key, 1, append(&["a\n"]))).await;
        assert!(matches!(other, Err(AppendError::KeyReused(_))));
    }
    assert_eq!(journal.bounds(P0).end, Offset(80));
}

#[tokio::test]
async fn the_keys_of_trimmed_frames_are_known_after_a_restart_until_their_day_is_over() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    let first = journal.append(P0, with_key(1, 1, append(&["a\n"]))).await;
    assert!(matches!(first, Ok(Appended::Stored(_))));
    store_many(&journal, 50).await;
    assert!(journal.trim(P0, Offset(50)).await.unwrap() > Offset(0));
    journal.close().await;
    assert!(home.files(".idx").len() >= home.files(".seg").len());

    let journal = home.open();
    let again = journal.append(P0, with_key(1, 1, append(&["a\n"]))).await;
    assert_eq!(again.unwrap(), Appended::Repeated(range(0, 1)));
    home.clock.advance_seconds(24 * 60 * 60);
    journal.trim(P0, Offset(0)).await.unwrap();
    assert!(home.files("00000000.idx").is_empty(), "the index file should be gone by now");
    journal.close().await;
    let journal = home.open();
    let again = journal.append(P0, with_key(1, 1, append(&["a\n"]))).await;
    assert!(matches!(again, Ok(Appended::Stored(_))));
}

#[tokio::test]
async fn kept_index_files_of_yesterday_go_when_the_journal_is_opened() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    let _stored = journal.append(P0, with_key(1, 1, append(&["a\n"]))).await.unwrap();
    store_many(&journal, 50).await;
    journal.trim(P0, Offset(50)).await.unwrap();
    journal.close().await;
    home.clock.advance_seconds(24 * 60 * 60);
    home.open().close().await;
    assert!(home.files("00000000.idx").is_empty());
}

#[tokio::test]
async fn arrival_never_goes_back_over_a_restart() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    store_many(&journal, 30).await;
    journal.close().await;
    home.clock.advance_seconds(-3_600);
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    assert_eq!(read_all(&journal).await.last().unwrap().arrival, BEGIN);
}

#[tokio::test]
async fn arrival_never_goes_back_even_where_all_frames_were_trimmed() {
    let home = Home::with_segments(500);
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    // Too large for the first segment, and the only one of the second.
    let large = draft(payload(600));
    let large = Append { key: None, frames: vec![large] };
    journal.append(P0, large).await.unwrap();
    assert_eq!(journal.trim(P0, Offset(2)).await.unwrap(), Offset(1));
    journal.close().await;
    // The second segment loses its frame, as if it had never been written.
    let newest = std::fs::OpenOptions::new().write(true).open(home.newest_segment()).unwrap();
    newest.set_len(64).unwrap();
    home.clock.advance_seconds(-3_600);
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    assert_eq!(read_all(&journal).await[0].arrival, BEGIN);
}

#[tokio::test]
async fn partitions_may_grow_and_never_shrink() {
    let mut home = Home::new();
    home.settings.partitions = 3;
    let journal = home.open();
    journal.append(Partition(2), append(&["two\n"])).await.unwrap();
    journal.close().await;
    home.settings.partitions = 1;
    let journal = home.open();
    assert_eq!(journal.partitions(), 3);
    let frames = journal.read(Partition(2), Offset(0), 100).await.unwrap();
    assert_eq!(frames[0].payload, "two\n");
    journal.close().await;
    home.settings.partitions = 4;
    assert_eq!(home.open().partitions(), 4);
}

#[tokio::test]
async fn quarantined_lines_are_found_after_a_restart() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    let quarantined = FrameDraft { kind: FrameKind::Quarantine, ..draft("{}\n") };
    for _ in 0..20 {
        let frames = vec![draft("1\n"), quarantined.clone()];
        journal.append(P0, Append { key: None, frames }).await.unwrap();
    }
    let before = journal.quarantined(P0).await.unwrap();
    assert_eq!(before.len(), 20);
    journal.close().await;
    assert_eq!(home.open().quarantined(P0).await.unwrap(), before);
}

#[tokio::test]
async fn a_segment_is_sealed_when_it_is_old() {
    let home = Home::new();
    let journal = home.open();
    store(&journal, &["1\n"]).await;
    home.clock.advance_seconds(3_599);
    store(&journal, &["2\n"]).await;
    assert_eq!(journal.trim(P0, Offset(2)).await.unwrap(), Offset(0));
    home.clock.advance_seconds(1);
    store(&journal, &["3\n"]).await;
    assert_eq!(journal.trim(P0, Offset(2)).await.unwrap(), Offset(2));
    assert_eq!(journal.health(), Health::Writable);
}
