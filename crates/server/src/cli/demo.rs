//! `logpush demo`: the arguments of [`crate::demo`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use super::{CliError, duration, serve};
use crate::config::{LogFormat, LogSettings};
use crate::demo::{Options, run as run_demo};
use crate::telemetry;

/// Show the whole product on this machine, with nothing to install.
///
/// Starts the service, an S3 server of its own that keeps objects as files, and a stream of
/// synthetic traffic of a shop. Ends at Ctrl-C or after --for, reads the bucket back, and exits
/// with 0 where it holds every acknowledged record exactly once.
#[derive(Debug, Parser)]
pub(super) struct Args {
    /// End after this time, such as 60s; without it, at Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    run_for: Option<Duration>,

    /// Where everything is kept. Do not use it for `logpush serve` afterwards: the demo's job
    /// would push to a bucket `burritobot` of Amazon's.
    #[arg(long, value_name = "DIR", default_value = "./logpush-demo")]
    data_dir: PathBuf,

    /// Mean records a second.
    #[arg(long, value_name = "RECORDS", default_value_t = 2_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=200_000))]
    rate: u64,

    /// Address to listen on; port 0 lets the system choose one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    #[arg(value_parser = serve::address)]
    listen: SocketAddr,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    // Only trouble: the demo tells the rest itself. That this machine is none of Amazon's is none.
    let level = "warn,aws_config=error".to_owned();
    telemetry::start(&LogSettings { format: LogFormat::Human, level })?;
    let Args { run_for, data_dir, rate, listen } = args;
    Ok(run_demo(Options { run_for, data_dir, rate, listen }).await?)
}
