//! `logpush key`: the key that destinations are encrypted under, on the service's own machine.

use std::path::PathBuf;

use catalog::vault::Vault;
use clap::{Parser, Subcommand};

use super::{CliError, line};
use crate::StartError;
use crate::config::{Config, process_environment};

/// Change the key that destinations are encrypted under.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a new key, which takes over at the next start of the service.
    ///
    /// The service may run meanwhile. When it starts again, it encrypts everything under the new
    /// key. The older keys stay in the file, for backups that need them.
    Rotate {
        /// The service's data directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

pub(super) fn run(args: Args) -> Result<(), CliError> {
    let Action::Rotate { data_dir } = args.action;
    let data_dir = match data_dir {
        Some(data_dir) => data_dir,
        None => Config::load(None, &process_environment())?.data_dir,
    };
    let path = data_dir.join("secret.key");
    Vault::add_key(&path).map_err(StartError::from)?;
    line(format_args!(
        "added a key to {}: restart the service, then back the file up",
        path.display()
    ))
}
