//! What has been sent: from frames of the journal to objects in buckets, each record once.
//!
//! ```text
//!  journal ─► reader ──frames──► lane ──closed batch──► publisher ──► store ──► bucket
//!             (one per partition,  (filter, encode,       (seal in the      (S3)
//!              laggards their own)  gzip into a spool)     ledger, upload,
//!                                                          settle)
//! ```
//!
//! A *lane* is one job on one partition. The [`Delivery`] keeps one per enabled job and
//! partition, in step with the catalogue.
//!
//! **Rules of this room.** A batch is sealed in the ledger before its object can become visible,
//! and is encoded from the journal again, to the same bytes at the same key, after a crash. The
//! spool is a cache and may vanish. A destination that fails delays its own lane only, for as
//! long as the journal holds its data. The only room that speaks S3; it knows no HTTP server and
//! no SQL text.

mod catch_up;
mod check;
mod checksum;
mod delivery;
mod gate;
mod lane;
mod level;
mod merging;
mod metrics;
mod open_batch;
mod plans;
mod press;
mod progress;
mod publisher;
mod reader;
mod recover;
mod room;
mod route;
mod routes;
mod settings;
mod spool;
mod status;
mod store;
mod supervisor;
mod totals;
mod trim;
mod upload;
mod workers;

pub mod protocol;
pub mod s3;
pub mod verify;

use std::sync::Arc;

use catalog::Catalog;
use journal::{Clock, Journal};
use model::dataset::Datasets;

pub use check::{CheckOutcome, CheckStep};
pub use checksum::{checksum_text, parse_checksum};
pub use delivery::{Delivery, StartError};
pub use level::Level;
pub use protocol::doubt::Doubt;
pub use room::Doubted;
pub use settings::{RetrySettings, Settings, Tuning};
pub use status::{JobStatus, Retrying};
pub use store::{
    Content, ListedObject, Listing, PartTag, PutObject, Reading, Remedy, Store, StoreError,
    StoreErrorKind, Stored, UploadId,
};

/// What delivery is made of; each part can be another one in tests and in the simulator.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What has arrived.
    pub journal: Arc<dyn Journal>,
    /// What was decided.
    pub catalog: Arc<dyn Catalog>,
    /// Where objects go.
    pub store: Arc<dyn Store>,
    /// The datasets that jobs may name.
    pub datasets: Arc<Datasets>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}
