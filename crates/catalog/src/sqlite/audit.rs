//! The audit trail in SQLite: written with the change that it tells of, read newest first.

use async_trait::async_trait;
use model::{AccountId, Scope, ScopeKind, UnixNanos};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::columns::{Columns, During, blob, damaged};
use super::listing::Listing;
use super::{SqliteCatalog, sql};
use crate::audit::ACTIONS_PER_ACCOUNT_MAX;
use crate::{Action, Actor, Audit, AuditOf, Page, Paged, Result, Subject, Verb};

#[async_trait]
impl Audit for SqliteCatalog {
    async fn actions(&self, of: AuditOf, page: Page) -> Result<Paged<Action>> {
        let account = match of {
            AuditOf::Account(id) => Some(blob(id)),
            AuditOf::Installation => None,
        };
        let (count, rows) = match of {
            AuditOf::Account(_) => {
                ("SELECT count(*) FROM action WHERE account = $1", sql!("actions_of_account"))
            }
            AuditOf::Installation => ("SELECT count(*) FROM action", sql!("actions")),
        };
        let listing = Listing { action: "list actions", count, rows };
        self.list(listing, page, |question| question.bind(&account), action).await
    }

    async fn forget_actions_before(&self, at: UnixNanos) -> Result<()> {
        self.forget(sql!("actions_forget"), at).await
    }
}

/// Writes what was done, if anything was; the oldest of too many goes.
pub(super) async fn write(connection: &mut SqliteConnection, action: Option<Action>) -> Result<()> {
    const ACTION: &str = "write the audit trail";
    let Some(action) = action else { return Ok(()) };
    let account = action.account.map(blob);
    sqlx::query(sql!("action_insert"))
        .bind(action.by.at.0)
        .bind(action.by.token.map(blob))
        .bind(action.by.name)
        .bind(action.by.address)
        .bind(action.verb.name())
        .bind(action.what.name())
        .bind(action.id)
        .bind(&account)
        .bind(action.before.map(|state| state.to_string()))
        .bind(action.after.map(|state| state.to_string()))
        .execute(&mut *connection)
        .await
        .during(ACTION)?;
    sqlx::query(sql!("actions_trim"))
        .bind(account)
        .bind(ACTIONS_PER_ACCOUNT_MAX)
        .execute(connection)
        .await
        .during(ACTION)?;
    Ok(())
}

/// The account that a scope belongs to.
pub(super) async fn account_of(
    connection: &mut SqliteConnection,
    scope: Scope,
) -> Result<AccountId> {
    if scope.kind == ScopeKind::Account {
        return Ok(scope.id);
    }
    sqlx::query("SELECT account FROM zone WHERE id = $1")
        .bind(blob(scope.id))
        .fetch_one(connection)
        .await
        .during("find a zone's account")?
        .id("account")
}

fn action(row: &SqliteRow) -> Result<Action> {
    let state = |column| {
        let text: Option<String> = row.get(column)?;
        let parsed = text.map(|text| serde_json::from_str::<Value>(&text)).transpose();
        parsed.map_err(|error| damaged(column, error))
    };
    let (verb, what) = (row.text("verb")?, row.text("what")?);
    let id = |column| row.get::<Option<Vec<u8>>>(column)?.map(|_| row.id(column)).transpose();
    Ok(Action {
        number: row.unsigned("number")?,
        by: Actor {
            at: row.instant("at")?,
            token: id("token")?,
            name: row.text("name")?,
            address: row.get("address")?,
        },
        verb: Verb::from_name(&verb).ok_or_else(|| damaged("verb", format_args!("`{verb}`")))?,
        what: Subject::from_name(&what).ok_or_else(|| damaged("what", format_args!("`{what}`")))?,
        id: row.text("id")?,
        account: id("account")?,
        before: state("was")?,
        after: state("is_now")?,
    })
}
