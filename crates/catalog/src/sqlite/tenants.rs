//! Accounts and zones in SQLite.

use async_trait::async_trait;
use model::{AccountId, InstallationId, Scope, ScopeKind, ZoneId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During, blob, scope_columns};
use super::listing::{Listing, Question};
use super::{SqliteCatalog, audit, sql};
use crate::tenant::refuse_dependents;
use crate::{Account, Action, Actor, CatalogError, Page, Paged, Result, Tenants, Zone};

#[async_trait]
impl Tenants for SqliteCatalog {
    fn installation(&self) -> &InstallationId {
        &self.installation
    }

    async fn add_account(
        &self,
        id: AccountId,
        name: &str,
        external_id: &str,
        by: &Actor,
    ) -> Result<Account> {
        const ACTION: &str = "add an account";
        let mut tx = self.write().await?;
        let added = sqlx::query(
            "INSERT INTO account (id, name, external_id, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(blob(id))
        .bind(name)
        .bind(external_id)
        .bind(by.at.0)
        .execute(&mut *tx)
        .await
        .during(ACTION)?;
        if added.rows_affected() == 0 {
            return Err(CatalogError::Conflict(format!("there is an account {id} already")));
        }
        let (name, external_id) = (name.to_owned(), external_id.to_owned());
        let account = Account { id, name, external_id, created_at: by.at };
        audit::write(&mut tx, Action::of_account(by, None, Some(&account))).await?;
        tx.commit().await.during(ACTION)?;
        Ok(account)
    }

    async fn account(&self, id: AccountId) -> Result<Account> {
        find_account(&mut *self.read().await?, id).await
    }

    async fn accounts(&self, only: Option<AccountId>, page: Page) -> Result<Paged<Account>> {
        let only = only.map(blob);
        let listing = Listing {
            action: "list accounts",
            count: "SELECT count(*) FROM account
                    WHERE deleted_at IS NULL AND ($1 IS NULL OR id = $1)",
            rows: "SELECT * FROM account WHERE deleted_at IS NULL AND ($1 IS NULL OR id = $1)
                   ORDER BY number LIMIT $2 OFFSET $3",
        };
        self.list(listing, page, |question| question.bind(&only), account).await
    }

    async fn add_zone(
        &self,
        id: ZoneId,
        account: AccountId,
        name: &str,
        by: &Actor,
    ) -> Result<Zone> {
        const ACTION: &str = "add a zone";
        let name = name.to_ascii_lowercase();
        let mut tx = self.write().await?;
        require(&mut tx, Scope::account(account)).await?;
        let added = sqlx::query(
            "INSERT INTO zone (id, account, name, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(blob(id))
        .bind(blob(account))
        .bind(&name)
        .bind(by.at.0)
        .execute(&mut *tx)
        .await
        .during(ACTION)?;
        if added.rows_affected() == 0 {
            return Err(zone_conflict(&mut tx, id, &name).await?);
        }
        let zone = Zone { id, account, name, created_at: by.at };
        audit::write(&mut tx, Action::of_zone(by, None, Some(&zone))).await?;
        tx.commit().await.during(ACTION)?;
        Ok(zone)
    }

    async fn zone(&self, id: ZoneId) -> Result<Zone> {
        find_zone(&mut *self.read().await?, id).await
    }

    async fn zones(
        &self,
        account: Option<AccountId>,
        only: Option<ZoneId>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Paged<Zone>> {
        let (account, only) = (account.map(blob), only.map(blob));
        let name = name.map(str::to_ascii_lowercase);
        let listing =
            Listing { action: "list zones", count: sql!("zones_count"), rows: sql!("zones") };
        let bind = |question: Question| question.bind(&account).bind(&only).bind(&name);
        self.list(listing, page, bind, zone).await
    }

    async fn delete_account(&self, id: AccountId, by: &Actor) -> Result<()> {
        const ACTION: &str = "delete an account";
        let mut tx = self.write().await?;
        let account = find_account(&mut tx, id).await?;
        require_no_dependents(&mut tx, Scope::account(id)).await?;
        sqlx::query("UPDATE account SET deleted_at = $2 WHERE id = $1")
            .bind(blob(id))
            .bind(by.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        audit::write(&mut tx, Action::of_account(by, Some(&account), None)).await?;
        tx.commit().await.during(ACTION)
    }

    async fn delete_zone(&self, id: ZoneId, by: &Actor) -> Result<()> {
        const ACTION: &str = "delete a zone";
        let mut tx = self.write().await?;
        let zone = find_zone(&mut tx, id).await?;
        require_no_dependents(&mut tx, Scope::zone(id)).await?;
        sqlx::query(sql!("zone_delete"))
            .bind(blob(id))
            .bind(by.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        audit::write(&mut tx, Action::of_zone(by, Some(&zone), None)).await?;
        tx.commit().await.during(ACTION)
    }
}

async fn find_account(connection: &mut SqliteConnection, id: AccountId) -> Result<Account> {
    sqlx::query("SELECT * FROM account WHERE id = $1 AND deleted_at IS NULL")
        .bind(blob(id))
        .fetch_optional(connection)
        .await
        .during("find an account")?
        .map_or_else(|| Err(CatalogError::not_found("account", &id)), |row| account(&row))
}

async fn find_zone(connection: &mut SqliteConnection, id: ZoneId) -> Result<Zone> {
    sqlx::query("SELECT * FROM zone WHERE id = $1 AND deleted_at IS NULL")
        .bind(blob(id))
        .fetch_optional(connection)
        .await
        .during("find a zone")?
        .map_or_else(|| Err(CatalogError::not_found("zone", &id)), |row| zone(&row))
}

/// [`CatalogError::Conflict`] where something depends on the account or zone.
async fn require_no_dependents(connection: &mut SqliteConnection, scope: Scope) -> Result<()> {
    let (account, zone) = scope_columns(Some(scope));
    let row = sqlx::query(sql!("dependents"))
        .bind(account)
        .bind(zone)
        .fetch_one(connection)
        .await
        .during("find what depends on an account or zone")?;
    refuse_dependents(scope, row.unsigned("zones")?, row.unsigned("jobs")?, row.unsigned("tokens")?)
}

/// [`CatalogError::NotFound`] unless there is such an account or zone.
pub(super) async fn require(connection: &mut SqliteConnection, scope: Scope) -> Result<()> {
    let question = match scope.kind {
        ScopeKind::Account => {
            "SELECT EXISTS (SELECT 1 FROM account WHERE id = $1 AND deleted_at IS NULL)"
        }
        ScopeKind::Zone => {
            "SELECT EXISTS (SELECT 1 FROM zone WHERE id = $1 AND deleted_at IS NULL)"
        }
    };
    let exists: bool = sqlx::query_scalar(question)
        .bind(blob(scope.id))
        .fetch_one(connection)
        .await
        .during("find an account or zone")?;
    if exists { Ok(()) } else { Err(CatalogError::not_found(scope.kind.name(), &scope.id)) }
}

/// Why a zone could not be added: its name is taken, or else its id.
async fn zone_conflict(
    connection: &mut SqliteConnection,
    id: ZoneId,
    name: &str,
) -> Result<CatalogError> {
    let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM zone WHERE name = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .during("add a zone")?;
    Ok(CatalogError::Conflict(if taken {
        format!("there is a zone `{name}` already")
    } else {
        format!("there is a zone {id} already")
    }))
}

fn account(row: &SqliteRow) -> Result<Account> {
    Ok(Account {
        id: row.id("id")?,
        name: row.text("name")?,
        external_id: row.text("external_id")?,
        created_at: row.instant("created_at")?,
    })
}

fn zone(row: &SqliteRow) -> Result<Zone> {
    Ok(Zone {
        id: row.id("id")?,
        account: row.id("account")?,
        name: row.text("name")?,
        created_at: row.instant("created_at")?,
    })
}
