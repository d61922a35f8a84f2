//! `logpush job create` and the challenge that comes before it.

use serde_json::{Value, json};

use super::change::ChangeArgs;
use super::show;
use crate::cli::connection::Common;
use crate::cli::scope::ScopeArgs;
use crate::cli::{CliError, line, print};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,

    /// Dataset to push, such as http_requests.
    #[arg(long)]
    dataset: String,

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
    body.insert("enabled".to_owned(), args.enabled.into());
    let client = args.common.client()?;
    let scope = args.scope.resolve(&client).await?.path();
    let job: Value = client.post(&format!("/{scope}/logpush/jobs"), &body).await?;
    show::one(&job, args.common.json)
}

/// Has the challenge file written, and says where it is.
pub(super) async fn challenge(
    scope: &ScopeArgs,
    destination: &str,
    common: &Common,
) -> Result<(), CliError> {
    let client = common.client()?;
    let scope = scope.resolve(&client).await?.path();
    let body = json!({ "destination_conf": destination });
    let answer: Value = client.post(&format!("/{scope}/logpush/ownership"), &body).await?;
    if answer["valid"] != json!(true) {
        let reason = answer["message"].as_str().unwrap_or("no reason was given");
        return Err(CliError::Destination(reason.to_owned()));
    }
    if common.json {
        return print::json(&answer);
    }
    line(format_args!("written  {}", answer["filename"].as_str().unwrap_or_default()))?;
    line("\nRead the token in that file and give it to `logpush job create` with")?;
    line("--ownership-challenge. It is valid for 7 days, for this destination only.")
}
