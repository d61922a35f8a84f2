//! One segment as its partition knows it: where its file is and what is in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use model::UnixNanos;
use model::limits::FRAME_BYTES_MAX;

use super::disk::Disk;
use super::format::{self, HeaderFault, SEGMENT_HEADER_BYTES, SegmentId};
use super::index::{IndexBuilder, Notes, SegmentIndex};
use super::walk::{Walk, WalkError};
use super::{index_file, layout};
use crate::ReadError;
use crate::expiry::Span;

/// A segment. The writer adds to the active one; sealed ones never change.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) id: SegmentId,
    pub(super) path: PathBuf,
    pub(super) index_path: PathBuf,
    index: RwLock<SegmentIndex>,
    /// `None` once they are in the index file.
    notes: RwLock<Option<Notes>>,
}

impl Segment {
    /// A segment in `dir` with that index. `notes` is `None` for a sealed one.
    pub(super) fn new(
        dir: &Path,
        id: SegmentId,
        index: SegmentIndex,
        notes: Option<Notes>,
    ) -> Self {
        Self {
            id,
            path: layout::segment_path(dir, id.base),
            index_path: layout::index_path(dir, id.base),
            index: RwLock::new(index),
            notes: RwLock::new(notes),
        }
    }

    /// Where its frames stand.
    pub(super) fn index(&self) -> RwLockReadGuard<'_, SegmentIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What retention needs to know of it.
    pub(super) fn span(&self) -> Span {
        let index = self.index();
        Span { range: index.range, newest: index.newest, bytes: index.end }
    }

    /// Changes the index and the notes of the active segment, after its file.
    pub(super) fn update(&self, change: impl FnOnce(&mut SegmentIndex, &mut Notes)) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let mut notes = self.notes.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut index, notes.get_or_insert_default());
    }

    /// How many notes are in memory.
    pub(super) fn notes_count(&self) -> usize {
        let notes = self.notes.read().unwrap_or_else(PoisonError::into_inner);
        notes.as_ref().map_or(0, Notes::count)
    }

    /// Writes the index file.
    pub(super) fn write_index_file(&self, disk: &dyn Disk) -> io::Result<()> {
        let index = self.index();
        let notes = self.notes.read().unwrap_or_else(PoisonError::into_inner);
        match notes.as_ref() {
            Some(notes) => index_file::write(disk, &self.index_path, self.id, (&index, notes)),
            None => Ok(()),
        }
    }

    /// Gives up the notes in memory; they are in the index file.
    pub(super) fn forget_notes(&self) {
        *self.notes.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The notes: from memory, from the index file, or else from the segment itself, in which
    /// case the index file is made again.
    pub(super) fn notes(&self, disk: &dyn Disk) -> Result<Notes, ReadError> {
        if let Some(notes) = &*self.notes.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(notes.clone());
        }
        let reason = match index_file::read(&self.index_path, self.id) {
            Ok((_, notes)) => return Ok(notes),
            Err(reason) => reason,
        };
        let end = self.index().end;
        let file = self.open()?;
        let built = build_index(&file, self.id, end).map_err(|fault| fault.on_read(&self.path))?;
        tracing::warn!(path = %self.index_path.display(), %reason, "making an index file again");
        index_file::write(disk, &self.index_path, self.id, (&built.index, &built.notes))
            .map_err(|error| ReadError::io(&self.index_path, &error))?;
        Ok(built.notes)
    }

    /// Opens the file for reading.
    pub(super) fn open(&self) -> Result<File, ReadError> {
        File::open(&self.path).map_err(|error| ReadError::io(&self.path, &error))
    }
}

/// Why a segment's file cannot be understood.
#[derive(Debug)]
pub(super) enum SegmentFault {
    Version(u32),
    Broken { at: u64, reason: &'static str },
    Io(io::Error),
}

impl SegmentFault {
    /// The fault, as a reader of the segment at `path` is told.
    pub(super) fn on_read(self, path: &Path) -> ReadError {
        let damaged = |at, reason| ReadError::Damaged { path: path.to_owned(), at, reason };
        match self {
            Self::Version(version) => damaged(0, format!("it has format version {version}")),
            Self::Broken { at, reason } => damaged(at, reason.to_owned()),
            Self::Io(error) => ReadError::io(path, &error),
        }
    }
}

impl From<WalkError> for SegmentFault {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Broken { at, reason } => Self::Broken { at, reason },
            WalkError::Io(error) => Self::Io(error),
        }
    }
}

/// Reads the header of a segment: the arrival of the newest frame before it.
pub(super) fn read_header(file: &File, id: SegmentId) -> Result<UnixNanos, SegmentFault> {
    let mut header = [0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut header, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(SegmentFault::Broken { at: 0, reason: "it ends within its header" });
        }
        Err(error) => return Err(SegmentFault::Io(error)),
    }
    format::decode_segment_header(id, &header).map_err(|fault| match fault {
        HeaderFault::Version(version) => SegmentFault::Version(version),
        HeaderFault::Broken(reason) => SegmentFault::Broken { at: 0, reason },
    })
}

/// Bytes that are read at once of a whole segment. A frame that ends beyond them is read again with
/// the next ones, so there have to be several of the largest.
const SEGMENT_CHUNK_BYTES: usize = 4 * FRAME_BYTES_MAX;

/// The frames of the segment `id` up to the position `end`, from the first one on.
pub(super) fn walk(file: &File, id: SegmentId, end: u64) -> Walk<'_> {
    Walk::new(file, id, (id.base, SEGMENT_HEADER_BYTES as u64), end, SEGMENT_CHUNK_BYTES)
}

/// Builds the index of a sealed segment, which must be whole.
pub(super) fn build_index(
    file: &File,
    id: SegmentId,
    end: u64,
) -> Result<IndexBuilder, SegmentFault> {
    let mut builder = IndexBuilder::new(id, read_header(file, id)?);
    let mut frames = walk(file, id, end);
    while let Some(stored) = frames.next_frame()? {
        builder.add(stored);
    }
    if builder.index.end != end {
        let reason = "its last append is not complete";
        return Err(SegmentFault::Broken { at: builder.index.end, reason });
    }
    Ok(builder)
}
