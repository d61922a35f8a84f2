//! How columns and our types turn into each other, and SQLite's errors into ours.
//!
//! Unsigned 64-bit numbers are stored as SQLite's signed ones, bit for bit.

use std::sync::Arc;

use model::{Id, Scope, ScopeKind, UnixNanos};
use sqlx::Row;
use sqlx::sqlite::{Sqlite, SqliteRow};

use crate::{CatalogError, Result};

/// Primary result codes by which SQLite reports a damaged file.
/// <https://www.sqlite.org/rescode.html>
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_NOTADB: i32 = 26;

/// SQLite's primary result code, where the error comes from there.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    // An extended code carries its primary code in the lowest byte.
    Some(code & 0xff)
}

/// Whether the error says that the file itself is bad.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// Names what was tried when the database refused.
pub(super) trait During<T> {
    /// The error of "the catalogue cannot `action`".
    fn during(self, action: &'static str) -> Result<T>;
}

impl<T> During<T> for sqlx::Result<T> {
    fn during(self, action: &'static str) -> Result<T> {
        self.map_err(|source| refusal(action, &Arc::new(source)))
    }
}

/// The database's refusal, as the error of "the catalogue cannot `action`".
pub(super) fn refusal(action: &'static str, source: &Arc<sqlx::Error>) -> CatalogError {
    if is_damage(source) {
        CatalogError::Damaged(format!("{source}; bring it back from a backup"))
    } else {
        CatalogError::Database { action, source: Arc::clone(source) }
    }
}

/// Reads columns as the types that they were written from. A value that no writer of ours wrote
/// is [`CatalogError::Damaged`].
pub(super) trait Columns {
    fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>;

    /// An integer that fits `T`.
    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T> {
        let value: i64 = self.get(column)?;
        T::try_from(value).map_err(|_| damaged(column, value))
    }

    fn unsigned(&self, column: &'static str) -> Result<u64> {
        Ok(self.get::<i64>(column)? as u64)
    }

    fn unsigned_or_none(&self, column: &'static str) -> Result<Option<u64>> {
        Ok(self.get::<Option<i64>>(column)?.map(|value| value as u64))
    }

    fn text(&self, column: &'static str) -> Result<String> {
        self.get(column)
    }

    fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        self.get(column)
    }

    fn instant(&self, column: &'static str) -> Result<UnixNanos> {
        Ok(UnixNanos(self.get(column)?))
    }

    fn instant_or_none(&self, column: &'static str) -> Result<Option<UnixNanos>> {
        Ok(self.get::<Option<i64>>(column)?.map(UnixNanos))
    }

    fn id(&self, column: &'static str) -> Result<Id> {
        id(column, &self.bytes(column)?)
    }

    /// The columns `account` and `zone`, of which at most one is set.
    fn scope(&self) -> Result<Option<Scope>> {
        let account: Option<Vec<u8>> = self.get("account")?;
        let zone: Option<Vec<u8>> = self.get("zone")?;
        match (account, zone) {
            (None, None) => Ok(None),
            (Some(account), None) => Ok(Some(Scope::account(id("account", &account)?))),
            (None, Some(zone)) => Ok(Some(Scope::zone(id("zone", &zone)?))),
            (Some(_), Some(_)) => Err(damaged("zone", "something beside an account")),
        }
    }
}

impl Columns for SqliteRow {
    fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    {
        self.try_get(column).during("be read")
    }
}

/// The columns `account` and `zone` of a scope.
pub(super) fn scope_columns(scope: Option<Scope>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let id = |kind| scope.filter(|scope| scope.kind == kind).map(|scope| blob(scope.id));
    (id(ScopeKind::Account), id(ScopeKind::Zone))
}

/// An id as it is stored.
pub(super) fn blob(id: Id) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A stored value that no writer of ours wrote.
pub(super) fn damaged(column: &str, value: impl std::fmt::Display) -> CatalogError {
    CatalogError::Damaged(format!("column `{column}` holds {value}; bring it back from a backup"))
}

fn id(column: &'static str, bytes: &[u8]) -> Result<Id> {
    match bytes.try_into() {
        Ok(bytes) => Ok(Id::from_bytes(bytes)),
        Err(_) => Err(damaged(column, format_args!("{} bytes instead of 16", bytes.len()))),
    }
}
