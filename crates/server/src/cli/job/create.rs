//! `logpush job create`.

use serde_json::Value;

use super::change::ChangeArgs;
use super::show;
use crate::cli::CliError;
use crate::cli::connection::Common;
use crate::cli::scope::ScopeArgs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,

    /// Dataset to push, such as http_requests.
    #[arg(long)]
    dataset: String,

    /// Its kind: edge, or empty for a job that pushes objects.
    #[arg(long)]
    kind: Option<String>,

    #[command(flatten)]
    change: ChangeArgs,

    /// Let the job push at once.
    #[arg(long)]
    enabled: bool,

    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let mut body = args.change.body(None).await?;
    if !body.contains_key("destination_conf") {
        return Err(CliError::Usage(
            "a job needs --destination, such as s3://bucket/logs/{DATE}?region=us-east-1"
                .to_owned(),
        ));
    }
    body.insert("dataset".to_owned(), args.dataset.into());
    body.extend(args.kind.map(|kind| ("kind".to_owned(), kind.into())));
    body.insert("enabled".to_owned(), args.enabled.into());
    let client = args.common.client()?;
    let scope = args.scope.resolve(&client).await?.path();
    let job: Value = client.post(&format!("/{scope}/logpush/jobs"), &body).await?;
    show::one(&job, args.common.json)
}
