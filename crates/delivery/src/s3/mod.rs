//! Amazon S3 and what speaks its protocol.

mod client;
mod error;
mod guard;

pub use client::{S3Settings, S3Store, StaticKeys};
pub use guard::InvalidAllowance;
