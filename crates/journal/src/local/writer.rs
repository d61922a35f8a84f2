//! The thread that writes a partition: all appends that wait become durable by one fdatasync.
//!
//! **Rules.** One thread writes a partition, so its frames need no lock on their way to the disk.
//! A group is as many waiting appends as fit `commit_bytes_max`, or one larger one; it waits for
//! nothing but the fdatasync before it. An append is answered when all of its group is durable.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use model::time::NANOS_PER_SECOND;
use model::{OffsetRange, UnixNanos};

use super::active::{ActiveFile, Failure};
use super::disk::{Disk, probe};
use super::format::{Placing, SegmentId, encode_frame_head};
use super::index::{Notes, Place, SegmentIndex};
use super::lock::DirLock;
use super::partition::PartitionState;
use super::queue::Request;
use super::segment::Segment;
use super::settings::LocalSettings;
use super::staging::Staging;
use crate::{AppendError, Clock, Frame, Health};

/// How often it is looked whether the cause of a refusal is gone, while no append comes.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Notes of a segment beyond which it is sealed: they are in memory until then.
const NOTES_MAX: usize = 1 << 16;

/// What a partition's thread works with.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) state: Arc<PartitionState>,
    pub(super) requests: Receiver<Request>,
    pub(super) active: ActiveFile,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: LocalSettings,
    pub(super) staging: Staging,
    /// The directory stays locked until the last writer has ended.
    pub(super) lock: Arc<DirLock>,
}

/// A group of appends, encoded.
#[derive(Debug)]
struct Group {
    arrival: UnixNanos,
    /// What stands before the payloads, of all frames.
    heads: Vec<u8>,
    frames: Vec<Written>,
}

