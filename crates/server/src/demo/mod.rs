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
pub mod traffic;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::cli::{count, megabytes};
use crate::client::{Client, Door, JobStatus};

use audit::Audit;
use bucket::Bucket;
use live::Live;
use sender::{Sender, Sent};
use setup::Setup;
use traffic::Traffic;

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
