//! Changes of the ledger that wait at the same time share a transaction, and so one flush of the
//! disk.
//!
//! ```text
//!   seal ──┐
//!   seal ──┼──► wait for the writer ──► one transaction ──flush──► an answer to each
//!   settle ┘                               │
//!                        one is refused: all are undone; those before it,
//!                        it alone, and those after it go one after the other
//! ```
//!
//! **Rules.** Steps are taken in the order in which they came. Who is answered that a step is taken
//! is answered after the flush. A step that is refused is undone with nothing else of its
//! transaction kept, and changes nothing for others. A step after a pause waits for nobody; one that
//! follows another closely waits for some milliseconds, with whatever else comes. Who has gone before
//! the writer was free has asked for nothing; who goes later changes nothing for the others.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::owner;
use super::step::Step;
use crate::sqlite::columns::refusal;
use crate::sqlite::{BEGIN, begin};
use crate::{CatalogError, Result};

/// Steps in one transaction, so that other writers get their turn in between.
const MEMBERS_MAX: usize = 256;

/// From the begin of one transaction to that of the next: a flush costs about as much for one step
/// as for many.
const APART: Duration = Duration::from_millis(4);

/// Where steps wait for the writer.
pub(in crate::sqlite) struct Groups {
    writer: SqlitePool,
    /// Which owner of the ledger its user is; 0 where it never took the ledger over.
    pub(super) owner: AtomicU64,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    members: VecDeque<Member>,
    /// Whether a task takes their steps.
    are_served: bool,
    /// When the next transaction may begin.
    next: Option<Instant>,
}

/// A step, and whom to tell what became of it.
#[derive(Debug)]
struct Member {
    step: Step,
    answer: oneshot::Sender<Result<()>>,
}

/// Why a transaction had no effect.
enum Refused {
    /// The step at this place in the group.
    One(usize, CatalogError),
    /// None of them; the error for a step of this action.
    All(Box<dyn Fn(&'static str) -> CatalogError + Send>),
}

impl Groups {
    /// Groups that write by `writer`, which has one connection.
    pub(in crate::sqlite) fn new(writer: &SqlitePool) -> Arc<Self> {
        let (owner, waiting) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { writer: writer.clone(), owner, waiting })
    }

    /// Takes a step, with what else waits.
    pub(super) async fn take(self: &Arc<Self>, step: Step) -> Result<()> {
        let action = step.action();
        let (answer, answered) = oneshot::channel();
        if self.add(Member { step, answer }) {
            // A task of its own: whoever asked may go away at any time.
            tokio::spawn(Service { groups: Arc::clone(self), is_over: false }.run());
        }
        // Without an answer the runtime ends: nobody knows what became of the step.
        let gone = |_| Err(refusal(action, &Arc::new(sqlx::Error::WorkerCrashed)));
        answered.await.unwrap_or_else(gone)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member; says whether nobody serves it yet.
    fn add(&self, member: Member) -> bool {
        let mut waiting = self.waiting();
        waiting.members.push_back(member);
        !std::mem::replace(&mut waiting.are_served, true)
    }

    /// When the next transaction may begin, which puts off the one after it.
    fn next(&self) -> Instant {
        let now = Instant::now();
        let mut waiting = self.waiting();
        let next = waiting.next.map_or(now, |next| next.max(now));
        waiting.next = Some(next + APART);
        next
    }

    /// Those who wait, in the order in which they came.
    fn gather(&self) -> Vec<Member> {
        let mut waiting = self.waiting();
        let count = waiting.members.len().min(MEMBERS_MAX);
        waiting.members.drain(..count).collect()
    }

    /// Waits for the writer, and takes the steps of all who wait then.
    async fn take_turn(&self) {
        sleep_until(self.next()).await;
        let mut begun = Some(begin(&self.writer).await);
        let mut left = vec![self.gather()];
        while let Some(mut group) = left.pop() {
            group.retain(|member| !member.answer.is_closed());
            if group.is_empty() {
                continue;
            }
            let begun = match begun.take() {
                Some(begun) => begun,
                None => begin(&self.writer).await,
            };
            match self.transact(begun, &group).await {
                Ok(()) => answer(group, |_| Ok(())),
                Err(Refused::All(error)) => answer(group, |action| Err(error(action))),
                Err(Refused::One(_, error)) if group.len() == 1 => {
                    let mut error = Some(error);
                    answer(group, |_| error.take().map_or(Ok(()), Err));
                }
                Err(Refused::One(at, _)) => {
                    let mut one = group.split_off(at);
                    let after = one.split_off(1);
                    left.extend([after, one, group]);
                }
            }
        }
    }

    async fn transact(
        &self,
        begun: sqlx::Result<Transaction<'static, Sqlite>>,
        group: &[Member],
    ) -> std::result::Result<(), Refused> {
        let mut tx = begun.map_err(|error| all(Some(BEGIN), error))?;
        let mine = self.owner.load(Ordering::Acquire);
        let newest =
            owner::superseded(&mut tx, mine).await.map_err(|error| all(Some(owner::ASK), error))?;
        if let Some(newest) = newest {
            let error = move |_| CatalogError::Superseded { mine, newest };
            return Err(Refused::All(Box::new(error)));
        }
        for (at, member) in group.iter().enumerate() {
            member.step.take(&mut tx).await.map_err(|error| Refused::One(at, error))?;
        }
        tx.commit().await.map_err(|error| all(None, error))
    }
}

/// All are refused, at `during` or at what each of them asked for.
fn all(during: Option<&'static str>, error: sqlx::Error) -> Refused {
    let source = Arc::new(error);
    Refused::All(Box::new(move |action| refusal(during.unwrap_or(action), &source)))
}

fn answer(group: Vec<Member>, mut what: impl FnMut(&'static str) -> Result<()>) {
    for member in group {
        // Whoever has gone does not need to know.
        let _ = member.answer.send(what(member.step.action()));
    }
}

/// The task that takes steps as long as any wait.
struct Service {
    groups: Arc<Groups>,
    is_over: bool,
}

impl Service {
    async fn run(mut self) {
        while self.goes_on() {
            self.groups.take_turn().await;
        }
    }

    fn goes_on(&mut self) -> bool {
        let mut waiting = self.groups.waiting();
        waiting.are_served = !waiting.members.is_empty();
        self.is_over = !waiting.are_served;
        waiting.are_served
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !self.is_over {
            // The runtime ends, or a bug: who waits is told, and the next one is served again.
            let mut waiting = self.groups.waiting();
            waiting.members.clear();
            waiting.are_served = false;
        }
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("owner", &self.owner).finish_non_exhaustive()
    }
}
