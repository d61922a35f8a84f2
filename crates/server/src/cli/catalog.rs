//! `logpush catalog`: the catalogue's file, on the service's own machine.

use std::path::PathBuf;

use catalog::back_up;
use clap::{Parser, Subcommand};

use super::{CliError, line};
use crate::StartError;
use crate::config::{Config, process_environment};

/// Back up what was decided: accounts, zones, tokens, jobs, and the delivery ledger.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Copy the catalogue to a new file, of one moment and proved sound.
    ///
    /// The service may run meanwhile. The copy can be read by its owner only; a file that is
    /// there already is not replaced. Without the key that destinations are encrypted under a
    /// copy is of little use: back up secret.key as well, and keep it elsewhere. To restore one,
    /// see docs/backup.md.
    Backup {
        /// Where the copy is to stand.
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// The service's data directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let Action::Backup { file, data_dir } = args.action;
    let data_dir = match data_dir {
        Some(data_dir) => data_dir,
        None => Config::load(None, &process_environment())?.data_dir,
    };
    back_up(&data_dir.join("catalog.sqlite"), &file).await.map_err(StartError::from)?;
    let key = data_dir.join("secret.key");
    // Where the settings give the key there is no file of it.
    let key = if key.exists() { key.display().to_string() } else { "its key".to_owned() };
    line(format_args!(
        "copied the catalogue to {}: keep a copy of {key} too, in another place",
        file.display(),
    ))
}
