//! The front door: records in, the API, the dashboard, and what starts and stops the rooms behind it.
//!
//! ```text
//!            http ── dispatch ──► api, dashboard ──► catalog, delivery
//!  requests ──►                    └───────────────► ingest ──► journal
//!            start: config ─► journal, catalog, delivery, http        stop: the other way round
//! ```
//!
//! **Rules of this room.** It joins the other rooms and knows none of their insides: no segment
//! bytes, no SQL, no S3 calls. A 2xx at the ingest door goes out only after the journal has said
//! that the records are durable. Everything has a bound, and says so when it is reached.

mod api;
mod app;
mod dashboard;
mod harmless;
mod http;
mod ingest;
mod instant;
mod live;
mod metrics;
mod random;

pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod start;
pub mod stop;
pub mod telemetry;
#[cfg(feature = "test-util")]
pub mod untrusted;

pub use api::{Access, Offered, offered};
pub use config::Config;
pub use dashboard::pages;
pub use harmless::visible_lines;
pub use start::{Service, StartError};
