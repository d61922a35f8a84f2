//! What can go wrong with the catalogue, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// The catalogue is older than what its data directory remembers.
    #[error(
        "the catalogue `{path}` is older than what this service has decided and delivered: it \
         stands at generation {found}, and `{mark}` remembers generation {known}. Bring back the \
         newest catalogue; or, where a backup is all that is left, start once with \
         --accept-older-catalog, which takes from the mark where deliveries stand, so that what \
         was delivered is not delivered again, and pauses the jobs that were changed since; \
         docs/backup.md tells more"
    )]
    Older {
        /// The database file.
        path: PathBuf,
        /// Its generation.
        found: u64,
        /// The mark's file.
        mark: PathBuf,
        /// The mark's generation.
        known: u64,
    },
    /// The catalogue belongs to another installation than the data directory.
    #[error(
        "the catalogue `{path}` is installation {found}'s, and this data directory is \
         installation {known}'s, by `{mark}`: bring back the catalogue that belongs here, or give \
         the data directory that this one belongs to"
    )]
    OtherInstallation {
        /// The database file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// The mark's file.
        mark: PathBuf,
        /// Whose the mark is.
        known: String,
    },
    /// The mark beside the catalogue cannot be used.
    #[error(
        "`{path}`, by which an older or foreign catalogue would be known, cannot be used: {what}. \
         Where you are sure that the catalogue beside it is the newest, remove the file: a new \
         one is made at the next start"
    )]
    Mark {
        /// The mark's file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process keeps the database to itself.
    #[error(
        "the catalogue `{path}` is locked by another process: see who has it open (`fuser {path}`), \
         let it end, and start again"
    )]
    Locked {
        /// The database file.
        path: PathBuf,
    },
    /// The database cannot be written.
    #[error(
        "the catalogue `{path}` cannot be written: {why}; make it writable for the user of this \
         process"
    )]
    ReadOnly {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file is there that must not be replaced.
    #[error("`{path}` is there already and is not replaced: choose another name")]
    Exists {
        /// The file.
        path: PathBuf,
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
        /// Why not; shared by all whose changes were one transaction.
        source: Arc<sqlx::Error>,
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
