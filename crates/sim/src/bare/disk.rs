//! A journal on a disk that keeps for certain only what was synced: of the rest, any write may
//! have come through when the power fails, and recovery cuts behind the first that did not.

use std::collections::{BTreeMap, BTreeSet};

use model::{Offset, Partition, UnixNanos};

use crate::flaw::Flaw;
use crate::oracle::evidence::Stored;
use crate::rng::Rng;

/// A frame that was written, with the request that it came in.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) frame: Stored,
    pub(super) request: u64,
}

/// One partition.
#[derive(Debug, Default)]
struct Log {
    frames: BTreeMap<Offset, Written>,
    start: Offset,
    /// Where it starts once the power has failed.
    synced_start: Offset,
    synced_end: Offset,
    end: Offset,
    /// Requests that were stored durably: their keys outlive the frames.
    remembered: BTreeSet<u64>,
}

/// The journal's disk.
#[derive(Debug)]
pub(super) struct Disk {
    logs: Vec<Log>,
    /// Every frame that was ever durable.
    pub(super) archive: BTreeMap<(Partition, Offset), Stored>,
    flaw: Flaw,
}

impl Disk {
    pub(super) fn new(partitions: u16, flaw: Flaw) -> Self {
        let logs = (0..partitions).map(|_| Log::default()).collect();
        Self { logs, archive: BTreeMap::new(), flaw }
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.logs.len() as u16).map(Partition)
    }

    fn log(&self, partition: Partition) -> &Log {
        &self.logs[usize::from(partition.0)]
    }

    fn log_mut(&mut self, partition: Partition) -> &mut Log {
        &mut self.logs[usize::from(partition.0)]
    }

    pub(super) fn start(&self, partition: Partition) -> Offset {
        self.log(partition).start
    }

    /// The end of what may be read.
    pub(super) fn end(&self, partition: Partition) -> Offset {
        let log = self.log(partition);
        if self.flaw == Flaw::ReadsUnsynced { log.end } else { log.synced_end }
    }

    pub(super) fn frame(&self, partition: Partition, offset: Offset) -> Option<&Stored> {
        let log = self.log(partition);
        let is_there = offset >= log.start && offset < self.end(partition);
        log.frames.get(&offset).filter(|_| is_there).map(|written| &written.frame)
    }

    /// Writes frames, not durably yet; a request that stands there already is not written again.
    pub(super) fn write(&mut self, partition: Partition, written: Vec<Written>) {
        let log = self.log_mut(partition);
        let known = |one: &Written| log.frames.values().any(|have| have.request == one.request);
        let is_remembered = |one: &Written| log.remembered.contains(&one.request);
        if written.first().is_some_and(|one| known(one) || is_remembered(one)) {
            return;
        }
        let latest = log.frames.values().next_back().map(|have| have.frame.arrival);
        for mut one in written {
            one.frame.arrival = one.frame.arrival.max(latest.unwrap_or(UnixNanos(i64::MIN)));
            log.frames.insert(log.end, one);
            log.end = log.end.next();
        }
    }

    /// Whether all frames of a request are durable.
    pub(super) fn is_durable(&self, partition: Partition, request: u64) -> bool {
        let log = self.log(partition);
        let mut mine = log.frames.iter().filter(|(_, one)| one.request == request).peekable();
        log.remembered.contains(&request)
            || mine.peek().is_some() && mine.all(|(&offset, _)| offset < log.synced_end)
    }

    /// Makes durable what was written, and what was trimmed.
    pub(super) fn sync(&mut self, partition: Partition) {
        let log = &mut self.logs[usize::from(partition.0)];
        for (&offset, one) in log.frames.range(log.synced_end..log.end) {
            self.archive.insert((partition, offset), one.frame.clone());
            log.remembered.insert(one.request);
        }
        log.synced_end = log.end;
        log.synced_start = log.start;
        log.frames = log.frames.split_off(&log.start);
    }

    /// The power fails, and the journal is recovered.
    pub(super) fn crash(&mut self, rng: &mut Rng) -> bool {
        let mut has_lost = false;
        for partition in self.partitions() {
            let log = self.log_mut(partition);
            let mut kept = log.synced_end;
            let mut unsynced = log.frames.range(log.synced_end..log.end);
            // A request is a write of its own: it comes through as a whole or is torn.
            let mut last: Option<(u64, bool)> = None;
            let survives = |one: &Written, rng: &mut Rng, last: &mut Option<(u64, bool)>| {
                let known = last.filter(|(request, _)| *request == one.request);
                let comes = known.map_or_else(|| rng.per_mille(500), |(_, comes)| comes);
                *last = Some((one.request, comes));
                comes
            };
            while let Some((&offset, _)) =
                unsynced.next().filter(|(_, one)| survives(one, rng, &mut last))
            {
                kept = offset.next();
            }
            has_lost |= kept < log.end;
            log.frames.split_off(&kept);
            log.end = kept;
            if rng.per_mille(500) {
                log.start = log.synced_start;
            }
            self.sync(partition);
        }
        has_lost
    }

    /// Up to where frames are older than `age` nanoseconds.
    pub(super) fn expired(&self, partition: Partition, age: i64, now: UnixNanos) -> Offset {
        let log = self.log(partition);
        let is_old = |one: &Written| one.frame.arrival.0.saturating_add(age) < now.0;
        let durable = log.frames.range(log.start..log.synced_end.max(log.start));
        let old = durable.take_while(|(_, one)| is_old(one)).last();
        old.map_or(log.start, |(offset, _)| offset.next())
    }

    /// Forgets what stands before an offset.
    pub(super) fn trim(&mut self, partition: Partition, before: Offset) {
        let log = self.log_mut(partition);
        log.start = log.start.max(before);
    }
}
