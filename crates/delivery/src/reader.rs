//! Reads a partition's newest frames once and hands them to all lanes that keep up.
//!
//! ```text
//!   partition  ──────────────────────────────────────────────►
//!                     ▲                          ▲        ▲
//!              a laggard's own             the reader's   end
//!              catch-up reader             position
//! ```
//!
//! A lane whose destination does not keep up leaves the reader with all it has, so that the
//! others go on, reads on its own as room comes, and joins again when it has caught up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use journal::{Frame, FrameKind};
use model::{JobId, Offset, OffsetRange, Partition};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use crate::catch_up::catch_up;
use crate::lane::Lane;
use crate::level::{Pace, PaceWatch};
use crate::room::Room;
use crate::route::{Route, RouteKey};
use crate::routes::Routes;

/// From one read to the next, where less than a whole one waits: to wake a worker costs as much for
/// a few frames as for many.
const READS_APART: Duration = Duration::from_millis(10);
/// Payload bytes that are read at a time.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;
/// A lane this few frames behind joins the reader, which reads them again for it alone.
const JOINING_FRAMES_MAX: u64 = 64;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Gives lanes to a partition's reader.
#[derive(Debug, Clone)]
pub(crate) struct ReaderHandle {
    pub(crate) attach: mpsc::UnboundedSender<Lane>,
    wake: Arc<Notify>,
    /// Whether a lane may have been recalled since the reader looked at all of them.
    looks: Arc<AtomicBool>,
    position: Arc<AtomicU64>,
}

impl ReaderHandle {
    /// Has the reader look for lanes that were recalled before this call.
    pub(crate) fn look(&self) {
        self.looks.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// The first frame that the reader has not read.
    pub(crate) fn position(&self) -> Offset {
        Offset(self.position.load(Ordering::Acquire))
    }
}

/// The reader of one partition.
#[derive(Debug)]
pub(crate) struct Reader {
    room: Arc<Room>,
    partition: Partition,
    position: Offset,
    routes: Routes,
    /// Routes whose batches may have been closed since the reader looked at their lanes.
    worked: Vec<RouteKey>,
    handle: ReaderHandle,
    attached: mpsc::UnboundedReceiver<Lane>,
    read_at: Instant,
    pass_over_at: Instant,
    watch: PaceWatch,
}

impl Reader {
    /// A reader that begins at `position`.
    pub(crate) fn new(room: Arc<Room>, partition: Partition, position: Offset) -> Self {
        let (attach, attached) = mpsc::unbounded_channel();
        let handle = ReaderHandle {
            attach,
            wake: Arc::default(),
            looks: Arc::default(),
            position: Arc::new(AtomicU64::new(position.0)),
        };
        let now = Instant::now();
        let pass_over_at = now + room.settings.pass_over_interval;
        let watch = PaceWatch::new(now);
        let (routes, worked) = (Routes::default(), Vec::new());
        Self {
            room,
            partition,
            position,
            routes,
            worked,
            handle,
            attached,
            read_at: now,
            pass_over_at,
            watch,
        }
    }

    pub(crate) fn handle(&self) -> ReaderHandle {
        self.handle.clone()
    }

    /// Reads until the program ends. It has no durable state of its own, so that it may be
    /// dropped at any await.
    pub(crate) async fn run(mut self) {
        loop {
            self.send_away();
            while let Ok(lane) = self.attached.try_recv() {
                self.join(lane).await;
            }
            if self.room.journal.bounds(self.partition).end > self.position {
                sleep_until(self.read_at).await;
                self.read_chunk().await;
                self.close_due().await;
                self.pass_over().await;
                continue;
            }
            let wake_at =
                self.routes.next_close().map_or(self.pass_over_at, |at| at.min(self.pass_over_at));
            let wake = Arc::clone(&self.handle.wake);
            tokio::select! {
                biased;
                lane = self.attached.recv() => if let Some(lane) = lane { self.join(lane).await },
                () = wake.notified() => {}
                () = self.room.journal.wait_beyond(self.partition, self.position) => {}
                () = sleep_until(wake_at) => {}
            }
            self.close_due().await;
            self.pass_over().await;
        }
    }

    /// Gives back recalled lanes, and sends lanes with a full backlog to catch up on their own.
    /// Only work on a route adds to the backlog of its lanes.
    fn send_away(&mut self) {
        let worked = std::mem::take(&mut self.worked);
        let looks = self.handle.looks.swap(false, Ordering::AcqRel);
        let keys = if looks { self.routes.keys() } else { worked };
        let backlog_max = self.room.settings.lane_backlog_max;
        for key in keys {
            let leaves = |lane: &Lane| lane.is_recalled() || lane.progress.backlog() >= backlog_max;
            for mut lane in self.routes.take_lanes(&key, leaves) {
                lane.reading.read_to(self.position);
                self.send_off(lane);
            }
        }
    }

    fn send_off(&self, lane: Lane) {
        if lane.is_recalled() {
            lane.go_home();
        } else {
            lane.progress.catches_up(true);
            lane.progress.read_to(lane.position());
            tokio::spawn(catch_up(Arc::clone(&self.room), lane, self.handle.clone()));
        }
    }

    /// Takes a lane in, or sends it to catch up first.
    async fn join(&mut self, lane: Lane) {
        let behind = OffsetRange::new(lane.position(), self.position).frames();
        if lane.is_recalled() || behind > JOINING_FRAMES_MAX {
            self.send_off(lane);
            return;
        }
        let key = RouteKey::of(&lane.plan);
        let lane = if behind == 0 { Some(lane) } else { self.bring_up(lane, &key).await };
        let Some(lane) = lane else { return };
        lane.progress.catches_up(false);
        let route = match self.routes.take(&key) {
            Some(route) => route.add(lane),
            None => Route::new(vec![lane]),
        };
        if let Some(route) = route {
            self.routes.put(key.clone(), route);
            self.worked.push(key);
        }
    }

