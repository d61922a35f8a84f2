//! Appends that wait become durable together, and none is seen before it is durable.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex};

use journal::local::{Disk, OsDisk};
use journal::{Append, Appended, Journal, LocalJournal};
use model::Offset;
use tokio::task::{JoinHandle, yield_now};

use crate::setup::{Home, P0, append, draft, payload, range, store};

/// A disk that counts its fdatasyncs, and on which they can be held up.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    /// How many have begun.
    begun: u64,
    /// Those numbered from here on wait.
    held_from: Option<u64>,
}

impl Gate {
    /// Lets `more` fdatasyncs pass from now on, and holds up the next one.
    fn hold_after(&self, more: u64) {
        let mut state = self.state.lock().unwrap();
        state.held_from = Some(state.begun + more);
        self.changed.notify_all();
    }

    fn open(&self) {
        self.state.lock().unwrap().held_from = None;
        self.changed.notify_all();
    }

    fn begun(&self) -> u64 {
        self.state.lock().unwrap().begun
    }

    /// Waits until that many fdatasyncs have begun.
    async fn reached(&self, begun: u64) {
        while self.begun() < begun {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

impl Disk for Gate {
    fn sync(&self, file: &File) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let number = state.begun;
        state.begun += 1;
        let is_held = |state: &mut GateState| state.held_from.is_some_and(|held| number >= held);
        drop(self.changed.wait_while(state, is_held).unwrap());
        OsDisk.sync(file)
    }
}

fn open(home: &Home) -> (Arc<Gate>, Arc<LocalJournal>) {
    let gate = Arc::new(Gate::default());
    let journal = home.try_open_on(Arc::<Gate>::clone(&gate)).unwrap();
    (gate, Arc::new(journal))
}

fn spawn(journal: &Arc<LocalJournal>, append: Append) -> JoinHandle<Appended> {
    let journal = Arc::clone(journal);
    tokio::spawn(async move { journal.append(P0, append).await.unwrap() })
}

#[tokio::test]
async fn many_waiting_appends_take_one_fdatasync() {
    let home = Home::new();
    let (gate, journal) = open(&home);
    gate.hold_after(0);
    let before = gate.begun();
    let first = spawn(&journal, append(&["first\n"]));
    gate.reached(before + 1).await;
    let waiting = (0..50).map(|_| spawn(&journal, append(&["a\n", "b\n"]))).collect::<Vec<_>>();
    yield_now().await;
    assert_eq!(journal.bounds(P0).end, Offset(0), "nothing is seen before it is durable");
    gate.open();
    assert_eq!(first.await.unwrap().range(), range(0, 1));
    for (number, append) in (0..).zip(waiting) {
        let first = 1 + 2 * number;
        assert_eq!(append.await.unwrap().range(), range(first, first + 2));
    }
    assert_eq!(gate.begun() - before, 2, "one for the first, one for all others");
}

#[tokio::test]
async fn a_group_takes_no_more_than_its_bytes() {
    let mut home = Home::new();
    home.settings.commit_bytes_max = 1_000;
    let (gate, journal) = open(&home);
    gate.hold_after(0);
    let before = gate.begun();
    let first = spawn(&journal, append(&["first\n"]));
    gate.reached(before + 1).await;
    // Each takes 64 bytes of header, 13 of name and 323 of payload: two fit a group.
    let frame = || Append { key: None, frames: vec![draft(payload(323))] };
    let waiting = (0..8).map(|_| spawn(&journal, frame())).collect::<Vec<_>>();
    yield_now().await;
    gate.open();
    first.await.unwrap();
    for append in waiting {
        append.await.unwrap();
    }
    assert_eq!(gate.begun() - before, 5);
}

#[tokio::test]
async fn a_large_append_is_written_in_steps_and_seen_at_once() {
    let mut home = Home::new();
    home.settings.commit_bytes_max = 1_000;
    let (gate, journal) = open(&home);
    store(&journal, &["before\n"]).await;
    let before = gate.begun();
    gate.hold_after(4);
    let frames = (0..10).map(|_| draft(payload(323))).collect();
    let large = spawn(&journal, Append { key: None, frames });
    gate.reached(before + 5).await;
    assert_eq!(journal.bounds(P0).end, Offset(1), "a part of an append is never seen");
    gate.open();
    assert_eq!(large.await.unwrap().range(), range(1, 11));
    assert_eq!(gate.begun() - before, 5);
}

#[tokio::test]
async fn an_append_stands_even_where_nobody_waits_for_the_answer() {
    let home = Home::new();
    let (gate, journal) = open(&home);
    gate.hold_after(0);
    let before = gate.begun();
    let abandoned = spawn(&journal, append(&["1\n"]));
    gate.reached(before + 1).await;
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    gate.open();
    journal.wait_beyond(P0, Offset(0)).await;
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2));
}

#[tokio::test]
async fn what_waits_is_bounded_and_the_rest_waits_outside() {
    let mut home = Home::new();
    home.settings.queue_bytes_max = 1_000;
    let (gate, journal) = open(&home);
    gate.hold_after(0);
    let before = gate.begun();
    let first = spawn(&journal, append(&["1\n"]));
    gate.reached(before + 1).await;
    // Larger than all the room: it gets in when the queue is empty, and not before.
    let frames = (0..10).map(|_| draft(payload(323))).collect();
    let large = spawn(&journal, Append { key: None, frames });
    yield_now().await;
    large.abort();
    assert!(large.await.unwrap_err().is_cancelled());
    gate.open();
    first.await.unwrap();
    assert_eq!(store(&journal, &["2\n"]).await, range(1, 2), "the large one was never taken");
}

#[tokio::test]
async fn opening_makes_durable_what_a_killed_process_may_have_left() {
    let home = Home::new();
    let (_, journal) = open(&home);
    store(&journal, &["1\n"]).await;
    journal.close().await;
    drop(journal);
    let (gate, journal) = open(&home);
    assert_eq!(gate.begun(), 1);
    assert_eq!(journal.bounds(P0).end, Offset(1));
}
