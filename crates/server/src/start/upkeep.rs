//! What has to be done once a day: forgetting what is too old to be kept.

use std::sync::Arc;
use std::time::Duration;

use catalog::history::HISTORY_KEPT_FOR;
use catalog::{Catalog, CatalogError};
use journal::Clock;
use model::UnixNanos;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const DAY: Duration = Duration::from_hours(24);
/// How long entries of the audit trail are kept.
const AUDIT_KEPT_FOR: Duration = Duration::from_hours(400 * 24);

/// Forgets at once, and then every day.
pub(super) fn start(catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut days = interval(DAY);
        days.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            days.tick().await;
            if let Err(error) = forget(catalog.as_ref(), clock.now()).await {
                tracing::warn!(%error, "cannot forget old events; trying again tomorrow");
            }
        }
    })
}

async fn forget(catalog: &dyn Catalog, now: UnixNanos) -> Result<(), CatalogError> {
    let before = |kept: Duration| UnixNanos(now.0.saturating_sub(kept.as_nanos() as i64));
    catalog.forget_before(before(HISTORY_KEPT_FOR)).await?;
    catalog.forget_actions_before(before(AUDIT_KEPT_FOR)).await
}
