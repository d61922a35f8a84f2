//! The catalogue in one SQLite file.
//!
//! One connection writes, one transaction at a time; a few read beside it. The file is in WAL
//! mode and flushed at every commit, so that what a call has answered survives a power cut.
//! `docs/catalog.md` describes the tables.

mod audit;
mod columns;
mod file;
mod history;
mod jobs;
mod ledger;
mod rotation;
mod schema;
mod stores;
mod tenants;
mod tokens;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use model::{InstallationId, UnixNanos};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use crate::Result;
use crate::vault::Vault;
use columns::During;

/// The text of a file of `queries/`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/", $name, ".sql"))
    };
}
use sql;

/// Connections that read.
const READERS: u32 = 4;
/// How long a transaction waits for another process that writes, say a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_mins(1);

/// A catalogue in one SQLite file, or in memory.
pub struct SqliteCatalog {
    installation: InstallationId,
    vault: Vault,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteCatalog {
    /// Opens the catalogue in the file at `path`, which is made where there is none, readable by
    /// its owner only. What is encrypted under an older key than the vault's newest is encrypted
    /// anew. A file that is empty, damaged, contradictory or no catalogue is refused
    /// ([`Damaged`]) and left as it is; so is one of a newer version ([`TooNew`]) and one under
    /// another key ([`WrongKey`]).
    ///
    /// [`Damaged`]: crate::CatalogError::Damaged
    /// [`TooNew`]: crate::CatalogError::TooNew
    /// [`WrongKey`]: crate::CatalogError::WrongKey
    pub async fn open(path: &Path, vault: Vault, now: UnixNanos) -> Result<Self> {
        if !file::exists(path)? {
            file::create(path, &vault, now).await?;
        }
        let installation = file::inspect(path, &vault).await?;
        let options = durable(file::options(path));
        let writer = pool(1, options.clone()).await?;
        schema::migrate(&mut *writer.acquire().await.during("be migrated")?).await?;
        let readers = pool(READERS, options.read_only(true)).await?;
        let catalog = Self { installation, vault, writer, readers };
        catalog.rotate().await?;
        Ok(catalog)
    }

    /// A new catalogue in memory: for tests, and for what need not last.
    pub async fn in_memory(vault: Vault, now: UnixNanos) -> Result<Self> {
        let only = pool(1, SqliteConnectOptions::new()).await?;
        let mut connection = only.acquire().await.during("be created")?;
        schema::migrate(&mut connection).await?;
        let installation = schema::found(&mut connection, &vault, now).await?;
        drop(connection);
        Ok(Self { installation, vault, writer: only.clone(), readers: only })
    }

    /// Waits for what is under way, moves what the write-ahead log holds into the file, and
    /// closes it; calls after this one fail. Without it nothing is lost either.
    pub async fn close(&self) {
        // SQLite clears the log as the last connection goes, which must be one that may write.
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that writes: the only one there is until it ends. Dropped, it did nothing.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.during("begin a transaction")
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

/// Whether a connection is out of its last transaction. SQLite itself rolls back what meets an error
/// of the disk; the client then never learns that it ended, and could begin no other one.
async fn is_usable(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of one that was dropped may still be on its way.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Connections that stay open: a catalogue in memory lives in its only one.
async fn pool(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(TURN_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_usable(connection)))
        .connect_with(options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT))
        .await
        .during("be opened")
}
