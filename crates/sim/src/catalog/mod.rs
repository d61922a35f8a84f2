//! A catalogue in memory that keeps every promise of the real one, and what a storm makes of it.
//!
//! Its state outlives the simulated process, as a database does. [`StormyCatalog`] stands between
//! it and delivery.

mod history;
mod jobs;
mod ledger;
mod stormy;
mod tenants;
mod tokens;
mod uploads;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::{
    Account, Action, BatchRecord, Capability, CatalogError, HourFigures, Job, JobEvent,
    JobRevision, Loss, OpenUpload, Page, Paged, Result, Token, TokenHash, Totals, Zone,
};
use model::{AccountId, InstallationId, JobId, Offset, Partition, Scope, ScopeKind, UnixNanos};

use crate::flaw::Flaw;

pub use stormy::{CatalogRates, StormyCatalog};

/// A catalogue in memory.
#[derive(Debug)]
pub struct MemoryCatalog {
    installation: InstallationId,
    /// All that is known; other processes' handles share it.
    state: Arc<Mutex<State>>,
    /// Which owner of the ledger this handle's user is; 0 where it never took the ledger over.
    owner: AtomicU64,
    flaw: Flaw,
}

/// Everything that the catalogue knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    accounts: Vec<Account>,
    deleted_accounts: Vec<Account>,
    zones: Vec<Zone>,
    deleted_zones: Vec<Zone>,
    tokens: Vec<(TokenHash, Token)>,
    jobs: BTreeMap<JobId, JobEntry>,
    cursors: BTreeMap<(JobId, Partition), Offset>,
    batches: BTreeMap<(JobId, Partition, Offset), BatchRecord>,
    /// Which batch has an object's key.
    keys: BTreeMap<String, (JobId, Partition, Offset)>,
    losses: Vec<Loss>,
    uploads: BTreeMap<(JobId, Partition, Offset, String), OpenUpload>,
    /// Of each job, by the time that they happened last.
    events: BTreeMap<JobId, Vec<JobEvent>>,
    figures: BTreeMap<(JobId, UnixNanos), HourFigures>,
    actions: Vec<Action>,
    capabilities: BTreeMap<(String, String), Capability>,
    /// How many changes of jobs there were.
    job_version: u64,
    /// Which owner owns the ledger.
    owner: u64,
}

#[derive(Debug, Clone)]
struct JobEntry {
    job: Job,
    revisions: Vec<JobRevision>,
    is_deleted: bool,
    /// The version at which it changed last.
    changed: u64,
    totals: Totals,
}

impl MemoryCatalog {
    /// An empty catalogue.
    pub fn new(installation: InstallationId) -> Self {
        Self { installation, state: Arc::default(), owner: AtomicU64::new(0), flaw: Flaw::None }
    }

    /// An empty catalogue, which a flaw may keep from comparing owners.
    pub fn flawed(installation: InstallationId, flaw: Flaw) -> Self {
        Self { flaw, ..Self::new(installation) }
    }

    /// A handle on the same catalogue for another process.
    #[must_use]
    pub fn another(&self) -> Self {
        let (state, owner) = (Arc::clone(&self.state), AtomicU64::new(0));
        Self { installation: self.installation.clone(), state, owner, flaw: self.flaw }
    }

    /// The ledger's entry for the object of this key; `None` where none is sealed.
    pub fn batch_of_key(&self, key: &str) -> Option<BatchRecord> {
        let state = self.state();
        let batch = state.keys.get(key)?;
        state.batches.get(batch).cloned()
    }

    /// All batches in the ledger, by job, partition and range, those of deleted jobs included.
    pub fn all_batches(&self) -> Vec<BatchRecord> {
        self.state().batches.values().cloned().collect()
    }

    /// All cursors, those of deleted jobs included.
    pub fn every_cursor(&self) -> BTreeMap<(JobId, Partition), Offset> {
        self.state().cursors.clone()
    }

    /// All that was given up.
    pub fn every_loss(&self) -> Vec<Loss> {
        self.state().losses.clone()
    }

    /// The sums over each job's delivered batches.
    pub fn every_total(&self) -> BTreeMap<JobId, Totals> {
        self.state().jobs.iter().map(|(&id, entry)| (id, entry.totals)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a step of the ledger's owner.
    fn step(&self) -> Result<MutexGuard<'_, State>> {
        let (state, mine) = (self.state(), self.owner.load(Ordering::Relaxed));
        if mine == 0 || mine == state.owner || self.flaw == Flaw::FencesNobody {
            return Ok(state);
        }
        Err(CatalogError::Superseded { mine, newest: state.owner })
    }

    /// Everything as it is now.
    pub(crate) fn snapshot(&self) -> State {
        self.state().clone()
    }

    /// Back to how it was: what a database does that did not flush.
    pub(crate) fn restore(&self, state: State) {
        *self.state() = state;
    }
}

impl State {
    fn job(&self, id: JobId) -> Result<&JobEntry> {
        let entry = self.jobs.get(&id).filter(|entry| !entry.is_deleted);
        entry.ok_or_else(|| not_found("job", &id))
    }

    fn job_mut(&mut self, id: JobId) -> Result<&mut JobEntry> {
        let entry = self.jobs.get_mut(&id).filter(|entry| !entry.is_deleted);
        entry.ok_or_else(|| not_found("job", &id))
    }

    fn is_deleted(&self, id: JobId) -> bool {
        self.job(id).is_err()
    }

    /// `NotFound` unless there is such an account or zone.
    fn require(&self, scope: Scope) -> Result<()> {
        let is_known = match scope.kind {
            ScopeKind::Account => self.accounts.iter().any(|account| account.id == scope.id),
            ScopeKind::Zone => self.zones.iter().any(|zone| zone.id == scope.id),
        };
        if is_known { Ok(()) } else { Err(not_found(scope.kind.name(), &scope.id)) }
    }

    /// The account that a scope belongs to.
    fn account_of(&self, scope: Scope) -> AccountId {
        let mut zones = self.zones.iter().chain(&self.deleted_zones);
        let zone = zones.find(|zone| scope == Scope::zone(zone.id));
        zone.map_or(scope.id, |zone| zone.account)
    }
}

fn not_found(what: &'static str, id: &impl ToString) -> CatalogError {
    CatalogError::NotFound { what, id: id.to_string() }
}

/// One page of `all`.
fn paged<T>(all: impl Iterator<Item = T>, page: Page) -> Paged<T> {
    let before = u64::from(page.number.saturating_sub(1)) * u64::from(page.size);
    let mut items: Vec<T> = all.collect();
    let total = items.len() as u64;
    let before = usize::try_from(before).unwrap_or(usize::MAX).min(items.len());
    items.drain(..before);
    items.truncate(page.size as usize);
    Paged { items, total }
}
