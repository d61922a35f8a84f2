//! The lives of the delivery process, one after the other, and how they end.

use std::sync::Arc;
use std::time::Duration;

use catalog::{BatchRecord, BatchState, Ledger};
use delivery::Delivery;
use journal::Journal;
use model::Partition;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use super::World;
use crate::history::{BUCKETS, Event};
use crate::rng::Rng;
use crate::store::Place;
use crate::storm::Storm;
use crate::violation::Rule;

/// With all faults gone, everything has to be delivered within this time.
const CALM: Duration = Duration::from_secs(2 * 3600);
/// How often is looked whether everything is delivered.
const LOOK: Duration = Duration::from_secs(5);
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// Beyond this a change of a job is followed late.
const SLOW_RELOAD: Duration = Duration::from_secs(30);
/// How long an upload may take to end by itself when the process stops in calm weather.
const LAST_STOP: Duration = Duration::from_secs(60);

/// How a life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The process died, and is started again.
    Crashed,
    /// The process was stopped, and is started again.
    Stopped,
    /// The history is over.
    Over,
}

impl World {
    /// Lives one life after the other until the history is over.
    pub(super) fn live_through(&mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let runtime = runtime();
            let ending = runtime.block_on(self.live(&mut pause));
            drop(runtime);
            if ending == Ending::Over {
                return;
            }
        }
    }

    async fn live(&mut self, pause: &mut Duration) -> Ending {
        let storm = Arc::clone(&self.storm);
        storm.clock.begin_life();
        storm.switch.reset();
        self.store.begin_life();
        let ending = tokio::select! {
            biased;
            () = storm.switch.tripped() => Ending::Crashed,
            ending = self.work(pause) => ending,
        };
        storm.trace.note(|| format!("world: {ending:?}"));
        if storm.switch.is_exhausted() {
            let what = "the process takes steps without end".to_owned();
            storm.violated(Rule::EndsDelivered, what);
            storm.clock.end_life(Duration::ZERO);
            return Ending::Over;
        }
        if ending == Ending::Crashed {
            // No step is taken any more until the runtime is gone.
            storm.switch.trip();
            storm.saw("a crash");
            self.stormy_catalog.crash();
        }
        storm.clock.end_life(*pause);
        ending
    }

    /// What the process and those around it do until it ends.
    async fn work(&mut self, pause: &mut Duration) -> Ending {
        self.add_zones().await;
        let mut delivery = self.start().await;
        // Those that were taken over from go on until the life ends.
        let mut before = Vec::new();
        self.clients.try_again(&self.journal);
        while let Some((at, _)) = self.events.front() {
            let wait = at.saturating_sub(self.storm.clock.elapsed());
            sleep(wait).await;
            let Some((_, event)) = self.events.pop_front() else { break };
            if matches!(event, Event::TakeOver) {
                self.storm.saw("two processes believe to be the owner");
                self.stormy_catalog = self.another_catalog();
                before.push(std::mem::replace(&mut delivery, self.start().await));
                continue;
            }
            if let Some(ending) = self.happen(event, &delivery, pause).await {
                return ending;
            }
        }
        let ending = self.end(delivery).await;
        let superseded = before.iter().filter(|delivery| delivery.is_superseded()).count();
        if superseded > 0 {
            self.storm.saw("an owner learns that it was superseded");
        }
        ending
    }

    async fn start(&mut self) -> Delivery {
        loop {
            let (settings, parts) = (self.settings(), self.parts());
            match Delivery::start_in_one_thread(settings, parts).await {
                Ok(delivery) => return delivery,
                Err(_) => sleep(PAUSE_AFTER_ERROR).await,
            }
        }
    }

    async fn happen(
        &mut self,
        event: Event,
        delivery: &Delivery,
        pause: &mut Duration,
    ) -> Option<Ending> {
        match event {
            Event::Append { partition, frames, keyed } => {
                let append = super::clients::append(&frames, keyed, self.plan.bulk);
                self.clients.send(&self.journal, Partition(partition), append);
            }
            Event::Refuse { bucket, refusal } => {
                self.storm.trace.note(|| format!("world: {bucket} refuses {refusal:?}"));
                self.store.refuse(bucket, refusal);
            }
            Event::Intrude { choice } => self.intrude(choice),
            Event::Withdraw => self.store.withdraw(),
            Event::Jump { nanos } => {
                self.storm.trace.note(|| format!("world: the clock jumps by {nanos} ns"));
                self.storm.clock.jump(nanos);
            }
            Event::Crash { steps, polls, pause: after } => {
                *pause = after;
                if (steps, polls) == (0, 0) {
                    return Some(Ending::Crashed);
                }
                self.storm.switch.arm(steps, polls);
            }
            Event::Stop { limit, pause: after } => {
                self.stop(delivery, limit).await;
                *pause = after;
                return Some(Ending::Stopped);
            }
            change => {
                if self.change(change).await {
                    tokio::spawn(reload(delivery.clone(), Arc::clone(&self.storm)));
                }
            }
        }
        None
    }

    /// Stops the process cleanly. It may leave sealed batches behind only where the time was up.
    async fn stop(&self, delivery: &Delivery, limit: Duration) {
        let began = self.storm.clock.elapsed();
        let left = delivery.stop(limit).await;
        let took = self.storm.clock.elapsed().saturating_sub(began);
        let is_late = took > limit + Duration::from_secs(5);
        self.storm.saw(if is_late { "a clean stop beyond its limit" } else { "a clean stop" });
        self.storm.trace.note(|| format!("world: stopped within {took:?}, {left} batches left"));
        // The batches of a deleted job are nobody's any more, and a lane whose seal went astray
        // only goes on after a restart.
        let counts = self.customers.stories.values().all(|story| !story.is_deleted)
            && self.plan.catalog.lost_answer == 0;
        if counts && left > 0 && took < limit {
            let what = format!("a stop left {left} batches after {took:?} of {limit:?}");
            self.storm.violated(Rule::StopsUseTheirTime, what);
        }
    }

    /// Calms everything down and waits until all is delivered: first what does not go to a bucket
    /// that refuses and that no job uses any more, then everything.
    async fn end(&mut self, delivery: Delivery) -> Ending {
        self.storm.calm_down();
        for bucket in BUCKETS {
            if self.customers.use_bucket(bucket) {
                self.store.refuse(bucket, None);
            }
        }
        self.store.clear_wire();
        self.store.withdraw();
        self.resume_all().await;
        delivery.reload().await;
        self.wait_until_delivered().await;
        for bucket in BUCKETS {
            self.store.refuse(bucket, None);
        }
        self.wait_until_delivered().await;
        let left = delivery.stop(LAST_STOP).await;
        if left > 0 {
            let what = format!("{left} sealed batches were left by a stop in calm weather");
            self.storm.violated(Rule::EndsDelivered, what);
        }
        Ending::Over
    }

    async fn wait_until_delivered(&self) {
        let until = self.storm.clock.elapsed() + CALM;
        let mut left = self.undelivered().await;
        let is_open = || !self.uploads_left_open().is_empty();
        while (!left.is_empty() || is_open()) && self.storm.clock.elapsed() < until {
            sleep(LOOK).await;
            left = self.undelivered().await;
        }
        for (id, place) in self.uploads_left_open() {
            let what = format!("the upload {id} of {place} is left open");
            self.storm.violated(Rule::UploadsAreClosed, what);
        }
        for what in left {
            self.storm.violated(Rule::EndsDelivered, what);
        }
    }

    /// Uploads in parts that the ledger knew, that are open, and that can be aborted now.
    fn uploads_left_open(&self) -> Vec<(String, Place)> {
        let mut open = self.store.open_uploads();
        open.retain(|(id, place)| self.storm.has_noted(id) && !self.store.refuses(&place.bucket));
        open
    }

    /// Somebody else writes where a batch is to go.
    fn intrude(&self, choice: u64) {
        let sealed = self.catalog.all_batches().into_iter();
        let sealed = sealed.filter(|record| record.state == BatchState::Sealed);
        let places = sealed.filter_map(|BatchRecord { batch, .. }| {
            let bucket = self.customers.bucket_of(&batch)?.to_owned();
            Some(Place { bucket, key: batch.key })
        });
        let places: Vec<Place> = places.collect();
        if places.is_empty() {
            return;
        }
        let place = &places[Rng::new(choice).below(places.len() as u64) as usize];
        if self.store.intrude(place) {
            self.storm.saw("somebody else writes where a batch is to go");
            self.storm.trace.note(|| format!("world: somebody else writes {place}"));
        }
    }

    /// What is still to be delivered or acknowledged, and can be.
    async fn undelivered(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.clients.are_waiting() {
            left.push("a client still waits for its acknowledgement".to_owned());
        }
        for batch in self.catalog.undelivered(None).await.unwrap_or_default() {
            let bucket = self.customers.bucket_of(&batch);
            if bucket.is_none_or(|bucket| !self.store.refuses(bucket)) {
                left.push(format!("the batch {} is not delivered", batch.key));
            }
        }
        for (job, cursor) in self.catalog.all_cursors().await.unwrap_or_default() {
            let end = self.journal.bounds(cursor.partition).end;
            if cursor.next < end {
                let at = cursor.partition;
                left.push(format!("job {job} stands at {} of {end} in {at}", cursor.next));
            }
        }
        left
    }
}

/// Tells delivery that jobs have changed.
async fn reload(delivery: Delivery, storm: Arc<Storm>) {
    let began = storm.clock.elapsed();
    delivery.reload().await;
    let took = storm.clock.elapsed().saturating_sub(began);
    storm.trace.note(|| format!("world: delivery follows after {took:?}"));
    storm.saw(if took > SLOW_RELOAD {
        "a change is followed late"
    } else {
        "a change is followed"
    });
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        // Between two polls of tasks it looks whether the process has died.
        .event_interval(1)
        .build()
        .expect("a runtime without I/O needs nothing of the system")
}
