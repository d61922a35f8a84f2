//! Where the simulated process dies: at a moment, at a step that it takes with the outside, or
//! between any two polls of its tasks.
//!
//! Every simulated call has a step before its effect and one after it. Once the switch is tripped
//! no step is taken any more, so that nothing happens between the crash and the end of the
//! process's tasks.
//!
//! Polls are counted by whoever waits for the crash: in a runtime whose event interval is 1 it is
//! polled once between two polls of other tasks, as long as it wakes itself. Where no task has
//! anything to do, the count runs out at once: time does not go on meanwhile.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

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
    /// Polls until the process dies, once its steps are taken.
    polls_left: u64,
    is_counting: bool,
    is_tripped: bool,
}

impl State {
    /// A poll of the process has begun; says whether it dies instead.
    fn counts_a_poll(&mut self) -> bool {
        self.polls_left = self.polls_left.saturating_sub(1);
        self.is_tripped |= self.polls_left == 0;
        self.is_tripped
    }
}

impl CrashSwitch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life begins, without an end in sight.
    pub fn reset(&self) {
        *self.state() = State::default();
    }

    /// The process dies after so many further steps, and then so many polls.
    pub fn arm(&self, steps: u64, polls: u64) {
        let mut state = self.state();
        (state.steps_left, state.polls_left) = (Some(steps), polls);
        state.is_counting = steps == 0;
        if state.is_counting {
            self.tripped.notify_one();
        }
    }

    /// The process does not die any more.
    pub fn disarm(&self) {
        let mut state = self.state();
        (state.steps_left, state.is_counting) = (None, false);
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
        if let Some(left) = &mut state.steps_left {
            *left = left.saturating_sub(1);
        }
        let is_last = state.steps_left == Some(0) && !state.is_counting;
        if state.steps_taken > STEPS_MAX || is_last && state.polls_left == 0 {
            drop(state);
            self.trip();
            return false;
        }
        if is_last {
            state.is_counting = true;
            self.tripped.notify_one();
        }
        true
    }

    /// Returns when the process has died.
    pub async fn tripped(&self) {
        loop {
            let mut notified = pin!(self.tripped.notified());
            let has_died = poll_fn(|context| {
                let mut state = self.state();
                if state.is_tripped {
                    return Poll::Ready(true);
                }
                if !state.is_counting {
                    drop(state);
                    return notified.as_mut().poll(context).map(|()| false);
                }
                if state.counts_a_poll() {
                    return Poll::Ready(true);
                }
                context.waker().wake_by_ref();
                Poll::Pending
            });
            if has_died.await {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_its_last_step_the_process_takes_none() {
        let switch = CrashSwitch::default();
        switch.arm(2, 0);
        switch.step().await;
        let last = timeout(Duration::from_secs(1), switch.step()).await;
        assert!(last.is_err());
        switch.tripped().await;
        assert!(timeout(Duration::from_secs(1), switch.step()).await.is_err());
        switch.reset();
        switch.step().await;
    }

    /// How many times a task is polled before a process dies that is to die after so many polls.
    fn polls_before_death(polls: u64) -> u64 {
        let runtime = tokio::runtime::Builder::new_current_thread().event_interval(1).build();
        let (switch, polled) = (Arc::new(CrashSwitch::default()), Arc::new(AtomicU64::new(0)));
        let task = Arc::clone(&polled);
        runtime.unwrap().block_on(async {
            tokio::spawn(poll_fn(move |context| {
                task.fetch_add(1, Ordering::Relaxed);
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            }));
            switch.arm(1, polls);
            switch.step().await;
            switch.tripped().await;
        });
        polled.load(Ordering::Relaxed)
    }

    #[test]
    fn it_dies_between_any_two_polls() {
        for polls in 1..20 {
            assert_eq!(polls_before_death(polls), polls - 1);
        }
    }
}
