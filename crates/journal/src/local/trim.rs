//! Giving up whole segments from the oldest on.
//!
//! **Rules.** A segment leaves the list before its file is removed, so that a reader is told that
//! its frames are gone, and never meets half a segment. Files go from the oldest on, each for good
//! before the next, so that those on disk are always consecutive, also after a power failure that
//! undoes what was not durable. An index file with idempotency keys of the last 24 hours stays
//! behind: the keys have to be known after a restart too.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Offset, UnixNanos};

use super::disk::Disk;
use super::partition::PartitionState;
use super::segment::Segment;
use crate::ReadError;
use crate::keys::is_remembered;

/// Files that trimming has still to remove.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// Segments that are off the list but not yet off the disk.
    segments: VecDeque<Arc<Segment>>,
    /// Index files whose segments are gone.
    pub(super) index_files: Vec<KeptIndexFile>,
}

/// An index file that is kept for its idempotency keys.
#[derive(Debug)]
pub(super) struct KeptIndexFile {
    pub(super) path: PathBuf,
    /// When the newest of its keys came.
    pub(super) newest: UnixNanos,
}

/// Gives up the sealed segments that end at or before `before`, and returns the new start. Blocks.
pub(super) fn trim(
    partition: &PartitionState,
    disk: &dyn Disk,
    before: Offset,
    now: UnixNanos,
) -> Result<Offset, ReadError> {
    let mut left = partition.leftovers();
    left.segments.extend(partition.take_sealed(before));
    let sync = || {
        let synced = disk.sync_dir(&partition.dir);
        synced.map_err(|error| ReadError::io(&partition.dir, &error))
    };
    while let Some(segment) = left.segments.front() {
        let kept = remove_segment(segment, disk, now)?;
        sync()?;
        left.index_files.extend(kept);
        left.segments.pop_front();
    }
    let mut has_removed = false;
    left.index_files.retain(|file| {
        if is_remembered(file.newest, now) {
            return true;
        }
        has_removed = true;
        let removed = remove(disk, &file.path);
        removed.inspect_err(|error| tracing::warn!(%error, "an index file stays")).is_err()
    });
    if has_removed {
        sync()?;
    }
    Ok(partition.bounds().start)
}

/// Removes the files of `segment`, and returns the index file where it has to stay.
fn remove_segment(
    segment: &Segment,
    disk: &dyn Disk,
    now: UnixNanos,
) -> Result<Option<KeptIndexFile>, ReadError> {
    let newest_key = newest_key(segment, disk, now);
    remove(disk, &segment.path)?;
    match newest_key {
        Some(newest) => Ok(Some(KeptIndexFile { path: segment.index_path.clone(), newest })),
        None => remove(disk, &segment.index_path).map(|()| None),
    }
}

/// When the newest idempotency key of `segment` came, where it is still to be remembered.
fn newest_key(segment: &Segment, disk: &dyn Disk, now: UnixNanos) -> Option<UnixNanos> {
    if !is_remembered(segment.index().newest, now) {
        return None;
    }
    match segment.notes(disk) {
        Ok(notes) => notes.keys.last().map(|stored| stored.arrival),
        Err(error) => {
            tracing::warn!(%error, "idempotency keys of a trimmed segment are lost");
            None
        }
    }
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), ReadError> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ReadError::io(path, &error)),
        _ => Ok(()),
    }
}
