//! `logpush token`: who may do what, and where.

use std::time::Duration;

use catalog::Permission;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use journal::{Clock, SystemClock};
use model::scope::Id;
use serde_json::{Map, Value};

use super::connection::Common;
use super::scope::{OptionalScopeArgs, Resolved};
use super::table::Rows;
use super::{CliError, duration, line, print};
use crate::client::{NewToken, Token, view};

/// Make tokens, list and delete them. Their texts are shown once and stored nowhere.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token. It holds in the given zone or account; in the whole installation where
    /// neither is given.
    Add(AddArgs),
    /// List tokens.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Delete a token: from now on nothing can be done with it.
    Delete {
        /// Its id.
        id: Id,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// What its bearer may do; may be given several times.
    #[arg(long = "permission", required = true, value_name = "PERMISSION")]
    #[arg(value_parser = PossibleValuesParser::new(Permission::ALL.map(Permission::name)))]
    permissions: Vec<String>,

    #[command(flatten)]
    scope: OptionalScopeArgs,

    /// What people call it.
    #[arg(long)]
    name: Option<String>,

    /// When it stops being valid, such as 90d; never where this is not given.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    expires_in: Option<Duration>,

    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    match args.action {
        Action::Add(args) => add(args).await,
        Action::List { common } => list(&common).await,
        Action::Delete { id, common } => {
            common.client()?.delete(&format!("/user/tokens/{id}")).await?;
            print::deleted("token", id.to_string(), common.json)
        }
    }
}

async fn add(args: AddArgs) -> Result<(), CliError> {
    let client = args.common.client()?;
    let name = args.name.unwrap_or_else(|| args.permissions.join(", "));
    let mut body = Map::new();
    body.insert("name".to_owned(), name.clone().into());
    body.insert("permissions".to_owned(), args.permissions.into());
    match args.scope.resolve(&client).await? {
        Some(Resolved::Zone(id)) => drop(body.insert("zone_id".to_owned(), id.into())),
        Some(Resolved::Account(id)) => drop(body.insert("account_id".to_owned(), id.into())),
        None => {}
    }
    if let Some(lifetime) = args.expires_in {
        body.insert("expires_on".to_owned(), expiry(lifetime)?.into());
    }
    let mut answer: Value = client.post("/user/tokens", &body).await?;
    let NewToken { id, value } = view(&answer)?;
    if args.common.json {
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("value");
            fields.insert("token".to_owned(), value.into());
        }
        return print::json(&answer);
    }
    line(format_args!("id     {id}"))?;
    line(format_args!("name   {name}"))?;
    line(format_args!("token  {value}"))?;
    line("\nKeep the token now: it is not shown again.")
}

/// The time `lifetime` from now, in RFC 3339.
fn expiry(lifetime: Duration) -> Result<String, CliError> {
    let too_long = || CliError::Usage("--expires-in reaches beyond the year 9999".to_owned());
    let now = Timestamp::from_second(SystemClock.now().seconds()).map_err(|_| too_long())?;
    let lifetime = SignedDuration::try_from(lifetime).map_err(|_| too_long())?;
    Ok(now.checked_add(lifetime).map_err(|_| too_long())?.to_string())
}

async fn list(common: &Common) -> Result<(), CliError> {
    let tokens: Vec<Value> = common.client()?.list("/user/tokens", &[]).await?;
    if common.json {
        return print::json(&tokens);
    }
    let headings = ["id", "name", "permissions", "holds in", "expires", "last used"];
    let mut rows = Rows::new("tokens", &headings);
    for token in &tokens {
        let token: Token = view(token)?;
        let holds_in = match (token.zone_id, token.account_id) {
            (Some(zone), _) => format!("zone {zone}"),
            (None, Some(account)) => format!("account {account}"),
            (None, None) => "everything".to_owned(),
        };
        rows.push([
            token.id,
            token.name,
            token.permissions.join(", "),
            holds_in,
            token.expires_on.unwrap_or_else(|| "never".to_owned()),
            token.last_used_on.unwrap_or_else(|| "never".to_owned()),
        ]);
    }
    rows.print()
}
