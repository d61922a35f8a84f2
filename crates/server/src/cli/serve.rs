//! `logpush serve`: the service itself.
use super::CliError;
/// Run the service.
#[derive(Debug, clap::Parser)]
pub(super) struct Args {}
pub(super) async fn run(_: Args) -> Result<(), CliError> {
    Ok(())
}
