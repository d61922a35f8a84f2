//! The memory and the disk that all spools share, and who has to leave memory when it is short.
//!
//! While the memory budget has room, everyone may use it. Beyond it a spool that grows may keep its
//! fair share, the budget divided by the spools that hold memory, and no less than a page; what is
//! more goes to the file at once. So the memory stays below twice the budget and a page for each
//! spool, and a thousand small batches are written to the file in pieces that are worth it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::blocks::BlockFile;

/// What every spool may keep in memory, however many there are.
const SHARE_BYTES_MIN: u64 = 4 << 10;
/// What no spool needs more of: beyond it bytes go to the file although there is room.
const MEMORY_BYTES_MAX: u64 = 8 << 20;

/// The memory and the disk that all spools share.
#[derive(Debug)]
pub(crate) struct SpoolSpace {
    memory_max: u64,
    memory_used: AtomicU64,
    /// Spools that hold memory.
    holders: AtomicU64,
    pub(super) file: Arc<BlockFile>,
    /// Who may go beyond the budgets: see [`SpoolSpace::last_resort`].
    pub(super) last_resort: Arc<Semaphore>,
}

/// The right of one batch to go beyond the budgets.
#[derive(Debug)]
pub(crate) struct LastResort(#[allow(dead_code, reason = "held")] OwnedSemaphorePermit);

impl SpoolSpace {
    /// Up to `memory_max` bytes in memory, and about `disk_max` in a file in `dir`.
    pub(crate) fn new(dir: PathBuf, memory_max: u64, disk_max: u64) -> Arc<Self> {
        Arc::new(Self {
            memory_max,
            memory_used: AtomicU64::new(0),
            holders: AtomicU64::new(0),
            file: Arc::new(BlockFile::new(dir, disk_max)),
            last_resort: Arc::new(Semaphore::new(1)),
        })
    }

    /// Memory that spools hold now, in bytes.
    pub(crate) fn memory_used(&self) -> u64 {
        self.memory_used.load(Ordering::Relaxed)
    }

    /// Disk that spools hold now, in bytes.
    pub(crate) fn disk_used(&self) -> u64 {
        self.file.used_bytes()
    }

    /// Whether the memory is used up.
    pub(crate) fn is_tight(&self) -> bool {
        self.memory_used() > self.memory_max
    }

    /// Waits for the right to go beyond the budgets. One batch at a time has it, so that batches
    /// are delivered, if one by one, where neither the memory nor the disk has room for them.
    pub(crate) async fn last_resort(&self) -> LastResort {
        let permit = Arc::clone(&self.last_resort).acquire_owned().await;
        LastResort(permit.expect("nobody closes the semaphore"))
    }

    /// Notes that a spool's memory changes, and says whether it may stay.
    pub(super) fn change(&self, from: u64, to: u64) -> bool {
        self.memory_used.fetch_add(to.wrapping_sub(from), Ordering::Relaxed);
        match (from, to) {
            (0, 1..) => _ = self.holders.fetch_add(1, Ordering::Relaxed),
            (1.., 0) => _ = self.holders.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        if to <= from || to <= SHARE_BYTES_MIN {
            return true;
        }
        let share = self.memory_max / self.holders.load(Ordering::Relaxed).max(1);
        to <= MEMORY_BYTES_MAX && (!self.is_tight() || to <= share)
    }
}
