//! Where the catalogue's file is, and whether it still is there.
//!
//! A program that has a file open goes on with it when the file is renamed, removed or replaced:
//! what it writes then is found by nobody. So the file's identity is kept, and looked after.

use std::path::{Path, PathBuf};

use crate::{CatalogError, Result};

/// The place of an open file.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: Identity,
}

impl Place {
    /// The place of the file that is at `path` now.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let file = identity(path).map_err(CatalogError::io("look at", path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the same file is there still.
    pub(super) fn is_kept(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.file)
    }
}

/// Device and number.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;

    let metadata = path.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere an open file can neither be removed nor replaced.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<Identity> {
    path.metadata().map(drop)
}
