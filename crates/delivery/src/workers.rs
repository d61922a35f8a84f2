//! Where CPU work runs: a small, fixed number of threads, or the calling task itself.

use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
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
    Threads(Sender<WorkItem>),
    /// In the calling task: for the simulator, where nothing may run beside it.
    Inline(Arc<Mutex<Bench>>),
}

/// A piece of work on its way to a thread.
pub(crate) struct WorkItem(Work);

impl Workers {
    /// Work on `threads` threads.
    pub(crate) fn threads(threads: NonZeroUsize) -> std::io::Result<Self> {
        let (sender, receiver) = channel::<WorkItem>();
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.get() {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new()
                .name(format!("encode-{number}"))
                .spawn(move || run_thread(&receiver))?;
        }
        Ok(Self::Threads(sender))
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
            Self::Threads(sender) => {
                let _ = sender.send(WorkItem(Box::new(work)));
            }
        }
        async move { answer.await.ok() }
    }
}

fn run_thread(receiver: &Mutex<Receiver<WorkItem>>) {
    let mut bench = Bench::default();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(WorkItem(work)) = next else { return };
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
}
