//! Opening a partition: what is on disk becomes its segments again.
//!
//! **Rules.** Everything that was acknowledged is kept. Sealed segments were made durable before
//! the next one began, so only the newest may have a torn tail: frames that were being written
//! when the process or the machine stopped. The tail is cut off, and the log says so. But an
//! intact frame behind the broken place, written when more than that had been committed, shows
//! that acknowledged frames are damaged: then nothing is touched, and opening fails.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Offset, Partition, UnixNanos};

use super::active::ActiveFile;
use super::disk::Disk;
use super::format::{SEGMENT_HEADER_BYTES, SegmentId, VERSION};
use super::index::{IndexBuilder, Notes};
use super::index_file::{self, IndexFileError};
use super::layout::{self, Listing};
use super::partition::{PartitionState, Segments};
use super::segment::{Segment, SegmentFault, build_index, read_header, walk};
use super::settings::LocalSettings;
use super::tail::Tail;
use super::trim::{KeptIndexFile, Leftovers};
use super::walk::{WalkError, is_committed_beyond};
use crate::OpenError;
use crate::expiry::Span;
use crate::keys::{StoredKey, is_remembered};

/// A partition that was opened.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) state: PartitionState,
    pub(super) active: ActiveFile,
    /// The idempotency keys of the last 24 hours, oldest first.
    pub(super) keys: VecDeque<StoredKey>,
}

/// Opens one partition.
#[derive(Debug)]
pub(super) struct Recovery {
    partition: Partition,
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    settings: LocalSettings,
    now: UnixNanos,
    keys: VecDeque<StoredKey>,
}

impl Recovery {
    /// Of `partition`, whose directory is `dir`, at the time `now`.
    pub(super) fn new(
        partition: Partition,
        dir: PathBuf,
        disk: Arc<dyn Disk>,
        settings: LocalSettings,
        now: UnixNanos,
    ) -> Self {
        Self { partition, dir, disk, settings, now, keys: VecDeque::new() }
    }

    /// Opens it.
    pub(super) fn open(mut self) -> Result<Recovered, OpenError> {
        let listing =
            layout::list(&self.dir).map_err(|source| OpenError::io("list", &self.dir, source))?;
        let leftovers = self.kept_index_files(&listing)?;
        let mut sealed = Vec::new();
        for bases in listing.segments.windows(2) {
            let (segment, notes) = self.sealed(bases[0])?;
            check_next(&segment, bases[1])?;
            self.remember(notes.keys);
            sealed.push(Arc::new(segment));
        }
        let arrival = sealed.last().map_or(UnixNanos(i64::MIN), |last| last.index().newest);
        let (active, built) = match listing.segments.last() {
            Some(base) => self.newest(self.id(*base), arrival)?,
            None => self.create(self.id(Offset(0)), arrival)?,
        };
        self.remember(built.notes.keys.iter().copied());
        let base = built.index.range.first;
        let active_segment = Segment::new(&self.dir, self.id(base), built.index, Some(built.notes));
        let segments = Segments { sealed: sealed.into(), active: Arc::new(active_segment) };
        let tail = Tail::new(self.settings.tail_bytes_max);
        let state = PartitionState::new(self.partition, self.dir, segments, tail, leftovers);
        Ok(Recovered { state, active, keys: self.keys })
    }

    fn id(&self, base: Offset) -> SegmentId {
        SegmentId { partition: self.partition, base }
    }

    fn remember(&mut self, keys: impl IntoIterator<Item = StoredKey>) {
        let now = self.now;
        self.keys.extend(keys.into_iter().filter(|stored| is_remembered(stored.arrival, now)));
        let excess = self.keys.len().saturating_sub(self.settings.idempotency_keys_max);
        self.keys.drain(..excess);
    }

