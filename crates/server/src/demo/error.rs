//! How the demo can fail.

use std::path::PathBuf;

use thiserror::Error;

use crate::StartError;
use crate::client::ClientError;
use crate::random::NoRandomness;

/// The demo could not do its work, or found that the service did not.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The demo's own S3 server has no address.
    #[error("the demo's bucket gets no port on 127.0.0.1: {0}")]
    BucketAddress(#[source] std::io::Error),
    /// The demo's own S3 server does not work.
    #[error("the demo's bucket in `{}` does not work: {source}", path.display())]
    Bucket {
        /// The bucket's folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An object is not what it must be.
    #[error("the object `{}` cannot be read back: {source}", path.display())]
    Object {
        /// The object as a file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The service could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system has no randomness for keys.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] std::io::Error),
    /// Reading the bucket back ended in a panic.
    #[error("reading the bucket back failed: {0}")]
    Audit(#[source] tokio::task::JoinError),
    /// The service did not do what it was asked over its API.
    #[error("{doing}: {source}")]
    Api {
        /// What was asked.
        doing: &'static str,
        /// Why it failed.
        source: ClientError,
    },
    /// The bucket could not be proven to be ours.
    #[error("the ownership challenge did not work: {0}")]
    Challenge(String),
    /// Records were put into quarantine that are good.
    #[error("the service put {quarantined} good records into quarantine: {reason}")]
    Quarantined {
        /// How many.
        quarantined: u64,
        /// Why, for the first.
        reason: String,
    },
    /// What came out is not what went in.
    #[error(
        "{acknowledged} records were acknowledged, but the bucket holds {lines} lines of \
         {distinct} records{}",
        if *left > 0 { "; sealed batches are left for the next start with this data directory" }
        else { "" }
    )]
    Mismatch {
        /// Records that were acknowledged.
        acknowledged: u64,
        /// Lines in the bucket.
        lines: u64,
        /// Different records in the bucket.
        distinct: u64,
        /// Sealed batches that could not be delivered in time.
        left: usize,
    },
    /// The user did not want to wait for the end.
    #[error("interrupted before everything was delivered; the next start delivers the rest")]
    Interrupted,
    /// Nothing can be written to standard output.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] std::io::Error),
}
