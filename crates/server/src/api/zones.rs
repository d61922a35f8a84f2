//! Zones: the domains of accounts.
//!
//! Only the operator adds zones: records from a shared edge go to the zone with the longest
//! matching name, so whoever could add a name could take another customer's records.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use catalog::{Account, Grant, Zone};
use model::{AccountId, Scope, ScopeKind, ZoneId};
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Fields, Given};
use super::page::{PageInfo, page};
use super::{ApiError, ApiResult, Code, envelope};
use crate::app::App;
use crate::http::Call;
use crate::instant::rfc3339;
use crate::random::random_id;

/// A zone, as the v4 API shows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Zone")]
pub(super) struct Shown {
    id: String,
    name: String,
    status: &'static str,
    paused: bool,
    r#type: &'static str,
    account: Owner,
    created_on: String,
    modified_on: String,
    activated_on: String,
}

/// The account that a zone belongs to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ZoneOwner")]
pub(super) struct Owner {
    id: String,
    name: String,
}

fn shown(zone: Zone, account: &Account) -> Shown {
    let created_on = rfc3339(zone.created_at);
    Shown {
        id: zone.id.to_string(),
        name: zone.name,
        status: "active",
        paused: false,
        r#type: "full",
        account: Owner { id: account.id.to_string(), name: account.name.clone() },
        modified_on: created_on.clone(),
        activated_on: created_on.clone(),
        created_on,
    }
}

/// `GET /zones`: those that the token covers, by `name` and `account.id` where they are asked for.
pub(super) async fn list(call: &mut Call) -> ApiResult {
    let page = page(call)?;
    let asked =
        call.query_value("account.id").map(|text| text.parse::<AccountId>()).transpose().map_err(
            |error| ApiError::new(Code::BadRequest, format!("the parameter `account.id`: {error}")),
        )?;
    let (account, only) = match call.caller()?.token.grant {
        Grant::Installation => (asked, None),
        Grant::Scope(Scope { kind: ScopeKind::Zone, id }) => (asked, Some(id)),
        Grant::Scope(Scope { kind: ScopeKind::Account, id }) if asked.is_none_or(|a| a == id) => {
            (Some(id), None)
        }
        Grant::Scope(_) => return Ok(envelope::list([(); 0], PageInfo::new(page, 0, 0))),
    };
    let name = call.query_value("name").map(|name| name.to_ascii_lowercase());
    let found = call.app.catalog.zones(account, only, name.as_deref(), page).await?;
    let info = PageInfo::new(page, found.items.len(), found.total);
    Ok(envelope::list(with_accounts(&call.app, found.items).await?, info))
}

/// `GET /zones/{zone_id}`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let id = call.id("zone_id")?;
    call.caller()?.require_scope(&call.app, Scope::zone(id)).await?;
    let zone = call.app.catalog.zone(id).await?;
    let account = call.app.catalog.account(zone.account).await?;
    Ok(envelope::result(shown(zone, &account)))
}

/// `POST /zones`.
pub(super) async fn create(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["name", "account", "type", "jump_start"])?;
    let name = fields.required_text("name");
    let name = domain(&name).unwrap_or_else(|| {
        if !name.is_empty() {
            fields.refuse("name", "expected a domain such as `example.com`");
        }
        String::new()
    });
    let account = owner(&mut fields);
    fields.finish()?;
    let account = call.app.catalog.account(account).await?;
    let zone = add(call, account.id, &name).await?;
    Ok(envelope::result(shown(zone, &account)))
}

/// Adds a zone to the account.
pub(crate) async fn add(call: &Call, account: AccountId, name: &str) -> Result<Zone, ApiError> {
    let zone = call.app.catalog.add_zone(random_id()?, account, name, &call.actor()).await?;
    call.app.door.forget_zones();
    Ok(zone)
}

/// What was deleted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ZoneDeleted")]
pub(super) struct Deleted {
    id: String,
}

/// `DELETE /zones/{zone_id}`, where nothing depends on it. Its name can be used again.
pub(super) async fn delete(call: &mut Call) -> ApiResult {
    let id = call.id("zone_id")?;
    remove(call, id).await?;
    Ok(envelope::result(Deleted { id: id.to_string() }))
}

/// Deletes a zone, where nothing depends on it.
pub(crate) async fn remove(call: &Call, id: ZoneId) -> Result<(), ApiError> {
    call.app.catalog.delete_zone(id, &call.actor()).await?;
    call.app.door.senders().forget();
    call.app.door.forget_zones();
    Ok(())
}

/// The id in `"account": {"id": "…"}`.
fn owner(fields: &mut Fields) -> AccountId {
    #[derive(serde::Deserialize)]
    struct Account {
        id: Option<String>,
    }
    let given = match fields.object("account") {
        Given::Value(text) => serde_json::from_str::<Account>(&text).ok().and_then(|a| a.id),
        Given::Absent | Given::Null => None,
    };
    let parsed = given.map(|id| id.parse::<AccountId>());
    match parsed {
        Some(Ok(id)) => return id,
        Some(Err(error)) => fields.refuse("account/id", error.to_string()),
        None => {
            let expected = "expected `{\"id\": \"…\"}`, the account that owns the zone";
            fields.refuse_missing("account", expected);
        }
    }
    AccountId::from_bytes([0; 16])
}

/// The domain in lower case, without a dot at its end; `None` where it can be none (RFC 1035,
/// section 2.3, with underscores, as they are in use).
pub(crate) fn domain(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

async fn with_accounts(app: &App, zones: Vec<Zone>) -> Result<Vec<Shown>, ApiError> {
    let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
    let mut all = Vec::with_capacity(zones.len());
    for zone in zones {
        let account = match accounts.entry(zone.account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(app.catalog.account(zone.account).await?),
        };
        all.push(shown(zone, account));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_lower_case_and_have_good_labels() {
        for (text, expected) in [
            ("example.com", Some("example.com")),
            ("Example.COM.", Some("example.com")),
            ("localhost", Some("localhost")),
            ("_dmarc.example.com", Some("_dmarc.example.com")),
            ("", None),
            (".", None),
            ("a..b", None),
            ("-a.b", None),
            ("a b.c", None),
            ("ä.de", None),
        ] {
            assert_eq!(domain(text).as_deref(), expected, "{text}");
        }
    }
}
