//! How a command can fail, and its exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use thiserror::Error;

use super::send::CutError;
use crate::StartError;
use crate::client::ClientError;
use crate::config::ConfigError;
use crate::demo::DemoError;
use crate::random::NoRandomness;

/// A command that failed. Its text is the one line that the user reads.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CliError {
    /// The service could not be asked, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is no token to ask with.
    #[error(
        "no token for {address}: set LOGPUSH_TOKEN{}",
        admin_token.as_ref().map_or_else(String::new, |path| format!(
            " (nor is there a file `{}`; --data-dir names the data directory of a service on \
             this machine)", path.display()))
    )]
    NoToken {
        /// The service's address.
        address: String,
        /// Where the administrator's token was looked for.
        admin_token: Option<PathBuf>,
    },
    /// A file could not be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What is to be sent cannot be cut into lines.
    #[error("`{name}`: {source}")]
    Cut {
        /// The file's name.
        name: String,
        /// What is wrong with it.
        source: CutError,
    },
    /// No zone or account has that name.
    #[error("there is no {kind} `{name}`; `logpush {kind} list` shows those that there are")]
    NoSuch {
        /// `zone`, `account` or `job`.
        kind: &'static str,
        /// What was given.
        name: String,
    },
    /// The service cannot write to a destination.
    #[error("the destination cannot be written: {0}")]
    Destination(String),
    /// What was read in a challenge file proves nothing.
    #[error("the challenge does not prove the destination: {0}")]
    Unproven(String),
    /// The bucket does not hold what the ledger says.
    #[error("{0}")]
    Differs(String),
    /// Not everything could be read, so that nothing can be said of the whole.
    #[error("not verified: {0}")]
    Unverified(String),
    /// The user interrupted the command.
    #[error("interrupted: {0}")]
    Interrupted(String),
    /// Sending stopped before everything was acknowledged.
    #[error("{cause}; {advice}")]
    SendFailed {
        /// Why.
        cause: Box<CliError>,
        /// What to do now.
        advice: String,
    },
    /// The service did not account for every line.
    #[error(
        "the service accounted for {accounted} of the {sent} lines of a request; is it of another \
         version than this program?"
    )]
    Unaccounted {
        /// Lines that were sent.
        sent: u64,
        /// Lines that it took or refused.
        accounted: u64,
    },
    /// A part of this program died.
    #[error("sending failed within this program: {0}")]
    Worker(#[source] tokio::task::JoinError),
    /// No thread could be started.
    #[error("no thread can be started: {0}")]
    Thread(#[source] std::io::Error),
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The settings are not good.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs cannot be written.
    #[error("logging cannot be set up: {0}")]
    Telemetry(#[from] tracing_subscriber::util::TryInitError),
    /// The service could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The demo did not go as it must.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The arguments contradict each other or make no sense.
    #[error("{0}")]
    Usage(String),
    /// Nothing can be written to standard output.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] std::io::Error),
}

impl CliError {
    /// 2 for wrong usage, 0 where only the reader of our output went away, otherwise 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            error if error.is_closed_pipe() => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// Whether our reader, such as `head`, has read enough: nothing to complain about.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
