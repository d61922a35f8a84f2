//! Where the simulated process dies: at a moment, or at a step that it takes with the outside.
//!
//! Every simulated call has a step before its effect and one after it. Once the switch is tripped
//! no step is taken any more, so that nothing happens between the crash and the end of the
//! process's tasks.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Ends a life of the simulated process.
#[derive(Debug, Default)]
pub struct CrashSwitch {
    state: Mutex<State>,
    tripped: Notify,
}

/// Steps of one life beyond which the process goes round in circles: a life takes some thousand.
const STEPS_MAX: u64 = 1_000_000;

#[derive(Debug, Default)]
struct State {
    steps_taken: u64,
    steps_left: Option<u64>,
    is_tripped: bool,
}

impl CrashSwitch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life begins, without an end in sight.
    pub fn reset(&self) {
        *self.state() = State::default();
    }

    /// The process dies after so many further steps.
    pub fn arm(&self, steps: u64) {
        self.state().steps_left = Some(steps);
    }

    /// The process does not die any more.
    pub fn disarm(&self) {
        self.state().steps_left = None;
    }

    /// The process dies now.
    pub fn trip(&self) {
        self.state().is_tripped = true;
        self.tripped.notify_one();
    }

    /// Whether the process died of too many steps.
    pub fn is_exhausted(&self) -> bool {
        self.state().steps_taken > STEPS_MAX
    }

    /// Takes a step, or never returns.
    pub async fn step(&self) {
        if !self.lives_on() {
            pending::<()>().await;
        }
    }

    fn lives_on(&self) -> bool {
        let mut state = self.state();
        if state.is_tripped {
            return false;
        }
        state.steps_taken += 1;
        let is_exhausted = state.steps_taken > STEPS_MAX;
        if let Some(left) = &mut state.steps_left {
            *left = left.saturating_sub(1);
        }
        if state.steps_left != Some(0) && !is_exhausted {
            return true;
        }
        drop(state);
        self.trip();
        false
    }

    /// Returns when the process has died.
    pub async fn tripped(&self) {
        while !self.state().is_tripped {
            self.tripped.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_its_last_step_the_process_takes_none() {
        let switch = CrashSwitch::default();
        switch.arm(2);
        switch.step().await;
        let last = timeout(Duration::from_secs(1), switch.step()).await;
        assert!(last.is_err());
        switch.tripped().await;
        assert!(timeout(Duration::from_secs(1), switch.step()).await.is_err());
        switch.reset();
        switch.step().await;
    }
}
