//! What can go wrong with the journal, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use model::{Offset, OffsetRange, Partition};
use thiserror::Error;

/// Why a journal could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another journal, in this process or in another, has the directory open.
    #[error("the journal at `{0}` is in use; stop the process that uses it first")]
    Locked(PathBuf),
    /// Written by a version of the program that this one does not know.
    #[error("`{path}` has format version {found}; this program reads version {supported}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that this program reads and writes.
        supported: u32,
    },
    /// Acknowledged frames cannot be read back: not a torn tail, which would be cut silently.
    #[error(
        "`{path}` is damaged at byte {at}: {reason}; acknowledged records stand behind it, \
         so it is left as it is. Restore the file from a copy, or move the partition's \
         directory away to start without its records"
    )]
    Damaged {
        /// The segment file.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

/// Why an append was not stored.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// No such partition.
    #[error("there is no partition {0}")]
    NoPartition(Partition),
    /// A draft breaks a bound of `model::limits`, or the append holds no frame.
    #[error("the append is malformed: {0}")]
    Malformed(String),
    /// The idempotency key was used with other content, whose frames stand at this range.
    #[error(
        "the idempotency key was used before with another body; send each body under its own key"
    )]
    KeyReused(OffsetRange),
    /// The journal cannot take more now; nothing was stored. Try again later.
    #[error("the journal cannot take more now: {0}")]
    Refusing(String),
    /// Writing failed, and what was written could not be taken back: it may be found after a crash.
    /// It is taken back before anything else is written.
    #[error("the journal cannot take more now, and may hold what was refused: {0}")]
    Uncertain(String),
    /// A failed fsync left the disk's state unknown: nothing more is taken before a restart.
    #[error("the journal takes nothing more until it is restarted: {0}")]
    Poisoned(String),
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why frames could not be read.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No such partition.
    #[error("there is no partition {0}")]
    NoPartition(Partition),
    /// The frame has been trimmed; the partition starts at `start` now.
    #[error("frame {wanted} of partition {partition} is gone: the partition starts at {start}")]
    Trimmed {
        /// The partition.
        partition: Partition,
        /// The frame asked for.
        wanted: Offset,
        /// The oldest frame that is held.
        start: Offset,
    },
    /// The frame does not exist yet.
    #[error("frame {wanted} of partition {partition} does not exist: the partition ends at {end}")]
    BeyondEnd {
        /// The partition.
        partition: Partition,
        /// The frame asked for.
        wanted: Offset,
        /// The offset that the next frame will get.
        end: Offset,
    },
    /// A frame's bytes are not what was written.
    #[error("`{path}` is damaged at byte {at}: {reason}")]
    Damaged {
        /// The segment file.
        path: PathBuf,
        /// Where in the file.
        at: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot read `{path}`: {reason}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl ReadError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), reason: error.to_string() }
    }
}
