//! A customer with a zone, and all that delivers their records, from ten in the morning on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalog::{Actor, BatchRecord, BatchState, Cursor, Delivered, Job, JobChange, Jobs, Ledger};
use catalog::{Page, Tenants};
use delivery::{Delivery, Parts, Settings};
use journal::{Append, Clock, FrameDraft, FrameKind, Journal, MemoryJournal};
use model::{Batch, Datasets, Id, InstallationId, JobSpec, Offset, Partition, Scope, UnixNanos};
use sim::Flaw;
use sim::catalog::MemoryCatalog;
use sim::rng::Rng;
use sim::store::{SimStore, StoreRates};
use sim::storm::Storm;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
/// Between two frames.
pub(crate) const PACE: Duration = Duration::from_secs(7);
/// 2024-03-01T10:00:00Z, when a world begins.
pub(crate) const MORNING: i64 = 1_709_287_200;
pub(crate) const PARTITION: Partition = Partition(0);
const ZONE: Id = Id::from_bytes([2; 16]);
const DATASET: &str = "http_requests";

pub(crate) struct World {
    pub(crate) storm: Arc<Storm>,
    pub(crate) store: Arc<SimStore>,
    pub(crate) catalog: Arc<MemoryCatalog>,
    pub(crate) journal: Arc<MemoryJournal>,
}

impl World {
    /// A world without jobs, whose store takes so long for a request.
    pub(crate) async fn new(latency: Duration) -> Self {
        let origin = UnixNanos::from_seconds(MORNING).unwrap();
        let storm = Storm::new(origin, false);
        storm.clock.begin_life();
        storm.calm_down();
        let catalog = Arc::new(MemoryCatalog::new(InstallationId::from_random([7; 12])));
        let rates = StoreRates {
            slow_down: 0,
            unavailable: 0,
            unreachable: 0,
            lost_answer: 0,
            stall: 0,
            twice: 0,
            latency,
        };
        let (storm_of_store, ledger, rng) = (Arc::clone(&storm), Arc::clone(&catalog), Rng::new(1));
        let store = SimStore::new(storm_of_store, rates, BTreeMap::new(), ledger, Flaw::None, rng);
        let clock = Arc::clone(&storm.clock) as Arc<dyn Clock>;
        let journal = Arc::new(MemoryJournal::new(1, clock));
        let (account, by) = (Id::from_bytes([1; 16]), Actor::system(origin));
        catalog.add_account(account, "customer", "external id", &by).await.unwrap();
        catalog.add_zone(ZONE, account, "zone.example", &by).await.unwrap();
        Self { storm, store: Arc::new(store), catalog, journal }
    }

    /// A job that pushes to a bucket, in batches of half a minute.
    pub(crate) async fn job(&self, bucket: &str) -> Job {
        let change = JobChange {
            spec: JobSpec {
                dataset: DATASET.to_owned(),
                destination: format!("s3://{bucket}/logs?region=us-east-1"),
                max_upload_interval_seconds: Some(30),
                ..JobSpec::default()
            },
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin = [Cursor { partition: PARTITION, next: Offset(0) }];
        let by = Actor::system(self.storm.clock.now());
        self.catalog.add_job(Scope::zone(ZONE), change, &begin, &by).await.unwrap()
    }

    /// Delivery in one thread, with these settings changed.
    pub(crate) async fn deliver(&self, change: impl FnOnce(&mut Settings)) -> Delivery {
        let parts = Parts {
            journal: Arc::clone(&self.journal) as _,
            catalog: Arc::clone(&self.catalog) as _,
            store: Arc::clone(&self.store) as _,
            datasets: Arc::new(Datasets::builtin()),
            clock: Arc::clone(&self.storm.clock) as _,
        };
        let mut settings = Settings::new(PathBuf::from("/nonexistent/spool"));
        settings.workers = 1;
        change(&mut settings);
        Delivery::start_in_one_thread(settings, parts).await.unwrap()
    }

    /// The frame of this number arrives, with so many records.
    pub(crate) async fn send(&self, number: u64, records: u32) {
        let line = |of| format!("{{\"RayID\":\"ray-{number:06}-{of}\"}}\n");
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope: Scope::zone(ZONE),
            dataset: DATASET.to_owned(),
            records,
            payload: (0..records).map(line).collect::<String>().into(),
        };
        self.journal.append(PARTITION, Append { key: None, frames: vec![frame] }).await.unwrap();
    }

    /// The batches of a job that are delivered.
    pub(crate) async fn delivered(&self, job: &Job) -> Vec<(Batch, Delivered)> {
        let told = |BatchRecord { batch, state, .. }| match state {
            BatchState::Delivered(delivered) => Some((batch, delivered)),
            _ => None,
        };
        let batches = self.catalog.batches(job.id, Page::ALL).await.unwrap().items;
        batches.into_iter().filter_map(told).collect()
    }
}
