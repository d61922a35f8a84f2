//! The whole product on one machine, with nothing to install: `logpush demo`.
//!
//! ```text
//!  traffic ──HTTP──► ingest door ─► the service as it is ──HTTP, SigV4──► s3s-fs ─► files
//!     └── counts what was acknowledged ────────── compared at the end with what the files hold
//! ```
//!
//! Nothing is short-cut: records come in through the door with a token, the job is made through
//! the API with proof of its bucket, and delivery uses the S3 client of production. Only the end
//! is read from the folder that the S3 server keeps, by code that shares nothing with delivery.

mod audit;
mod bucket;
mod error;
mod live;
mod sender;
mod setup;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use model::synthetic::traffic::Traffic;

use crate::cli::{count, megabytes, span};
use crate::client::{Client, Door, JobStatus};
use crate::random::random_bytes;
use crate::stop::Signals;
use crate::{Config, Service};

use audit::Audit;
use bucket::{Bucket, Reserved};
use live::Live;
use sender::{Sender, Sent};
use setup::Setup;

pub use error::DemoError;

/// How often the state of delivery is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long delivery may take to read what was sent last, before it is stopped.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// When to end; `None` is on Ctrl-C.
    pub run_for: Option<Duration>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Mean records a second.
    pub rate: u64,
    /// Where the API listens.
    pub listen: SocketAddr,
}

/// Runs the demo to its end. It succeeds where the bucket holds each acknowledged record once.
pub async fn run(options: Options) -> Result<(), DemoError> {
    let mut signals = Signals::listen().map_err(DemoError::Signals)?;
    let reserved = Reserved::new().await?;
    let config =
        Config { data_dir: options.data_dir.clone(), listen: options.listen, ..Config::default() };
    let service = Service::start(config, Some(reserved.s3_settings())).await?;
    let bucket = reserved.open(&options.data_dir.join("s3"))?;
    let run = u32::from_be_bytes(random_bytes()?);
    let sent = Sent::default();
    let demo = Demo { options: &options, service: &service, bucket: &bucket, run };
    let outcome = demo.stream(&sent, &mut signals).await;
    // Where nobody reads any more, the service is stopped all the same.
    let _ = say("stopping: what waits is delivered");
    let left = tokio::select! {
        left = service.stop() => left,
        () = signals.next() => return Err(DemoError::Interrupted),
    };
    outcome?;
    let folder = bucket.logs();
    let audit = tokio::task::spawn_blocking(move || audit::audit(&folder, run));
    summarise(&sent, &audit.await.map_err(DemoError::Audit)??, left)
}

/// One run.
struct Demo<'d> {
    options: &'d Options,
    service: &'d Service,
    bucket: &'d Bucket,
    /// The run's number, in the ids of its records.
    run: u32,
}

