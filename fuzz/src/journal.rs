//! A journal whose newest segment holds any bytes is opened or refused. Opened, it gives its
//! frames, takes another one, and holds the same after it was closed and opened again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use journal::{Journal, LocalJournal, LocalSettings, ManualClock};
use model::time::NANOS_PER_SECOND;
use model::{Partition, UnixNanos};

const P0: Partition = Partition(0);

fn open(dir: &Path) -> Option<LocalJournal> {
    let clock = Arc::new(ManualClock::new(UnixNanos(1_800_000_000 * NANOS_PER_SECOND)));
    let settings = LocalSettings { free_bytes_min: 0, ..LocalSettings::default() };
    LocalJournal::open(dir, settings, clock).ok()
}

/// Tries these bytes.
pub fn run(data: &[u8]) {
    // In memory, where the machine has such a folder: nothing here has to outlive the process.
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let dir = dir.expect("a temporary folder");
    let partition = dir.path().join("p0000");
    fs::create_dir(&partition).expect("a folder for the partition");
    fs::write(partition.join(format!("{:020}.seg", 0)), data).expect("a segment file");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let Some(journal) = open(dir.path()) else { return };
        let held = frames(&journal).await;
        journal.close().await;
        let journal = open(dir.path()).expect("what was opened can be opened again");
        assert_eq!(frames(&journal).await, held);
        journal.close().await;
    });
}

/// The offsets and contents of all frames.
async fn frames(journal: &LocalJournal) -> Vec<(u64, Vec<u8>)> {
    let mut next = journal.bounds(P0).start;
    let mut found = Vec::new();
    while next < journal.bounds(P0).end {
        let frames = journal.read(P0, next, 1 << 20).await.expect("what was recovered is whole");
        for frame in frames {
            next = frame.offset.next();
            found.push((frame.offset.0, frame.payload.to_vec()));
        }
    }
    found
}
