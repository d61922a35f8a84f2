//! The compressed bytes of a batch on their way to the store.
//!
//! A spool lives in memory as long as the budget over all spools allows, then in a file without a
//! name, which the operating system removes with the process. It is a cache: the journal can
//! rebuild it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// The memory that all spools may use together, and where they go beyond it.
#[derive(Debug)]
pub(crate) struct SpoolBudget {
    dir: PathBuf,
    max: u64,
    used: AtomicU64,
}

impl SpoolBudget {
    pub(crate) fn new(dir: PathBuf, max: u64) -> Arc<Self> {
        Arc::new(Self { dir, max, used: AtomicU64::new(0) })
    }

    fn reserve(&self, bytes: u64) -> bool {
        let grown = |used: u64| used.checked_add(bytes).filter(|&used| used <= self.max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok()
    }
}

/// A batch's compressed bytes, while they grow.
#[derive(Debug)]
pub(crate) struct Spool {
    budget: Arc<SpoolBudget>,
    reserved: u64,
    memory: Vec<u8>,
    file: Option<File>,
    len: u64,
}

impl Spool {
    pub(crate) fn new(budget: &Arc<SpoolBudget>) -> Self {
        Self { budget: Arc::clone(budget), reserved: 0, memory: Vec::new(), file: None, len: 0 }
    }

    /// Appends bytes. Where a file cannot be written they stay in memory, beyond the budget.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        if let Some(file) = &self.file {
            match file.write_all_at(bytes, self.len - bytes.len() as u64) {
                Ok(()) => return,
                Err(error) => self.take_back(&error),
            }
        }
        self.memory.extend_from_slice(bytes);
        let grown = self.memory.capacity() as u64 - self.reserved;
        if grown == 0 {
            return;
        }
        if self.budget.reserve(grown) {
            self.reserved += grown;
            return;
        }
        match self.spill() {
            Ok(file) => {
                self.file = Some(file);
                self.memory = Vec::new();
                self.release();
            }
            Err(error) => warn_of(&error, &self.budget),
        }
    }

    /// No more will be appended.
    pub(crate) fn finish(mut self) -> FinishedSpool {
        let place = match self.file.take() {
            Some(file) => Place::File(Arc::new(file)),
            None => Place::Memory(Bytes::from(std::mem::take(&mut self.memory))),
        };
        FinishedSpool { place, len: self.len, _reservation: self }
    }

    fn spill(&self) -> io::Result<File> {
        let file = tempfile::tempfile_in(&self.budget.dir)?;
        file.write_all_at(&self.memory, 0)?;
        Ok(file)
    }

    /// A file that takes no more is read back, so that the batch can go on.
    fn take_back(&mut self, error: &io::Error) {
        warn_of(error, &self.budget);
        let Some(file) = self.file.take() else { return };
        let mut bytes = Vec::new();
        let mut piece = vec![0; 1 << 16];
        while let Ok(read @ 1..) = file.read_at(&mut piece, bytes.len() as u64) {
            bytes.extend_from_slice(&piece[..read]);
        }
        self.memory = bytes;
    }

    fn release(&mut self) {
        self.budget.used.fetch_sub(self.reserved, Ordering::Relaxed);
        self.reserved = 0;
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.release();
    }
}

fn warn_of(error: &io::Error, budget: &SpoolBudget) {
    tracing::warn!(dir = %budget.dir.display(), %error, "cannot spool to disk; using memory");
}

#[derive(Debug, Clone)]
enum Place {
    Memory(Bytes),
    File(Arc<File>),
}

/// A batch's compressed bytes, whole.
#[derive(Debug)]
pub(crate) struct FinishedSpool {
    place: Place,
    len: u64,
    /// Holds the budget's share until the bytes are no longer needed.
    _reservation: Spool,
}

impl FinishedSpool {
    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How to read some of them, on a thread that may block.
    pub(crate) fn reader(&self, range: Range<u64>) -> impl FnOnce() -> io::Result<Bytes> + use<> {
        let place = self.place.clone();
        move || match place {
            Place::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
            Place::File(file) => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                file.read_exact_at(&mut bytes, range.start)?;
                Ok(Bytes::from(bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(budget: &Arc<SpoolBudget>, pieces: &[&[u8]]) -> FinishedSpool {
        let mut spool = Spool::new(budget);
        pieces.iter().for_each(|piece| spool.push(piece));
        spool.finish()
    }

    #[test]
    fn what_went_in_comes_out_from_memory_and_from_a_file() {
        for budget_bytes in [0, 4, 1 << 20] {
            let dir = tempfile::tempdir().unwrap();
            let budget = SpoolBudget::new(dir.path().to_owned(), budget_bytes);
            let spool = filled(&budget, &[b"hello ", b"wide ", b"world"]);
            assert_eq!(spool.len(), 16);
            assert_eq!(spool.reader(0..16)().unwrap(), "hello wide world");
            assert_eq!(spool.reader(6..10)().unwrap(), "wide");
        }
    }

    #[test]
    fn the_budget_is_free_again_when_spools_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let budget = SpoolBudget::new(dir.path().to_owned(), 1 << 20);
        let spool = filled(&budget, &[&[1; 1000]]);
        assert!(budget.used.load(Ordering::Relaxed) >= 1000);
        drop(spool);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn without_a_place_on_disk_the_batch_stays_in_memory() {
        let budget = SpoolBudget::new(PathBuf::from("/nonexistent/spool"), 0);
        let spool = filled(&budget, &[b"kept ", b"all the same"]);
        assert_eq!(spool.reader(0..17)().unwrap(), "kept all the same");
    }
}
