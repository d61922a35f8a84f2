//! A grid of damage: what was torn is cut off, what was acknowledged and is damaged is said so.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use journal::{Journal, LocalJournal, OpenError, ReadError};
use model::Offset;

use crate::setup::{Home, P0, append, range, read_all, store, store_many, texts, with_key};

const HEADER: u64 = 64;

type Break = fn(&Path);

/// A journal of one segment: an append of two frames, one of one, and one of three. Returns the
/// positions where the appends begin, and the end of the file.
async fn three_appends(home: &Home) -> [u64; 4] {
    let journal = home.open();
    let mut ends = [HEADER, 0, 0, 0];
    let appends: [&[&str]; 3] = [&["1a\n", "1b\n"], &["2a\n"], &["3a\n", "3b\n", "3c\n"]];
    for (index, payloads) in appends.into_iter().enumerate() {
        store(&journal, payloads).await;
        ends[index + 1] = journal.bytes();
    }
    journal.close().await;
    ends
}

fn cut(path: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

async fn goes_on(journal: LocalJournal, next: u64) {
    assert_eq!(store(&journal, &["next\n"]).await, range(next, next + 1));
    journal.close().await;
}

#[tokio::test]
async fn an_append_that_is_torn_anywhere_is_cut_off_whole() {
    let home = Home::new();
    let [_, _, start, end] = three_appends(&home).await;
    let whole = fs::read(home.newest_segment()).unwrap();
    assert_eq!(whole.len() as u64, end);
    for at in start..end {
        fs::write(home.newest_segment(), &whole[..at as usize]).unwrap();
        let journal = home.open();
        assert_eq!(texts(&journal).await, ["1a\n", "1b\n", "2a\n"], "torn at {at}");
        assert_eq!(fs::metadata(home.newest_segment()).unwrap().len(), start);
        goes_on(journal, 3).await;
    }
}

#[tokio::test]
async fn a_tail_with_any_byte_changed_is_cut_off_whole() {
    let home = Home::new();
    let [_, _, start, end] = three_appends(&home).await;
    let whole = fs::read(home.newest_segment()).unwrap();
    for at in start..end {
        fs::write(home.newest_segment(), &whole).unwrap();
        flip(&home.newest_segment(), at);
        let journal = home.open();
        assert_eq!(texts(&journal).await, ["1a\n", "1b\n", "2a\n"], "changed at {at}");
        goes_on(journal, 3).await;
    }
}

#[tokio::test]
async fn a_tail_of_zeroes_is_cut_off() {
    let home = Home::new();
    let [.., end] = three_appends(&home).await;
    cut(&home.newest_segment(), end + 10_000);
    let journal = home.open();
    assert_eq!(journal.bounds(P0).end, Offset(6));
    goes_on(journal, 6).await;
}

#[tokio::test]
async fn a_changed_byte_before_what_was_acknowledged_keeps_the_journal_closed() {
    let home = Home::new();
    let [begin, .., start, _] = three_appends(&home).await;
    let whole = fs::read(home.newest_segment()).unwrap();
    for at in begin..start {
        fs::write(home.newest_segment(), &whole).unwrap();
        flip(&home.newest_segment(), at);
        let Err(OpenError::Damaged { path, at: found, .. }) = home.try_open() else {
            panic!("a changed byte at {at} should be found");
        };
        assert_eq!(path, home.newest_segment());
        assert!(found <= at, "the byte at {at} was changed, but {found} is blamed");
        assert_eq!(fs::metadata(&path).unwrap().len(), whole.len() as u64, "nothing is touched");
    }
}

#[tokio::test]
async fn a_changed_segment_header_keeps_the_journal_closed() {
    let home = Home::new();
    three_appends(&home).await;
    for at in 0..HEADER {
        flip(&home.newest_segment(), at);
        let opened = home.try_open();
        match opened {
            Err(OpenError::Version { found, supported: 1, .. }) => {
                assert!((8..12).contains(&at) && found != 1, "changed at {at}");
            }
            Err(OpenError::Damaged { at: 0, .. }) => {}
            other => panic!("a changed byte at {at} should be found, got {other:?}"),
        }
        flip(&home.newest_segment(), at);
    }
    home.try_open().unwrap();
}

#[tokio::test]
async fn a_segment_that_was_just_being_made_is_made_again() {
    for bytes in 0..HEADER {
        let home = Home::with_segments(600);
        let journal = home.open();
        store_many(&journal, 20).await;
        let end = journal.bounds(P0).end;
        let before = texts(&journal).await;
        journal.close().await;
        let name = format!("p0000/{:020}.seg", end.0);
        let header = fs::read(home.newest_segment()).unwrap();
        fs::write(home.path().join(&name), &header[..bytes as usize]).unwrap();
        let journal = home.open();
        assert_eq!(texts(&journal).await, before, "header of {bytes} bytes");
        goes_on(journal, end.0).await;
    }
}

#[tokio::test]
async fn a_sealed_segment_with_a_changed_byte_opens_but_says_so_when_it_is_read() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    store_many(&journal, 50).await;
    journal.close().await;
    let damaged = home.files(".seg").swap_remove(1);
    flip(&damaged, 200);
    let journal = home.open();
    let good = journal.read(P0, Offset(0), usize::MAX).await.unwrap();
    let next = good.last().unwrap().offset.next();
    let read = journal.read(P0, next, usize::MAX).await;
    let Err(ReadError::Damaged { path, at, .. }) = read else {
        panic!("the damage should be found, got {read:?}");
    };
    assert_eq!(path, damaged);
    assert!(at <= 200);
    let rest = journal.read(P0, Offset(40), usize::MAX).await.unwrap();
    assert_eq!(rest.len(), 10);
}

