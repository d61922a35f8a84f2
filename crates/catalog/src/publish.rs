//! Makes a new file appear under its name whole or not at all, and in place of another only where
//! that is wanted.
//!
//! It is written under another name, flushed, and then given its own. A crash in between
//! leaves the unfinished file, which the next attempt throws away.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::{CatalogError, Result};

/// The name of the file while it is not finished: `<path>.new`.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

/// `path` with `suffix` after its file name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates an empty file that only its owner may read and write; one of that name must not exist.
pub(crate) fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(CatalogError::io("create", path))
}

/// Removes a file, if it is there.
pub(crate) fn discard(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(CatalogError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Gives the finished and flushed file at `unfinished` the name `path`, durably. Where somebody
/// else was faster, theirs stays and ours goes.
pub(crate) fn publish(unfinished: &Path, path: &Path) -> Result<()> {
    match std::fs::hard_link(unfinished, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(CatalogError::io("create", path)(error));
        }
        _ => {}
    }
    discard(unfinished)?;
    flush_folder_of(path).map_err(CatalogError::io("flush the folder of", path))
}

/// Gives the finished and flushed file at `unfinished` the name `path`, durably, in place of what
/// was there.
pub(crate) fn replace(unfinished: &Path, path: &Path) -> Result<()> {
    std::fs::rename(unfinished, path).map_err(CatalogError::io("replace", path))?;
    flush_folder_of(path).map_err(CatalogError::io("flush the folder of", path))
}

/// Makes the names in the folder of `path` durable, on systems that can.
pub(crate) fn flush_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
