//! The catalogue in one SQLite file.
//!
//! One connection writes, one transaction at a time; a few read beside it. The file is in WAL
//! mode and flushed at every commit, so that what a call has answered survives a power cut.
//! `docs/catalog.md` describes the tables.

mod audit;
mod backup;
mod columns;
mod file;
mod forward;
mod history;
mod jobs;
mod ledger;
mod listing;
mod mark;
mod place;
mod rotation;
mod schema;
mod stores;
mod tenants;
mod tokens;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{InstallationId, UnixNanos};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use crate::vault::Vault;
use crate::{CatalogError, Mark, Result};
use columns::During;
use ledger::Groups;
use mark::Compared;
use place::Place;

pub use backup::back_up;
pub use forward::BroughtForward;

/// The text of a file of `queries/`; of several, which are carried out one after the other in one
/// call, with the same arguments.
macro_rules! sql {
    ($($name:literal),+) => {
        concat!(
            $(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/", $name, ".sql"))),+
        )
    };
}
use sql;

/// Connections that read.
const READERS: u32 = 4;
/// How long a transaction waits for another process that writes, say a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_mins(1);

/// What to do with a catalogue that is older than what its data directory remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Older {
    /// Refuse it: [`CatalogError::Older`].
    #[default]
    Refused,
    /// Bring it forward as far as the mark knows: a person has said that a backup is all there is.
    Accepted,
}

/// A catalogue in one SQLite file, or in memory.
pub struct SqliteCatalog {
    installation: InstallationId,
    vault: Vault,
    writer: SqlitePool,
    readers: SqlitePool,
    /// Where changes of the ledger wait for their common transaction.
    groups: Arc<Groups>,
    /// `None` in memory.
    place: Option<Place>,
    brought_forward: Option<BroughtForward>,
}

impl SqliteCatalog {
    /// Opens the catalogue in the file at `path`, which is made where there is none, readable by
    /// its owner only. What is encrypted under an older key than the vault's newest is encrypted
    /// anew; a file of an older schema is copied, then migrated. Refused and left as it is is a
    /// file that is empty, damaged, contradictory or no catalogue ([`Damaged`]), one of a newer
    /// version ([`TooNew`]), one under another key ([`WrongKey`]), one that is locked
    /// ([`Locked`]) or cannot be written ([`ReadOnly`]), and one that the mark beside it tells to
    /// be older ([`Older`]) or somebody else's ([`OtherInstallation`]).
    ///
    /// [`Damaged`]: CatalogError::Damaged
    /// [`TooNew`]: CatalogError::TooNew
    /// [`WrongKey`]: CatalogError::WrongKey
    /// [`Locked`]: CatalogError::Locked
    /// [`ReadOnly`]: CatalogError::ReadOnly
    /// [`Older`]: CatalogError::Older
    /// [`OtherInstallation`]: CatalogError::OtherInstallation
    pub async fn open(path: &Path, vault: Vault, now: UnixNanos) -> Result<Self> {
        Self::open_or(Older::Refused, path, vault, now).await
    }

    /// The same, which does this with an older catalogue.
    pub async fn open_or(older: Older, path: &Path, vault: Vault, now: UnixNanos) -> Result<Self> {
        let mark_path = Mark::path_of(path);
        let mark = Mark::read(&mark_path)?;
        if !file::exists(path)? {
            if mark.is_some() {
                return Err(file::gone(path, &mark_path));
            }
            file::create(path, &vault, now).await?;
        }
        let found = file::inspect(path, &vault, mark.as_ref()).await?;
        let outdated = match (found.compared, mark) {
            (Compared::Older(_), Some(mark)) if older == Older::Accepted => Some(mark),
            (Compared::Older(found), Some(mark)) => {
                let (path, known) = (path.to_owned(), mark.generation);
                return Err(CatalogError::Older { path, found, mark: mark_path, known });
            }
            _ => None,
        };
        let options = durable(file::options(path));
        let unusable = |error| file::unusable(path, error);
        let writer = pool(1, options.clone()).await.map_err(unusable)?;
        file::prove_writable(&writer, path).await?;
        {
            let mut connection = writer.acquire().await.during("be migrated")?;
            if found.schema < schema::supported() {
                let suffix = format!(".schema-{}", found.schema);
                backup::copy_beside(&mut connection, path, &suffix).await?;
            }
            schema::migrate(&mut connection).await?;
        }
        let readers = pool(READERS, options.read_only(true)).await.map_err(unusable)?;
        let place = Some(Place::of(path)?);
        let installation = found.installation;
        let groups = Groups::new(&writer);
        let mut catalog =
            Self { installation, vault, writer, readers, groups, place, brought_forward: None };
        catalog.rotate().await?;
        if let Some(mark) = outdated {
            catalog.brought_forward = Some(catalog.bring_forward(&mark, now).await?);
        }
        if let Some(mark) = catalog.mark(now).await? {
            mark.write(&mark_path)?;
        }
        Ok(catalog)
    }

