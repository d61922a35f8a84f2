//! One sealed batch that is uploaded: what `delivery::protocol` asks for is put on the wire, and
//! what comes back is told to it.

use std::time::Duration;

use bytes::Bytes;
use catalog::{CatalogError, Delivered, Ledger, OpenUpload, UploadedPart};
use delivery::StoreErrorKind;
use delivery::protocol::abandon::Abandoned;
use delivery::protocol::seal::{Leftover, Way};
use delivery::protocol::settle::{self, Settling};
use delivery::protocol::upload::{Action, Event, Sight, Upload, View, may_go_on, range_of};
use model::Batch;
use model::destination::Conditional;

use super::process::Known;
use super::world::World;
use crate::history::Wish;
use crate::store::{Done, Fate, Outcome, Place, Work, tag};

/// A request on the wire.
#[derive(Debug)]
struct Flight {
    asks: Action,
    /// The part that it carries.
    part: Option<(u32, u64)>,
    number: Option<u64>,
    until: Duration,
    error: Option<StoreErrorKind>,
    outlives: bool,
    /// Whether the bucket had denied an abort before.
    after_denial: bool,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    Attempt(Duration),
    Tell(Event),
    Fly(Flight),
    Settle(settle::Event, Duration),
    End,
}

/// One sealed batch that is uploaded.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) batch: Batch,
    pub(super) way: Way,
    wish: Wish,
    place: Place,
    upload: Upload,
    body: Option<Bytes>,
    etag: String,
    settling: Settling,
    next: Next,
}

