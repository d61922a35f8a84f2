//! Uploads in parts that no batch goes on with: of deleted jobs, and of batches that were given up
//! or follow their job to another place.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use catalog::CatalogError;
use model::destination::Destination;
use model::{JobId, Revision};
use tokio::time::{MissedTickBehavior, interval};

use crate::gate::Place;
use crate::plans::Plans;
use crate::protocol::abandon::Abandoned;
use crate::protocol::recover::left_over;
use crate::room::Room;

/// Aborts what is left over: at once, and from time to time. It has no state of its own.
pub(crate) async fn look_after_leftovers(room: Arc<Room>) {
    let plans = Plans::new(Arc::clone(&room));
    let mut ticks = interval(room.settings.trim_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if room.is_superseded() {
            return;
        }
        if room.is_doubted() {
            continue;
        }
        if let Err(error) = abandon_leftovers(&room, &plans).await {
            tracing::warn!(%error, "cannot look after uploads that were left over");
        }
    }
}

async fn abandon_leftovers(room: &Room, plans: &Plans) -> Result<(), CatalogError> {
    // In this order: an upload that is opened meanwhile is not among them, and its batch is.
    let open = room.catalog.open_uploads(None).await?;
    if open.is_empty() {
        return Ok(());
    }
    let undelivered = room.catalog.undelivered(None).await?;
    let mut places: BTreeMap<(JobId, Revision), Destination> = BTreeMap::new();
    // A bucket that somebody has to mend is asked once.
    let mut waiting = HashSet::new();
    for open in left_over(open, &undelivered) {
        let to = match places.entry((open.job, open.revision)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => match plans.destination(open.job, open.revision).await {
                Ok(to) => unknown.insert(to),
                Err(error) => {
                    tracing::warn!(job = %open.job, %error, "cannot tell where an upload went");
                    continue;
                }
            },
        };
        let to = &*to;
        let gate = room.gates.gate(to);
        let place = Place::of(to);
        if gate.held(to).is_some() || waiting.contains(&place) {
            continue;
        }
        if room.abandon(&gate, to, &open).await == Abandoned::Waits {
            waiting.insert(place);
        }
    }
    Ok(())
}