#[tokio::test]
async fn an_index_file_that_is_missing_or_broken_is_made_again() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    for key in 0..30 {
        journal.append(P0, with_key(key, 0, append(&["a\n"]))).await.unwrap();
    }
    let before = read_all(&journal).await;
    journal.close().await;
    let index_files = home.files(".idx");
    let original = index_files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();
    let breaks: [Break; 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| fs::write(path, "garbage, and quite a lot of it").unwrap(),
        |path| cut(path, fs::metadata(path).unwrap().len() - 1),
        |path| flip(path, 30),
    ];
    for damage in breaks {
        for path in &index_files {
            damage(path);
        }
        let journal = home.open();
        assert_eq!(read_all(&journal).await, before);
        let again = journal.append(P0, with_key(0, 0, append(&["a\n"]))).await.unwrap();
        assert_eq!(again, journal::Appended::Repeated(range(0, 1)));
        journal.close().await;
        let made = index_files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();
        assert_eq!(made, original);
    }
}

#[tokio::test]
async fn quarantined_lines_are_found_where_an_index_file_goes_missing_meanwhile() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    let mut quarantined = append(&["{}\n"]);
    quarantined.frames[0].kind = journal::FrameKind::Quarantine;
    for _ in 0..30 {
        journal.append(P0, quarantined.clone()).await.unwrap();
    }
    home.files(".idx").iter().for_each(|path| fs::remove_file(path).unwrap());
    assert_eq!(journal.quarantined(P0).await.unwrap().len(), 30);
    assert!(!home.files(".idx").is_empty());
}

#[tokio::test]
async fn sealed_segments_that_lost_something_keep_the_journal_closed() {
    let breaks: [Break; 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| cut(path, fs::metadata(path).unwrap().len() - 1),
        // Exactly one frame: 64 of header, 13 of name, 10 of payload.
        |path| cut(path, fs::metadata(path).unwrap().len() - 87),
        |path| {
            flip(path, 200);
            fs::remove_file(path.with_extension("idx")).unwrap();
        },
    ];
    for (number, damage) in breaks.into_iter().enumerate() {
        let home = Home::with_segments(1_000);
        let journal = home.open();
        store_many(&journal, 50).await;
        journal.close().await;
        damage(&home.files(".seg")[1]);
        let opened = home.try_open();
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{number}: {opened:?}");
    }
}

#[tokio::test]
async fn a_segment_of_a_later_version_is_named() {
    let home = Home::new();
    three_appends(&home).await;
    let file = OpenOptions::new().write(true).open(home.newest_segment()).unwrap();
    file.write_all_at(&2_u32.to_le_bytes(), 8).unwrap();
    let opened = home.try_open();
    let Err(OpenError::Version { found: 2, supported: 1, path }) = opened else {
        panic!("the version should be named, got {opened:?}");
    };
    assert_eq!(path, home.newest_segment());
}

#[tokio::test]
async fn a_segment_under_another_name_is_not_read_as_its_own() {
    let home = Home::new();
    three_appends(&home).await;
    fs::rename(home.newest_segment(), home.path().join("p0000/00000000000000000007.seg")).unwrap();
    assert!(matches!(home.try_open(), Err(OpenError::Damaged { at: 0, .. })));
}

#[tokio::test]
async fn foreign_files_are_left_alone() {
    let home = Home::new();
    three_appends(&home).await;
    let names = ["p0000/notes.txt", "p0000/00000000000000000000.seg.bak", "p0000/1.seg", "other"];
    for name in names {
        fs::write(home.path().join(name), "mine").unwrap();
    }
    let journal = home.open();
    assert_eq!(journal.partitions(), 1);
    assert_eq!(journal.bounds(P0).end, Offset(6));
    goes_on(journal, 6).await;
    for name in names {
        assert_eq!(fs::read_to_string(home.path().join(name)).unwrap(), "mine");
    }
}
