//! Where CPU work runs: a small, fixed number of threads, or the calling task itself.

use std::collections::VecDeque;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::press::Press;

/// What a worker keeps from one piece of work to the next.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    pub(crate) press: Press,
    /// Room for bytes that have to be read back before they are compressed.
    pub(crate) gathered: Vec<u8>,
}

/// Room that a worker keeps; what is larger is given back.
const KEPT_BYTES: usize = 4 << 20;

impl Bench {
    /// Gives back the memory of something uncommonly large.
    pub(crate) fn shrink(&mut self) {
        self.press.shrink();
        if self.gathered.capacity() > KEPT_BYTES {
            self.gathered = Vec::new();
        }
    }
}

type Work = Box<dyn FnOnce(&mut Bench) + Send>;

/// Runs CPU work, each piece on one thread.
#[derive(Debug, Clone)]
pub(crate) enum Workers {
    /// On threads of its own, which end with the last handle.
    Threads(Arc<Shift>),
    /// In the calling task: for the simulator, where nothing may run beside it.
    Inline(Arc<Mutex<Bench>>),
}

/// Ends the threads with the last handle.
#[derive(Debug)]
pub(crate) struct Shift(Arc<Queue>);

/// Work that waits for a thread. Each piece wakes one.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    is_over: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, work: Work) {
        self.waiting().work.push_back(work);
        self.changed.notify_one();
    }

    /// The next piece of work; `None` when there will be none.
    fn next(&self) -> Option<Work> {
        let idle = |waiting: &mut Waiting| waiting.work.is_empty() && !waiting.is_over;
        let waiting = self.changed.wait_while(self.waiting(), idle);
        waiting.unwrap_or_else(PoisonError::into_inner).work.pop_front()
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        self.0.waiting().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Workers {
    /// Work on `threads` threads.
    pub(crate) fn threads(threads: NonZeroUsize) -> std::io::Result<Self> {
        let shift = Shift(Arc::default());
        for number in 0..threads.get() {
            let queue = Arc::clone(&shift.0);
            thread::Builder::new()
                .name(format!("encode-{number}"))
                .spawn(move || run_thread(&queue))?;
        }
        Ok(Self::Threads(Arc::new(shift)))
    }

    /// Work in the calling task.
    pub(crate) fn inline() -> Self {
        Self::Inline(Arc::default())
    }

    /// Starts `work`; the future gives its result, or `None` where it panicked.
    pub(crate) fn start<T, W>(&self, work: W) -> impl Future<Output = Option<T>> + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&mut Bench) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |bench: &mut Bench| {
            // Whoever asked may be gone; then nobody needs the result.
            let _ = reply.send(work(bench));
        };
        match self {
            Self::Inline(bench) => work(&mut bench.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::Threads(shift) => shift.0.add(Box::new(work)),
        }
        async move { answer.await.ok() }
    }
}

fn run_thread(queue: &Queue) {
    let mut bench = Bench::default();
    while let Some(work) = queue.next() {
        if catch_unwind(AssertUnwindSafe(|| work(&mut bench))).is_err() {
            bench = Bench::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_threads_and_a_panic_costs_only_itself() {
        let workers = Workers::threads(NonZeroUsize::MIN).unwrap();
        assert_eq!(workers.start(|_| -> u8 { panic!("as meant") }).await, None);
        assert_eq!(workers.start(|_| 7).await, Some(7));
    }

    #[tokio::test]
    async fn all_threads_work_at_once_and_what_waits_is_done_after_the_last_handle_is_gone() {
        let workers = Workers::threads(NonZeroUsize::new(2).unwrap()).unwrap();
        let both = Arc::new(std::sync::Barrier::new(2));
        let meet = |_| {
            let both = Arc::clone(&both);
            workers.start(move |_| both.wait().is_leader())
        };
        let [one, other] = [0, 1].map(meet);
        let more: Vec<_> = (0..20).map(|number| workers.start(move |_| number)).collect();
        drop(workers);
        assert_ne!(one.await.unwrap(), other.await.unwrap());
        for (number, answer) in more.into_iter().enumerate() {
            assert_eq!(answer.await, Some(number));
        }
    }
}
