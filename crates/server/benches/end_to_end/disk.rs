//! The disk below the data directories: whether it has room, what lies on it, what is cached of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise, statvfs};

/// Room that stays free beside what a benchmark writes.
const SPARE_BYTES: u64 = 2_000_000_000;

/// A data directory on a disk that has room for so many bytes of journal.
pub(crate) fn room_for(bytes: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let disk = statvfs(dir.path()).unwrap();
    let free = disk.f_bavail * disk.f_frsize;
    let needed = bytes + bytes / 10 + SPARE_BYTES;
    assert!(
        free >= needed,
        "{} has {:.1} GB free, {:.1} GB are needed: name another directory by `TMPDIR`, or ask for less",
        dir.path().display(),
        free as f64 / 1e9,
        needed as f64 / 1e9,
    );
    dir
}

/// Bytes of all files in a directory.
pub(crate) fn bytes_in(dir: &Path) -> u64 {
    files_in(dir).iter().map(|file| std::fs::metadata(file).map_or(0, |file| file.len())).sum()
}

/// Makes all files in a directory durable and takes them out of the page cache, so that the next
/// reader finds them as after a restart of the machine.
pub(crate) fn forget(dir: &Path) {
    for path in files_in(dir) {
        let file = File::open(path).unwrap();
        file.sync_all().unwrap();
        fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    }
}

fn files_in(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { dirs.push(path) } else { files.push(path) }
        }
    }
    files
}
