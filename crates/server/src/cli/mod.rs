//! The command line: one file per command.
//!
//! Every command but `serve`, `demo`, `catalog`, `key` and `sample` is a client of the HTTP API and of
//! nothing else, but for files that it is given. Exit
//! codes: 0 done; 1 failed, with one line on stderr that says how to mend it; 2 wrong usage.
//! Tables are for people, `--json` is for programs and prints what the API answered.

mod account;
mod audit;
mod bar;
mod catalog;
mod completions;
mod connection;
mod demo;
mod destination;
mod duration;
mod error;
mod job;
mod key;
mod policy_text;
mod print;
mod sample;
mod scope;
mod send;
mod serve;
mod status;
mod table;
mod token;
mod verify;
mod zone;

use clap::{Parser, Subcommand};

pub use error::CliError;
pub use send::CutError;

pub(crate) use print::{count, hex, line, megabytes, span};

/// Pushes logs: records come in over HTTP and become gzipped objects in each customer's bucket,
/// each record exactly once.
#[derive(Debug, Parser)]
#[command(name = "logpush", version, propagate_version = true, disable_help_subcommand = true)]
#[command(after_help = "\
Commands that talk to a service take its address from LOGPUSH_URL (http://127.0.0.1:8080) and
their token from LOGPUSH_TOKEN. On the service's own machine they find the administrator's token
in its data directory.

Exit codes: 0 done, 1 failed (one line on stderr says how to mend it), 2 wrong usage.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Send(send::Args),
    Account(account::Args),
    Zone(zone::Args),
    Token(token::Args),
    Job(Box<job::Args>),
    Destination(destination::Args),
    Audit(audit::Args),
    Catalog(catalog::Args),
    Key(key::Args),
    Sample(sample::Args),
    Status(status::Args),
    Verify(verify::Args),
    Completions(completions::Args),
}

impl Cli {
    /// Runs the command to its end.
    pub async fn run(self) -> Result<(), CliError> {
        match self.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Send(args) => send::run(args).await,
            Command::Account(args) => account::run(args).await,
            Command::Zone(args) => zone::run(args).await,
            Command::Token(args) => token::run(args).await,
            Command::Job(args) => job::run(*args).await,
            Command::Destination(args) => destination::run(args).await,
            Command::Audit(args) => audit::run(args).await,
            Command::Catalog(args) => catalog::run(args).await,
            Command::Completions(args) => completions::run(&args),
            Command::Key(args) => key::run(args),
            Command::Sample(args) => sample::run(&args),
            Command::Status(args) => status::run(args).await,
            Command::Verify(args) => verify::run(args).await,
        }
    }
}

#[cfg(test)]
mod tests;