    /// What became of it, where it was older than its data directory remembered.
    pub fn brought_forward(&self) -> Option<&BroughtForward> {
        self.brought_forward.as_ref()
    }

    /// A new catalogue in memory: for tests, and for what need not last.
    pub async fn in_memory(vault: Vault, now: UnixNanos) -> Result<Self> {
        let only = pool(1, SqliteConnectOptions::new()).await.during("be created")?;
        let mut connection = only.acquire().await.during("be created")?;
        schema::migrate(&mut connection).await?;
        let installation = schema::found(&mut connection, &vault, now).await?;
        drop(connection);
        let (writer, readers) = (only.clone(), only);
        let (place, brought_forward) = (None, None);
        let groups = Groups::new(&writer);
        Ok(Self { installation, vault, writer, readers, groups, place, brought_forward })
    }

    /// The mark of the catalogue as it is now, to be written to [`SqliteCatalog::mark_path`];
    /// `None` in memory.
    pub async fn mark(&self, now: UnixNanos) -> Result<Option<Mark>> {
        if self.place.is_none() {
            return Ok(None);
        }
        let mut tx = self.snapshot().await?;
        mark::take(&mut tx, &self.installation, (now, false)).await.map(Some)
    }

    /// How much was decided and delivered.
    pub async fn generation(&self) -> Result<u64> {
        mark::generation(&mut *self.read().await?).await
    }

    /// Where the mark belongs; `None` in memory.
    pub fn mark_path(&self) -> Option<PathBuf> {
        self.place.as_ref().map(|place| Mark::path_of(place.path()))
    }

    /// Whether the file at the catalogue's place is still the one that is open.
    fn is_in_place(&self) -> bool {
        self.place.as_ref().is_none_or(Place::is_kept)
    }

    /// Waits for what is under way, moves what the write-ahead log holds into the file, and
    /// closes it; calls after this one fail. Without it nothing is lost either.
    pub async fn close(&self) {
        // SQLite clears the log as the last connection goes, which must be one that may write.
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Closes the catalogue for good, with a last mark that says so. Where the file was taken
    /// away from its place while it was open, what it holds is saved beside the place first, and
    /// the copy's path is given.
    pub async fn finish(&self, now: UnixNanos) -> Result<Option<PathBuf>> {
        let finished = self.finish_open(now).await;
        self.close().await;
        finished
    }

    async fn finish_open(&self, now: UnixNanos) -> Result<Option<PathBuf>> {
        let Some(place) = &self.place else { return Ok(None) };
        let mut last = self.writer.acquire().await.during("be closed")?;
        // Nobody writes from here on: the only connection that may is ours.
        let closing = self.writer.close();
        let mark = mark::take(&mut last, &self.installation, (now, true)).await?;
        let saved = if place.is_kept() {
            None
        } else {
            Some(backup::copy_beside(&mut last, place.path(), ".saved").await?)
        };
        mark.write(&Mark::path_of(place.path()))?;
        self.readers.close().await;
        if saved.is_some() {
            file::take_log_along(&mut last, place.path()).await?;
        }
        drop(last);
        closing.await;
        Ok(saved)
    }

    /// A transaction that writes: the only one there is until it ends. Dropped, it did nothing.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        begin(&self.writer).await.during(BEGIN)
    }

    /// A connection for one question.
    async fn read(&self) -> Result<PoolConnection<Sqlite>> {
        self.readers.acquire().await.during("be read")
    }

    /// A transaction for several questions about the same state.
    async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>> {
        self.readers.begin().await.during("be read")
    }
}

impl fmt::Debug for SqliteCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteCatalog")
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

fn durable(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // On macOS a plain fsync stops at the drive's cache; elsewhere this changes nothing.
        .pragma("fullfsync", "ON")
}

/// What is tried where a transaction begins.
const BEGIN: &str = "begin a transaction";

async fn begin(writer: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// Whether a connection is out of its last transaction. SQLite itself rolls back what meets an error
/// of the disk; the client then never learns that it ended, and could begin no other one.
async fn is_usable(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of one that was dropped may still be on its way.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Connections that are open at once and stay so: a catalogue in memory lives in its only one, and
/// one that is opened later would find another file where the first was replaced.
async fn pool(connections: u32, options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(connections)
        .acquire_timeout(TURN_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_usable(connection)))
        .connect_with(options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT))
        .await
}
