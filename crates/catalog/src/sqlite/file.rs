//! The catalogue's file: how it comes into being, and which files are refused.
//!
//! A catalogue comes into being whole: what was not finished never has its name. A file that is
//! there is therefore a catalogue or a reason to stop; it is never replaced and, until it has
//! proved sound, not written to.

use std::io;
use std::path::Path;

use model::{InstallationId, UnixNanos};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions, Connection};

use super::BUSY_TIMEOUT;
use super::columns::{During, is_damage, primary_code};
use super::mark::{self, Compared};
use super::schema::{self, Found};
use crate::publish::{create_private, discard, publish, unfinished, with_suffix};
use crate::vault::Vault;
use crate::{CatalogError, Mark, Result};

/// Primary result codes. <https://www.sqlite.org/rescode.html>
const SQLITE_ERROR: i32 = 1;
const SQLITE_BUSY: i32 = 5;
const SQLITE_READONLY: i32 = 8;

/// The database in the file at `path`, as it is.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path)
}

/// Whether there is a catalogue at `path`, or something that should be one.
pub(super) fn exists(path: &Path) -> Result<bool> {
    let length = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return missing(path),
        Err(error) => return Err(CatalogError::io("open", path)(error)),
    };
    if length == 0 {
        return Err(damaged(path, "the file is empty"));
    }
    Ok(true)
}

/// A write-ahead log without its database would be played into a new one.
fn missing(path: &Path) -> Result<bool> {
    let log = with_suffix(path, "-wal");
    if log.exists() {
        let what = format!("the file is gone, but `{}` is there", log.display());
        return Err(damaged(path, &what));
    }
    Ok(false)
}

/// Makes an empty catalogue at `path`.
pub(super) async fn create(path: &Path, vault: &Vault, now: UnixNanos) -> Result<()> {
    let unfinished = unfinished(path);
    discard(&unfinished)?;
    discard(&with_suffix(&unfinished, "-journal"))?;
    drop(create_private(&unfinished)?);
    let mut connection = connect(options(&unfinished), &unfinished).await?;
    schema::migrate(&mut connection).await?;
    schema::found(&mut connection, vault, now).await?;
    connection.close().await.map_err(|error| unusable(&unfinished, error))?;
    publish(&unfinished, path)
}

/// What a file turned out to be that can be opened.
#[derive(Debug)]
pub(super) struct Inspected {
    /// Whose catalogue it is.
    pub(super) installation: InstallationId,
    /// Its schema version.
    pub(super) schema: i64,
    /// What the mark says of it.
    pub(super) compared: Compared,
}

/// Looks at the file at `path`, which must be a sound catalogue of this version or an older one,
/// under a key of `vault`, and the one that `mark` tells of or an older one. Reads only.
pub(super) async fn inspect(path: &Path, vault: &Vault, mark: Option<&Mark>) -> Result<Inspected> {
    let mut connection = connect_to_read(path).await?;
    let inspected = inspect_open(&mut connection, path, (vault, mark)).await;
    // Nothing was written, so there is nothing that closing could fail at.
    connection.close().await.ok();
    inspected
}

async fn inspect_open(
    connection: &mut SqliteConnection,
    path: &Path,
    (vault, mark): (&Vault, Option<&Mark>),
) -> Result<Inspected> {
    let schema = refuse_unsound(connection, path).await?;
    let installation = schema::installation(connection, vault).await?;
    let compared = match mark {
        Some(mark) => mark::compare(connection, path, &installation, mark).await?,
        None => Compared::Same,
    };
    Ok(Inspected { installation, schema, compared })
}

