//! Amazon S3 and what speaks its protocol.
//!
//! ```text
//!  Store ──► requests ──► connections ──► the client of a region, an address, an identity
//!               │             ├─► identity: the service's own, and the roles that it takes on
//!               │             └─► guard: which addresses tenants may name
//!               ├─► options, checksum, body: what a request says and carries
//!               ├─► reading: what is asked for to verify, and with which permissions
//!               ├─► patience: when an attempt is cut
//!               └─► error: what an answer means
//! ```

mod body;
mod bounded;
mod check;
pub(crate) mod checksum;
mod connections;
mod error;
mod guard;
mod identity;
mod options;
mod patience;
mod reading;
mod requests;
mod settings;

pub use guard::InvalidAllowance;
pub use requests::S3Store;
pub use settings::{S3Settings, StaticKeys};
