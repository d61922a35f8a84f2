//! What happens when the file system refuses.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use journal::local::{Disk, OsDisk};
use journal::{AppendError, Appended, Health, Journal, LocalJournal};
use model::Offset;

use crate::setup::{Home, P0, append, range, store, store_many, texts, with_key};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Create,
    CreateSegment,
    Write,
    Sync,
    Truncate,
    Remove,
    SyncDir,
    FreeBytes,
}

/// A disk on which chosen operations fail.
#[derive(Debug, Default)]
struct FaultyDisk {
    failing: Mutex<HashSet<Operation>>,
}

impl FaultyDisk {
    fn fail<const N: usize>(&self, operations: [Operation; N]) {
        *self.failing.lock().unwrap() = operations.into();
    }

    fn check(&self, operation: Operation) -> io::Result<()> {
        if self.failing.lock().unwrap().contains(&operation) {
            return Err(io::Error::other(format!("{operation:?} fails in this test")));
        }
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.check(Operation::Create)?;
        if path.extension().is_some_and(|ending| ending == "seg") {
            self.check(Operation::CreateSegment)?;
        }
        OsDisk.create(path)
    }

    /// Where it fails, a part has been written, as on a full disk.
    fn write(&self, mut file: &File, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        if let Err(error) = self.check(Operation::Write) {
            file.write_all(&slices[0][..slices[0].len() / 2])?;
            return Err(error);
        }
        OsDisk.write(file, slices)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.check(Operation::Sync).and_then(|()| OsDisk.sync(file))
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        self.check(Operation::Truncate).and_then(|()| OsDisk.truncate(file, bytes))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(Operation::Remove).and_then(|()| OsDisk.remove(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.check(Operation::SyncDir).and_then(|()| OsDisk.sync_dir(dir))
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        match self.check(Operation::FreeBytes) {
            Ok(()) => OsDisk.free_bytes(dir),
            Err(_) => Ok(1_000),
        }
    }
}

fn open(home: &Home) -> (Arc<FaultyDisk>, LocalJournal) {
    let disk = Arc::new(FaultyDisk::default());
    let journal = home.try_open_on(Arc::<FaultyDisk>::clone(&disk)).unwrap();
    (disk, journal)
}

async fn refused(journal: &LocalJournal) {
    let appended = journal.append(P0, append(&["lost\n"])).await;
    assert!(matches!(appended, Err(AppendError::Refusing(_))), "{appended:?}");
    assert!(matches!(journal.health(), Health::Refusing(_)));
}

async fn poisoned(journal: &LocalJournal) {
    let appended = journal.append(P0, append(&["lost\n"])).await;
    assert!(matches!(appended, Err(AppendError::Poisoned(_))), "{appended:?}");
    assert!(matches!(journal.health(), Health::Poisoned(_)));
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_behind_and_the_next_may_work() {
    let home = Home::new();
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    let bytes = journal.bytes();
    disk.fail([Operation::Write]);
    refused(&journal).await;
    refused(&journal).await;
    assert_eq!(std::fs::metadata(home.newest_segment()).unwrap().len(), bytes);
    disk.fail([]);
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2));
    assert_eq!(journal.health(), Health::Writable);
    assert_eq!(texts(&journal).await, ["1\n", "2\n"]);
    journal.close().await;
    assert_eq!(texts(&home.open()).await, ["1\n", "2\n"]);
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_is_taken_before_a_restart() {
    let mut home = Home::new();
    home.settings.tail_bytes_max = 0;
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    disk.fail([Operation::Sync]);
    poisoned(&journal).await;
    disk.fail([]);
    poisoned(&journal).await;
    assert_eq!(journal.bounds(P0).end, Offset(1));
    assert_eq!(texts(&journal).await, ["1\n"], "what is durable can be read all the same");
    journal.close().await;
    let journal = home.open();
    assert_eq!(journal.health(), Health::Writable);
    assert_eq!(texts(&journal).await, ["1\n"]);
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2));
}

#[tokio::test]
async fn where_the_cut_after_a_failed_write_is_not_durable_nothing_is_taken_before_a_restart() {
    let home = Home::new();
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    disk.fail([Operation::Write, Operation::Sync]);
    poisoned(&journal).await;
    disk.fail([]);
    poisoned(&journal).await;
    journal.close().await;
    assert_eq!(texts(&home.open()).await, ["1\n"]);
}

