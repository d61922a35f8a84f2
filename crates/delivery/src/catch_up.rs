//! Reads on its own for one lane that lags, until it can join its partition's reader.

use std::sync::Arc;
use std::time::Duration;

use model::Offset;
use tokio::time::{Instant, sleep};

use crate::lane::Lane;
use crate::level::Pace;
use crate::reader::{CHUNK_BYTES, ReaderHandle, belongs};
use crate::room::Room;
use crate::route::{Route, RouteKey};

/// Chunks that a lane reads before it lets another one have its turn.
const CHUNKS_PER_TURN: usize = 16;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Whether a lane goes on by itself.
enum Next {
    CatchUp(Route),
    Join(Route),
    /// Lost to a panic; its publisher has it restarted.
    Lost,
}

/// Reads for `lane` until it has caught up and joins `reader`, or is recalled.
pub(crate) async fn catch_up(room: Arc<Room>, lane: Lane, reader: ReaderHandle) {
    let key = RouteKey::of(&lane.plan);
    let progress = Arc::clone(&lane.progress);
    let Some(mut route) = Route::new(vec![lane]) else { return };
    loop {
        if progress.is_recalled() {
            route.lanes.drain(..).for_each(Lane::go_home);
            return;
        }
        if progress.backlog() >= room.settings.lane_backlog_max {
            progress.changed.notified().await;
            continue;
        }
        match take_turn(&room, route, &key, &reader).await {
            Next::CatchUp(further) => route = further,
            Next::Join(mut caught_up) => {
                for lane in caught_up.lanes.drain(..) {
                    // The reader lives as long as the program.
                    let _ = reader.attach.send(lane);
                }
                return;
            }
            Next::Lost => return,
        }
    }
}

async fn take_turn(room: &Arc<Room>, route: Route, key: &RouteKey, reader: &ReaderHandle) -> Next {
    let Ok(_turn) = room.catch_ups.acquire().await else { return Next::Lost };
    let mut route = route;
    for _ in 0..CHUNKS_PER_TURN {
        let lane = &route.lanes[0];
        let (partition, position) = (lane.partition, lane.position());
        if position >= reader.position() {
            return Next::Join(route);
        }
        if lane.is_recalled() || lane.progress.backlog() >= room.settings.lane_backlog_max {
            break;
        }
        let frames = match room.journal.read(partition, position, CHUNK_BYTES).await {
            Ok(frames) => frames,
            Err(error) => {
                tracing::error!(job = %lane.plan.id, %partition, %error, "cannot catch up");
                sleep(PAUSE_AFTER_ERROR).await;
                break;
            }
        };
        let Some(next) = frames.last().map(|frame| frame.offset.next()) else { break };
        let mine = frames.into_iter().filter(|frame| belongs(frame, key)).collect();
        let Some(read) = room.start_reading(route, mine, Pace::Behind).await else {
            return Next::Lost;
        };
        let Some(read) = advance(room, read, next).await else { return Next::Lost };
        route = read;
    }
    Next::CatchUp(route)
}

/// Notes how far the lane has read, and closes its batch where it has been open long enough.
async fn advance(room: &Room, mut route: Route, next: Offset) -> Option<Route> {
    for lane in &mut route.lanes {
        lane.reading.read_to(next);
        lane.progress.read_to(lane.position());
    }
    let now = Instant::now();
    if route.next_close().is_some_and(|at| at <= now) {
        return room.close_due(route, now, next).await;
    }
    Some(route)
}
