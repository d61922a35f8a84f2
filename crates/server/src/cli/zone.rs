//! `logpush zone`: domains of accounts.

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use super::connection::Common;
use super::scope::{account_id, zone_id};
use super::table::{Rows, properties};
use super::{CliError, print};
use crate::client::{Zone, view};

/// Add zones and look at them: domains, each of one account.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a zone to an account.
    Add {
        /// The domain's name, such as example.com.
        name: String,
        /// The account that owns it, by name or id.
        #[arg(long, value_name = "NAME_OR_ID")]
        account: String,
        #[command(flatten)]
        common: Common,
    },
    /// List zones.
    List {
        /// Only those of this account, by name or id.
        #[arg(long, value_name = "NAME_OR_ID")]
        account: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Show one zone.
    Show {
        /// Its name or id.
        zone: String,
        #[command(flatten)]
        common: Common,
    },
    /// Delete a zone that has no jobs, and whose tokens are deleted.
    Delete {
        /// Its id or name.
        zone: String,
        #[command(flatten)]
        common: Common,
    },
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    match args.action {
        Action::Add { name, account, common } => {
            let client = common.client()?;
            let account = account_id(&client, &account).await?;
            let body = json!({ "name": name, "account": { "id": account } });
            show(&client.post("/zones", &body).await?, common.json)
        }
        Action::List { account, common } => list(account.as_deref(), &common).await,
        Action::Show { zone, common } => {
            let client = common.client()?;
            let id = zone_id(&client, &zone).await?;
            show(&client.get(&format!("/zones/{id}")).await?, common.json)
        }
        Action::Delete { zone, common } => {
            let client = common.client()?;
            let id = zone_id(&client, &zone).await?;
            client.delete(&format!("/zones/{id}")).await?;
            print::deleted("zone", id, common.json)
        }
    }
}

async fn list(account: Option<&str>, common: &Common) -> Result<(), CliError> {
    let client = common.client()?;
    let account = match account {
        Some(account) => Some(account_id(&client, account).await?),
        None => None,
    };
    let query: Vec<_> = account.iter().map(|id| ("account.id", id.as_str())).collect();
    let zones: Vec<Value> = client.list("/zones", &query).await?;
    if common.json {
        return print::json(&zones);
    }
    let mut rows = Rows::new("zones", &["id", "name", "account", "created"]);
    for zone in &zones {
        rows.push(cells(zone)?);
    }
    rows.print()
}

fn show(answer: &Value, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return print::json(answer);
    }
    let [id, name, account, created] = cells(answer)?;
    properties(&[("id", id), ("name", name), ("account", account), ("created", created)])
}

fn cells(answer: &Value) -> Result<[String; 4], CliError> {
    let Zone { id, name, account, created_on } = view(answer)?;
    let account = account.map(|account| account.id).unwrap_or_default();
    Ok([id, name, account, created_on.unwrap_or_default()])
}
