//! Which idempotency keys were seen within the last 24 hours, and what became of them.
//!
//! **Rules.** A key is claimed before its append is stored, and only one append at a time holds
//! the claim: others with the same key wait until it is settled. A claim that is dropped without
//! being confirmed leaves no trace, so that the next append with that key is stored. The count of
//! keys is bounded: beyond it the oldest are forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::time::NANOS_PER_SECOND;
use model::{OffsetRange, UnixNanos};
use tokio::sync::watch;

use crate::{IdempotencyKey, KeyCounts};

/// How long a key is remembered after its frames arrived.
pub(crate) const KEY_SECONDS: i64 = 24 * 60 * 60;

/// Whether a key whose frames came at `arrival` still counts at the time `now`.
pub(crate) fn is_remembered(arrival: UnixNanos, now: UnixNanos) -> bool {
    now.0.saturating_sub(arrival.0) < KEY_SECONDS * NANOS_PER_SECOND
}

/// The keys of the last 24 hours. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct KeyWindow {
    keys: Arc<Mutex<Keys>>,
}

/// What an append with a key may do.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Store its frames, then confirm.
    New(Reservation),
    /// Nothing: they stand at this range already.
    Repeated(OffsetRange),
    /// Nothing: the key was used with other content, whose frames stand at this range.
    Reused(OffsetRange),
}

/// A key whose append was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) key: IdempotencyKey,
    pub(crate) range: OffsetRange,
    pub(crate) arrival: UnixNanos,
}

#[derive(Debug)]
struct Keys {
    by_key: HashMap<[u8; 16], Entry>,
    /// Stored keys in the order in which they will be forgotten.
    order: VecDeque<([u8; 16], UnixNanos)>,
    count_max: usize,
    forgotten_early: u64,
}

#[derive(Debug)]
enum Entry {
    /// Its append is on the way; the channel closes when it is settled.
    Pending(watch::Receiver<()>),
    Stored {
        content: [u8; 16],
        range: OffsetRange,
        arrival: UnixNanos,
    },
}

impl KeyWindow {
    /// A window that remembers at most `count_max` keys.
    pub(crate) fn new(count_max: usize) -> Self {
        let keys =
            Keys { by_key: HashMap::new(), order: VecDeque::new(), count_max, forgotten_early: 0 };
        Self { keys: Arc::new(Mutex::new(keys)) }
    }

    /// How many keys are remembered, and how many were forgotten before their day was over.
    pub(crate) fn counts(&self) -> KeyCounts {
        let keys = self.lock();
        KeyCounts { held: keys.order.len() as u64, forgotten_early: keys.forgotten_early }
    }

    /// Remembers what was stored before; called before the first claim, in order of arrival.
    pub(crate) fn restore(&self, stored: impl IntoIterator<Item = StoredKey>) {
        let mut keys = self.lock();
        stored.into_iter().for_each(|stored| keys.remember(stored));
    }

    /// Claims `key`; waits while another append holds it.
    pub(crate) async fn claim(&self, key: IdempotencyKey, now: UnixNanos) -> Claim {
        loop {
            let mut settled = match self.try_claim(key, now) {
                Ok(claim) => return claim,
                Err(settled) => settled,
            };
            // Nothing is ever sent: the wait ends when the holder drops its end.
            let _closed = settled.changed().await;
        }
    }

