//! `logpush serve`: the service itself.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use catalog::Older;
use clap::Parser;

use super::{CliError, line};
use crate::config::{Config, Source, process_environment};
use crate::{Service, start, telemetry};

/// Run the service: the API, the ingest door and delivery.
///
/// No configuration is needed: data goes under ./logpush-data, and the administrator's token is
/// made at the first start and written to the file admin-token there. Settings come from --config,
/// from LOGPUSH_ variables, which win over the file, and from these arguments, which win over both.
/// SIGTERM and Ctrl-C stop it cleanly: what waits is delivered first. SIGHUP has the file of
/// settings read again.
#[derive(Debug, Parser)]
pub(super) struct Args {
    /// File of settings, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where all data is kept.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Address to listen on, such as 127.0.0.1:8080 or 0.0.0.0:8080; port 0 lets the system
    /// choose one.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,

    /// Start with a catalogue from a backup although the service has delivered since it was made.
    /// Deliveries go on from where the data directory remembers that they stood; jobs that were
    /// changed since are paused. See docs/backup.md.
    #[arg(long)]
    accept_older_catalog: bool,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let source = Source {
        file: args.config,
        environment: process_environment(),
        data_dir: args.data_dir,
        listen: args.listen,
        older_catalog: if args.accept_older_catalog { Older::Accepted } else { Older::Refused },
    };
    let loaded = source.load()?;
    let log = telemetry::start(&loaded.config.log)?;
    if std::io::stdout().is_terminal() {
        introduce(&loaded.config)?;
    }
    Ok(Box::pin(start::serve(source, loaded, log, welcome)).await?)
}

/// Tells a person what they need next. Programs find the address in the log.
fn introduce(config: &Config) -> Result<(), CliError> {
    line(format_args!("logpush {} starts", env!("CARGO_PKG_VERSION")))?;
    if config.listen.port() != 0 {
        line(format_args!("  address  http://{}", config.listen))?;
    }
    line(format_args!("  data     {}", config.data_dir.display()))?;
    match config.admin_token {
        Some(_) => line("  token    the administrator's, from the settings\n"),
        None => {
            let file = config.data_dir.join("admin-token");
            line(format_args!("  token    the administrator's, in {}\n", file.display()))
        }
    }
}

/// Tells a person how to log in. A login link is a secret: it goes to a terminal and to no log.
fn welcome(service: &Service) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    let Ok(path) = service.login_path() else { return };
    let url = service.url();
    // Who closed the terminal needs no link.
    let _ = line(format_args!("  dashboard  {url}/"));
    let _ = line(format_args!("  log in     {url}{path}  (once, within the hour)\n"));
}

/// An address with a port; `localhost` stands for 127.0.0.1.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.replacen("localhost:", "127.0.0.1:", 1)
        .parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8080".to_owned())
}
