//! The catalogue in memory keeps what every backend promises.

use model::InstallationId;
use sim::catalog::MemoryCatalog;

#[allow(clippy::unused_async, reason = "the suite awaits it")]
async fn open() -> (MemoryCatalog, ()) {
    (MemoryCatalog::new(InstallationId::from_random([7; 12])), ())
}

catalog::conformance_suite!(open);
