//! The journal on the local disk: one directory, one thread for each partition.
//!
//! ```text
//!  append ──► queue ──► writer ──► segment file ── fdatasync ──► tail (memory) ──► end ──► readers
//!  append ──►  (bytes      │ one group of all that waits           newest frames     │
//!  append ──►   bounded)   ▼                                                         ▼
//!                        roll: the active segment is sealed,          older frames are read from
//!                        its index file written, the next one made    the segment files
//! ```
//!
//! What a segment looks like, byte by byte, is in `docs/journal-format.md`. Large groups are written,
//! and large reads are made, past the page cache: the newest frames are in the tail, and what is read
//! later is read once, so that nothing is gained by a second copy of it.
//!
//! **Rules.**
//! * The order is always file, fdatasync, index, tail, end, answer. What a reader sees is durable.
//! * A failed write leaves nothing behind and is answered with [`AppendError::Refusing`]; while
//!   that lasts, it is tried from time to time whether the disk can be written to again. After a
//!   failed fsync a partition takes nothing more before it has been opened anew, and goes on
//!   giving out what is durable.
//! * Sealed segments never change. They are given up whole, oldest first.
//! * Everything is bounded: what waits by bytes, the tail by bytes, the keys by count, the disk
//!   by a floor of free space.
//!
//! It asks for a Unix: positioned reads, vectored writes to the end of a file, fsync of directories.

mod active;
#[cfg(feature = "test-util")]
mod by_hand;
mod chunk;
mod direct;
mod disk;
mod format;
mod index;
mod index_file;
mod layout;
mod lock;
mod partition;
mod queue;
mod reader;
mod recovery;
mod segment;
mod settings;
mod staging;
mod tail;
mod trim;
mod walk;
mod writer;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use model::{Offset, Partition, UnixNanos};
use tokio::task;

use self::lock::DirLock;
use self::partition::PartitionState;
use self::queue::Queue;
use self::recovery::{Recovered, Recovery};
use self::staging::Staging;
use self::writer::Writer;
use crate::keys::{Claim, KeyWindow};
use crate::{
    Append, AppendError, Appended, Bounds, Clock, Frame, Health, Journal, KeyCounts, OpenError,
    QuarantineRef, ReadError, Retention, expiry,
};

#[cfg(feature = "test-util")]
pub use self::by_hand::HandWriter;
pub use self::disk::{Disk, OsDisk};
pub use self::settings::LocalSettings;

/// A [`Journal`] on the local disk.
#[derive(Debug)]
pub struct LocalJournal {
    partitions: Vec<LocalPartition>,
    keys: KeyWindow,
    clock: Arc<dyn Clock>,
    disk: Arc<dyn Disk>,
    lock: Mutex<Option<Arc<DirLock>>>,
}

#[derive(Debug)]
struct LocalPartition {
    state: Arc<PartitionState>,
    queue: Queue,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LocalJournal {
    /// Opens the journal in `dir`, which is made where it does not exist, and starts one thread
    /// for each partition.
    ///
    /// It blocks for as long as reading the newest segment of each partition takes. Journals are
    /// stopped by [`LocalJournal::close`]; one that is only dropped writes what it has taken, and
    /// holds the directory until that is done.
    pub fn open(
        dir: &Path,
        settings: LocalSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(OsDisk), dir, settings, clock)
    }