/// Refuses what is no sound catalogue of this version or an older one; gives its schema version.
pub(super) async fn refuse_unsound(connection: &mut SqliteConnection, path: &Path) -> Result<i64> {
    match schema::check(connection).await {
        Ok(Found::Sound { .. }) if ends_within_a_page(connection, path).await? => {
            Err(damaged(path, "its end is missing"))
        }
        Ok(Found::Sound { schema }) => Ok(schema),
        Ok(Found::Foreign) => Err(damaged(path, "it belongs to another program")),
        Ok(Found::Broken(what)) => Err(damaged(path, &what)),
        Ok(Found::Newer { found, supported }) => {
            Err(CatalogError::TooNew { path: path.to_owned(), found, supported })
        }
        // A table or a column is missing.
        Err(error) if primary_code(&error) == Some(SQLITE_ERROR) => {
            Err(damaged(path, &message(&error)))
        }
        Err(error) => Err(unusable(path, error)),
    }
}

/// Sees that the database can be written, by a transaction that comes to nothing. To begin it is
/// not enough: SQLite begins one on a file that it cannot write, too.
pub(super) async fn prove_writable(writer: &SqlitePool, path: &Path) -> Result<()> {
    let begun = writer.begin_with("BEGIN IMMEDIATE").await;
    let mut tx = begun.map_err(|error| unusable(path, error))?;
    let written = sqlx::query("UPDATE installation SET id = id").execute(&mut *tx).await;
    written.map_err(|error| unusable(path, error))?;
    tx.rollback().await.map_err(|error| unusable(path, error))
}

/// SQLite reads the rest of a page that was cut as zeroes. Whole pages that are missing it finds
/// by itself; and pages that were being written during a crash are in the log.
async fn ends_within_a_page(connection: &mut SqliteConnection, path: &Path) -> Result<bool> {
    let page: i64 =
        sqlx::query_scalar("PRAGMA page_size").fetch_one(connection).await.during("be opened")?;
    let length = path.metadata().map_err(CatalogError::io("open", path))?.len();
    let log = with_suffix(path, "-wal").metadata().map_or(0, |log| log.len());
    Ok(log == 0 && !length.is_multiple_of(page as u64))
}

/// A connection to the database at `path` that cannot write.
pub(super) async fn connect_to_read(path: &Path) -> Result<SqliteConnection> {
    connect(options(path).read_only(true).busy_timeout(BUSY_TIMEOUT), path).await
}

async fn connect(options: SqliteConnectOptions, path: &Path) -> Result<SqliteConnection> {
    options.connect().await.map_err(|error| unusable(path, error))
}

/// What it means that the database cannot be opened.
pub(super) fn unusable(path: &Path, error: sqlx::Error) -> CatalogError {
    let path_of = path.to_owned();
    match primary_code(&error) {
        _ if is_damage(&error) => damaged(path, &message(&error)),
        Some(SQLITE_BUSY) => CatalogError::Locked { path: path_of },
        Some(SQLITE_READONLY) => CatalogError::ReadOnly { path: path_of, why: message(&error) },
        _ => CatalogError::io("open the database", path)(io::Error::other(error)),
    }
}

/// Moves what the write-ahead log at `path` holds into the open file that is there no more, and
/// removes the log: it would be played into whatever is there now.
pub(super) async fn take_log_along(last: &mut SqliteConnection, path: &Path) -> Result<()> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(last).await.during("be closed")?;
    discard(&with_suffix(path, "-wal"))?;
    discard(&with_suffix(path, "-shm"))
}

/// A mark tells of a catalogue that is not there.
pub(super) fn gone(path: &Path, mark: &Path) -> CatalogError {
    let what = format!("the file is gone, but `{}` remembers it", mark.display());
    damaged(path, &what)
}

/// What SQLite said, without what sqlx puts before it.
fn message(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
}

fn damaged(path: &Path, what: &str) -> CatalogError {
    CatalogError::Damaged(format!(
        "`{path}`: {what}; the file stays as it is. Bring it back from a backup, or save what \
         is readable with `sqlite3 {path} .recover`; for a new installation choose an empty data \
         directory",
        path = path.display()
    ))
}
