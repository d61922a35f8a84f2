//! `--zone` and `--account`: by id, or by name where the service may be asked for it.

use clap::Args;
use model::scope::Id;

use super::CliError;
use crate::client::{Account, Client, Zone};

/// One zone or one account.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ScopeArgs {
    /// Zone, by name or id.
    #[arg(long, value_name = "NAME_OR_ID")]
    zone: Option<String>,

    /// Account, by name or id.
    #[arg(long, value_name = "NAME_OR_ID")]
    account: Option<String>,
}

/// One zone, one account, or neither.
#[derive(Debug, Args)]
#[group(required = false, multiple = false)]
pub(super) struct OptionalScopeArgs {
    /// Zone, by name or id.
    #[arg(long, value_name = "NAME_OR_ID")]
    zone: Option<String>,

    /// Account, by name or id.
    #[arg(long, value_name = "NAME_OR_ID")]
    account: Option<String>,
}

/// A scope of which the id is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    Zone(String),
    Account(String),
}

impl Resolved {
    /// The scope as a part of paths: `zones/{id}` or `accounts/{id}`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Zone(id) => format!("zones/{id}"),
            Self::Account(id) => format!("accounts/{id}"),
        }
    }
}

impl ScopeArgs {
    /// The scope, its name looked up where it is one.
    pub(super) async fn resolve(&self, client: &Client) -> Result<Resolved, CliError> {
        resolve(client, self.zone.as_deref(), self.account.as_deref())
            .await?
            .ok_or_else(|| CliError::Usage("give --zone or --account".to_owned()))
    }
}

impl OptionalScopeArgs {
    /// The scope, its name looked up where it is one; `None` where none was given.
    pub(super) async fn resolve(&self, client: &Client) -> Result<Option<Resolved>, CliError> {
        resolve(client, self.zone.as_deref(), self.account.as_deref()).await
    }
}

async fn resolve(
    client: &Client,
    zone: Option<&str>,
    account: Option<&str>,
) -> Result<Option<Resolved>, CliError> {
    Ok(match (zone, account) {
        (Some(zone), _) => Some(Resolved::Zone(zone_id(client, zone).await?)),
        (None, Some(account)) => Some(Resolved::Account(account_id(client, account).await?)),
        (None, None) => None,
    })
}

/// The id of the zone with this name or id.
pub(super) async fn zone_id(client: &Client, name_or_id: &str) -> Result<String, CliError> {
    if name_or_id.parse::<Id>().is_ok() {
        return Ok(name_or_id.to_owned());
    }
    let zones: Vec<Zone> = client.list("/zones", &[("name", name_or_id)]).await?;
    zones
        .into_iter()
        .find(|zone| zone.name.eq_ignore_ascii_case(name_or_id))
        .map(|zone| zone.id)
        .ok_or_else(|| CliError::NoSuch { kind: "zone", name: name_or_id.to_owned() })
}

/// The id of the account with this name or id. Names need not be unique: two accounts of one name
/// must be told apart by their ids.
pub(super) async fn account_id(client: &Client, name_or_id: &str) -> Result<String, CliError> {
    if name_or_id.parse::<Id>().is_ok() {
        return Ok(name_or_id.to_owned());
    }
    let accounts: Vec<Account> = client.list("/accounts", &[("name", name_or_id)]).await?;
    let mut found = accounts.into_iter().filter(|account| account.name == name_or_id);
    match (found.next(), found.next()) {
        (Some(account), None) => Ok(account.id),
        (Some(one), Some(another)) => Err(CliError::Usage(format!(
            "several accounts are named `{name_or_id}`, such as {} and {}: give the id",
            one.id, another.id
        ))),
        (None, _) => Err(CliError::NoSuch { kind: "account", name: name_or_id.to_owned() }),
    }
}