impl Sending {
    pub(super) fn new(batch: Batch, wish: Wish, way: Way, upload: Upload) -> Self {
        let place = Place { bucket: wish.bucket.to_owned(), key: batch.key.clone() };
        let next = Next::Attempt(Duration::ZERO);
        let (etag, settling) = (String::new(), Settling::default());
        Self { batch, way, wish, place, upload, body: None, etag, settling, next }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.next, Next::End)
    }

    pub(super) fn left(&self) -> Leftover {
        Leftover {
            range: self.batch.range,
            maybe_visible: self.upload.maybe_visible(),
            failed: self.upload.has_failed(),
        }
    }

    /// The process dies or gives up the upload: what is on the wire may arrive all the same.
    pub(super) fn die(self, world: &mut World) {
        if let Next::Fly(Flight { number: Some(number), outlives: false, .. }) = self.next {
            world.buckets.recall(number);
        }
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn step(&mut self, world: &mut World, known: &mut Known) {
        while !world.has_died() {
            let now = world.elapsed();
            match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return,
                Next::Attempt(until) if until > now => {
                    self.next = Next::Attempt(until);
                    return;
                }
                Next::Settle(event, until) if until > now => {
                    self.next = Next::Settle(event, until);
                    return;
                }
                Next::Attempt(_) => {
                    if self.encode(world) {
                        self.next = Next::Tell(Event::Entered);
                    } else {
                        self.next = Next::Attempt(now + Duration::from_secs(1));
                        return;
                    }
                }
                Next::Fly(flight) if flight.until > now => {
                    self.next = Next::Fly(flight);
                    return;
                }
                Next::Fly(flight) => self.land(&flight, world, known),
                Next::Tell(event) => {
                    let action = self.upload.on(event, self.view(world, known));
                    self.act(action, world, known);
                }
                Next::Settle(event, _) => self.settle(event, world, known),
            }
            // One that goes on was put back above.
            if let Next::Fly(begun) = &mut self.next {
                begun.after_denial = known.is_denied(self.wish.bucket);
            }
        }
    }

    /// Encodes the batch, where its bytes are not there; says whether the journal has its frames.
    fn encode(&mut self, world: &mut World) -> bool {
        if self.body.is_none() {
            self.body = world.encode(&self.batch, &self.wish).map(Bytes::from);
        }
        self.body.is_some()
    }

    fn view(&self, world: &World, known: &Known) -> View {
        View {
            len: self.body.as_ref().map_or(0, |body| body.len() as u64),
            part_bytes: world.part_bytes,
            conditional: Conditional::Auto,
            knows_no_guard: known.without_guard.contains(&*self.place.bucket),
        }
    }

    fn body(&self) -> Bytes {
        self.body.clone().unwrap_or_default()
    }

    fn act(&mut self, action: Action, world: &mut World, known: &mut Known) {
        let place = self.place.clone();
        let id = || self.upload.current().map_or_else(String::new, |open| open.upload_id.clone());
        self.next = match action {
            Action::Put { guarded } => {
                let work = Work::Put { place, body: self.body(), guarded };
                self.fly(action, None, work, world)
            }
            Action::Begin { .. } => self.fly(action, None, Work::Begin { place }, world),
            Action::Look => self.fly(action, None, Work::Head { place }, world),
            Action::Complete { guarded } => {
                let work = Work::Complete { upload: id(), tags: self.tags(), guarded };
                self.fly(action, None, work, world)
            }
            Action::SendParts => self.send_part(world),
            Action::Compare => Next::Tell(Event::Compared { is_same: self.is_same() }),
            Action::Note => Next::Tell(Event::Noted(self.note(world))),
            Action::Abandon => {
                self.abandon(world, known);
                Next::Tell(Event::Done)
            }
            Action::Forget => {
                if let Some(gone) = self.upload.take_gone() {
                    close(world, &gone);
                }
                Next::Tell(Event::Done)
            }
            Action::NoteNoGuard => {
                known.without_guard.insert(self.wish.bucket);
                Next::Tell(Event::Done)
            }
            Action::Stored | Action::Unseen => {
                if action == Action::Unseen {
                    self.etag.clear();
                }
                self.upload.retire();
                Next::Settle(settle::Event::Begin, Duration::ZERO)
            }
            Action::Fail(_) => {
                let (remedy, seed) = (delivery::Remedy::Retry, self.batch.range.first.0);
                let wait = self.upload.failed(world.retry, remedy, seed);
                Next::Attempt(world.elapsed() + wait)
            }
        };
    }

    fn fly(&self, asks: Action, part: Option<(u32, u64)>, work: Work, world: &mut World) -> Next {
        let fate = world.fate(&self.place.bucket);
        if let Some(sight) = fate.sight() {
            world.storm.saw(sight);
        }
        let now = world.elapsed();
        world.storm.trace.note(|| format!("store: {work} {:?}", fate.error));
        let number = world.buckets.send_off(now, work, &fate);
        let until = now + fate.until_answer;
        let Fate { error, outlives, .. } = fate;
        Next::Fly(Flight { asks, part, number, until, error, outlives, after_denial: false })
    }

    fn send_part(&self, world: &mut World) -> Next {
        let body = self.body();
        let missing = self.upload.missing_parts(body.len() as u64);
        let (Some((number, range)), Some(open)) = (missing.first(), self.upload.current()) else {
            return Next::Tell(Event::PartsSent);
        };
        let body = body.slice(range.start as usize..range.end as usize);
        let part = Some((*number, body.len() as u64));
        let work = Work::Part { upload: open.upload_id.clone(), number: *number, body };
        self.fly(Action::SendParts, part, work, world)
    }

    fn land(&mut self, flight: &Flight, world: &mut World, known: &mut Known) {
        let now = world.elapsed();
        world.buckets.deliver_wire(Some(now));
        let outcome = flight.number.and_then(|number| world.buckets.take_outcome(number));
        let answer: Outcome = match (flight.error, outcome) {
            (Some(kind), _) => Err(kind),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(StoreErrorKind::NoAnswer),
        };
        if flight.asks != Action::Look {
            known.answered(self.wish.bucket, answer.is_ok(), flight.after_denial);
        }
        self.next = match (flight.asks, answer) {
            (Action::Begin { part_bytes }, Ok(done)) => {
                Next::Tell(Event::Begun(self.open(done, part_bytes)))
            }
            (Action::Begin { .. }, Err(_)) => Next::Tell(Event::NotTold),
            (Action::SendParts, Ok(done)) => {
                self.take_part(done, flight.part, world);
                self.send_part(world)
            }
            (Action::SendParts, Err(kind)) => Next::Tell(Event::PartFailed(Some(kind))),
            (Action::Look, answer) => Next::Tell(self.saw(answer)),
            (_, Ok(done)) => {
                self.etag = done.tag;
                Next::Tell(Event::Answered(Ok(())))
            }
            (_, Err(kind)) => Next::Tell(Event::Answered(Err(kind))),
        };
    }

    fn saw(&mut self, answer: Outcome) -> Event {
        let sight = match answer {
            Ok(done) if done.tag.is_empty() => Sight::Nothing,
            Ok(done) if done.tag == tag(&self.body()) => {
                self.etag = done.tag;
                Sight::Ours
            }
            Ok(_) => Sight::Other,
            Err(StoreErrorKind::AccessDenied) => Sight::Unknown,
            Err(_) => return Event::NotTold,
        };
        Event::Looked(sight)
    }

    fn open(&self, done: Done, part_bytes: u64) -> OpenUpload {
        let Batch { job, revision, partition, range, key, .. } = &self.batch;
        OpenUpload {
            job: *job,
            revision: *revision,
            partition: *partition,
            first: range.first,
            upload_id: done.tag,
            key: key.clone(),
            part_bytes,
            parts: Vec::new(),
        }
    }

    fn note(&self, world: &mut World) -> bool {
        let Some(open) = self.upload.current() else { return false };
        let catalog = std::sync::Arc::clone(&world.ledger);
        let storm = std::sync::Arc::clone(&world.storm);
        let noting = async {
            let noted = catalog.open_upload(open).await;
            if noted.is_ok() {
                storm.note_upload(&open.upload_id);
            }
            noted
        };
        world.ask("note an upload", noting).is_ok()
    }

    fn take_part(&mut self, done: Done, part: Option<(u32, u64)>, world: &mut World) {
        let (Some((number, bytes)), Some(open)) = (part, self.upload.current()) else { return };
        let part = UploadedPart { number, etag: done.tag, checksum: None, bytes };
        let (Batch { job, partition, range, .. }, id) = (&self.batch, &open.upload_id);
        let catalog = std::sync::Arc::clone(&world.ledger);
        let noting = catalog.note_part(*job, *partition, range.first, id, part.clone());
        // Where that fails, a restart sends it again.
        let _ = world.ask("note a part", noting);
        self.upload.part_taken(part);
    }

    fn tags(&self) -> Vec<String> {
        let mut parts: Vec<_> = self.upload.current().map_or_else(Vec::new, |open| {
            open.parts.iter().map(|part| (part.number, part.etag.clone())).collect()
        });
        parts.sort();
        parts.into_iter().map(|(_, tag)| tag).collect()
    }

    fn is_same(&self) -> bool {
        let body = self.body();
        let Some(open) = self.upload.current() else { return false };
        may_go_on(open, &self.batch.key, body.len() as u64)
            && open.parts.iter().all(|part| {
                let range = range_of(part.number, open.part_bytes, body.len() as u64);
                tag(&body.slice(range.start as usize..range.end as usize)) == part.etag
            })
    }

    fn abandon(&mut self, world: &mut World, known: &mut Known) -> bool {
        let mut has_failed = false;
        for open in self.upload.take_stale() {
            let came = abandon(world, known, self.wish.bucket, &open);
            has_failed |= came == Abandoned::Failed;
            if came != Abandoned::Closed {
                self.upload.stays_stale(open);
            }
        }
        has_failed
    }

    fn settle(&mut self, event: settle::Event, world: &mut World, known: &mut Known) {
        let (now, seed) = (world.elapsed(), self.batch.range.first.0);
        self.next = match self.settling.on(event, world.retry, seed) {
            settle::Action::Abandon => {
                let again = self.abandon(world, known);
                Next::Settle(settle::Event::Abandoned { again }, Duration::ZERO)
            }
            settle::Action::Note => Next::Settle(self.note_delivery(world), Duration::ZERO),
            settle::Action::Wait(wait) => Next::Settle(settle::Event::Begin, now + wait),
            settle::Action::End => Next::End,
        };
    }

    fn note_delivery(&self, world: &mut World) -> settle::Event {
        let Batch { job, partition, range, .. } = &self.batch;
        let body = self.body();
        let what = Delivered {
            at: world.now(),
            object_bytes: body.len() as u64,
            checksum: Some(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &body)),
            etag: self.etag.clone(),
            attempts: self.upload.attempts(),
            duration_millis: 0,
        };
        let catalog = std::sync::Arc::clone(&world.ledger);
        match world.ask("settle", catalog.settle(*job, *partition, range.first, what)) {
            Ok(()) => settle::Event::Noted,
            Err(
                CatalogError::Fenced(_)
                | CatalogError::Superseded { .. }
                | CatalogError::NotFound { .. },
            ) => settle::Event::TooLate,
            Err(_) => settle::Event::NotNoted,
        }
    }
}

/// Tries to abort an upload, and closes it in the ledger where it need not be tried again.
pub(super) fn abandon(
    world: &mut World,
    known: &mut Known,
    bucket: &'static str,
    open: &OpenUpload,
) -> Abandoned {
    let aborting = known.aborting.entry(bucket).or_default();
    let work = Work::Abort { upload: open.upload_id.clone() };
    let answer = if aborting.is_refused() { Ok(()) } else { world.call(bucket, work) };
    let came = match answer {
        Ok(()) if aborting.is_refused() => Abandoned::Closed,
        Ok(()) => {
            aborting.aborted();
            Abandoned::Closed
        }
        Err(kind) => aborting.failed(kind),
    };
    if came == Abandoned::Closed {
        close(world, open);
    }
    came
}

fn close(world: &mut World, open: &OpenUpload) {
    let catalog = std::sync::Arc::clone(&world.ledger);
    let closing = catalog.close_upload(open.job, open.partition, open.first, &open.upload_id);
    // Where that fails it is found again among what is left over.
    let _ = world.ask("close an upload", closing);
}
