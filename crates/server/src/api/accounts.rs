//! Accounts: the customers of the installation.

use catalog::{Account, Grant, Page};
use model::{Scope, ScopeKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::Fields;
use super::page::{PageInfo, page};
use super::{ApiResult, envelope};
use crate::http::Call;
use crate::instant::rfc3339;
use crate::random::random_id;

/// Longest name of an account, in characters.
const NAME_CHARS_MAX: usize = 256;

/// An account, as the v4 API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(super) struct Shown {
    id: String,
    name: String,
    r#type: &'static str,
    settings: Settings,
    /// What the trust policies of the account's roles ask for.
    external_id: String,
    created_on: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccountSettings")]
pub(super) struct Settings {
    enforce_twofactor: bool,
}

fn shown(account: Account) -> Shown {
    Shown {
        id: account.id.to_string(),
        name: account.name,
        r#type: "standard",
        settings: Settings { enforce_twofactor: false },
        external_id: account.external_id,
        created_on: rfc3339(account.created_at),
    }
}

/// `GET /accounts`: those that the token is bound to.
pub(super) async fn list(call: &mut Call) -> ApiResult {
    let page = page(call)?;
    let only = match call.caller()?.token.grant {
        Grant::Installation => None,
        Grant::Scope(Scope { kind: ScopeKind::Account, id }) => Some(id),
        // A zone's token sees its zone and nothing above it.
        Grant::Scope(_) => return Ok(envelope::list([(); 0], PageInfo::new(page, 0, 0))),
    };
    // The catalogue cannot search by name, and accounts are few.
    let (accounts, info) = match call.query_value("name") {
        None => {
            let found = call.app.catalog.accounts(only, page).await?;
            let info = PageInfo::new(page, found.items.len(), found.total);
            (found.items, info)
        }
        Some(name) => {
            let found = call.app.catalog.accounts(only, Page::ALL).await?.items;
            let named = found.into_iter().filter(|account| account.name == name).collect();
            super::page::part(named, page)
        }
    };
    Ok(envelope::list(accounts.into_iter().map(shown).collect::<Vec<_>>(), info))
}

/// `GET /accounts/{account_id}`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let id = call.id("account_id")?;
    call.caller()?.require_scope(&call.app, Scope::account(id)).await?;
    Ok(envelope::result(shown(call.app.catalog.account(id).await?)))
}

/// `POST /accounts`.
pub(super) async fn create(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["name", "type"])?;
    let name = fields.required_text("name");
    let _type = fields.text("type");
    if name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control) {
        let allowed =
            format!("at most {NAME_CHARS_MAX} characters, none of them a control character");
        fields.refuse("name", allowed);
    }
    fields.finish()?;
    let (id, external_id) = (random_id()?, random_id()?.to_string());
    let account = call.app.catalog.add_account(id, &name, &external_id, &call.actor()).await?;
    Ok(envelope::result(shown(account)))
}

/// What was deleted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccountDeleted")]
pub(super) struct Deleted {
    id: String,
}

/// `DELETE /accounts/{account_id}`, where nothing depends on it.
pub(super) async fn delete(call: &mut Call) -> ApiResult {
    let id = call.id("account_id")?;
    call.app.catalog.delete_account(id, &call.actor()).await?;
    call.app.door.senders().forget();
    Ok(envelope::result(Deleted { id: id.to_string() }))
}
