//! The bytes of batches on their way to the store: in memory while there is room, else in one
//! file.
//!
//! ```text
//!   a spool     ┌─────────────── file ───────────────┬─ memory ─┐
//!               0                                 written       len
//! ```
//!
//! An open batch has two: what is encoded and waits to be compressed, and what is compressed. A
//! spool is a cache, because the journal can rebuild it: where neither the memory nor the disk has
//! room, it says so, and the batch goes on without its bytes until it is encoded again.

mod blocks;
mod finished;
mod space;

use std::io;
use std::sync::Arc;

use blocks::Extent;

pub(crate) use finished::FinishedSpool;
pub(crate) use space::{LastResort, SpoolSpace};

/// Bytes that grow at their end.
#[derive(Debug)]
pub(crate) struct Spool {
    space: Arc<SpoolSpace>,
    written: Extent,
    /// What follows what is written.
    memory: Vec<u8>,
    /// The memory that the space knows of.
    accounted: u64,
    last_resort: Option<Arc<LastResort>>,
}

impl Spool {
    pub(crate) fn new(space: &Arc<SpoolSpace>) -> Self {
        Self {
            space: Arc::clone(space),
            written: Extent::new(&space.file),
            memory: Vec::new(),
            accounted: 0,
            last_resort: None,
        }
    }

    /// A spool that goes beyond the budgets where it must.
    pub(crate) fn beyond_budgets(space: &Arc<SpoolSpace>, right: &Arc<LastResort>) -> Self {
        let mut spool = Self::new(space);
        spool.last_resort = Some(Arc::clone(right));
        spool
    }

    pub(crate) fn len(&self) -> u64 {
        self.written.len() + self.memory.len() as u64
    }

    /// Where bytes can be appended; [`Spool::settle`] has to follow before much has come.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Accounts for what was appended, and writes it to the file where memory is short.
    ///
    /// # Errors
    /// Where there is no room on the disk either. What was appended is still there.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let may_stay = self.account();
        if may_stay {
            return Ok(());
        }
        match self.written.append(&self.memory) {
            Ok(()) => self.memory = Vec::new(),
            Err(_) if self.last_resort.is_some() => return Ok(()),
            Err(error) => {
                self.space.file.warn_of(&error);
                return Err(error);
            }
        }
        self.account();
        Ok(())
    }

    fn account(&mut self) -> bool {
        let now = self.memory.capacity() as u64;
        let before = std::mem::replace(&mut self.accounted, now);
        now == before || self.space.change(before, now)
    }

    /// Gives all bytes to `take`: from memory as they are, from the file by way of `room`.
    pub(crate) fn with_bytes<T>(
        &self,
        room: &mut Vec<u8>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        if self.written.len() == 0 {
            return Ok(take(&self.memory));
        }
        room.resize(self.written.len() as usize, 0);
        self.written.read(0, room)?;
        room.extend_from_slice(&self.memory);
        Ok(take(room))
    }

    /// Takes the last `bytes` away and gives them.
    pub(crate) fn take_end(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        if let Some(at) = self.memory.len().checked_sub(bytes) {
            return Ok(self.memory.split_off(at));
        }
        let from = self.len() - bytes as u64;
        let mut taken = vec![0; (self.written.len() - from) as usize];
        self.written.read(from, &mut taken)?;
        self.written.truncate(from);
        taken.append(&mut self.memory);
        Ok(taken)
    }

    /// Forgets all bytes, and keeps up to `kept_bytes` of memory for the next ones where memory
    /// is not short.
    pub(crate) fn clear(&mut self, kept_bytes: usize) {
        self.written.truncate(0);
        self.memory.clear();
        if self.space.is_tight() {
            self.memory = Vec::new();
        } else {
            self.memory.shrink_to(kept_bytes);
        }
        self.account();
    }

    /// No more will be appended; the checksum is that of all bytes.
    pub(crate) fn finish(mut self, checksum: u64) -> FinishedSpool {
        self.memory.shrink_to_fit();
        self.account();
        FinishedSpool::new(self, checksum)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.memory = Vec::new();
        self.account();
    }
}

#[cfg(test)]
mod tests;
