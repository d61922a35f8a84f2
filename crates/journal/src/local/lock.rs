//! The lock that keeps a second journal out of the directory, in this process or another.
//!
//! **Rules.** The lock is the operating system's, on an open file: it ends with the process,
//! however that ends. The file itself says nothing and stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::layout;
use crate::OpenError;

/// Holds the directory as long as it lives.
#[derive(Debug)]
pub(super) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Takes the lock of `dir`.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(layout::LOCK);
        let opened = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
        let file = opened.map_err(|source| OpenError::io("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(OpenError::io("lock", &path, source)),
        }
    }
}