    /// Opens the journal with `disk` in the place of the operating system's file system, for
    /// what it writes.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        settings: LocalSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let (mut journal, writers) = Self::prepare(disk, dir, settings, clock)?;
        for (partition, writer) in journal.partitions.iter_mut().zip(writers) {
            let name = format!("journal-{}", partition.state.id);
            let thread = thread::Builder::new().name(name).spawn(move || writer.run());
            let thread = thread.map_err(|e| OpenError::io("start a writer for", dir, e))?;
            partition.writer = Mutex::new(Some(thread));
        }
        Ok(journal)
    }

    /// Opens the journal as [`LocalJournal::open_on`] does, without threads: what is appended is
    /// written when the partition's [`HandWriter`] is told to, so that a simulator holds
    /// everything in its hand.
    #[cfg(feature = "test-util")]
    pub fn open_by_hand(
        disk: Arc<dyn Disk>,
        dir: &Path,
        settings: LocalSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<HandWriter>), OpenError> {
        let (journal, writers) = Self::prepare(disk, dir, settings, clock)?;
        Ok((journal, writers.into_iter().map(HandWriter::new).collect()))
    }

    /// Recovers what is in the directory; the writers of its partitions are to be started.
    fn prepare(
        disk: Arc<dyn Disk>,
        dir: &Path,
        settings: LocalSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<Writer>), OpenError> {
        make_dir(&*disk, dir)?;
        let lock = Arc::new(DirLock::take(dir)?);
        let existing =
            layout::count_partitions(dir).map_err(|source| OpenError::io("list", dir, source))?;
        let now = clock.now();
        let keys = KeyWindow::new(settings.idempotency_keys_max);
        let mut journal = Self {
            partitions: Vec::new(),
            keys: keys.clone(),
            clock,
            disk,
            lock: Mutex::new(Some(Arc::clone(&lock))),
        };
        let (mut stored, mut writers) = (Vec::new(), Vec::new());
        for partition in 0..existing.max(settings.partitions) {
            let partition = Partition(partition);
            let recovered = journal.recover(dir, partition, now, settings)?;
            stored.extend(recovered.keys.iter().copied());
            let (partition, writer) = journal.writer_of(recovered, settings, &lock);
            journal.partitions.push(partition);
            writers.push(writer);
        }
        stored.sort_by_key(|stored| stored.arrival);
        keys.restore(stored);
        Ok((journal, writers))
    }

    fn recover(
        &self,
        dir: &Path,
        partition: Partition,
        now: UnixNanos,
        settings: LocalSettings,
    ) -> Result<Recovered, OpenError> {
        let partition_dir = layout::partition_dir(dir, partition);
        make_dir(&*self.disk, &partition_dir)?;
        let disk = Arc::clone(&self.disk);
        Recovery::new(partition, partition_dir, disk, settings, now).open()
    }

    fn writer_of(
        &self,
        recovered: Recovered,
        settings: LocalSettings,
        lock: &Arc<DirLock>,
    ) -> (LocalPartition, Writer) {
        let Recovered { state, active, .. } = recovered;
        let state = Arc::new(state);
        let (queue, requests) = queue::queue(settings.queue_bytes_max);
        let writer = Writer {
            state: Arc::clone(&state),
            requests,
            active,
            disk: Arc::clone(&self.disk),
            clock: Arc::clone(&self.clock),
            settings,
            staging: Staging::default(),
            lock: Arc::clone(lock),
        };
        (LocalPartition { state, queue, writer: Mutex::new(None) }, writer)
    }

    /// Takes no more appends, waits until those that were taken are answered, ends the threads
    /// and gives the directory free. Reading goes on as long as nobody else opens the directory.
    pub async fn close(&self) {
        self.partitions.iter().for_each(|partition| partition.queue.close());
        let writers = self.partitions.iter().filter_map(|partition| {
            partition.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
        });
        let writers = writers.collect::<Vec<_>>();
        // A writer that panicked has told so; there is nothing more to wait for.
        let join_all = || writers.into_iter().for_each(|writer| drop(writer.join()));
        let _joined = task::spawn_blocking(join_all).await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn partition(&self, partition: Partition) -> Option<&LocalPartition> {
        self.partitions.get(usize::from(partition.0))
    }

    fn readable(&self, partition: Partition) -> Result<&Arc<PartitionState>, ReadError> {
        let held = self.partition(partition).ok_or(ReadError::NoPartition(partition))?;
        Ok(&held.state)
    }
}

/// Makes a directory that only this user can enter, with those above it, and makes them durable.
fn make_dir(disk: &dyn Disk, dir: &Path) -> Result<(), OpenError> {
    let is_missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    let missing = dir.ancestors().take_while(is_missing).collect::<Vec<_>>();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| OpenError::io("make", dir, source))?;
    for parent in missing.iter().filter_map(|made| made.parent()) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        disk.sync_dir(parent).map_err(|source| OpenError::io("sync", parent, source))?;
    }
    Ok(())
}

