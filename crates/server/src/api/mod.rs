//! The v4 API, the administration, and the doors' routes: requests in, envelopes out.
//!
//! A handler parses, calls one function of the house and renders what comes back. The names of
//! the v4 API live here and nowhere deeper.
//!
//! **Rules.** `routes` is the only list of what can be asked for and of whom. `auth` lets callers
//! in before any handler runs. `error` is the only place that turns errors into answers.

pub(crate) mod auth;

mod accounts;
mod audit;
mod challenge;
mod datasets;
pub(crate) mod destination;
mod envelope;
mod error;
mod fields;
mod health;
mod history;
mod ingest;
pub(crate) mod jobs;
mod ledger;
mod openapi;
mod origin;
pub(crate) mod ownership;
mod page;
pub(crate) mod policy;
pub(crate) mod quarantine;
mod rate;
mod routes;
mod standing;
mod status;
pub(crate) mod tokens;
mod twice;
mod verify;
pub(crate) mod zones;

use axum::response::Response;

pub use auth::Access;
pub(crate) use auth::Caller;
pub(crate) use challenge::{KEY_BYTES, Signer};
pub(crate) use error::{ApiError, Code};
pub(crate) use rate::Rates;
pub(crate) use routes::{DOOR, Route, Row, Surface, expanded, routes};
pub use routes::{Offered, offered};
pub(crate) use standing::{Matter, Standing};
pub(crate) use tokens::RESERVED_NAME;
pub(crate) use verify::VERIFICATIONS_MAX;

/// What a handler gives back.
pub(crate) type ApiResult = Result<Response, ApiError>;
