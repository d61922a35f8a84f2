//! Checkers at rest: making one costs more than checking many a record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Checker, Dataset};

/// Most checkers that are kept for one dataset.
const KEPT_MAX: usize = 16;

/// Checkers by the name of their dataset.
#[derive(Debug, Default)]
pub(super) struct Checkers {
    kept: Mutex<HashMap<String, Vec<Checker>>>,
}

impl Checkers {
    /// A checker for records of `dataset`.
    pub(super) fn take(&self, dataset: &Arc<Dataset>) -> Checker {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let checker = kept.get_mut(&dataset.name).and_then(Vec::pop);
        drop(kept);
        checker.unwrap_or_else(|| Checker::new(Arc::clone(dataset)))
    }

    /// Takes a checker back.
    pub(super) fn give_back(&self, checker: Checker) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let checkers = kept.entry(checker.dataset().name.clone()).or_default();
        if checkers.len() < KEPT_MAX {
            checkers.push(checker);
        }
    }
}
