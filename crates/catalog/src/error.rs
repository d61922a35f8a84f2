//! What can go wrong with the catalogue, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a call had no effect.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// There is no such thing.
    #[error("no such {what}: {id}")]
    NotFound {
        /// The kind of thing: `account`, `zone`, `token`, `job`, `revision`, `batch`.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// It contradicts what is there already.
    #[error("{0}")]
    Conflict(String),
    /// Somebody else has moved on: the caller's picture of the ledger is out of date.
    #[error("out of date: {0}")]
    Fenced(String),
    /// Another process has taken the ledger over: this one has to stop delivering.
    #[error(
        "another process delivers from this catalogue now (start {newest} of delivery, this one \
         is start {mine}): stop this one, and see to it that no two run on one data directory"
    )]
    Superseded {
        /// Which start of delivery the caller is.
        mine: u64,
        /// Which one owns the ledger.
        newest: u64,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the catalogue `{path}` has schema version {found}, newer than {supported}: \
         use the version of logpush that wrote it, or a newer one"
    )]
    TooNew {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that this program knows.
        supported: i64,
    },
    /// A secret cannot be read back: the key is not the one that it was encrypted under.
    #[error(
        "cannot decrypt {what}: it was encrypted under another key than the one in use; \
         bring back the key that belongs to this catalogue"
    )]
    WrongKey {
        /// What was to be decrypted.
        what: String,
    },
    /// The key is no key, or lies open.
    #[error("the key is unusable: {0}")]
    Key(String),
    /// What is stored contradicts itself.
    #[error("the catalogue is damaged: {0}")]
    Damaged(String),
    /// The database refused.
    #[error("the catalogue cannot {action}: {source}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: sqlx::Error,
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

impl CatalogError {
    /// Makes the error of a call to the file system.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// There is no `what` of that `id`.
    pub(crate) fn not_found(what: &'static str, id: &dyn std::fmt::Display) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }
}
