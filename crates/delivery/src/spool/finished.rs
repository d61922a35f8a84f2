//! A batch's compressed bytes, whole, for as many attempts to upload them as it takes.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::Spool;

/// A batch's compressed bytes, whole.
#[derive(Debug)]
pub(crate) struct FinishedSpool {
    /// What lies in the file, and the share of the budgets, until the last reader is gone.
    spool: Arc<Spool>,
    /// What follows it.
    memory: Bytes,
    checksum: u64,
}

impl FinishedSpool {
    pub(super) fn new(mut spool: Spool, checksum: u64) -> Self {
        let memory = Bytes::from(std::mem::take(&mut spool.memory));
        Self { spool: Arc::new(spool), memory, checksum }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.spool.written.len() + self.memory.len() as u64
    }

    /// The CRC-64/NVME of all bytes.
    pub(crate) fn checksum(&self) -> u64 {
        self.checksum
    }

    /// Whether others need its place, so that it had better be encoded again than kept.
    pub(crate) fn is_in_the_way(&self) -> bool {
        self.spool.last_resort.is_some() || self.spool.space.is_tight()
    }

    /// Some of them, where all of these lie in memory.
    pub(crate) fn in_memory(&self, range: Range<u64>) -> Option<Bytes> {
        let written = self.spool.written.len();
        let at = |position: u64| position.checked_sub(written).map(|at| at as usize);
        Some(self.memory.slice(at(range.start)?..at(range.end)?))
    }

    /// How to read some of them, on a thread that may block.
    pub(crate) fn reader(&self, range: Range<u64>) -> impl FnOnce() -> io::Result<Bytes> + use<> {
        let (spool, memory) = (Arc::clone(&self.spool), self.memory.clone());
        move || {
            let written = spool.written.len();
            if range.start >= written {
                let at = |position: u64| (position - written) as usize;
                return Ok(memory.slice(at(range.start)..at(range.end)));
            }
            let from_file = range.end.min(written) - range.start;
            let mut bytes = vec![0; from_file as usize];
            spool.written.read(range.start, &mut bytes)?;
            bytes.extend_from_slice(&memory[..(range.end - range.start - from_file) as usize]);
            Ok(Bytes::from(bytes))
        }
    }
}
