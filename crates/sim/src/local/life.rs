//! A life of the process that holds the journal open: clients, the writers' turns, readers,
//! retention, and how it ends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use journal::local::HandWriter;
use journal::{Append, AppendError, Appended, Journal, LocalJournal, ReadError, Retention};
use model::{Offset, OffsetRange, Partition, UnixNanos};
use tokio::task::unconstrained;

use super::request::{Known, Request};
use super::witness::plain;
use super::{REQUESTS_MAX, World};
use crate::violation::Rule;

type Answer = Result<Appended, AppendError>;
type Appending = Pin<Box<dyn Future<Output = Answer>>>;

/// The journal, held open.
pub(super) struct Life {
    journal: Arc<LocalJournal>,
    writers: Vec<HandWriter>,
    /// Requests on their way.
    waiting: Vec<(u64, Appending)>,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl Life {
    /// Opens the journal, and looks at all that it holds; `None` where it cannot be opened now.
    pub(super) async fn begin(world: &mut World) -> Option<Self> {
        let (disk, clock) = (Arc::clone(&world.disk), Arc::clone(&world.storm.clock));
        let path = world.folder.path();
        let opened = LocalJournal::open_by_hand(disk, path, world.settings, clock);
        let (journal, writers) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                world.storm.trace.note(|| format!("cannot open: {}", plain(&error)));
                let is_excused = matches!(error, journal::OpenError::Io { .. });
                if !is_excused || world.storm.is_calm() {
                    let what = format!("the journal cannot be opened: {}", plain(&error));
                    world.storm.violated(Rule::AcknowledgedIsStored, what);
                }
                return None;
            }
        };
        world.storm.trace.note(|| "opened");
        world.witness.check_opened(&journal, &mut world.requests, &world.storm).await;
        // What is not there now never will be, unless it is sent again.
        for request in world.requests.values_mut().filter(|request| request.known == Known::Sent) {
            request.known = if request.keyed { Known::Unsent } else { Known::Over };
        }
        Some(Self { journal: Arc::new(journal), writers, waiting: Vec::new() })
    }

    /// Does this and that until the process ends.
    pub(super) async fn live(mut self, world: &mut World, turns: &mut u64) {
        while *turns > 0 && !world.disk.is_down() && world.storm.violations().is_empty() {
            *turns -= 1;
            world.pass(Duration::from_secs(20));
            self.send(world);
            match world.rng.below(12) {
                0..=5 => self.write(world).await,
                6 => self.read(world).await,
                7 => self.look_up(world).await,
                8 => self.trim(world).await,
                9 => self.repeat(world),
                10 if world.rng.per_mille(400) => return self.close(world).await,
                11 if world.rng.per_mille(300) => {
                    world.storm.saw("the process is killed");
                    world.storm.trace.note(|| "killed");
                    return;
                }
                _ => {}
            }
        }
        self.write(world).await;
    }

    /// In calm weather: what is to be sent is stored, and all keys are known.
    pub(super) async fn end(mut self, world: &mut World) {
        for _ in 0..8 {
            self.send_unsent(world);
            self.write(world).await;
        }
        let is_left = |request: &&Request| !matches!(request.known, Known::Stored | Known::Over);
        if let Some(left) = world.requests.values().find(is_left) {
            let what = format!("request {} is not stored in calm weather", left.number);
            world.storm.violated(Rule::EndsDelivered, what);
        }
        let numbers: Vec<u64> = world.requests.keys().copied().collect();
        for number in numbers {
            self.repeat_one(world, number);
        }
        self.read(world).await;
        let (witness, requests) = (&mut world.witness, &mut world.requests);
        witness.check_opened(&self.journal, requests, &world.storm).await;
    }

    /// Clients send, some of them again.
    fn send(&mut self, world: &mut World) {
        for _ in 0..world.rng.below(3) {
            if world.requests.len() < REQUESTS_MAX {
                let number = world.requests.len() as u64 + 1;
                let partition =
                    Partition(world.rng.below(u64::from(world.settings.partitions)) as u16);
                let request = Request::draw(number, partition, &mut world.rng);
                world.requests.insert(number, request);
            }
        }
        self.send_unsent(world);
    }

    fn send_unsent(&mut self, world: &mut World) {
        for request in world.requests.values_mut().filter(|one| one.known == Known::Unsent) {
            request.known = Known::Sent;
            let (partition, append) = (request.partition, request.append());
            let appending = appending(&self.journal, partition, append);
            self.waiting.push((request.number, appending));
        }
    }

    /// What was answered by now, in the order in which requests were sent.
    fn hear(&mut self) -> Vec<(u64, Answer)> {
        let mut context = Context::from_waker(Waker::noop());
        let mut answered = Vec::new();
        self.waiting.retain_mut(|(number, appending)| {
            match appending.as_mut().poll(&mut context) {
                Poll::Pending => true,
                Poll::Ready(answer) => {
                    answered.push((*number, answer));
                    false
                }
            }
        });
        answered
    }

    /// The writers write what waits, and clients hear of it.
    async fn write(&mut self, world: &mut World) {
        loop {
            // What waits outside comes in when there is room.
            let mut answered = self.hear();
            self.writers.iter_mut().for_each(HandWriter::write_waiting);
            answered.extend(self.hear());
            if answered.is_empty() {
                return;
            }
            self.take_answers(world, answered).await;
        }
    }

    async fn take_answers(&self, world: &mut World, mut answered: Vec<(u64, Answer)>) {
        let place = |answer: &Answer| match answer {
            Ok(Appended::Stored(range) | Appended::Repeated(range)) => range.first,
            Err(_) => Offset(u64::MAX),
        };
        answered.sort_by_key(|(_, answer)| place(answer));
        if answered.len() > 1 {
            world.storm.saw("several appends are answered together");
        }
        for (number, answer) in answered {
            world.storm.trace.note(|| match &answer {
                Ok(appended) => format!("request {number}: {appended:?}"),
                Err(error) => format!("request {number}: {}", plain(error)),
            });
            let known = match answer {
                Ok(Appended::Stored(range)) => self.acknowledged(world, number, range).await,
                Ok(Appended::Repeated(range)) => {
                    let what = format!("request {number} was repeated at {range}, never stored");
                    world.storm.violated(Rule::AcknowledgedIsStored, what);
                    Known::Over
                }
                // Nothing of it is there: it may be sent again, by those who do.
                Err(AppendError::Closed) => refused(world, number),
                Err(AppendError::Refusing(_)) => {
                    world.storm.saw("an append is refused");
                    refused(world, number)
                }
                // It may come back, if the machine fails before it is taken back.
                Err(AppendError::Uncertain(_)) => {
                    world.storm.saw("what was refused could not be taken back");
                    Known::Sent
                }
                Err(AppendError::Poisoned(_)) => {
                    world.storm.saw("a partition is poisoned");
                    Known::Sent
                }
                Err(error) => {
                    let what = format!("request {number} is answered by {}", plain(&error));
                    world.storm.violated(Rule::FramesAreAsSent, what);
                    Known::Over
                }
            };
            if let Some(request) = world.requests.get_mut(&number) {
                request.known = known;
            }
        }
    }

    /// A request is acknowledged: its frames can be read at once.
    async fn acknowledged(&self, world: &mut World, number: u64, range: OffsetRange) -> Known {
        let request = world.requests[&number].clone();
        let read = self.journal.read(request.partition, range.first, 0).await;
        match read.as_deref() {
            Ok([first]) => world.witness.stored(&request, range, first.arrival, &world.storm),
            _ => {
                let what = format!("request {number} is acknowledged at {range} and not there");
                world.storm.violated(Rule::AcknowledgedIsStored, what);
            }
        }
        Known::Stored
    }

    /// Somebody reads from anywhere.
    async fn read(&self, world: &mut World) {
        for partition in self.partitions() {
            let bounds = self.journal.bounds(partition);
            world.witness.check_bounds(partition, bounds, &world.storm);
            let end = world.witness.end(partition);
            let from = Offset(world.rng.below(end.0 + 2));
            let most = world.rng.pick(&[0, 100, 1_000, usize::MAX]);
            let read = self.journal.read(partition, from, most).await;
            let is_right = match &read {
                Ok(frames) => {
                    let bytes: usize = frames.iter().map(|frame| frame.payload.len()).sum();
                    (bounds.start..=bounds.end).contains(&from)
                        && frames.is_empty() == (from == bounds.end)
                        && (frames.len() <= 1 || bytes <= most)
                }
                Err(ReadError::Trimmed { .. }) => from < bounds.start,
                Err(ReadError::BeyondEnd { .. }) => from > bounds.end,
                Err(_) => false,
            };
            if !is_right {
                let what = match &read {
                    Ok(frames) => format!("{} frames", frames.len()),
                    Err(error) => plain(error),
                };
                let what = format!("{partition}/{from} of {bounds:?} is read to be {what}");
                world.storm.violated(Rule::FramesAreAsSent, what);
            }
            world.witness.check_frames(partition, from, &read.unwrap_or_default(), &world.storm);
        }
    }

    fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.journal.partitions()).map(Partition)
    }

    /// Somebody asks for a time, and for quarantined lines.
    async fn look_up(&self, world: &mut World) {
        for partition in self.partitions() {
            let start = self.journal.bounds(partition).start;
            let back = world.rng.below(900 * model::time::NANOS_PER_SECOND as u64) as i64;
            let at = UnixNanos(world.now().0 - back);
            let expected = world.witness.offset_for(partition, start, at);
            match self.journal.offset_for_time(partition, at).await {
                Ok(found) if found == expected => {}
                other => {
                    let other = other.map_err(|error| plain(&error));
                    let what = format!("{partition} at {at:?}: {other:?}, expected {expected}");
                    world.storm.violated(Rule::FramesAreAsSent, what);
                }
            }
            let expected = world.witness.quarantined(partition, start);
            // An index file may have to be made again, which may fail.
            let Ok(places) = self.journal.quarantined(partition).await else { continue };
            if !places.iter().map(|place| place.offset).eq(expected.iter().copied()) {
                let what = format!("{partition} has lines in quarantine at {expected:?}");
                world.storm.violated(Rule::FramesAreAsSent, what);
            }
        }
    }

    /// Retention runs, or somebody trims to anywhere.
    async fn trim(&self, world: &mut World) {
        for partition in self.partitions() {
            let retention = Retention { max_age_seconds: Some(world.age), max_bytes: None };
            let now = world.now();
            let expired = self.journal.expired(partition, retention, now).await;
            let expired = expired.unwrap_or_default();
            let oldest = UnixNanos(now.0 - world.age as i64 * model::time::NANOS_PER_SECOND);
            let start = self.journal.bounds(partition).start;
            if expired > start && !world.witness.came_before(partition, expired, oldest) {
                let what = format!("{partition} proposes {expired}, before which not all expired");
                world.storm.violated(Rule::TrimsAreAsked, what);
            }
            let end = world.witness.end(partition);
            let anywhere = Offset(world.rng.below(end.0 + 1));
            let before = if world.rng.per_mille(700) { expired } else { anywhere };
            world.witness.trims(partition, before);
            let trimmed = self.journal.trim(partition, before).await;
            world.storm.trace.note(|| match &trimmed {
                Ok(start) => format!("trimmed {partition} to {start}, before {before}"),
                Err(error) => format!("cannot trim {partition}: {}", plain(error)),
            });
            let bounds = self.journal.bounds(partition);
            if bounds.start > start {
                world.storm.saw("the journal is trimmed");
            }
            if bounds.start < start || bounds.start > before.max(start) {
                let what = format!("{partition} was trimmed from {start} to {}", bounds.start);
                world.storm.violated(Rule::TrimsAreAsked, what);
            }
        }
    }

    /// A client sends again what is stored.
    fn repeat(&self, world: &mut World) {
        let count = world.requests.len() as u64;
        if count > 0 {
            let number = world.rng.between(1, count);
            self.repeat_one(world, number);
        }
    }

    fn repeat_one(&self, world: &mut World, number: u64) {
        let request = world.requests[&number].clone();
        let Some(range) = world.witness.range_of(number) else { return };
        if !world.witness.remembers(&request) {
            return;
        }
        let mut append = request.append();
        let is_other = world.rng.per_mille(300);
        if let Some(key) = append.key.as_mut().filter(|_| is_other) {
            key.content = [0xff; 16];
        }
        let mut appending = appending(&self.journal, request.partition, append);
        let answer = appending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let is_known = match &answer {
            Poll::Ready(Ok(Appended::Repeated(found))) => *found == range && !is_other,
            Poll::Ready(Err(AppendError::KeyReused(found))) => *found == range && is_other,
            _ => false,
        };
        world.storm.saw("a key is known again");
        if !is_known {
            let what = format!("request {number} stands at {range} and its key is not known");
            world.storm.violated(Rule::KeysAreRemembered, what);
        }
    }

    /// The process ends cleanly: what was taken is written and answered.
    async fn close(mut self, world: &mut World) {
        world.storm.trace.note(|| "closes");
        self.journal.close().await;
        self.write(world).await;
        world.storm.saw("the journal is closed");
    }
}

/// What becomes of a request of which nothing was stored.
fn refused(world: &World, number: u64) -> Known {
    let keyed = world.requests.get(&number).is_some_and(|request| request.keyed);
    if keyed { Known::Unsent } else { Known::Over }
}

fn appending(journal: &Arc<LocalJournal>, partition: Partition, append: Append) -> Appending {
    let journal = Arc::clone(journal);
    // Nothing but the history decides when it goes on.
    Box::pin(unconstrained(async move { journal.append(partition, append).await }))
}
