//! Verification: whether the bucket holds what the ledger says.
//!
//! ```text
//!  ledger ──batch──► expected ─┐
//!                              ├─► differences
//!  store ───bytes──► contents ─┘
//!
//!  store ───keys───► extra: those of this job that the ledger does not know
//! ```
//!
//! **Rules.** Nothing is written. What could not be read is never taken for good, nor for
//! missing: where a store hides which of both it is, that is told. Memory is bounded, however long
//! an object is.

mod contents;
mod expected;
mod extra;
mod look;
mod window;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use catalog::{BatchRecord, BatchState};
use model::destination::Destination;
use model::{JobId, Revision};
use tokio::sync::Mutex;

use crate::lane::JobPlan;
use crate::plans::Plans;
use crate::room::Room;

pub use contents::{Contents, Manner, read_object};
pub use expected::{Difference, Expected};
pub use extra::{Extra, ExtraObject, ListCursor, Listed, UnlistedPlace};
pub use look::Looked;
pub use window::Window;

/// Why something of the house itself stands in the way of a verification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] catalog::CatalogError),
    /// What a revision of the job says is not understood any more.
    #[error("revision {revision} of the job is not understood any more: {why}")]
    Revision {
        /// The revision.
        revision: Revision,
        /// Why not.
        why: String,
    },
}

/// Compares the objects of one job with its ledger.
#[derive(Debug)]
pub struct Verifier {
    room: Arc<Room>,
    plans: Plans,
    job: JobId,
    revisions: Mutex<HashMap<Revision, Arc<Revised>>>,
    /// Whether the store has refused to list a bucket of the job's.
    list_is_denied: AtomicBool,
    /// Bytes of objects that were read.
    bytes_read: AtomicU64,
}

/// A revision of the job, and where its batches went.
#[derive(Debug)]
struct Revised {
    plan: Arc<JobPlan>,
    to: Destination,
}

impl Verifier {
    pub(crate) fn new(room: Arc<Room>, job: JobId) -> Self {
        Self {
            plans: Plans::new(Arc::clone(&room)),
            room,
            job,
            revisions: Mutex::default(),
            list_is_denied: AtomicBool::new(false),
            bytes_read: AtomicU64::new(0),
        }
    }

    /// Bytes of objects that were read until now.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// What the ledger says of a batch's object; `None` where it was not delivered.
    pub async fn expected(&self, record: &BatchRecord) -> Result<Option<Expected>, VerifyError> {
        let BatchState::Delivered(delivered) = &record.state else { return Ok(None) };
        let revised = self.revised(record.batch.revision).await?;
        let compiled = &revised.plan.compiled;
        Ok(Some(Expected {
            compression: compiled.compression(),
            object_bytes: delivered.object_bytes,
            checksum: delivered.checksum,
            raw_bytes: record.batch.raw_bytes,
            newlines: compiled.newlines(record.batch.records),
        }))
    }

    async fn revised(&self, revision: Revision) -> Result<Arc<Revised>, VerifyError> {
        let mut revisions = self.revisions.lock().await;
        if let Some(known) = revisions.get(&revision) {
            return Ok(Arc::clone(known));
        }
        let found = self.plans.revision(self.job, revision).await;
        let (plan, to) = found.map_err(|error| match error {
            crate::supervisor::StartError::Catalog(error) => VerifyError::Catalog(error),
            error => VerifyError::Revision { revision, why: error.to_string() },
        })?;
        let revised = Arc::new(Revised { plan, to });
        revisions.insert(revision, Arc::clone(&revised));
        Ok(revised)
    }
}