#[tokio::test]
async fn where_a_failed_write_cannot_be_cut_off_appends_are_refused_until_it_can() {
    let home = Home::with_segments(600);
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    let bytes = journal.bytes();
    disk.fail([Operation::Write, Operation::Truncate]);
    // Of this one a part is there, and stays until the cut is made up for.
    let appended = journal.append(P0, append(&["lost\n"])).await;
    assert!(matches!(appended, Err(AppendError::Uncertain(_))), "{appended:?}");
    assert!(matches!(journal.health(), Health::Refusing(_)));
    disk.fail([Operation::Truncate]);
    // Nothing of this one is written.
    refused(&journal).await;
    assert!(std::fs::metadata(home.newest_segment()).unwrap().len() > bytes);
    disk.fail([]);
    // The next append begins a segment: what is left of the other must not stay in the old one.
    let torn = home.newest_segment();
    let long = "2".repeat(500) + "\n";
    store(&journal, &[&long]).await;
    assert_ne!(home.newest_segment(), torn);
    assert_eq!(std::fs::metadata(torn).unwrap().len(), bytes);
    assert_eq!(journal.health(), Health::Writable);
    assert_eq!(texts(&journal).await, ["1\n", &long]);
    journal.close().await;
    assert_eq!(texts(&home.open()).await, ["1\n", &long]);
}

#[tokio::test]
async fn appends_stay_refused_while_the_disk_takes_nothing_and_are_taken_when_it_does() {
    let home = Home::new();
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    disk.fail([Operation::Write]);
    refused(&journal).await;
    // Longer than it takes until it is looked for.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let Health::Refusing(reason) = journal.health() else { panic!("it should refuse") };
    assert!(reason.contains("cannot be written to"), "{reason}");
    disk.fail([]);
    while journal.health() != Health::Writable {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2));
    journal.close().await;
    assert_eq!(texts(&home.open()).await, ["1\n", "2\n"]);
}

#[tokio::test]
async fn a_key_whose_append_failed_is_as_good_as_new() {
    let home = Home::new();
    let (disk, journal) = open(&home);
    disk.fail([Operation::Write]);
    let first = journal.append(P0, with_key(1, 1, append(&["a\n"]))).await;
    assert!(matches!(first, Err(AppendError::Refusing(_))));
    disk.fail([]);
    let second = journal.append(P0, with_key(1, 2, append(&["b\n"]))).await;
    assert_eq!(second.unwrap(), Appended::Stored(range(0, 1)));
}

#[tokio::test]
async fn a_segment_that_cannot_be_made_refuses_until_it_can() {
    let home = Home::with_segments(300);
    let (disk, journal) = open(&home);
    store_many(&journal, 2).await;
    for operation in [Operation::Create, Operation::CreateSegment, Operation::Write] {
        disk.fail([operation]);
        refused(&journal).await;
        disk.fail([]);
        store(&journal, &["made\n"]).await;
        store_many(&journal, 1).await;
    }
    let before = texts(&journal).await;
    assert_eq!(before.len(), 8);
    journal.close().await;
    assert_eq!(texts(&home.open()).await, before);
}

/// It would come back after a power failure, within the segment that had gone on instead.
#[tokio::test]
async fn where_a_segment_can_neither_be_made_nor_removed_nothing_is_taken_before_a_restart() {
    for also in [Operation::Remove, Operation::SyncDir] {
        let home = Home::with_segments(300);
        let (disk, journal) = open(&home);
        store_many(&journal, 2).await;
        disk.fail([Operation::CreateSegment, also]);
        poisoned(&journal).await;
        disk.fail([]);
        poisoned(&journal).await;
        journal.close().await;
        let journal = home.open();
        assert_eq!(journal.bounds(P0).end, Offset(2), "with {also:?}");
        store(&journal, &["next\n"]).await;
    }
}

#[tokio::test]
async fn a_segment_that_cannot_be_made_durable_takes_nothing_before_a_restart() {
    let home = Home::with_segments(300);
    let (disk, journal) = open(&home);
    store_many(&journal, 2).await;
    disk.fail([Operation::SyncDir]);
    poisoned(&journal).await;
    disk.fail([]);
    poisoned(&journal).await;
    journal.close().await;
    let journal = home.open();
    assert_eq!(journal.bounds(P0).end, Offset(2));
    store(&journal, &["next\n"]).await;
}

#[tokio::test]
async fn where_the_disk_is_nearly_full_appends_are_refused_until_there_is_room() {
    let mut home = Home::new();
    home.settings.free_bytes_min = 1_000;
    let (disk, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    disk.fail([Operation::FreeBytes]);
    refused(&journal).await;
    let Health::Refusing(reason) = journal.health() else { panic!("it should refuse") };
    assert!(reason.starts_with("only 1000 bytes are free"), "{reason}");
    assert_eq!(texts(&journal).await, ["1\n"]);
    disk.fail([]);
    // Nobody appends, and yet it is found out.
    while journal.health() != Health::Writable {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2));
}
