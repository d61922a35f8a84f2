//! `logpush send`: ships files through the ingest door.
//!
//! ```text
//!  files ─► lines ─► chunks with keys ─► up to N requests in flight ─► report
//!           (a thread of its own)        (each retried until acknowledged)
//! ```
//!
//! Memory does not grow with the files. Chunks and keys depend on the content alone, so a run
//! that broke off is repeated as it was, and nothing is stored twice.

mod array;
mod chunk;
mod input;
mod lines;
mod progress;
mod reader;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

use super::connection::Common;
use super::scope::ScopeArgs;
use super::{CliError, count, duration};
use crate::client::{Client, ClientError, Door, Patience, Receipt, Shipment};
use crate::random::random_bytes;
use chunk::Origin;
use input::Input;
use progress::Progress;
use reader::Parcel;
use report::Report;

pub use lines::CutError;

/// Send files or standard input through the ingest door.
///
/// Exit code 0 means that every line is acknowledged: stored, or put into quarantine and
/// reported. A run that was interrupted is repeated with the same arguments; what was acknowledged
/// is not stored twice. A file counts as the same by its name (without folder and .gz), its content
/// and its format, for 24 hours. Files compressed with gzip are unpacked.
#[derive(Debug, Parser)]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,

    /// Dataset that the records belong to, such as http_requests.
    #[arg(long)]
    dataset: String,

    /// What the files hold.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,

    /// Send everything as new records, even if it was sent before.
    #[arg(long)]
    new: bool,

    /// Requests in flight at a time. With 1 the order of lines is kept.
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,

    /// How long a request is tried again while the service is away or overloaded.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration::parse)]
    retry_for: Duration,

    /// Files to send; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    common: Common,
}

/// What files can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Access log lines of Apache and nginx, in the combined format.
    Combined,
    /// One JSON array of objects, of any size.
    JsonArray,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Combined => "combined",
            Self::JsonArray => "json-array",
        }
    }

    /// What the service's line numbers count.
    const fn unit(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Combined => "line",
            Self::JsonArray => "element",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson | Self::JsonArray => "application/x-ndjson",
            Self::Combined => "text/plain; format=combined",
        }
    }
}

/// The way to the door.
#[derive(Debug)]
struct Shipper {
    client: Client,
    door: Door,
    retry_for: Duration,
    progress: Progress,
}

impl Shipper {
    async fn ship(&self, shipment: &Shipment) -> Result<Receipt, ClientError> {
        let waiting = |error: &ClientError, pause| self.progress.waiting(error, pause);
        self.client.ingest_patiently(&self.door, shipment, self.retry_for, waiting).await
    }
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let inputs: Vec<Input> = args.files.iter().map(|file| Input::from_argument(file)).collect();
    let total = total_bytes(&inputs)?;
    let client = args.common.client()?;
    let progress = Progress::new(total, args.common.json);
    let scope = find_scope(&args, &client, &progress).await;
    let scope = scope.inspect_err(|_| progress.finish())?;
    let origin = Origin {
        scope: scope.clone(),
        dataset: args.dataset.clone(),
        format: args.format.name(),
        source: String::new(),
        nonce: args.new.then(random_bytes).transpose()?,
    };
    let shipper = Shipper {
        client,
        door: Door { scope, dataset: args.dataset },
        retry_for: args.retry_for,
        progress: progress.clone(),
    };
    let connections = usize::from(args.connections);
    let parcels = reader::start(inputs, args.format, origin, connections)?;
    let started = Instant::now();
    let mut report = Report::default();
    let outcome = tokio::select! {
        outcome = send_all(parcels, Arc::new(shipper), connections, &mut report) => outcome,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted("not everything is sent".into())),
    };
    progress.finish();
    report.seconds = started.elapsed().as_secs_f64();
    outcome.map_err(|cause| with_advice(cause, report.lines, args.new))?;
    report.print(args.common.json, args.format.unit())
}

/// The scope's path. A service that restarts is waited for here, too.
async fn find_scope(args: &Args, client: &Client, progress: &Progress) -> Result<String, CliError> {
    let mut patience = Patience::new(args.retry_for);
    loop {
        let error = match args.scope.resolve(client).await {
            Ok(scope) => return Ok(scope.path()),
            Err(CliError::Client(error)) => error,
            Err(other) => return Err(other),
        };
        let Some(pause) = patience.pause_after(&error) else { return Err(error.into()) };
        progress.waiting(&error, pause);
        tokio::time::sleep(pause).await;
    }
}

/// Sends parcels as they come, until all are acknowledged or one fails for good.
async fn send_all(
    mut parcels: Receiver<Result<Parcel, CliError>>,
    shipper: Arc<Shipper>,
    connections: usize,
    report: &mut Report,
) -> Result<(), CliError> {
    let mut in_flight: JoinSet<(Parcel, Result<Receipt, ClientError>)> = JoinSet::new();
    let mut more = true;
    while more || !in_flight.is_empty() {
        tokio::select! {
            parcel = parcels.recv(), if more && in_flight.len() < connections => {
                let Some(parcel) = parcel.transpose()? else {
                    more = false;
                    continue;
                };
                let shipper = Arc::clone(&shipper);
                in_flight.spawn(async move {
                    let receipt = shipper.ship(&parcel.shipment).await;
                    (parcel, receipt)
                });
            }
            Some(done) = in_flight.join_next() => {
                let (parcel, receipt) = done.map_err(CliError::Worker)?;
                let bytes = parcel.shipment.body.len() as u64;
                let receipt = receipt?;
                check_accounted(parcel.records, &receipt)?;
                report.add(&parcel.file, parcel.records, bytes, receipt);
                shipper.progress.acknowledged(parcel.input_bytes, report.lines);
            }
        }
    }
    Ok(())
}

/// Every line must have been taken or refused: what is neither would be lost without a word.
fn check_accounted(sent: u64, receipt: &Receipt) -> Result<(), CliError> {
    let accounted = receipt.accepted + receipt.quarantined;
    if accounted == sent { Ok(()) } else { Err(CliError::Unaccounted { sent, accounted }) }
}

/// Bytes of all inputs; `None` where one of them is a stream.
fn total_bytes(inputs: &[Input]) -> Result<Option<u64>, CliError> {
    let sizes = inputs.iter().map(Input::size).collect::<Result<Vec<_>, _>>()?;
    Ok(sizes.into_iter().sum())
}

/// The failure, and what the user should do about the rest.
fn with_advice(cause: CliError, acknowledged: u64, new: bool) -> CliError {
    let lines = count(acknowledged);
    let advice = match (acknowledged, new) {
        (0, _) => "nothing is acknowledged".to_owned(),
        (_, true) => format!("{lines} lines are acknowledged; --new would send them once more"),
        (_, false) => {
            format!("{lines} lines are acknowledged; run the same command again to send the rest")
        }
    };
    CliError::SendFailed { cause: Box::new(cause), advice }
}
