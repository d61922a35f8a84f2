//! `logpush destination`: what a bucket's owner has to do, and whether it is done.

use clap::{Parser, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::connection::Common;
use super::policy_text::in_known_order;
use super::scope::{OptionalScopeArgs, ScopeArgs};
use super::{CliError, line, print};
use crate::client::{Client, view};

/// Prepare a destination: print the policy to paste, try a write, prove that the bucket is yours.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print what the bucket's owner has to paste so that the service may write.
    Policy {
        /// Grant aborting unfinished uploads, too; without it a lifecycle rule is printed.
        #[arg(long)]
        abort: bool,
        #[command(flatten)]
        of: Named,
    },
    /// Try a write, step by step, and say which step fails and how to mend it.
    Check(Named),
    /// Ask for proof of a bucket: writes a challenge file into it, whose content `prove` and
    /// `job create --ownership-challenge` take.
    Challenge(Owned),
    /// Check what was read in the challenge file.
    Prove {
        /// What the challenge file holds.
        #[arg(long, value_name = "CHALLENGE")]
        challenge: String,
        #[command(flatten)]
        of: Owned,
    },
}

/// A destination, for whom it may be.
#[derive(Debug, clap::Args)]
struct Named {
    /// The destination, such as s3://bucket/logs/{DATE}?region=us-east-1.
    #[arg(value_name = "S3_URL")]
    destination: String,
    #[command(flatten)]
    scope: OptionalScopeArgs,
    #[command(flatten)]
    common: Common,
}

/// A destination of one zone or account.
#[derive(Debug, clap::Args)]
struct Owned {
    /// The destination, exactly as the job will have it.
    #[arg(value_name = "S3_URL")]
    destination: String,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    common: Common,
}

impl Named {
    /// Asks below `/logpush/destination`, of the scope where one is given.
    async fn ask(&self, what: &str, mut body: Map<String, Value>) -> Result<Value, CliError> {
        let client = self.common.client()?;
        let scope = self.scope.resolve(&client).await?;
        let scope = scope.map(|scope| format!("/{}", scope.path())).unwrap_or_default();
        body.insert("destination_conf".to_owned(), self.destination.as_str().into());
        Ok(client.post(&format!("{scope}/logpush/destination/{what}"), &body).await?)
    }
}

impl Owned {
    async fn ask(&self, what: &str, challenge: Option<&str>) -> Result<Value, CliError> {
        let client: Client = self.common.client()?;
        let scope = self.scope.resolve(&client).await?.path();
        let mut body = json!({ "destination_conf": self.destination });
        if let Some(challenge) = challenge {
            body["ownership_challenge"] = challenge.trim().into();
        }
        let answer: Value = client.post(&format!("/{scope}/logpush/{what}"), &body).await?;
        if answer["valid"] == json!(true) {
            return Ok(answer);
        }
        let reason = answer["message"].as_str().unwrap_or("no reason was given").to_owned();
        Err(match challenge {
            Some(_) => CliError::Unproven(reason),
            None => CliError::Destination(reason),
        })
    }
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    match args.action {
        Action::Policy { of, abort } => policy(&of, abort).await,
        Action::Check(of) => check(&of).await,
        Action::Challenge(of) => challenge(&of).await,
        Action::Prove { of, challenge } => {
            let answer = of.ask("ownership/validate", Some(&challenge)).await?;
            if of.common.json {
                return print::json(&answer);
            }
            line("proven: give the same text to `logpush job create --ownership-challenge`")
        }
    }
}

async fn policy(of: &Named, abort: bool) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Answer {
        documents: Vec<Document>,
    }
    #[derive(Deserialize)]
    struct Document {
        purpose: String,
        document: Value,
    }
    let answer = of.ask("policy", Map::from_iter([("abort".to_owned(), abort.into())])).await?;
    if of.common.json {
        return print::json(&answer);
    }
    let Answer { documents } = view(&answer)?;
    for (at, Document { purpose, document }) in documents.iter().enumerate() {
        if at > 0 {
            line("")?;
        }
        line(format_args!("# {purpose}"))?;
        print::json(&in_known_order(document))?;
    }
    Ok(())
}

async fn check(of: &Named) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Answer {
        ok: bool,
        steps: Vec<Step>,
    }
    #[derive(Deserialize)]
    struct Step {
        name: String,
        outcome: String,
        detail: String,
        #[serde(default)]
        mend: Option<String>,
    }
    let answer = of.ask("check", Map::new()).await?;
    let Answer { ok, steps } = view(&answer)?;
    if of.common.json {
        print::json(&answer)?;
    } else {
        let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
        for Step { name, outcome, detail, .. } in &steps {
            line(format_args!("{outcome:7}  {name:width$}  {detail}"))?;
        }
    }
    if ok {
        return Ok(());
    }
    let failed = steps.into_iter().find(|step| step.outcome == "failed");
    Err(CliError::Destination(match failed {
        Some(Step { detail, mend: Some(mend), .. }) => format!("{detail}; {mend}"),
        Some(Step { detail, mend: None, .. }) => detail,
        None => "the service does not say why".to_owned(),
    }))
}

/// Has the challenge file written, and says where it is.
async fn challenge(of: &Owned) -> Result<(), CliError> {
    let answer = of.ask("ownership", None).await?;
    if of.common.json {
        return print::json(&answer);
    }
    line(format_args!("written  {}", answer["filename"].as_str().unwrap_or_default()))?;
    line("\nRead the token in that file and give it to `logpush job create` with")?;
    line("--ownership-challenge. It is valid for 7 days, for this destination only.")
}
