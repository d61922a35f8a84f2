//! What has to be done from time to time: forgetting what is too old to be kept, and renewing the
//! catalogue's mark.

use std::sync::Arc;
use std::time::Duration;

use catalog::history::HISTORY_KEPT_FOR;
use catalog::{Catalog, CatalogError, SqliteCatalog};
use journal::Clock;
use model::UnixNanos;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

const DAY: Duration = Duration::from_hours(24);
/// How long entries of the audit trail are kept.
const AUDIT_KEPT_FOR: Duration = Duration::from_hours(400 * 24);

/// How often the catalogue's mark is renewed where something has changed. What is sealed within
/// that time before a crash may be delivered twice, should a backup of the catalogue be restored
/// after it.
const MARK_INTERVAL: Duration = Duration::from_secs(2);

/// The work that goes on beside the rooms.
#[derive(Debug)]
pub(crate) struct Upkeep {
    days: JoinHandle<()>,
    marks: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Upkeep {
    /// Begins with it.
    pub(super) fn start(catalog: &Arc<SqliteCatalog>, clock: &Arc<dyn Clock>) -> Self {
        let days = forget_daily(Arc::clone(catalog) as Arc<dyn Catalog>, Arc::clone(clock));
        let (stop, stopped) = oneshot::channel();
        let marks = tokio::spawn(keep_mark(Arc::clone(catalog), Arc::clone(clock), stopped));
        Self { days, marks, stop }
    }

    /// Ends it: when this returns, nothing of it is under way.
    pub(crate) async fn stop(self) {
        self.days.abort();
        drop(self.stop);
        // A panic was reported where it happened.
        let _ = self.marks.await;
    }
}

/// Renews the mark until it is to stop.
async fn keep_mark(
    catalog: Arc<SqliteCatalog>,
    clock: Arc<dyn Clock>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut ticks = interval(MARK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut marked, mut is_told) = (None, false);
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            _ = ticks.tick() => {}
        }
        match renew_mark(&catalog, clock.now(), marked).await {
            Ok(generation) => (marked, is_told) = (Some(generation), false),
            Err(error) if !is_told => {
                is_told = true;
                tracing::warn!(%error, "cannot renew the catalogue's mark; trying again");
            }
            Err(_) => {}
        }
    }
}

/// Renews the mark where the catalogue has gone on from generation `marked`; gives its generation.
async fn renew_mark(
    catalog: &SqliteCatalog,
    now: UnixNanos,
    marked: Option<u64>,
) -> Result<u64, CatalogError> {
    let generation = catalog.generation().await?;
    let (Some(path), true) = (catalog.mark_path(), marked != Some(generation)) else {
        return Ok(generation);
    };
    let Some(mark) = catalog.mark(now).await? else { return Ok(generation) };
    let generation = mark.generation;
    let writing = spawn_blocking(move || mark.write(&path));
    writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    Ok(generation)
}

/// Forgets at once, and then every day.
fn forget_daily(catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> JoinHandle<()> {
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
