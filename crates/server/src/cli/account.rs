//! `logpush account`: customers.

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use super::connection::Common;
use super::scope::account_id;
use super::table::{Rows, properties};
use super::{CliError, print};
use crate::client::{Account, view};

/// Add accounts and look at them: customers, each with zones, tokens and jobs of their own.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an account.
    Add {
        /// What people call it.
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// List all accounts.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show one account.
    Show {
        /// Its id or name.
        account: String,
        #[command(flatten)]
        common: Common,
    },
    /// Delete an account that has no zones and no jobs, and whose tokens are deleted.
    Delete {
        /// Its id or name.
        account: String,
        #[command(flatten)]
        common: Common,
    },
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    match args.action {
        Action::Add { name, common } => {
            let answer = common.client()?.post("/accounts", &json!({ "name": name })).await?;
            show(&answer, common.json)
        }
        Action::List { common } => list(&common).await,
        Action::Show { account, common } => {
            let client = common.client()?;
            let id = account_id(&client, &account).await?;
            show(&client.get(&format!("/accounts/{id}")).await?, common.json)
        }
        Action::Delete { account, common } => {
            let client = common.client()?;
            let id = account_id(&client, &account).await?;
            client.delete(&format!("/accounts/{id}")).await?;
            print::deleted("account", id, common.json)
        }
    }
}

async fn list(common: &Common) -> Result<(), CliError> {
    let accounts: Vec<Value> = common.client()?.list("/accounts", &[]).await?;
    if common.json {
        return print::json(&accounts);
    }
    let mut rows = Rows::new("accounts", &["id", "name", "created"]);
    for account in &accounts {
        let Account { id, name, created_on, .. } = view(account)?;
        rows.push([id, name, created_on.unwrap_or_default()]);
    }
    rows.print()
}

fn show(answer: &Value, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return print::json(answer);
    }
    let Account { id, name, created_on, external_id } = view(answer)?;
    properties(&[
        ("id", id),
        ("name", name),
        ("created", created_on.unwrap_or_default()),
        ("external id", external_id.unwrap_or_default()),
    ])
}