/// A frame as it is written.
#[derive(Debug)]
struct Written {
    head: Range<usize>,
    place: Place,
    placing: Placing,
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut carried = None;
        while let Some(first) = carried.take().or_else(|| self.receive()) {
            let (group, rest) = self.gather(first);
            carried = rest;
            self.store(group);
        }
        drop(self.lock);
    }

    /// Writes all appends that wait now.
    #[cfg(feature = "test-util")]
    pub(super) fn write_waiting(&mut self) {
        let mut carried = None;
        while let Some(first) = carried.take().or_else(|| self.requests.try_recv().ok()) {
            let (group, rest) = self.gather(first);
            carried = rest;
            self.store(group);
        }
    }

    /// The next append; while appends are refused, looks from time to time whether they still
    /// have to be.
    fn receive(&mut self) -> Option<Request> {
        while let Health::Refusing(_) = self.state.health() {
            match self.requests.recv_timeout(PROBE_EVERY) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    let health = match self.try_disk() {
                        Ok(()) => Health::Writable,
                        Err(failure) => failure.into(),
                    };
                    self.state.set_health(health);
                }
            }
        }
        self.requests.recv().ok()
    }

    /// Whether appends can be taken again.
    fn try_disk(&mut self) -> Result<(), Failure> {
        self.check_space(0)?;
        self.active.mend()?;
        let dir = &self.state.dir;
        probe(&*self.disk, dir).map_err(|error| {
            Failure::Refused(format!("`{}` cannot be written to: {error}", dir.display()))
        })
    }

    /// A group that begins with `first`, and the append that did not fit into it.
    fn gather(&self, first: Request) -> (Vec<Request>, Option<Request>) {
        let mut bytes = first.bytes();
        let mut group = vec![first];
        while let Ok(request) = self.requests.try_recv() {
            bytes += request.bytes();
            if bytes > self.settings.commit_bytes_max as u64 {
                return (group, Some(request));
            }
            group.push(request);
        }
        (group, None)
    }

    fn store(&mut self, requests: Vec<Request>) {
        match self.write(&requests) {
            Ok(group) => {
                self.state.set_health(Health::Writable);
                self.publish(requests, &group);
            }
            Err(failure) => {
                self.state.set_health(failure.clone().into());
                let error = AppendError::from(failure);
                for request in requests {
                    request.ticket.fail(error.clone());
                }
            }
        }
    }

    fn write(&mut self, requests: &[Request]) -> Result<Group, Failure> {
        if let Health::Poisoned(reason) = self.state.health() {
            return Err(Failure::Poisoned(reason));
        }
        let bytes = requests.iter().map(Request::bytes).sum();
        self.check_space(bytes)?;
        self.active.mend()?;
        let now = self.clock.now();
        if self.has_to_roll(bytes, now) {
            self.roll()?;
        }
        let group = self.encode(requests, now);
        let payloads = requests.iter().flat_map(|request| &request.frames);
        let frames = group.frames.iter().zip(payloads);
        let parts =
            frames.map(|(written, draft)| (&group.heads[written.head.clone()], &draft.payload[..]));
        self.active.write(parts, self.settings.commit_bytes_max, &mut self.staging)?;
        Ok(group)
    }

    fn check_space(&self, bytes: u64) -> Result<(), Failure> {
        let dir = &self.state.dir;
        let free_min = self.settings.free_bytes_min;
        match self.disk.free_bytes(dir) {
            Ok(free) if free < free_min.saturating_add(bytes) => Err(Failure::Refused(format!(
                "only {free} bytes are free on the file system of `{}`, and {free_min} are to \
                 stay free; make room there",
                dir.display()
            ))),
            // A file system that does not tell will tell when it is full.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn has_to_roll(&self, bytes: u64, now: UnixNanos) -> bool {
        let segment = self.state.active();
        let Some(oldest) = segment.index().marks.first().copied() else {
            return false;
        };
        let age = now.0.saturating_sub(oldest.arrival.0) / NANOS_PER_SECOND;
        self.active.committed() + bytes > self.settings.segment_bytes
            || u64::try_from(age).unwrap_or(0) >= self.settings.segment_seconds
            || segment.notes_count() >= NOTES_MAX
    }

    /// Seals the active segment, which is durable already, and begins the next one.
    fn roll(&mut self) -> Result<(), Failure> {
        let sealed = self.state.active();
        sealed.write_index_file(&*self.disk).map_err(|error| {
            Failure::Refused(format!("cannot write `{}`: {error}", sealed.index_path.display()))
        })?;
        let (base, arrival) = {
            let index = sealed.index();
            (index.range.next, index.newest)
        };
        let id = SegmentId { partition: self.state.id, base };
        let dir = &self.state.dir;
        self.active = ActiveFile::create(Arc::clone(&self.disk), dir, id, arrival)?;
        let index = SegmentIndex::new(id, arrival);
        self.state.roll(Arc::new(Segment::new(dir, id, index, Some(Notes::default()))));
        Ok(())
    }

    fn encode(&self, requests: &[Request], now: UnixNanos) -> Group {
        let segment = self.state.active();
        let (mut offset, arrival) = {
            let index = segment.index();
            (index.range.next, index.newest.max(now))
        };
        let committed = self.active.committed();
        let mut position = committed;
        let mut group = Group { arrival, heads: Vec::new(), frames: Vec::new() };
        for request in requests {
            let mut key = request.key();
            for (draft, following) in request.frames.iter().zip((0..request.frames.len()).rev()) {
                let following = following as u32;
                let placing = Placing { offset, arrival, committed, following, key: key.take() };
                let start = group.heads.len();
                encode_frame_head(segment.id, &placing, draft, &mut group.heads);
                let head = start..group.heads.len();
                let bytes = (head.len() + draft.payload.len()) as u64;
                group.frames.push(Written { head, place: Place { position, bytes }, placing });
                position += bytes;
                offset = offset.next();
            }
        }
        group
    }

    /// Makes a durable group visible, and answers its appends.
    fn publish(&self, requests: Vec<Request>, group: &Group) {
        let segment = self.state.active();
        let mut written = group.frames.iter();
        let mut frames = Vec::with_capacity(group.frames.len());
        let mut tickets = Vec::with_capacity(requests.len());
        let mut next = segment.index().range.next;
        for Request { frames: drafts, ticket } in requests {
            let range = OffsetRange::new(next, next.plus(drafts.len() as u64));
            for (draft, Written { placing, .. }) in drafts.into_iter().zip(written.by_ref()) {
                frames.push(Frame::new(placing.offset, placing.arrival, draft));
            }
            tickets.push((ticket, range));
            next = range.next;
        }
        segment.update(|index, notes| {
            for (frame, Written { place, placing, .. }) in frames.iter().zip(&group.frames) {
                index.add(frame.offset, frame.arrival, *place);
                notes.add(self.state.id, frame, placing.key, placing.following);
            }
        });
        self.state.publish(frames, next);
        for (ticket, range) in tickets {
            ticket.succeed(range, group.arrival);
        }
    }
}
