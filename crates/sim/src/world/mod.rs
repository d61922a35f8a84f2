//! Runs a history: many lives of the delivery process in one lasting world.
//!
//! ```text
//!  lasting   journal, catalogue, store, wire, clock, clients that try again
//!  a life    a runtime with virtual time and everything that runs on it; dropped in a crash
//! ```

mod clients;
mod customers;
mod life;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ::journal::FrameKind;
use catalog::{Actor, Tenants};
use delivery::{Level, Parts, Settings};
use model::dataset::Datasets;
use model::{Id, InstallationId, Scope, UnixNanos};

use crate::catalog::{MemoryCatalog, StormyCatalog};
use crate::flaw::Flaw;
use crate::history::{Event, Plan};
use crate::journal::StormyJournal;
use crate::oracle;
use crate::rng::Rng;
use crate::store::SimStore;
use crate::storm::{Sights, Storm};
use crate::violation::Violation;

pub use clients::Clients;
pub use customers::{Customers, JobStory, RevisionStory};

/// How a history is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// A deliberate mistake.
    pub flaw: Flaw,
    /// Whether the trace is kept.
    pub is_traced: bool,
}

/// What came of a history.
#[derive(Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// The rules that were broken; none in a sound house.
    pub violations: Vec<Violation>,
    /// What happened, where the trace was kept.
    pub trace: Vec<String>,
    /// How often what was seen.
    pub sights: Sights,
    /// A digest of all that the history left behind: objects, ledger, journal.
    pub fingerprint: u64,
    /// How many records were stored.
    pub records: u64,
    /// How many objects came out.
    pub objects: u64,
}

/// The world of one history.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) storm: Arc<Storm>,
    pub(crate) journal: Arc<StormyJournal>,
    pub(crate) catalog: Arc<MemoryCatalog>,
    stormy_catalog: Arc<StormyCatalog>,
    pub(crate) store: Arc<SimStore>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) customers: Customers,
    events: VecDeque<(Duration, Event)>,
    flaw: Flaw,
    rng: Rng,
}

/// Runs the history that `seed` decides, to its end.
pub fn run(seed: u64, options: Options) -> Report {
    let mut world = World::new(seed, options);
    world.live_through();
    world.store.clear_wire();
    let mut violations = world.storm.violations();
    let evidence = oracle::evidence::Evidence::gather(&world);
    violations.extend(oracle::judge(&evidence));
    Report {
        seed,
        violations,
        fingerprint: evidence.fingerprint(),
        trace: world.storm.trace.take(),
        sights: world.storm.sights(),
        records: records_stored(&world),
        objects: world.store.objects().len() as u64,
    }
}

fn records_stored(world: &World) -> u64 {
    let archive = world.journal.archive();
    let frames = archive.values().map(|archived| &archived.frame);
    let records = frames.filter(|frame| frame.kind == FrameKind::Records);
    records.map(|frame| u64::from(frame.records)).sum()
}

impl World {
    fn new(seed: u64, options: Options) -> Self {
        let plan = Plan::of(seed);
        let part = |name| Rng::of_part(seed, name);
        let storm = Storm::new(plan.origin, options.is_traced);
        let installation = InstallationId::from_random([(seed % 36) as u8; 12]);
        let catalog = Arc::new(MemoryCatalog::flawed(installation, options.flaw));
        let stormy_catalog = Arc::new(StormyCatalog::new(
            Arc::clone(&catalog),
            Arc::clone(&storm),
            plan.catalog,
            options.flaw,
            part("catalog"),
        ));
        let journal = Arc::new(StormyJournal::new(
            plan.partitions,
            Arc::clone(&storm),
            plan.journal,
            options.flaw,
            part("journal"),
        ));
        let store = Arc::new(SimStore::new(
            Arc::clone(&storm),
            plan.store,
            plan.manners.clone(),
            Arc::clone(&catalog),
            options.flaw,
            part("store"),
        ));
        let events = plan.events.iter().cloned().collect();
        Self {
            plan,
            storm,
            journal,
            catalog,
            stormy_catalog,
            store,
            clients: Arc::default(),
            customers: Customers::default(),
            events,
            flaw: options.flaw,
            rng: part("world"),
        }
    }

    /// The catalogue as another process sees it.
    fn another_catalog(&mut self) -> Arc<StormyCatalog> {
        let inner = Arc::new(self.catalog.another());
        let rng = Rng::new(self.rng.draw());
        let storm = Arc::clone(&self.storm);
        Arc::new(StormyCatalog::new(inner, storm, self.plan.catalog, self.flaw, rng))
    }

    fn parts(&self) -> Parts {
        Parts {
            journal: Arc::clone(&self.journal) as _,
            catalog: Arc::clone(&self.stormy_catalog) as _,
            store: Arc::clone(&self.store) as _,
            datasets: Arc::new(Datasets::builtin()),
            clock: Arc::clone(&self.storm.clock) as _,
        }
    }

    /// What the operator has set for a life; the level is another one each time.
    fn settings(&mut self) -> Settings {
        let level = match self.rng.between(1, 7) {
            7 => Level::Auto,
            level => Level::Fixed(level as u8),
        };
        Settings { gzip_level: level, ..self.plan.settings.clone() }
    }

    /// The scope of a zone.
    pub(crate) fn zone(number: u8) -> Scope {
        Scope::zone(Id::from_bytes([number + 1; 16]))
    }

    /// Adds the zones, where that was not done in an earlier life.
    async fn add_zones(&self) {
        const ACCOUNT: Id = Id::from_bytes([0xac; 16]);
        let by = Actor::system(UnixNanos(0));
        if self.catalog.account(ACCOUNT).await.is_ok() {
            return;
        }
        let added = self.catalog.add_account(ACCOUNT, "customer", "external id", &by).await;
        added.expect("the catalogue is empty");
        for number in 0..self.plan.zones {
            let (id, name) = (Self::zone(number).id, format!("zone-{number}.example"));
            self.catalog.add_zone(id, ACCOUNT, &name, &by).await.expect("no two zones are alike");
        }
    }
}
