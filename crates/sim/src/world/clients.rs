//! Those who send records in, and what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::{Append, FrameDraft, FrameKind, IdempotencyKey, Journal};
use model::Partition;
use tokio::time::sleep;

use super::World;
use crate::history::{FramePlan, Record, numbers_in};
use crate::journal::StormyJournal;

const PAUSE_BEFORE_RETRY: Duration = Duration::from_secs(1);

/// All clients. They outlive the process, and try again what they sent with a key.
#[derive(Debug, Default)]
pub struct Clients {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    /// Sent with a key and not acknowledged.
    waiting: BTreeMap<u64, (Partition, Append)>,
    /// On their way in this life, with a key or without.
    on_their_way: BTreeSet<u64>,
    /// Numbers of records that were acknowledged.
    acknowledged: Vec<u32>,
}

impl Clients {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of the records whose storing was acknowledged.
    pub fn acknowledged(&self) -> Vec<u32> {
        self.state().acknowledged.clone()
    }

    /// Whether somebody is still trying.
    pub(super) fn are_waiting(&self) -> bool {
        !self.state().on_their_way.is_empty()
    }

    /// Sends a request; one with a key again and again until it is acknowledged.
    pub(super) fn send(
        self: &Arc<Self>,
        journal: &Arc<StormyJournal>,
        partition: Partition,
        append: Append,
    ) {
        let request = {
            let mut state = self.state();
            state.requests += 1;
            let request = state.requests;
            if append.key.is_some() {
                state.waiting.insert(request, (partition, append.clone()));
            }
            request
        };
        self.start(journal, request, partition, append);
    }

    /// Takes up in a new life what was not acknowledged in the one before.
    pub(super) fn try_again(self: &Arc<Self>, journal: &Arc<StormyJournal>) {
        let waiting = {
            let mut state = self.state();
            state.on_their_way.clear();
            state.waiting.clone()
        };
        for (request, (partition, append)) in waiting {
            self.start(journal, request, partition, append);
        }
    }

    fn start(
        self: &Arc<Self>,
        journal: &Arc<StormyJournal>,
        request: u64,
        partition: Partition,
        append: Append,
    ) {
        let (clients, journal) = (Arc::clone(self), Arc::clone(journal));
        self.state().on_their_way.insert(request);
        tokio::spawn(async move {
            let is_stored = send_in(&journal, partition, &append).await;
            let mut state = clients.state();
            state.on_their_way.remove(&request);
            if is_stored {
                state.waiting.remove(&request);
                let numbers = append.frames.iter().flat_map(|frame| numbers_in(&frame.payload));
                state.acknowledged.extend(numbers);
            }
        });
    }
}

/// Sends a request in, one with a key until it is acknowledged; says whether it was.
async fn send_in(journal: &StormyJournal, partition: Partition, append: &Append) -> bool {
    while journal.append(partition, append.clone()).await.is_err() {
        if append.key.is_none() {
            return false;
        }
        sleep(PAUSE_BEFORE_RETRY).await;
    }
    true
}

/// The request that is planned.
pub(super) fn append(frames: &[FramePlan], keyed: bool, bulk: bool) -> Append {
    let key = keyed.then(|| {
        let first = frames.first().map_or(0, |frame| frame.first);
        let digest = u128::from(first).to_be_bytes();
        IdempotencyKey { key: digest, content: digest }
    });
    Append { key, frames: frames.iter().map(|frame| draft(frame, bulk)).collect() }
}

fn draft(frame: &FramePlan, bulk: bool) -> FrameDraft {
    let mut payload = String::new();
    for number in frame.first..frame.first + frame.records {
        Record::of(number, bulk).write_line(&mut payload);
    }
    let kind = if frame.is_quarantine { FrameKind::Quarantine } else { FrameKind::Records };
    FrameDraft {
        kind,
        scope: World::zone(frame.zone),
        dataset: frame.dataset.to_owned(),
        records: frame.records,
        payload: payload.into(),
    }
}