    fn try_claim(&self, key: IdempotencyKey, now: UnixNanos) -> Result<Claim, watch::Receiver<()>> {
        let mut keys = self.lock();
        keys.forget_old(now);
        match keys.by_key.get(&key.key) {
            Some(Entry::Pending(settled)) => return Err(settled.clone()),
            Some(Entry::Stored { content, range, arrival }) if is_remembered(*arrival, now) => {
                return Ok(if *content == key.content {
                    Claim::Repeated(*range)
                } else {
                    Claim::Reused(*range)
                });
            }
            Some(Entry::Stored { .. }) | None => {}
        }
        let (holder, settled) = watch::channel(());
        keys.by_key.insert(key.key, Entry::Pending(settled));
        Ok(Claim::New(Reservation { keys: Arc::clone(&self.keys), key, _holder: holder }))
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    fn remember(&mut self, stored: StoredKey) {
        let StoredKey { key, range, arrival } = stored;
        self.by_key.insert(key.key, Entry::Stored { content: key.content, range, arrival });
        self.order.push_back((key.key, arrival));
        self.forget_old(arrival);
        if self.order.len() > self.count_max {
            self.forget_oldest();
            self.forgotten_early += 1;
        }
    }

    fn forget_old(&mut self, now: UnixNanos) {
        while self.order.front().is_some_and(|(_, arrival)| !is_remembered(*arrival, now)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((key, queued)) = self.order.pop_front() else {
            return;
        };
        // A key that was used again after its day stands in the queue twice; its newer entry stays.
        let is_oldest = matches!(
            self.by_key.get(&key),
            Some(Entry::Stored { arrival, .. }) if *arrival == queued
        );
        if is_oldest {
            self.by_key.remove(&key);
        }
    }
}

/// The right to store an append under its key. Dropped without [`Reservation::confirm`], it
/// releases the key.
#[derive(Debug)]
pub(crate) struct Reservation {
    keys: Arc<Mutex<Keys>>,
    key: IdempotencyKey,
    _holder: watch::Sender<()>,
}

impl Reservation {
    /// The key that is held.
    pub(crate) const fn key(&self) -> IdempotencyKey {
        self.key
    }

    /// Remembers that the append is durable at `range`.
    pub(crate) fn confirm(self, range: OffsetRange, arrival: UnixNanos) {
        let stored = StoredKey { key: self.key, range, arrival };
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remember(stored);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(keys.by_key.get(&self.key.key), Some(Entry::Pending(_))) {
            keys.by_key.remove(&self.key.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Offset;

    use super::*;

    const DAY: i64 = KEY_SECONDS * NANOS_PER_SECOND;

    fn key(key: u8, content: u8) -> IdempotencyKey {
        IdempotencyKey { key: [key; 16], content: [content; 16] }
    }

    fn range(first: u64) -> OffsetRange {
        OffsetRange::new(Offset(first), Offset(first + 1))
    }

    async fn store(window: &KeyWindow, name: u8, at: i64) {
        match window.claim(key(name, 0), UnixNanos(at)).await {
            Claim::New(reservation) => reservation.confirm(range(u64::from(name)), UnixNanos(at)),
            other => panic!("the key should be new, got {other:?}"),
        }
    }

    async fn is_known(window: &KeyWindow, name: u8, at: i64) -> bool {
        matches!(window.claim(key(name, 0), UnixNanos(at)).await, Claim::Repeated(_))
    }

    #[tokio::test]
    async fn a_key_is_known_for_a_day() {
        let window = KeyWindow::new(10);
        store(&window, 1, 0).await;
        assert!(is_known(&window, 1, DAY - 1).await);
        assert!(!is_known(&window, 1, DAY).await);
    }

    #[tokio::test]
    async fn a_key_used_again_after_its_day_is_known_for_another() {
        let window = KeyWindow::new(2);
        store(&window, 1, 0).await;
        store(&window, 1, DAY).await;
        store(&window, 2, DAY).await;
        assert!(is_known(&window, 1, DAY + 1).await);
    }

    #[tokio::test]
    async fn beyond_the_bound_the_oldest_key_is_forgotten() {
        let window = KeyWindow::new(2);
        for name in 1..=3 {
            store(&window, name, i64::from(name)).await;
        }
        assert_eq!(window.counts(), KeyCounts { held: 2, forgotten_early: 1 });
        assert!(!is_known(&window, 1, 4).await);
        assert!(is_known(&window, 2, 4).await);
    }

    #[tokio::test]
    async fn a_key_whose_day_is_over_is_not_forgotten_early() {
        let window = KeyWindow::new(1);
        store(&window, 1, 0).await;
        store(&window, 2, DAY).await;
        assert_eq!(window.counts(), KeyCounts { held: 1, forgotten_early: 0 });
    }

    #[tokio::test]
    async fn a_dropped_claim_lets_the_waiting_one_through() {
        let window = KeyWindow::new(2);
        let Claim::New(first) = window.claim(key(1, 0), UnixNanos(0)).await else {
            panic!("the key should be new");
        };
        let second = tokio::spawn({
            let window = window.clone();
            async move { matches!(window.claim(key(1, 9), UnixNanos(0)).await, Claim::New(_)) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap());
    }
}
