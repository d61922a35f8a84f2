//! Tokens in SQLite.

use async_trait::async_trait;
use model::{AccountId, Id, Scope, UnixNanos};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During, blob, damaged, scope_columns};
use super::listing::{Listing, Question};
use super::tenants::require;
use super::{SqliteCatalog, audit, sql};
use crate::{
    Action, Actor, CatalogError, Grant, Page, Paged, Permission, Result, Token, TokenHash, Tokens,
};

#[async_trait]
impl Tokens for SqliteCatalog {
    async fn add_token(&self, token: Token, hash: TokenHash, by: &Actor) -> Result<()> {
        const ACTION: &str = "add a token";
        if token.permissions.is_empty() {
            let what = format!("token {} has no permission: it needs at least one", token.id);
            return Err(CatalogError::Conflict(what));
        }
        let scope = match token.grant {
            Grant::Installation => None,
            Grant::Scope(scope) => Some(scope),
        };
        let (account, zone) = scope_columns(scope);
        let mut tx = self.write().await?;
        if let Some(scope) = scope {
            require(&mut tx, scope).await?;
        }
        let added = sqlx::query(sql!("token_insert"))
            .bind(blob(token.id))
            .bind(hash.0.to_vec())
            .bind(&token.name)
            .bind(permissions_text(&token.permissions))
            .bind(account)
            .bind(zone)
            .bind(token.created_at.0)
            .bind(token.expires_at.map(|at| at.0))
            .bind(token.last_used_at.map(|at| at.0))
            .bind(token.revoked_at.map(|at| at.0))
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        if added.rows_affected() == 0 {
            let what = format!("there is a token {} or one of the same text already", token.id);
            return Err(CatalogError::Conflict(what));
        }
        let owner = owner(&mut tx, &token).await?;
        audit::write(&mut tx, Action::of_token(by, owner, None, &token)).await?;
        tx.commit().await.during(ACTION)
    }

    async fn token_by_hash(&self, hash: TokenHash) -> Result<Option<Token>> {
        sqlx::query("SELECT * FROM token WHERE hash = $1")
            .bind(hash.0.to_vec())
            .fetch_optional(&mut *self.read().await?)
            .await
            .during("find a token")?
            .map(|row| token(&row))
            .transpose()
    }

    async fn tokens(&self, scope: Option<Scope>, page: Page) -> Result<Paged<Token>> {
        let (account, zone) = scope_columns(scope);
        let listing =
            Listing { action: "list tokens", count: sql!("tokens_count"), rows: sql!("tokens") };
        let bind = |question: Question| question.bind(&account).bind(&zone);
        self.list(listing, page, bind, token).await
    }

    async fn revoke_token(&self, id: Id, by: &Actor) -> Result<()> {
        const ACTION: &str = "revoke a token";
        let mut tx = self.write().await?;
        let before = sqlx::query("SELECT * FROM token WHERE id = $1")
            .bind(blob(id))
            .fetch_optional(&mut *tx)
            .await
            .during(ACTION)?
            .map_or_else(|| Err(CatalogError::not_found("token", &id)), |row| token(&row))?;
        if before.revoked_at.is_some() {
            return Ok(());
        }
        sqlx::query("UPDATE token SET revoked_at = $2 WHERE id = $1")
            .bind(blob(id))
            .bind(by.at.0)
            .execute(&mut *tx)
            .await
            .during(ACTION)?;
        let after = Token { revoked_at: Some(by.at), ..before.clone() };
        let owner = owner(&mut tx, &after).await?;
        audit::write(&mut tx, Action::of_token(by, owner, Some(&before), &after)).await?;
        tx.commit().await.during(ACTION)
    }

    async fn touch_token(&self, id: Id, now: UnixNanos) -> Result<()> {
        const ACTION: &str = "note the use of a token";
        let mut tx = self.write().await?;
        let touched = sqlx::query(
            "UPDATE token SET last_used_at = max(coalesce(last_used_at, $2), $2) WHERE id = $1",
        )
        .bind(blob(id))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .during(ACTION)?;
        if touched.rows_affected() == 0 {
            return Err(CatalogError::not_found("token", &id));
        }
        tx.commit().await.during(ACTION)
    }
}

/// The account that a token belongs to; `None` for one of the whole installation.
async fn owner(connection: &mut SqliteConnection, token: &Token) -> Result<Option<AccountId>> {
    match token.grant {
        Grant::Installation => Ok(None),
        Grant::Scope(scope) => audit::account_of(connection, scope).await.map(Some),
    }
}

fn token(row: &SqliteRow) -> Result<Token> {
    Ok(Token {
        id: row.id("id")?,
        name: row.text("name")?,
        permissions: permissions(&row.text("permissions")?)?,
        grant: row.scope()?.map_or(Grant::Installation, Grant::Scope),
        created_at: row.instant("created_at")?,
        expires_at: row.instant_or_none("expires_at")?,
        last_used_at: row.instant_or_none("last_used_at")?,
        revoked_at: row.instant_or_none("revoked_at")?,
    })
}

fn permissions_text(permissions: &[Permission]) -> String {
    permissions.iter().map(|permission| permission.name()).collect::<Vec<_>>().join(" ")
}

fn permissions(text: &str) -> Result<Vec<Permission>> {
    text.split(' ')
        .map(|name| {
            let unknown = || damaged("permissions", format_args!("`{name}`"));
            Permission::from_name(name).ok_or_else(unknown)
        })
        .collect()
}
