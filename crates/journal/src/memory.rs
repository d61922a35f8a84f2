//! A journal in memory: for tests and for trying things out; it forgets everything with the
//! process.
//!
//! **Rules.** It keeps every promise of [`Journal`] except durability. Each append is its own
//! segment: retention and trimming go by whole appends, and the newest one is never given up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use model::{Offset, OffsetRange, Partition, UnixNanos};
use tokio::sync::watch;

use crate::expiry::{self, Span};
use crate::keys::{Claim, KeyWindow};
use crate::{
    Append, AppendError, Appended, Bounds, Clock, Frame, FrameKind, Health, Journal, KeyCounts,
    QuarantineRef, ReadError, Retention,
};

/// As many idempotency keys as the journal in memory remembers.
const KEYS_MAX: usize = 1_000_000;

/// A [`Journal`] that lives in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    partitions: Vec<MemoryPartition>,
    keys: KeyWindow,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct MemoryPartition {
    log: Mutex<Log>,
    end: watch::Sender<Offset>,
}

#[derive(Debug, Default)]
struct Log {
    start: Offset,
    frames: VecDeque<Frame>,
    /// The appends that are held, oldest first.
    appends: VecDeque<Span>,
    arrival: UnixNanos,
}

impl MemoryJournal {
    /// An empty journal of `partitions` partitions.
    pub fn new(partitions: u16, clock: Arc<dyn Clock>) -> Self {
        let partition =
            || MemoryPartition { log: Mutex::default(), end: watch::Sender::new(Offset(0)) };
        Self {
            partitions: (0..partitions).map(|_| partition()).collect(),
            keys: KeyWindow::new(KEYS_MAX),
            clock,
        }
    }

    fn partition(&self, partition: Partition) -> Option<&MemoryPartition> {
        self.partitions.get(usize::from(partition.0))
    }

    fn readable(&self, partition: Partition) -> Result<&MemoryPartition, ReadError> {
        self.partition(partition).ok_or(ReadError::NoPartition(partition))
    }
}

impl MemoryPartition {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, append: Append, now: UnixNanos) -> (OffsetRange, UnixNanos) {
        let mut log = self.log();
        let arrival = now.max(log.arrival);
        let first = log.end();
        let bytes = append.payload_bytes();
        for (draft, offset) in append.frames.into_iter().zip(first.0..) {
            log.frames.push_back(Frame::new(Offset(offset), arrival, draft));
        }
        let range = OffsetRange::new(first, log.end());
        log.arrival = arrival;
        log.appends.push_back(Span { range, newest: arrival, bytes });
        self.end.send_replace(range.next);
        (range, arrival)
    }
}

impl Log {
    fn end(&self) -> Offset {
        self.start.plus(self.frames.len() as u64)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    fn partitions(&self) -> u16 {
        self.partitions.len() as u16
    }

    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError> {
        let log = self.partition(partition).ok_or(AppendError::NoPartition(partition))?;
        append.check()?;
        let Some(key) = append.key else {
            return Ok(Appended::Stored(log.store(append, self.clock.now()).0));
        };
        match self.keys.claim(key, self.clock.now()).await {
            Claim::New(reservation) => {
                let (range, arrival) = log.store(append, self.clock.now());
                reservation.confirm(range, arrival);
                Ok(Appended::Stored(range))
            }
            Claim::Repeated(range) => Ok(Appended::Repeated(range)),
            Claim::Reused(range) => Err(AppendError::KeyReused(range)),
        }
    }

    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, ReadError> {
        let log = self.readable(partition)?.log();
        let bounds = Bounds { start: log.start, end: log.end() };
        bounds.check(partition, from)?;
        let mut bytes = 0;
        let wanted = log.frames.range((from.0 - log.start.0) as usize..).enumerate();
        let fitting = wanted.take_while(|(index, frame)| {
            bytes += frame.payload.len();
            *index == 0 || bytes <= max_bytes
        });
        Ok(fitting.map(|(_, frame)| frame.clone()).collect())
    }

    async fn wait_beyond(&self, partition: Partition, offset: Offset) {
        let Some(partition) = self.partition(partition) else {
            return std::future::pending().await;
        };
        let mut end = partition.end.subscribe();
        // It cannot fail: the sender lives as long as `self`.
        let _reached = end.wait_for(|end| *end > offset).await;
    }

    fn bounds(&self, partition: Partition) -> Bounds {
        self.partition(partition).map_or(Bounds::EMPTY, |partition| {
            let log = partition.log();
            Bounds { start: log.start, end: log.end() }
        })
    }

    async fn offset_for_time(
        &self,
        partition: Partition,
        at: UnixNanos,
    ) -> Result<Offset, ReadError> {
        let log = self.readable(partition)?.log();
        Ok(log.start.plus(log.frames.partition_point(|frame| frame.arrival < at) as u64))
    }

    async fn expired(
        &self,
        partition: Partition,
        retention: Retention,
        now: UnixNanos,
    ) -> Result<Offset, ReadError> {
        let start = self.readable(partition)?.log().start;
        let sealed = self.partitions.iter().map(|partition| {
            let log = partition.log();
            let sealed = log.appends.len().saturating_sub(1);
            log.appends.range(..sealed).copied().collect::<Vec<_>>()
        });
        let sealed: Vec<_> = sealed.collect();
        Ok(expiry::expired(&sealed, self.bytes(), partition, retention, now).unwrap_or(start))
    }

    async fn trim(&self, partition: Partition, before: Offset) -> Result<Offset, ReadError> {
        let mut log = self.readable(partition)?.log();
        while log.appends.len() > 1 && log.appends[0].range.next <= before {
            let gone = log.appends.pop_front().map_or(0, |append| append.range.frames());
            log.frames.drain(..gone as usize);
            log.start = log.start.plus(gone);
        }
        Ok(log.start)
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<QuarantineRef>, ReadError> {
        let log = self.readable(partition)?.log();
        let quarantined = log.frames.iter().filter(|frame| frame.kind == FrameKind::Quarantine);
        Ok(quarantined
            .map(|frame| QuarantineRef {
                partition,
                offset: frame.offset,
                arrival: frame.arrival,
                scope: frame.scope,
                dataset: frame.dataset.clone(),
                records: frame.records,
            })
            .collect())
    }

    fn keys(&self) -> KeyCounts {
        self.keys.counts()
    }

    fn bytes(&self) -> u64 {
        let bytes = |partition: &MemoryPartition| {
            partition.log().appends.iter().map(|append| append.bytes).sum::<u64>()
        };
        self.partitions.iter().map(bytes).sum()
    }

    fn health(&self) -> Health {
        Health::Writable
    }
}