impl Demo<'_> {
    /// Sends traffic until the time is over or a signal comes, and waits until delivery has seen
    /// all of it.
    async fn stream(&self, sent: &Sent, signals: &mut Signals) -> Result<(), DemoError> {
        let address = self.service.url();
        let client = connect(&address, self.service.admin_token())?;
        let setup = Setup::make(&client, self.bucket.folder(), self.options.rate).await?;
        self.introduce(&address)?;
        let sender = self.sender(connect(&address, &setup.sender.value)?, &setup, sent);
        let mut live = Live::start();
        let stopping = async {
            time_over(self.options.run_for, signals).await;
            sent.stop();
            std::future::pending().await
        };
        let watching = async {
            loop {
                live.show(sent, status(&client, setup.job).await.as_ref())?;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let outcome = tokio::select! {
            outcome = sender.run() => outcome,
            outcome = watching => outcome,
            never = stopping => never,
        };
        live.finish();
        outcome?;
        wait_until_read(&client, setup.job, sent.records()).await;
        setup.clear(&client).await
    }

    fn sender(&self, client: Client, setup: &Setup, sent: &Sent) -> Sender {
        Sender {
            client,
            door: Door {
                scope: format!("zones/{}", setup.zone),
                dataset: "http_requests".to_owned(),
            },
            traffic: Traffic::new(u64::from(self.run), self.run),
            run: self.run,
            rate: self.options.rate,
            sent: sent.clone(),
        }
    }

    fn introduce(&self, address: &str) -> Result<(), DemoError> {
        let token = self.options.data_dir.join("admin-token");
        if let Ok(path) = self.service.login_path() {
            say(format_args!("dashboard  {address}/"))?;
            say(format_args!("log in     {address}{path}  (once, within the hour)"))?;
        }
        say(format_args!("API        {address}/client/v4"))?;
        say(format_args!("objects    {}", self.bucket.logs().display()))?;
        say("\nTo look around, in another terminal:")?;
        say(format_args!("  export LOGPUSH_URL={address}"))?;
        say(format_args!("  export LOGPUSH_TOKEN=$(cat '{}')", token.display()))?;
        say("  logpush status\n")?;
        match self.options.run_for {
            Some(time) => {
                say(format_args!("A shop's traffic flows for {}; Ctrl-C ends it.\n", span(time)))
            }
            None => say("A shop's traffic flows until Ctrl-C.\n"),
        }
    }
}

fn connect(address: &str, token: &str) -> Result<Client, DemoError> {
    Client::new(address, token)
        .map_err(|source| DemoError::Api { doing: "the demo cannot reach its service", source })
}

/// Returns when the time is over, or at a signal.
async fn time_over(run_for: Option<Duration>, signals: &mut Signals) {
    let over = async {
        match run_for {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = over => {}
        () = signals.next() => {}
    }
}

/// How the job stands; `None` where that cannot be told now.
async fn status(client: &Client, job: u64) -> Option<JobStatus> {
    let jobs: Vec<JobStatus> = client.list("/logpush/status", &[]).await.ok()?;
    jobs.into_iter().find(|status| status.job_id == job)
}

/// Waits until delivery has read `records` and reads no more. A stop delivers what was read; what
/// was not is left in the journal.
async fn wait_until_read(client: &Client, job: u64, records: u64) {
    let deadline = Instant::now() + READ_WITHIN;
    let mut before = None;
    while Instant::now() < deadline {
        let seen = status(client, job).await.map(|job| job.delivered_records + job.pending_records);
        if seen >= Some(records) && seen == before {
            break;
        }
        before = seen;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells what was found in the bucket, and fails where it is not what was acknowledged.
fn summarise(sent: &Sent, audit: &Audit, left: usize) -> Result<(), DemoError> {
    let ratio = audit.raw_bytes as f64 / audit.stored_bytes.max(1) as f64;
    say(format_args!(
        "\nacknowledged  {} records, {}",
        count(sent.records()),
        megabytes(sent.bytes())
    ))?;
    say(format_args!(
        "delivered     {} lines of {} different records",
        count(audit.lines),
        count(audit.distinct)
    ))?;
    say(format_args!(
        "objects       {}: {}, gzipped to {} (1 : {ratio:.1})",
        count(audit.objects),
        megabytes(audit.raw_bytes),
        megabytes(audit.stored_bytes)
    ))?;
    if audit.earlier_lines > 0 {
        say(format_args!("earlier runs  {} lines in the same bucket", count(audit.earlier_lines)))?;
    }
    if let Some(object) = &audit.example {
        say(format_args!("look at one   gunzip -c '{}' | head -n 1", object.display()))?;
    }
    let acknowledged = sent.records();
    if audit.lines != acknowledged || audit.distinct != acknowledged {
        let (lines, distinct) = (audit.lines, audit.distinct);
        return Err(DemoError::Mismatch { acknowledged, lines, distinct, left });
    }
    say("\nEvery acknowledged record is in the bucket, once.")
}

/// Writes a line to standard output.
fn say(text: impl Display) -> Result<(), DemoError> {
    writeln!(std::io::stdout(), "{text}").map_err(DemoError::Output)
}
