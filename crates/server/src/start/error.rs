//! Why the service cannot start, and how to mend it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::random::NoRandomness;

/// The service did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(
        "the data directory `{path}` cannot be used: {source}; make it writable for this user, or \
         choose another with --data-dir or LOGPUSH_DATA_DIR"
    )]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; {}", listen_hint(.source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The catalogue or its key cannot be opened.
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
    /// A file of the service's own cannot be used.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of the service's own does not hold what it should.
    #[error("`{path}` does not hold {expected}: restore it, or delete it to have a new one made")]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// The configured administrator's token was revoked.
    #[error(
        "the administrator's token in the settings was revoked: put another into `admin_token` or \
         LOGPUSH_ADMIN_TOKEN"
    )]
    AdminTokenRevoked,
    /// The configured administrator's token is somebody else's.
    #[error(
        "the administrator's token in the settings is the token of an account, of a zone or of \
         lesser rights: put another into `admin_token` or LOGPUSH_ADMIN_TOKEN"
    )]
    AdminTokenTaken,
    /// A file of datasets cannot be taken.
    #[error(transparent)]
    Datasets(#[from] model::dataset::DatasetError),
    /// `delivery.allow_private_endpoints` has an entry that can be none.
    #[error("`delivery.allow_private_endpoints`: {0}")]
    Allowance(#[from] delivery::s3::InvalidAllowance),
    /// The system allows too few open files.
    #[error(
        "the system allows this process {files} open files, and it needs {needed} at least: raise \
         the limit (`ulimit -n`, `LimitNOFILE=` of systemd)"
    )]
    TooFewFiles {
        /// How many it allows.
        files: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Delivery cannot start.
    #[error(transparent)]
    Delivery(#[from] delivery::StartError),
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
    /// Opening ended in a panic; the log tells more.
    #[error("the journal could not be opened: {0}")]
    Panicked(String),
}

fn listen_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there: stop it, or choose another address with --listen or \
             LOGPUSH_LISTEN"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for privileged users: choose another with --listen or \
             LOGPUSH_LISTEN"
        }
        _ => "choose an address of this machine with --listen or LOGPUSH_LISTEN",
    }
}
