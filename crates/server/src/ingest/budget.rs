//! The memory that requests may take at a time, over all of them.
//!
//! A request reserves bytes before it holds them and gives them back when it is done, whatever
//! way it ends. What does not fit is refused at once: pressure goes outward.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::IngestError;

/// A number of bytes that is shared out among requests.
#[derive(Debug)]
pub(crate) struct Budget {
    taken: AtomicU64,
    max: AtomicU64,
}

/// The part of a budget that one request holds.
#[derive(Debug)]
pub(super) struct Reserved {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// A budget of `max` bytes.
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { taken: AtomicU64::new(0), max: AtomicU64::new(max) })
    }

    /// Makes it a budget of `max` bytes. What is taken beyond that is given back in its time.
    pub(crate) fn resize(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// The bytes that requests hold now.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// A part of the budget that is empty yet.
    pub(super) fn reserve(self: &Arc<Self>) -> Reserved {
        Reserved { budget: Arc::clone(self), bytes: 0 }
    }
}

impl Reserved {
    /// Makes the part `bytes` larger.
    ///
    /// # Errors
    /// `Overloaded` where the budget has not so much left; the part stays as it is.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), IngestError> {
        let bytes = bytes as u64;
        let max = self.budget.max.load(Ordering::Relaxed);
        self.budget
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                taken.checked_add(bytes).filter(|&taken| taken <= max)
            })
            .map_err(|_| IngestError::Overloaded)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives `bytes` of the part back.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let bytes = self.bytes.min(bytes as u64);
        self.budget.taken.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_dropped_fits_again() {
        let budget = Budget::new(100);
        let mut first = budget.reserve();
        let mut second = budget.reserve();
        first.grow(60).unwrap();
        assert!(second.grow(41).is_err());
        second.grow(40).unwrap();
        assert_eq!(budget.taken(), 100);
        first.shrink(10);
        assert_eq!(budget.taken(), 90);
        drop(first);
        second.grow(60).unwrap();
        drop(second);
    }

    #[test]
    fn a_budget_that_was_made_smaller_refuses_until_enough_is_given_back() {
        let budget = Budget::new(100);
        let mut first = budget.reserve();
        first.grow(80).unwrap();
        budget.resize(50);
        let mut second = budget.reserve();
        assert!(second.grow(1).is_err());
        drop(first);
        assert!(second.grow(51).is_err());
        second.grow(50).unwrap();
    }
}
