//! The journal as the process sees it in a storm: acknowledging late or not at all, and sometimes
//! unreadable.
//!
//! Whatever was stored goes into the archive, where the oracle finds it after the journal has
//! trimmed it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use journal::{
    Append, AppendError, Appended, Bounds, Frame, Health, Journal, KeyCounts, MemoryJournal,
    QuarantineRef, ReadError, Retention,
};
use model::{Offset, OffsetRange, Partition, UnixNanos};

use crate::flaw::Flaw;
use crate::rng::Rng;
use crate::storm::Storm;

/// How rough the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalRates {
    /// Of a thousand appends, so many are refused without being stored.
    pub refusing: u32,
    /// Of a thousand appends, so many are stored and their answer is lost.
    pub lost_answer: u32,
    /// Of a thousand reads, so many fail.
    pub unreadable: u32,
    /// The longest time before an append is stored, and again before it is acknowledged.
    pub delay: Duration,
}

/// A journal in a storm.
#[derive(Debug)]
pub struct StormyJournal {
    core: Arc<Core>,
    storm: Arc<Storm>,
    rates: JournalRates,
    flaw: Flaw,
    rng: Mutex<Rng>,
}

/// What the journal holds, and held.
#[derive(Debug)]
struct Core {
    journal: MemoryJournal,
    storm: Arc<Storm>,
    archive: Mutex<Archive>,
}

/// Every frame that the journal ever held.
pub type Archive = BTreeMap<(Partition, Offset), Archived>;

/// A frame that was stored.
#[derive(Debug, Clone)]
pub struct Archived {
    /// The frame.
    pub frame: Frame,
    /// When it was stored, in elapsed time.
    pub stored_at: Duration,
}

impl Core {
    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError> {
        let appended = self.journal.append(partition, append).await?;
        if let Appended::Stored(range) = appended
            && let Ok(frames) = self.journal.read(partition, range.first, usize::MAX).await
        {
            let stored = frames.into_iter().filter(|frame| range.contains(frame.offset));
            let stored_at = self.storm.clock.elapsed();
            let archived =
                stored.map(|frame| ((partition, frame.offset), Archived { frame, stored_at }));
            self.archive().extend(archived);
        }
        Ok(appended)
    }

    fn archive(&self) -> MutexGuard<'_, Archive> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StormyJournal {
    /// A storm around an empty journal.
    pub fn new(
        partitions: u16,
        storm: Arc<Storm>,
        rates: JournalRates,
        flaw: Flaw,
        rng: Rng,
    ) -> Self {
        let clock = Arc::clone(&storm.clock);
        let journal = MemoryJournal::new(partitions, clock);
        let archive = Mutex::default();
        let core = Arc::new(Core { journal, storm: Arc::clone(&storm), archive });
        Self { core, storm, rates, flaw, rng: Mutex::new(rng) }
    }

    /// Every frame that the journal ever held.
    pub fn archive(&self) -> Archive {
        self.core.archive().clone()
    }

    fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delays(&self) -> (Duration, Duration) {
        let mut rng = self.rng();
        (rng.time_up_to(self.rates.delay), rng.time_up_to(self.rates.delay))
    }

    /// Whether chance has it so, while the storm lasts.
    fn happens(&self, rate: u32) -> bool {
        !self.storm.is_calm() && self.rng().per_mille(rate)
    }

    /// Says that it has stored what it will store some time later.
    fn acknowledge_early(&self, partition: Partition, append: Append) -> Appended {
        let end = self.core.journal.bounds(partition).end;
        let range = OffsetRange::new(end, end.plus(append.frames.len() as u64));
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            core.append(partition, append).await
        });
        Appended::Stored(range)
    }
}

#[async_trait]
impl Journal for StormyJournal {
    fn partitions(&self) -> u16 {
        self.core.journal.partitions()
    }

    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError> {
        let (before, after) = self.delays();
        self.storm.switch.step().await;
        Storm::pass(before).await;
        if self.happens(self.rates.refusing) {
            self.storm.saw("an append is refused");
            return Err(AppendError::Refusing("the storm".to_owned()));
        }
        let appended = match self.flaw {
            Flaw::AcknowledgesBeforeStoring => Ok(self.acknowledge_early(partition, append)),
            _ => self.core.append(partition, append).await,
        };
        if matches!(appended, Ok(Appended::Repeated(_))) {
            self.storm.saw("an append is repeated and stores nothing");
        }
        self.storm.trace.note(|| format!("journal: append to {partition}: {appended:?}"));
        self.storm.switch.step().await;
        Storm::pass(after).await;
        if self.happens(self.rates.lost_answer) {
            self.storm.saw("an append is stored and its answer lost");
            return Err(AppendError::Poisoned("the storm".to_owned()));
        }
        appended
    }

    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, ReadError> {
        self.storm.switch.step().await;
        if self.happens(self.rates.unreadable) {
            let (before, _) = self.delays();
            Storm::pass(before).await;
            self.storm.saw("a read of the journal fails");
            let path = PathBuf::from("journal");
            return Err(ReadError::Io { path, reason: "the storm".to_owned() });
        }
        self.core.journal.read(partition, from, max_bytes).await
    }

    async fn wait_beyond(&self, partition: Partition, offset: Offset) {
        self.core.journal.wait_beyond(partition, offset).await;
    }

    fn bounds(&self, partition: Partition) -> Bounds {
        self.core.journal.bounds(partition)
    }

    async fn offset_for_time(
        &self,
        partition: Partition,
        at: UnixNanos,
    ) -> Result<Offset, ReadError> {
        self.core.journal.offset_for_time(partition, at).await
    }

    async fn expired(
        &self,
        partition: Partition,
        retention: Retention,
        now: UnixNanos,
    ) -> Result<Offset, ReadError> {
        self.core.journal.expired(partition, retention, now).await
    }

    async fn trim(&self, partition: Partition, before: Offset) -> Result<Offset, ReadError> {
        self.storm.switch.step().await;
        let start = self.core.journal.trim(partition, before).await?;
        self.storm.saw("the journal is trimmed");
        self.storm.trace.note(|| format!("journal: trim {partition} to {start}"));
        Ok(start)
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<QuarantineRef>, ReadError> {
        self.core.journal.quarantined(partition).await
    }

    fn keys(&self) -> KeyCounts {
        self.core.journal.keys()
    }

    fn bytes(&self) -> u64 {
        self.core.journal.bytes()
    }

    fn health(&self) -> Health {
        self.core.journal.health()
    }
}
