//! The file of the active segment: written by one thread, one group of appends after the other.
//!
//! **Rules.** A group is durable when [`ActiveFile::write`] returns, or it leaves nothing behind:
//! the file is cut back to where it was. A cut that fails, as on a file system that has become
//! read-only, is made up for before anything else is written; who asked is told that a crash before
//! that may bring the group back. When an fsync fails, nobody knows what the disk holds; then nothing
//! more is written before the journal has been opened anew. So it is where a segment can neither be
//! made nor removed again.

use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

use model::UnixNanos;
use thiserror::Error;

use super::disk::Disk;
use super::format::{SegmentId, encode_segment_header};
use super::layout;
use super::staging::Staging;
use crate::{AppendError, Health};

/// Why a group was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Failure {
    /// Nothing of it is on disk; the next group may fare better.
    #[error("{0}")]
    Refused(String),
    /// Something of it may be on disk until the next group is written.
    #[error("{0}")]
    Uncertain(String),
    /// The disk's state is unknown.
    #[error("{0}")]
    Poisoned(String),
}

impl From<Failure> for AppendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self::Refusing(reason),
            Failure::Uncertain(reason) => Self::Uncertain(reason),
            Failure::Poisoned(reason) => Self::Poisoned(reason),
        }
    }
}

impl From<Failure> for Health {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) | Failure::Uncertain(reason) => Self::Refusing(reason),
            Failure::Poisoned(reason) => Self::Poisoned(reason),
        }
    }
}

/// The active segment's file.
#[derive(Debug)]
pub(super) struct ActiveFile {
    disk: Arc<dyn Disk>,
    file: File,
    /// Up to where the file holds complete, durable appends.
    committed: u64,
    /// Whether something that was refused may still stand behind that.
    is_torn: bool,
}

impl ActiveFile {
    /// A file that was recovered: it ends at `committed`, and what is written goes to its end.
    pub(super) fn recovered(disk: Arc<dyn Disk>, file: File, committed: u64) -> Self {
        Self { disk, file, committed, is_torn: false }
    }

    /// Makes the file of an empty segment durable in `dir`.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        id: SegmentId,
        arrival: UnixNanos,
    ) -> Result<Self, Failure> {
        let path = layout::segment_path(dir, id.base);
        let header = encode_segment_header(id, arrival);
        let written = disk.create(&path).and_then(|file| {
            disk.write(&file, &mut [IoSlice::new(&header)])?;
            Ok(file)
        });
        let file = written.map_err(|error| {
            let reason = format!("cannot make `{}`: {error}", path.display());
            match unmake(&*disk, &path, dir) {
                Ok(()) => Failure::Refused(reason),
                Err(left) => Failure::Poisoned(format!("{reason}; nor remove it: {left}")),
            }
        })?;
        disk.sync(&file).and_then(|()| disk.sync_dir(dir)).map_err(|error| {
            Failure::Poisoned(format!("cannot sync `{}`: {error}", path.display()))
        })?;
        Ok(Self { disk, file, committed: header.len() as u64, is_torn: false })
    }

    /// Up to where the file holds complete, durable appends.
    pub(super) const fn committed(&self) -> u64 {
        self.committed
    }

    /// Cuts off what an earlier write left, where it could not be cut off then.
    pub(super) fn mend(&mut self) -> Result<(), Failure> {
        if !self.is_torn {
            return Ok(());
        }
        self.disk.truncate(&self.file, self.committed).map_err(|error| {
            Failure::Refused(format!("what an earlier write left cannot be cut off: {error}"))
        })?;
        self.disk
            .sync(&self.file)
            .map_err(|error| Failure::Poisoned(format!("fdatasync failed: {error}")))?;
        self.is_torn = false;
        Ok(())
    }

    /// Writes the frames, each as what stands before its payload and the payload, and makes them
    /// durable in steps of about `step_bytes`, which is how much has to be gathered for a write.
    pub(super) fn write<'a>(
        &mut self,
        frames: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        step_bytes: usize,
        staging: &mut Staging,
    ) -> Result<(), Failure> {
        let mut written = 0;
        let mut step = Vec::new();
        let mut bytes = 0;
        for (head, payload) in frames {
            let frame_bytes = head.len() + payload.len();
            if bytes > 0 && bytes + frame_bytes > step_bytes {
                self.write_step(written, &mut step, staging)?;
                written += bytes;
                step.clear();
                bytes = 0;
            }
            step.extend([IoSlice::new(head), IoSlice::new(payload)]);
            bytes += frame_bytes;
        }
        self.write_step(written, &mut step, staging)?;
        self.committed += (written + bytes) as u64;
        Ok(())
    }

    /// Makes a step durable, of a group of which `written` bytes are so already.
    fn write_step(
        &mut self,
        written: usize,
        step: &mut [IoSlice<'_>],
        staging: &mut Staging,
    ) -> Result<(), Failure> {
        let position = self.committed + written as u64;
        if let Err(error) = staging.write((&*self.disk, &self.file), position, step) {
            return Err(self.cut_back(&error));
        }
        self.disk.sync(&self.file).map_err(|error| {
            // If it works, what was answered with an error is not found after the restart.
            let _cut = self.disk.truncate(&self.file, self.committed);
            Failure::Poisoned(format!("fdatasync failed: {error}"))
        })
    }

    fn cut_back(&mut self, error: &io::Error) -> Failure {
        self.is_torn = true;
        match self.mend() {
            Ok(()) => Failure::Refused(format!("writing failed: {error}")),
            Err(Failure::Refused(also) | Failure::Uncertain(also)) => {
                Failure::Uncertain(format!("writing failed: {error}; {also}"))
            }
            Err(Failure::Poisoned(also)) => {
                Failure::Poisoned(format!("writing failed: {error}; {also}"))
            }
        }
    }
}

/// Removes what there may be of a segment that could not be made, for good: the segment before it
/// goes on, and a file that came back after a power failure would contradict it.
fn unmake(disk: &dyn Disk, path: &Path, dir: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => disk.sync_dir(dir),
    }
}
