//! Who owns the ledger: the newest that took it over, counted in the catalogue's one row.

use std::sync::atomic::Ordering;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, Transaction};

use crate::sqlite::SqliteCatalog;
use crate::sqlite::columns::During;
use crate::{CatalogError, Result};

/// What is tried where the owner is asked for.
pub(super) const ASK: &str = "tell who owns the ledger";

impl SqliteCatalog {
    /// Which owner this handle's user is; 0 where it never took the ledger over.
    pub(super) fn mine(&self) -> u64 {
        self.groups.owner.load(Ordering::Acquire)
    }

    pub(super) async fn become_owner(&self) -> Result<()> {
        const ACTION: &str = "take the ledger over";
        let mut tx = self.write().await?;
        let owner: i64 =
            sqlx::query_scalar("UPDATE installation SET owner = owner + 1 RETURNING owner")
                .fetch_one(&mut *tx)
                .await
                .during(ACTION)?;
        tx.commit().await.during(ACTION)?;
        self.groups.owner.store(owner as u64, Ordering::Release);
        Ok(())
    }

    /// A transaction that writes to the ledger, if nobody else owns it.
    pub(super) async fn step(&self) -> Result<Transaction<'static, Sqlite>> {
        let mut tx = self.write().await?;
        require(&mut tx, self.mine()).await?;
        Ok(tx)
    }
}

/// [`CatalogError::Superseded`] where somebody else than `mine` owns the ledger.
pub(super) async fn require(connection: &mut SqliteConnection, mine: u64) -> Result<()> {
    match superseded(connection, mine).await.during(ASK)? {
        None => Ok(()),
        Some(newest) => Err(CatalogError::Superseded { mine, newest }),
    }
}

/// Who owns the ledger, where it is somebody else than `mine`.
pub(super) async fn superseded(
    connection: &mut SqliteConnection,
    mine: u64,
) -> sqlx::Result<Option<u64>> {
    if mine == 0 {
        return Ok(None);
    }
    let newest: i64 =
        sqlx::query_scalar("SELECT owner FROM installation").fetch_one(connection).await?;
    Ok(Some(newest as u64).filter(|&newest| newest != mine))
}
