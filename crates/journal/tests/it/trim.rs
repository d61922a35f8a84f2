//! Giving frames up while others read them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use journal::local::{Disk, OsDisk};
use journal::{Journal, LocalJournal, ReadError};
use model::Offset;

use crate::setup::{BEGIN, Home, P0, read_all, store_many};

#[tokio::test]
async fn trimmed_segments_leave_the_disk() {
    let home = Home::with_segments(1_000);
    let journal = home.open();
    store_many(&journal, 50).await;
    let segments = home.files(".seg").len();
    assert_eq!(home.files(".idx").len(), segments - 1);
    let start = journal.trim(P0, Offset(30)).await.unwrap();
    let left = home.files(".seg");
    assert!(left[0].to_str().unwrap().ends_with(&format!("{:020}.seg", start.0)));
    assert!(left.len() < segments);
    assert_eq!(home.files(".idx").len(), left.len() - 1);
    journal.close().await;
    assert_eq!(home.open().bounds(P0).start, start);
}

/// Takes down which segments were removed, and since when for good.
#[derive(Debug, Default)]
struct Removals {
    pending: Mutex<Vec<PathBuf>>,
    most_pending: Mutex<usize>,
}

impl Disk for Removals {
    fn remove(&self, path: &Path) -> io::Result<()> {
        if path.extension().is_some_and(|ending| ending == "seg") {
            let mut pending = self.pending.lock().unwrap();
            pending.push(path.to_owned());
            let mut most = self.most_pending.lock().unwrap();
            *most = pending.len().max(*most);
        }
        OsDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.pending.lock().unwrap().clear();
        OsDisk.sync_dir(dir)
    }
}

/// A power failure may undo any of several removals: one in the middle would leave a gap.
#[tokio::test]
async fn each_segment_is_gone_for_good_before_the_next_is_removed() {
    let home = Home::with_segments(1_000);
    let disk = Arc::new(Removals::default());
    let journal = home.try_open_on(Arc::<Removals>::clone(&disk)).unwrap();
    store_many(&journal, 50).await;
    let before = home.files(".seg").len();
    journal.trim(P0, Offset(45)).await.unwrap();
    assert!(home.files(".seg").len() + 2 < before);
    assert_eq!(*disk.most_pending.lock().unwrap(), 1);
    assert!(disk.pending.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_active_segment_is_never_given_up() {
    let home = Home::new();
    let journal = home.open();
    store_many(&journal, 50).await;
    assert_eq!(journal.trim(P0, Offset(50)).await.unwrap(), Offset(0));
    assert_eq!(read_all(&journal).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_gets_the_right_frames_or_is_told_that_they_are_gone() {
    let mut home = Home::with_segments(1_000);
    home.settings.tail_bytes_max = 0;
    let journal = Arc::new(home.open());
    store_many(&journal, 300).await;
    let readers = (0..4).map(|_| tokio::spawn(read_through(Arc::clone(&journal))));
    let readers = readers.collect::<Vec<_>>();
    for before in (10..300).step_by(10) {
        journal.trim(P0, Offset(before)).await.unwrap();
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

/// Reads from the beginning to the end, and goes on where the journal begins whenever it is told
/// that what it wants is gone.
async fn read_through(journal: Arc<LocalJournal>) {
    let mut next = Offset(0);
    while next < Offset(300) {
        match journal.read(P0, next, 100).await {
            Ok(frames) => {
                for frame in frames {
                    assert_eq!(frame.offset, next);
                    assert_eq!(frame.payload, "123456789\n");
                    next = next.next();
                }
            }
            Err(ReadError::Trimmed { wanted, start, .. }) => {
                assert!(wanted == next && start > next);
                next = start;
            }
            Err(error) => panic!("reading failed: {error}"),
        }
        let first = journal.offset_for_time(P0, BEGIN).await.unwrap();
        assert!(first <= journal.bounds(P0).start);
        journal.quarantined(P0).await.unwrap();
    }
}
