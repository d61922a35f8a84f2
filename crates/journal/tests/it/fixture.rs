//! A journal that was written in version 1 of the format opens, and holds what it held.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use journal::{Append, AppendError, Appended, FrameDraft, FrameKind, Journal, LocalJournal};
use model::{AccountId, Offset, Partition, Scope, UnixNanos};

use crate::setup::{BEGIN, Home, P0, append, draft, range, store, texts, with_key};

const P1: Partition = Partition(1);

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/v1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The home that the journal is written in, and opened in.
fn home() -> Home {
    let mut home = Home::with_segments(400);
    home.settings.partitions = 2;
    home
}

fn quarantined() -> FrameDraft {
    FrameDraft {
        kind: FrameKind::Quarantine,
        scope: Scope::account(AccountId::from_bytes([0xab; 16])),
        dataset: "firewall_events".to_owned(),
        records: 2,
        payload: Bytes::from("{\"line\":3}\n{\"line\":4}\n"),
    }
}

async fn write(journal: &LocalJournal, home: &Home) {
    store(journal, &["{\"n\":1}\n", "{\"n\":2}\n"]).await;
    home.clock.advance_seconds(1);
    journal.append(P0, with_key(1, 2, append(&["{\"n\":3}\n"]))).await.unwrap();
    home.clock.advance_seconds(1);
    let frames = vec![draft("{\"n\":4}\n"), quarantined()];
    journal.append(P0, Append { key: None, frames }).await.unwrap();
    home.clock.advance_seconds(1);
    journal.append(P0, with_key(3, 4, append(&["{\"n\":5}\n"]))).await.unwrap();
    journal.append(P1, append(&["{\"other\":true}\n"])).await.unwrap();
}

#[tokio::test]
async fn a_journal_of_version_1_opens_and_holds_what_it_held() {
    let home = home();
    copy(&testdata(), home.path());
    assert_eq!((home.files(".seg").len(), home.files(".idx").len()), (2, 1));
    home.clock.advance_seconds(60);
    let journal = home.open();
    let lines = ["{\"n\":1}\n", "{\"n\":2}\n", "{\"n\":3}\n", "{\"n\":4}\n"];
    let all = [&lines[..], &["{\"line\":3}\n{\"line\":4}\n", "{\"n\":5}\n"]].concat();
    assert_eq!(texts(&journal).await, all);

    let frames = journal.read(P0, Offset(0), usize::MAX).await.unwrap();
    let seconds = frames.iter().map(|frame| (frame.arrival.0 - BEGIN.0) / 1_000_000_000);
    assert!(seconds.eq([0, 0, 1, 2, 2, 3]));
    let FrameDraft { kind, scope, dataset, records, .. } = quarantined();
    let place = &journal.quarantined(P0).await.unwrap()[0];
    assert_eq!((place.offset, place.scope, place.records), (Offset(4), scope, records));
    assert_eq!((frames[4].kind, &frames[4].dataset, &place.dataset), (kind, &dataset, &dataset));
    assert_eq!(frames[0].scope, draft("\n").scope);

    let other = journal.read(P1, Offset(0), usize::MAX).await.unwrap();
    assert_eq!(other[0].payload, "{\"other\":true}\n");
    assert_eq!(other[0].arrival, UnixNanos(BEGIN.0 + 3_000_000_000));

    let again = |key, content| with_key(key, content, append(&["{}\n"]));
    let first = journal.append(P0, again(1, 2)).await.unwrap();
    assert_eq!(first, Appended::Repeated(range(2, 3)));
    let second = journal.append(P0, again(3, 4)).await.unwrap();
    assert_eq!(second, Appended::Repeated(range(5, 6)));
    let reused = journal.append(P0, again(3, 5)).await;
    assert!(matches!(reused, Err(AppendError::KeyReused(_))));
    assert_eq!(store(&journal, &["{\"n\":6}\n"]).await, range(6, 7));
}

#[tokio::test]
async fn the_same_appends_still_make_the_same_bytes() {
    let home = home();
    let journal = home.open();
    write(&journal, &home).await;
    journal.close().await;
    for partition in ["p0000", "p0001"] {
        for entry in fs::read_dir(testdata().join(partition)).unwrap() {
            let name = entry.unwrap().file_name();
            let [expected, written] = [testdata(), home.path().to_owned()]
                .map(|dir| fs::read(dir.join(partition).join(&name)).unwrap());
            assert!(expected == written, "`{partition}/{}` is another", name.display());
        }
    }
}

/// Run it after a change of the format, into a directory of the new version.
#[tokio::test]
#[ignore = "writes the files that the tests above read"]
async fn write_the_fixture() {
    let home = home();
    let journal = home.open();
    write(&journal, &home).await;
    journal.close().await;
    fs::remove_file(home.path().join("LOCK")).unwrap();
    copy(home.path(), &testdata());
}
