//! `logpush audit`: who changed what, when and from where.

use clap::{Parser, Subcommand};
use serde::Deserialize;
use serde_json::Value;

use super::connection::Common;
use super::scope::account_id;
use super::table::Rows;
use super::{CliError, print};
use crate::client::view;

/// Look at the audit trail: who changed what, when and from where.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List changes, newest first; `--json` has each thing before and after.
    List {
        /// Those of this account and its zones, by name or id; of the whole installation where
        /// none is given.
        #[arg(long, value_name = "NAME_OR_ID")]
        account: Option<String>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Deserialize)]
struct Entry {
    when: String,
    actor: Actor,
    action: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Actor {
    name: String,
    #[serde(default)]
    ip: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    r#type: String,
    id: String,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let Action::List { account, common } = args.action;
    let client = common.client()?;
    let path = match account {
        Some(account) => format!("/accounts/{}/audit_logs", account_id(&client, &account).await?),
        None => "/audit_logs".to_owned(),
    };
    let entries: Vec<Value> = client.list(&path, &[]).await?;
    if common.json {
        return print::json(&entries);
    }
    let mut rows = Rows::new("changes", &["when", "who", "from", "action", "what", "id"]);
    for entry in &entries {
        let Entry { when, actor, action, resource } = view(entry)?;
        let from = actor.ip.unwrap_or_default();
        rows.push([when, actor.name, from, action, resource.r#type, resource.id]);
    }
    rows.print()
}
