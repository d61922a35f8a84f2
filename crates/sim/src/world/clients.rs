//! Those who send records in, and what they were told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::{Append, AppendError, FrameDraft, FrameKind, IdempotencyKey, Journal};
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
        !self.state().waiting.is_empty()
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
        let waiting = self.state().waiting.clone();
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
        tokio::spawn(async move {
            while let Err(error) = journal.append(partition, append.clone()).await {
                if append.key.is_none() || matches!(error, AppendError::Malformed(_)) {
                    return;
                }
                sleep(PAUSE_BEFORE_RETRY).await;
            }
            let mut state = clients.state();
            state.waiting.remove(&request);
            let numbers = append.frames.iter().flat_map(|frame| numbers_in(&frame.payload));
            state.acknowledged.extend(numbers);
        });
    }
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
