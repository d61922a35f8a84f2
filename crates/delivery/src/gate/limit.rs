//! How many requests may be under way to one bucket: one more after each round that went well,
//! half as many when the store asks for fewer.
//!
//! The sums are those of TCP's congestion avoidance (RFC 5681, section 3.1).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Answers of one moment ask for one lowering only.
const LOWERING_INTERVAL: Duration = Duration::from_secs(1);

/// How many requests may be under way.
#[derive(Debug)]
pub(super) struct Limit {
    semaphore: Semaphore,
    state: Mutex<State>,
    max: usize,
}

#[derive(Debug)]
struct State {
    target: f64,
    /// Permits that there are, in the semaphore and in hands.
    granted: usize,
    lowered_at: Option<Instant>,
}

/// The place of one request among those under way.
#[derive(Debug)]
pub(super) struct Slot<'l> {
    limit: &'l Limit,
    permit: Option<SemaphorePermit<'l>>,
}

impl Limit {
    pub(super) fn new(max: usize) -> Self {
        let state = State { target: max as f64, granted: max, lowered_at: None };
        Self { semaphore: Semaphore::new(max), state: Mutex::new(state), max }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; first come, first served.
    pub(super) async fn acquire(&self) -> Slot<'_> {
        let permit = self.semaphore.acquire().await.expect("the semaphore is never closed");
        Slot { limit: self, permit: Some(permit) }
    }

    /// A request went well.
    pub(super) fn raise(&self) {
        let mut state = self.state();
        state.target = (state.target + 1.0 / state.target).min(self.max as f64);
        if state.granted < state.target as usize {
            state.granted += 1;
            self.semaphore.add_permits(1);
        }
    }

    /// The store asked for fewer requests, in answer to one that began at `began`.
    pub(super) fn lower(&self, began: Instant) {
        let mut state = self.state();
        let is_known = |at: Instant| began <= at || at.elapsed() < LOWERING_INTERVAL;
        if state.lowered_at.is_some_and(is_known) {
            return;
        }
        state.lowered_at = Some(Instant::now());
        state.target = (state.target / 2.0).max(1.0);
        let surplus = state.granted - state.target as usize;
        state.granted -= self.semaphore.forget_permits(surplus);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        if state.granted > state.target as usize
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            state.granted -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(limit: &Limit) -> usize {
        limit.state().granted
    }

    #[tokio::test(start_paused = true)]
    async fn it_halves_when_asked_and_comes_back_one_by_one() {
        let limit = Limit::new(8);
        limit.lower(Instant::now());
        assert_eq!(granted(&limit), 4);
        for _ in 0..4 {
            limit.raise();
        }
        assert_eq!(granted(&limit), 4);
        limit.raise();
        assert_eq!(granted(&limit), 5);
        for _ in 0..100 {
            limit.raise();
        }
        assert_eq!((granted(&limit), limit.semaphore.available_permits()), (8, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_of_one_moment_lower_it_once() {
        let limit = Limit::new(8);
        let began = Instant::now();
        limit.lower(began);
        limit.lower(began);
        tokio::time::sleep(Duration::from_secs(5)).await;
        limit.lower(began);
        assert_eq!(granted(&limit), 4);
        limit.lower(Instant::now());
        assert_eq!(granted(&limit), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn places_in_use_go_when_they_are_given_back_and_one_always_stays() {
        let limit = Limit::new(2);
        let (one, other) = (limit.acquire().await, limit.acquire().await);
        limit.lower(Instant::now());
        assert_eq!(granted(&limit), 2);
        drop(one);
        assert_eq!(granted(&limit), 1);
        tokio::time::sleep(Duration::from_secs(5)).await;
        limit.lower(Instant::now());
        drop(other);
        assert_eq!((granted(&limit), limit.semaphore.available_permits()), (1, 1));
    }
}
