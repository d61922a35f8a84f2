//! A map with a bound: what nobody asked for the longest makes room.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// Up to so many values by key. Shows none of them, as keys may hold secrets.
pub(super) struct Bounded<K, V> {
    max: usize,
    /// Counts calls, to tell what was used last.
    calls: u64,
    entries: HashMap<K, (u64, V)>,
}

impl<K, V> fmt::Debug for Bounded<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("max", &self.max)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Bounded<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self { max, calls: 0, entries: HashMap::new() }
    }

    /// The value of the key, made where there is none.
    pub(super) fn get_or_insert(&mut self, key: &K, make: impl FnOnce() -> V) -> V {
        self.calls += 1;
        if let Some((used, value)) = self.entries.get_mut(key) {
            *used = self.calls;
            return value.clone();
        }
        if self.entries.len() >= self.max {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&oldest);
            }
        }
        let value = make();
        self.entries.insert(key.clone(), (self.calls, value.clone()));
        value
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The value of the key, if there is one.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.calls += 1;
        let (used, value) = self.entries.get_mut(key)?;
        *used = self.calls;
        Some(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let mut bounded = Bounded::new(2);
        for key in ["a", "b", "a", "c"] {
            bounded.get_or_insert(&key, || key.to_uppercase());
        }
        assert_eq!(bounded.get(&"a"), Some("A".to_owned()));
        assert_eq!(bounded.get(&"b"), None);
        assert_eq!(bounded.get(&"c"), Some("C".to_owned()));
    }
}
