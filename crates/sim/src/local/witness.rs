//! What the journal has to hold, by all that it ever answered; and where it does not.

use std::collections::BTreeMap;

use journal::{Bounds, Frame, FrameDraft, FrameKind, Journal, LocalJournal};
use model::{Offset, OffsetRange, Partition, UnixNanos};

use super::request::{Known, Request};
use crate::storm::Storm;
use crate::violation::Rule;

/// Seconds for which a key is remembered.
const KEY_SECONDS: i64 = 24 * 60 * 60;

/// A frame that is stored.
#[derive(Debug, Clone)]
struct Held {
    request: u64,
    draft: FrameDraft,
    arrival: UnixNanos,
}

/// What is known of one partition.
#[derive(Debug, Default)]
struct Log {
    /// All frames that were ever stored, by offset.
    frames: Vec<Held>,
    /// The highest offset that a trim was asked for.
    trimmed: Offset,
}

/// What is known of the journal.
#[derive(Debug)]
pub(super) struct Witness {
    logs: BTreeMap<Partition, Log>,
    ranges: BTreeMap<u64, OffsetRange>,
    /// The latest time that it ever was.
    latest: UnixNanos,
}

impl Witness {
    pub(super) fn new(partitions: u16) -> Self {
        let logs = (0..partitions).map(|number| (Partition(number), Log::default()));
        let (ranges, latest) = (BTreeMap::new(), UnixNanos(i64::MIN));
        Self { logs: logs.collect(), ranges, latest }
    }

    pub(super) fn it_is(&mut self, now: UnixNanos) {
        self.latest = self.latest.max(now);
    }

    fn log(&self, partition: Partition) -> &Log {
        &self.logs[&partition]
    }

    pub(super) fn end(&self, partition: Partition) -> Offset {
        Offset(self.log(partition).frames.len() as u64)
    }

    /// All records in all frames.
    pub(super) fn records(&self) -> u64 {
        let frames = self.logs.values().flat_map(|log| &log.frames);
        frames.map(|held| u64::from(held.draft.records)).sum()
    }

    /// A request stands at `range` now: behind all that stood there before.
    pub(super) fn stored(
        &mut self,
        request: &Request,
        range: OffsetRange,
        arrival: UnixNanos,
        storm: &Storm,
    ) {
        let (partition, end) = (request.partition, self.end(request.partition));
        if range != OffsetRange::new(end, end.plus(request.frames.len() as u64)) {
            let what = format!(
                "request {} is stored at {range} of {partition}, which ends at {end}",
                request.number
            );
            storm.violated(Rule::FramesAreAsSent, what);
            return;
        }
        if self.ranges.insert(request.number, range).is_some() {
            storm.violated(Rule::StoredOnce, format!("request {} stands twice", request.number));
        }
        let number = request.number;
        let held = request.frames.iter().map(|draft| Held {
            request: number,
            draft: draft.clone(),
            arrival,
        });
        if let Some(log) = self.logs.get_mut(&partition) {
            if log.frames.last().is_some_and(|last| last.arrival > arrival) {
                let what = format!("request {number} arrives before what stands before it");
                storm.violated(Rule::FramesAreAsSent, what);
            }
            log.frames.extend(held);
        }
    }

    /// Where a request stands, once it is stored.
    pub(super) fn range_of(&self, request: u64) -> Option<OffsetRange> {
        self.ranges.get(&request).copied()
    }

    /// Whether a stored request's key has to be known still, whatever the clock did.
    pub(super) fn remembers(&self, request: &Request) -> bool {
        let Some(range) = self.ranges.get(&request.number).filter(|_| request.keyed) else {
            return false;
        };
        let arrival = self.log(request.partition).frames[range.first.0 as usize].arrival;
        let age = self.latest.0.saturating_sub(arrival.0);
        age < (KEY_SECONDS - 60) * model::time::NANOS_PER_SECOND
    }

    /// A trim to before this offset is asked for.
    pub(super) fn trims(&mut self, partition: Partition, before: Offset) {
        if let Some(log) = self.logs.get_mut(&partition) {
            log.trimmed = log.trimmed.max(before);
        }
    }

    /// Looks at where a partition begins and ends.
    pub(super) fn check_bounds(&self, partition: Partition, bounds: Bounds, storm: &Storm) {
        let log = self.log(partition);
        if bounds.start > log.trimmed {
            let what =
                format!("{partition} begins at {}, trimmed to {}", bounds.start, log.trimmed);
            storm.violated(Rule::TrimsAreAsked, what);
        }
        if bounds.end < self.end(partition) {
            let what =
                format!("{partition} ends at {} and not at {}", bounds.end, self.end(partition));
            storm.violated(Rule::AcknowledgedIsStored, what);
        }
    }