    /// Reads the few frames that a joining lane lacks.
    async fn bring_up(&self, lane: Lane, key: &RouteKey) -> Option<Lane> {
        let mut route = Route::new(vec![lane])?;
        let mut at = route.lanes[0].position();
        while at < self.position {
            let read = self.room.journal.read(self.partition, at, CHUNK_BYTES).await;
            let Ok(frames) = read else {
                route.lanes.drain(..).for_each(|lane| self.send_off(lane));
                return None;
            };
            let frames: Vec<Frame> =
                frames.into_iter().filter(|frame| frame.offset < self.position).collect();
            at = frames.last()?.offset.next();
            let mine = frames.into_iter().filter(|frame| belongs(frame, key)).collect();
            route = self.room.start_reading(route, mine, Pace::Behind).await?;
        }
        route.lanes.pop()
    }

    async fn read_chunk(&mut self) {
        let read = self.room.journal.read(self.partition, self.position, CHUNK_BYTES).await;
        let frames = match read {
            Ok(frames) => frames,
            Err(journal::ReadError::Trimmed { start, .. }) => {
                self.move_to(start);
                return;
            }
            Err(error) => {
                tracing::error!(partition = %self.partition, %error, "cannot read the journal");
                sleep(PAUSE_AFTER_ERROR).await;
                return;
            }
        };
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return };
        let lag = self.room.clock.now().0.saturating_sub(first.arrival.0).max(0) as u64;
        let next = last.offset.next();
        let begun = Instant::now();
        let bytes: usize = frames.iter().map(|frame| frame.payload.len()).sum();
        self.read_at = if bytes < CHUNK_BYTES / 2 { begun + READS_APART } else { begun };
        let pace = self.watch.pace(begun, Duration::from_nanos(lag));
        self.read_frames(frames, pace).await;
        self.watch.worked(begun.elapsed());
        self.move_to(next);
    }

    fn move_to(&mut self, position: Offset) {
        self.position = position;
        self.handle.position.store(position.0, Ordering::Release);
    }

    /// Hands each route its frames; routes are worked on side by side.
    async fn read_frames(&mut self, frames: Vec<Frame>, pace: Pace) {
        let mut by_route: BTreeMap<RouteKey, Vec<Frame>> = BTreeMap::new();
        for frame in frames {
            if frame.kind != FrameKind::Records {
                continue;
            }
            let key = RouteKey { scope: frame.scope, dataset: frame.dataset.clone() };
            if self.routes.contains(&key) {
                by_route.entry(key).or_default().push(frame);
            }
        }
        let mut work = Vec::new();
        for (key, frames) in by_route {
            work.extend(self.routes.take(&key).map(|route| (key, route, frames)));
        }
        let read = self.room.read_routes(work, pace).await;
        self.put_back(read);
    }

    async fn close_due(&mut self) {
        let now = Instant::now();
        let due = self.routes.take_due(now);
        if !due.is_empty() {
            let closed = self.room.close_routes(due, now, self.position).await;
            self.put_back(closed);
        }
    }

    /// Puts routes back that were worked on. A panic has lost the lanes of those that are missing;
    /// their publishers notice and have them restarted.
    fn put_back(&mut self, worked: Vec<(RouteKey, Route)>) {
        for (key, route) in worked {
            self.worked.push(key.clone());
            self.routes.put(key, route);
        }
    }

    /// Moves the ledger's cursors of lanes that have read frames without a record of theirs.
    async fn pass_over(&mut self) {
        if Instant::now() < self.pass_over_at {
            return;
        }
        self.pass_over_at = Instant::now() + self.room.settings.pass_over_interval;
        let mut passed: Vec<(JobId, Partition, OffsetRange)> = Vec::new();
        for lane in self.routes.lanes_mut() {
            let range = lane.reading.passes(self.position, lane.progress.unsealed());
            passed.extend(range.map(|range| (lane.plan.id, self.partition, range)));
        }
        if passed.is_empty() {
            return;
        }
        let moved = match self.room.catalog.pass_over(&passed).await {
            Ok(moved) => moved,
            Err(error) if self.room.heeds(&error) => return,
            Err(error) => {
                tracing::warn!(partition = %self.partition, %error, "cannot pass over frames");
                return;
            }
        };
        let all_moved = moved == passed.len();
        let next: HashMap<JobId, Offset> =
            passed.into_iter().map(|(job, _, range)| (job, range.next)).collect();
        if !all_moved {
            // The ledger stands elsewhere than some of these lanes believe, say after a call that
            // failed and had its effect all the same. They end, and start again from the ledger.
            tracing::warn!(partition = %self.partition, "some cursors stand elsewhere");
            for key in self.routes.keys() {
                drop(self.routes.take_lanes(&key, |lane| next.contains_key(&lane.plan.id)));
            }
            return;
        }
        for lane in self.routes.lanes_mut() {
            if let Some(&next) = next.get(&lane.plan.id) {
                lane.reading.passed(next);
            }
        }
    }
}

/// Whether a frame holds records for a route.
pub(crate) fn belongs(frame: &Frame, key: &RouteKey) -> bool {
    frame.kind == FrameKind::Records && frame.scope == key.scope && frame.dataset == key.dataset
}