/// Runs what blocks on the file system away from the async threads.
async fn blocking<T: Send + 'static>(
    state: &Arc<PartitionState>,
    work: impl FnOnce(&PartitionState) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    let worker = Arc::clone(state);
    let done = task::spawn_blocking(move || work(&worker)).await;
    done.unwrap_or_else(|stopped| {
        Err(ReadError::Io { path: state.dir.clone(), reason: stopped.to_string() })
    })
}

#[async_trait]
impl Journal for LocalJournal {
    fn partitions(&self) -> u16 {
        self.partitions.len() as u16
    }

    async fn append(&self, partition: Partition, append: Append) -> Result<Appended, AppendError> {
        let log = self.partition(partition).ok_or(AppendError::NoPartition(partition))?;
        append.check()?;
        let Append { key, frames } = append;
        let reservation = match key {
            None => None,
            Some(key) => match self.keys.claim(key, self.clock.now()).await {
                Claim::New(reservation) => Some(reservation),
                Claim::Repeated(range) => return Ok(Appended::Repeated(range)),
                Claim::Reused(range) => return Err(AppendError::KeyReused(range)),
            },
        };
        log.queue.submit(frames, reservation).await.map(Appended::Stored)
    }

    async fn read(
        &self,
        partition: Partition,
        from: Offset,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, ReadError> {
        let state = self.readable(partition)?;
        let bounds = state.bounds();
        bounds.check(partition, from)?;
        if from == bounds.end {
            return Ok(Vec::new());
        }
        if let Some(frames) = state.read_tail(from, bounds.end, max_bytes) {
            return Ok(frames);
        }
        blocking(state, move |state| reader::read(state, from, bounds.end, max_bytes)).await
    }

    async fn wait_beyond(&self, partition: Partition, offset: Offset) {
        let Some(partition) = self.partition(partition) else {
            return std::future::pending().await;
        };
        let mut end = partition.state.subscribe();
        // It cannot fail: the sender lives as long as `self`.
        let _reached = end.wait_for(|end| *end > offset).await;
    }

    fn bounds(&self, partition: Partition) -> Bounds {
        self.partition(partition).map_or(Bounds::EMPTY, |partition| partition.state.bounds())
    }

    async fn offset_for_time(
        &self,
        partition: Partition,
        at: UnixNanos,
    ) -> Result<Offset, ReadError> {
        blocking(self.readable(partition)?, move |state| reader::offset_for_time(state, at)).await
    }

    async fn expired(
        &self,
        partition: Partition,
        retention: Retention,
        now: UnixNanos,
    ) -> Result<Offset, ReadError> {
        let start = self.readable(partition)?.bounds().start;
        let sealed = self.partitions.iter().map(|partition| partition.state.sealed_spans());
        let sealed = sealed.collect::<Vec<_>>();
        Ok(expiry::expired(&sealed, self.bytes(), partition, retention, now).unwrap_or(start))
    }

    async fn trim(&self, partition: Partition, before: Offset) -> Result<Offset, ReadError> {
        let (disk, now) = (Arc::clone(&self.disk), self.clock.now());
        let state = self.readable(partition)?;
        blocking(state, move |state| trim::trim(state, &*disk, before, now)).await
    }

    async fn quarantined(&self, partition: Partition) -> Result<Vec<QuarantineRef>, ReadError> {
        let disk = Arc::clone(&self.disk);
        blocking(self.readable(partition)?, move |state| reader::quarantined(state, &*disk)).await
    }

    fn keys(&self) -> KeyCounts {
        self.keys.counts()
    }

    fn bytes(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.state.bytes()).sum()
    }

    fn health(&self) -> Health {
        let mut worst = Health::Writable;
        for health in self.partitions.iter().map(|partition| partition.state.health()) {
            match (&worst, &health) {
                (_, Health::Poisoned(_)) => return health,
                (Health::Writable, Health::Refusing(_)) => worst = health,
                _ => {}
            }
        }
        worst
    }
}