    /// Looks at frames that were read from `from` on.
    pub(super) fn check_frames(
        &self,
        partition: Partition,
        from: Offset,
        frames: &[Frame],
        storm: &Storm,
    ) {
        for (frame, at) in frames.iter().zip(from.0..) {
            let Some(held) = self.log(partition).frames.get(at as usize) else {
                let what = format!("{partition}/{at} holds a frame that nobody was told of");
                return storm.violated(Rule::FramesAreAsSent, what);
            };
            if frame.offset.0 != at
                || frame.arrival != held.arrival
                || !is_draft(frame, &held.draft)
            {
                let what = format!("{partition}/{at} is not as request {} sent it", held.request);
                return storm.violated(Rule::FramesAreAsSent, what);
            }
        }
    }

    /// The first frame at or after a time, among those from `start` on.
    pub(super) fn offset_for(&self, partition: Partition, start: Offset, at: UnixNanos) -> Offset {
        let log = self.log(partition);
        let held = log.frames.iter().enumerate().skip(start.0 as usize);
        let mut later = held.filter(|(_, held)| held.arrival >= at);
        later.next().map_or(self.end(partition), |(offset, _)| Offset(offset as u64))
    }

    /// Where quarantined lines stand from `start` on.
    pub(super) fn quarantined(&self, partition: Partition, start: Offset) -> Vec<Offset> {
        let held = self.log(partition).frames.iter().enumerate().skip(start.0 as usize);
        let kept = held.filter(|(_, held)| held.draft.kind == FrameKind::Quarantine);
        kept.map(|(offset, _)| Offset(offset as u64)).collect()
    }

    /// Whether all frames before an offset came before a time.
    pub(super) fn came_before(&self, partition: Partition, before: Offset, at: UnixNanos) -> bool {
        let frames = &self.log(partition).frames;
        frames.iter().take(before.0 as usize).all(|held| held.arrival < at)
    }

    /// Looks at a journal that was opened: at all that it holds. Requests that were under way may
    /// be found in it, whole; they are stored then.
    pub(super) async fn check_opened(
        &mut self,
        journal: &LocalJournal,
        requests: &mut BTreeMap<u64, Request>,
        storm: &Storm,
    ) {
        let partitions: Vec<Partition> = self.logs.keys().copied().collect();
        for partition in partitions {
            let bounds = journal.bounds(partition);
            self.check_bounds(partition, bounds, storm);
            let frames = read_all(journal, partition, bounds, storm).await;
            let known = self.end(partition).0.saturating_sub(bounds.start.0) as usize;
            let (known, found) = frames.split_at(known.min(frames.len()));
            self.check_frames(partition, bounds.start, known, storm);
            self.take_found(partition, found, requests, storm);
        }
    }

    fn take_found(
        &mut self,
        partition: Partition,
        mut found: &[Frame],
        requests: &mut BTreeMap<u64, Request>,
        storm: &Storm,
    ) {
        while let Some(first) = found.first() {
            let is_whole = |request: &&mut Request| {
                let frames = found.iter().take(request.frames.len());
                request.known == Known::Sent
                    && request.partition == partition
                    && found.len() >= request.frames.len()
                    && frames.zip(&request.frames).all(|(frame, draft)| {
                        is_draft(frame, draft) && frame.arrival == first.arrival
                    })
            };
            let Some(request) = requests.values_mut().find(is_whole) else {
                let what =
                    format!("{partition}/{} is of no request that may be there", first.offset);
                return storm.violated(Rule::FramesAreAsSent, what);
            };
            let count = request.frames.len();
            let range = OffsetRange::new(first.offset, first.offset.plus(count as u64));
            request.known = Known::Stored;
            storm.saw("what was not acknowledged is found");
            storm
                .trace
                .note(|| format!("found: request {} at {partition}/{range}", request.number));
            let request = request.clone();
            self.stored(&request, range, first.arrival, storm);
            found = &found[count..];
        }
    }
}

fn is_draft(frame: &Frame, draft: &FrameDraft) -> bool {
    (frame.kind, frame.scope, &frame.dataset, frame.records, &frame.payload)
        == (draft.kind, draft.scope, &draft.dataset, draft.records, &draft.payload)
}

async fn read_all(
    journal: &LocalJournal,
    partition: Partition,
    bounds: Bounds,
    storm: &Storm,
) -> Vec<Frame> {
    let (mut frames, mut next) = (Vec::new(), bounds.start);
    while next < bounds.end {
        match journal.read(partition, next, 700).await {
            Ok(read) if !read.is_empty() => {
                next = next.plus(read.len() as u64);
                frames.extend(read);
            }
            Ok(_) => {
                let what = format!("{partition}/{next} is read to be nothing");
                storm.violated(Rule::AcknowledgedIsStored, what);
                break;
            }
            Err(error) => {
                let what = format!("{partition}/{next} cannot be read: {}", plain(&error));
                storm.violated(Rule::AcknowledgedIsStored, what);
                break;
            }
        }
    }
    frames
}

/// An error without the name of the history's folder, which is another one each time.
pub(super) fn plain(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let words = text.split(' ').map(|word| match (word.find("/.tmp"), word.rfind("/p0")) {
        (Some(_), Some(at)) => &word[at + 1..],
        (Some(_), None) => "the folder",
        (None, _) => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
