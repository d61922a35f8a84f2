//! What all simulated parts of one history share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::UnixNanos;

use crate::clock::SimClock;
use crate::crash::CrashSwitch;
use crate::trace::Trace;
use crate::violation::{Rule, Violation};

/// How often something was seen, by its name.
pub type Sights = BTreeMap<&'static str, u64>;

/// What all simulated parts of one history share.
#[derive(Debug)]
pub struct Storm {
    /// The time.
    pub clock: Arc<SimClock>,
    /// What happened.
    pub trace: Trace,
    /// Where the process dies.
    pub switch: CrashSwitch,
    is_calm: AtomicBool,
    sights: Mutex<Sights>,
    violations: Mutex<Vec<Violation>>,
    /// Uploads in parts that were noted in the ledger.
    noted: Mutex<BTreeSet<String>>,
}

impl Storm {
    /// A storm that begins at `origin` and whose trace is kept or not.
    pub fn new(origin: UnixNanos, is_traced: bool) -> Arc<Self> {
        let clock = Arc::new(SimClock::new(origin));
        Arc::new(Self {
            trace: Trace::new(Arc::clone(&clock), is_traced),
            clock,
            switch: CrashSwitch::default(),
            is_calm: AtomicBool::new(false),
            sights: Mutex::default(),
            violations: Mutex::default(),
            noted: Mutex::default(),
        })
    }

    /// From now on nothing fails and nothing dies.
    pub fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
        self.switch.disarm();
    }

    /// Whether the storm is over.
    pub fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// Counts something worth knowing that it happens at all.
    pub fn saw(&self, what: &'static str) {
        *self.sights.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// What was seen so far.
    pub fn sights(&self) -> Sights {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes down that a rule was broken.
    pub fn violated(&self, rule: Rule, what: String) {
        let violation = Violation { rule, what };
        self.trace.note(|| format!("VIOLATION {violation}"));
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    }

    /// The rules that were broken while the history ran.
    pub fn violations(&self) -> Vec<Violation> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes down that an upload in parts was noted in the ledger.
    pub fn note_upload(&self, id: &str) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    /// Whether an upload in parts was ever noted in the ledger.
    pub fn has_noted(&self, id: &str) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Sleeps, but not at all for no time.
    pub(crate) async fn pass(time: Duration) {
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }
}
