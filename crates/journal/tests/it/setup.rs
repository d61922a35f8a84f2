//! What the tests of the local journal have in common: a directory, a clock, and short names.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use journal::local::Disk;
use journal::{
    Append, Appended, Clock, Frame, FrameDraft, FrameKind, IdempotencyKey, Journal, LocalJournal,
    LocalSettings, ManualClock, OpenError,
};
use model::time::NANOS_PER_SECOND;
use model::{Id, Offset, OffsetRange, Partition, Scope, UnixNanos};
use tempfile::TempDir;

pub(crate) const P0: Partition = Partition(0);
pub(crate) const BEGIN: UnixNanos = UnixNanos(1_700_000_000 * NANOS_PER_SECOND);

/// A disk that does not wait for anything to be durable: most tests do not pull the plug.
#[derive(Debug)]
struct HastyDisk;

impl Disk for HastyDisk {
    fn sync(&self, _file: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// A directory with a journal that can be closed and opened again.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: LocalSettings,
}

impl Home {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new(BEGIN));
        let settings = LocalSettings { free_bytes_min: 0, ..LocalSettings::default() };
        Self { dir: TempDir::new().unwrap(), clock, settings }
    }

    /// With segments that are sealed after that many bytes.
    pub(crate) fn with_segments(segment_bytes: u64) -> Self {
        let mut home = Self::new();
        home.settings.segment_bytes = segment_bytes;
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn try_open_on(&self, disk: Arc<dyn Disk>) -> Result<LocalJournal, OpenError> {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        LocalJournal::open_on(disk, self.path(), self.settings, clock)
    }

    pub(crate) fn try_open(&self) -> Result<LocalJournal, OpenError> {
        self.try_open_on(Arc::new(HastyDisk))
    }

    pub(crate) fn open(&self) -> LocalJournal {
        self.try_open().unwrap()
    }

    /// The files of partition 0 whose names end like this, in ascending order.
    pub(crate) fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("p0000")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            paths.filter(|path| path.to_str().unwrap().ends_with(suffix)).collect();
        files.sort();
        files
    }

    /// The newest segment file of partition 0.
    pub(crate) fn newest_segment(&self) -> PathBuf {
        self.files(".seg").pop().unwrap()
    }
}

pub(crate) fn draft(payload: impl Into<Bytes>) -> FrameDraft {
    FrameDraft {
        kind: FrameKind::Records,
        scope: Scope::zone(Id::from_bytes([7; 16])),
        dataset: "http_requests".to_owned(),
        records: 1,
        payload: payload.into(),
    }
}

pub(crate) fn append(payloads: &[&str]) -> Append {
    let frames = payloads.iter().map(|payload| draft((*payload).to_owned())).collect();
    Append { key: None, frames }
}

pub(crate) fn with_key(key: u8, content: u8, append: Append) -> Append {
    Append { key: Some(IdempotencyKey { key: [key; 16], content: [content; 16] }), ..append }
}

/// A payload of that many bytes.
pub(crate) fn payload(bytes: usize) -> Bytes {
    let mut payload = vec![b'x'; bytes];
    *payload.last_mut().unwrap() = b'\n';
    Bytes::from(payload)
}

/// Appends frames with these payloads to partition 0.
pub(crate) async fn store(journal: &LocalJournal, payloads: &[&str]) -> OffsetRange {
    match journal.append(P0, append(payloads)).await {
        Ok(Appended::Stored(range)) => range,
        other => panic!("the append should be stored, got {other:?}"),
    }
}

/// Appends `count` appends of one frame of 10 bytes.
pub(crate) async fn store_many(journal: &LocalJournal, count: u64) {
    for _ in 0..count {
        store(journal, &["123456789\n"]).await;
    }
}

/// All frames of partition 0.
pub(crate) async fn read_all(journal: &LocalJournal) -> Vec<Frame> {
    journal.read(P0, journal.bounds(P0).start, usize::MAX).await.unwrap()
}

/// The payloads of all frames of partition 0.
pub(crate) async fn texts(journal: &LocalJournal) -> Vec<String> {
    let text = |frame: Frame| String::from_utf8(frame.payload.to_vec()).unwrap();
    read_all(journal).await.into_iter().map(text).collect()
}

pub(crate) fn range(first: u64, next: u64) -> OffsetRange {
    OffsetRange::new(Offset(first), Offset(next))
}