    /// Takes the keys from the index files whose segments were trimmed, and removes the files in
    /// which none has to be remembered any more.
    fn kept_index_files(&mut self, listing: &Listing) -> Result<Leftovers, OpenError> {
        let mut leftovers = Leftovers::default();
        for base in &listing.indexes {
            if listing.segments.binary_search(base).is_ok() {
                continue;
            }
            let path = layout::index_path(&self.dir, *base);
            let keys = match index_file::read(&path, self.id(*base)) {
                Ok((_, notes)) => notes.keys,
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "passing over an index file");
                    continue;
                }
            };
            match keys.last().map(|stored| stored.arrival) {
                Some(newest) if is_remembered(newest, self.now) => {
                    leftovers.index_files.push(KeptIndexFile { path, newest });
                    self.remember(keys);
                }
                _ => {
                    let removed = self.disk.remove(&path);
                    removed.map_err(|source| OpenError::io("remove", &path, source))?;
                }
            }
        }
        Ok(leftovers)
    }

    /// The sealed segment `base`, from its index file or, where that is of no use, from its frames.
    fn sealed(&self, base: Offset) -> Result<(Segment, Notes), OpenError> {
        let id = self.id(base);
        let path = layout::segment_path(&self.dir, base);
        let length =
            fs::metadata(&path).map_err(|source| OpenError::io("look at", &path, source))?.len();
        let index_path = layout::index_path(&self.dir, base);
        let reason = match index_file::read(&index_path, id) {
            Ok((index, notes)) if index.end == length => {
                return Ok((Segment::new(&self.dir, id, index, None), notes));
            }
            Ok(_) => IndexFileError::Length,
            Err(reason) => reason,
        };
        tracing::warn!(path = %index_path.display(), %reason, "making an index file again");
        let file = File::open(&path).map_err(|source| OpenError::io("open", &path, source))?;
        let built = build_index(&file, id, length).map_err(|fault| on_open(fault, &path))?;
        let written = index_file::write(&*self.disk, &index_path, id, (&built.index, &built.notes));
        if let Err(error) = written {
            // The next opening tries again.
            tracing::warn!(path = %index_path.display(), %error, "cannot write an index file");
        }
        Ok((Segment::new(&self.dir, id, built.index, None), built.notes))
    }

    /// The newest segment, whose tail may be torn. `arrival` is that of the newest frame before it.
    fn newest(
        &self,
        id: SegmentId,
        arrival: UnixNanos,
    ) -> Result<(ActiveFile, IndexBuilder), OpenError> {
        let path = layout::segment_path(&self.dir, id.base);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|source| OpenError::io("open", &path, source))?;
        let length =
            file.metadata().map_err(|source| OpenError::io("look at", &path, source))?.len();
        let arrival = match read_header(&file, id) {
            Ok(arrival) => arrival,
            // The header is durable before anything follows it: this file was just being made.
            Err(SegmentFault::Broken { .. }) if length <= SEGMENT_HEADER_BYTES as u64 => {
                return self.create(id, arrival);
            }
            Err(fault) => return Err(on_open(fault, &path)),
        };
        let mut built = IndexBuilder::new(id, arrival);
        if let Some(at) = find_tear(&mut built, &file, length, &path)? {
            let end = built.index.end;
            self.disk
                .truncate(&file, end)
                .map_err(|source| OpenError::io("cut the torn tail off", &path, source))?;
            let cut = length - end;
            let path = path.display();
            tracing::warn!(%path, at, cut, "cut off bytes of an append that was not completed");
        }
        // A process that was killed may have left frames that are complete, but not yet durable.
        self.disk
            .sync(&file)
            .and_then(|()| self.disk.sync_dir(&self.dir))
            .map_err(|source| OpenError::io("sync", &path, source))?;
        let active = ActiveFile::recovered(Arc::clone(&self.disk), file, built.index.end);
        Ok((active, built))
    }

    /// An empty segment.
    fn create(
        &self,
        id: SegmentId,
        arrival: UnixNanos,
    ) -> Result<(ActiveFile, IndexBuilder), OpenError> {
        let created = ActiveFile::create(Arc::clone(&self.disk), &self.dir, id, arrival);
        let active = created.map_err(|failure| {
            let path = layout::segment_path(&self.dir, id.base);
            OpenError::io("make", &path, io::Error::other(failure.to_string()))
        })?;
        Ok((active, IndexBuilder::new(id, arrival)))
    }
}

/// Adds all complete appends of the file to `built`. What stands behind them is torn: it begins
/// to be so at the position that is returned, unless something there had been acknowledged.
fn find_tear(
    built: &mut IndexBuilder,
    file: &File,
    length: u64,
    path: &Path,
) -> Result<Option<u64>, OpenError> {
    let mut frames = walk(file, built.id, length);
    let (at, reason) = loop {
        match frames.next_frame() {
            Ok(Some(stored)) => built.add(stored),
            Ok(None) if built.index.end == length => return Ok(None),
            Ok(None) => return Ok(Some(length)),
            Err(WalkError::Broken { at, reason }) => break (at, reason),
            Err(WalkError::Io(source)) => return Err(OpenError::io("read", path, source)),
        }
    };
    match is_committed_beyond(file, built.id, (at, length), built.index.end) {
        Ok(false) => Ok(Some(at)),
        Ok(true) => Err(damaged(path, at, reason.to_owned())),
        Err(source) => Err(OpenError::io("read", path, source)),
    }
}

/// Checks that the segment after `segment` begins where it ends.
fn check_next(segment: &Segment, next: Offset) -> Result<(), OpenError> {
    let Span { range, bytes, .. } = segment.span();
    if range.next == next {
        return Ok(());
    }
    let reason =
        format!("it ends before frame {}, but the next segment begins with {next}", range.next);
    Err(damaged(&segment.path, bytes, reason))
}

fn on_open(fault: SegmentFault, path: &Path) -> OpenError {
    match fault {
        SegmentFault::Version(found) => {
            OpenError::Version { path: path.to_owned(), found, supported: VERSION }
        }
        SegmentFault::Broken { at, reason } => damaged(path, at, reason.to_owned()),
        SegmentFault::Io(source) => OpenError::io("read", path, source),
    }
}

fn damaged(path: &Path, at: u64, reason: String) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), at, reason }
}
