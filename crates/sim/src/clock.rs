//! The time of a history: virtual, and in the hand of the storm.
//!
//! Two clocks run. *Elapsed* time never jumps; it goes on where it stood when one life of the
//! delivery process ends and the next begins. The *time of day* is what [`Clock`] tells: it can be
//! set forth and back at any moment.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::Clock;
use model::UnixNanos;
use tokio::time::Instant;

/// The time of a history.
#[derive(Debug)]
pub struct SimClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The time of day when nothing had elapsed, all jumps included.
    origin: i64,
    /// What elapsed before this life.
    before: Duration,
    /// When this life began, by its runtime's virtual time.
    life: Option<Instant>,
}

impl SimClock {
    /// A clock that starts at `origin`.
    pub fn new(origin: UnixNanos) -> Self {
        let state = State { origin: origin.0, before: Duration::ZERO, life: None };
        Self { state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A life begins: from now on time goes by the current runtime.
    pub fn begin_life(&self) {
        self.state().life = Some(Instant::now());
    }

    /// The life ends; its runtime must still be the current one. `pause` passes before the next.
    pub fn end_life(&self, pause: Duration) {
        let elapsed = self.elapsed();
        let mut state = self.state();
        state.before = elapsed + pause;
        state.life = None;
    }

    /// What has elapsed since the history began.
    pub fn elapsed(&self) -> Duration {
        let state = self.state();
        state.before + state.life.map_or(Duration::ZERO, |life| life.elapsed())
    }

    /// Sets the time of day forth or back.
    pub fn jump(&self, nanos: i64) {
        self.state().origin += nanos;
    }
}

impl Clock for SimClock {
    fn now(&self) -> UnixNanos {
        let elapsed = i64::try_from(self.elapsed().as_nanos()).unwrap_or(i64::MAX);
        UnixNanos(self.state().origin.saturating_add(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_over_lives_and_jumps_move_the_time_of_day_only() {
        let clock = SimClock::new(UnixNanos(1_000));
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                clock.begin_life();
                tokio::time::sleep(Duration::from_secs(5)).await;
                clock.end_life(Duration::from_secs(1));
            });
        }
        assert_eq!(clock.elapsed(), Duration::from_secs(12));
        assert_eq!(clock.now(), UnixNanos(12_000_001_000));
        clock.jump(-2_000);
        assert_eq!(clock.now(), UnixNanos(11_999_999_000));
        assert_eq!(clock.elapsed(), Duration::from_secs(12));
    }
}
