//! A destination that is away for an hour of virtual time: it costs its own job alone, and that
//! one catches up by itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalog::{Actor, BatchState, Cursor, Job, JobChange, Jobs, Ledger, Page, Tenants};
use delivery::{Delivery, Parts, Settings, StoreErrorKind};
use journal::{Append, Clock, FrameDraft, FrameKind, Journal, MemoryJournal};
use model::{Datasets, Id, InstallationId, JobSpec, Offset, Partition, Scope, UnixNanos};
use sim::Flaw;
use sim::catalog::MemoryCatalog;
use sim::rng::Rng;
use sim::store::{SimStore, StoreRates};
use sim::storm::Storm;
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
const AWAY_FROM: Duration = Duration::from_secs(10 * 60);
const AWAY_UNTIL: Duration = Duration::from_secs(70 * 60);
const END: Duration = Duration::from_secs(90 * 60);
/// 2024-03-01T10:00:00Z.
const MORNING: i64 = 1_709_287_200;
const ZONE: Id = Id::from_bytes([2; 16]);
/// Far from every bound of a batch but its interval.
const RECORDS: u32 = 20;

/// A delivered batch: its key, how many records, and when it was delivered.
type Told = (String, u64, UnixNanos);

struct World {
    storm: Arc<Storm>,
    store: Arc<SimStore>,
    catalog: Arc<MemoryCatalog>,
    journal: Arc<MemoryJournal>,
}

impl World {
    async fn new() -> Self {
        let origin = UnixNanos::from_seconds(MORNING).unwrap();
        let storm = Storm::new(origin, false);
        storm.clock.begin_life();
        storm.calm_down();
        let catalog = Arc::new(MemoryCatalog::new(InstallationId::from_random([7; 12])));
        // A request to a bucket that is away takes its time to fail.
        let rates = StoreRates {
            slow_down: 0,
            unavailable: 0,
            unreachable: 0,
            lost_answer: 0,
            stall: 0,
            twice: 0,
            latency: Duration::from_secs(5),
        };
        let (ledger, rng) = (Arc::clone(&catalog), Rng::new(1));
        let store = Arc::new(SimStore::new(
            Arc::clone(&storm),
            rates,
            BTreeMap::new(),
            ledger,
            Flaw::None,
            rng,
        ));
        let clock = Arc::clone(&storm.clock) as Arc<dyn Clock>;
        let journal = Arc::new(MemoryJournal::new(1, clock));
        let account = Id::from_bytes([1; 16]);
        let by = Actor::system(origin);
        catalog.add_account(account, "customer", "external id", &by).await.unwrap();
        catalog.add_zone(ZONE, account, "zone.example", &by).await.unwrap();
        Self { storm, store, catalog, journal }
    }

    async fn job(&self, bucket: &str) -> Job {
        let change = JobChange {
            spec: JobSpec {
                dataset: "http_requests".to_owned(),
                destination: format!("s3://{bucket}/logs?region=us-east-1"),
                max_upload_interval_seconds: Some(30),
                ..JobSpec::default()
            },
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin = [Cursor { partition: Partition(0), next: Offset(0) }];
        let by = Actor::system(self.storm.clock.now());
        self.catalog.add_job(Scope::zone(ZONE), change, &begin, &by).await.unwrap()
    }

    async fn send(&self, number: u64) {
        let line = |of| format!("{{\"RayID\":\"ray-{number:06}-{of}\"}}\n");
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope: Scope::zone(ZONE),
            dataset: "http_requests".to_owned(),
            records: RECORDS,
            payload: (0..RECORDS).map(line).collect::<String>().into(),
        };
        self.journal.append(Partition(0), Append { key: None, frames: vec![frame] }).await.unwrap();
    }

    async fn told(&self, job: &Job) -> Vec<Told> {
        let page = self.catalog.batches(job.id, Page::ALL).await.unwrap();
        let told = page.items.into_iter().filter_map(|record| match record.state {
            BatchState::Delivered(delivered) => {
                Some((record.batch.key, record.batch.records, delivered.at))
            }
            _ => None,
        });
        let mut told: Vec<Told> = told.collect();
        told.sort();
        told
    }
}

fn records(told: &[Told]) -> u64 {
    told.iter().map(|(_, records, _)| records).sum()
}

/// What was delivered for a job to `amber` and for one to `birch`, where `amber` is away for an
/// hour or not; and how long after the hour the first had caught up.
async fn history(is_away: bool) -> [Vec<Told>; 2] {
    let world = World::new().await;
    let (amber, birch) = (world.job("amber").await, world.job("birch").await);
    let parts = Parts {
        journal: Arc::clone(&world.journal) as _,
        catalog: Arc::clone(&world.catalog) as _,
        store: Arc::clone(&world.store) as _,
        datasets: Arc::new(Datasets::builtin()),
        clock: Arc::clone(&world.storm.clock) as _,
    };
    let mut settings = Settings::new(PathBuf::from("/nonexistent/spool"));
    settings.workers = 1;
    let delivery = Delivery::start_in_one_thread(settings, parts).await.unwrap();
    let mut sent = 0;
    while world.storm.clock.elapsed() < END {
        let now = world.storm.clock.elapsed();
        if is_away && now >= AWAY_FROM {
            let refusal = (now < AWAY_UNTIL).then_some(StoreErrorKind::NoAnswer);
            world.store.refuse("amber", refusal);
        }
        world.send(sent).await;
        sent += 1;
        sleep(Duration::from_secs(7)).await;
    }
    if is_away {
        // It caught up long before the end: what it has not yet is not older than its interval.
        let caught_up = records(&world.told(&amber).await) + 10 * u64::from(RECORDS);
        assert!(caught_up >= sent * u64::from(RECORDS), "{caught_up} of {sent} frames");
    }
    sleep(MINUTE * 2).await;
    let told = [world.told(&amber).await, world.told(&birch).await];
    assert_eq!(delivery.stop(MINUTE).await, 0);
    for told in &told {
        assert_eq!(records(told), sent * u64::from(RECORDS));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn an_hour_away_costs_its_own_job_alone_which_catches_up_by_itself() {
    let [calm_amber, calm_birch] = history(false).await;
    let [amber, birch] = history(true).await;
    assert_eq!(birch, calm_birch, "the neighbour noticed");
    assert_ne!(amber, calm_amber, "nothing was away");
    let end_of_hour = MORNING + i64::try_from(AWAY_UNTIL.as_secs()).unwrap();
    let end_of_hour = UnixNanos::from_seconds(end_of_hour).unwrap();
    let late = amber.iter().filter(|(_, _, at)| *at >= end_of_hour);
    assert!(late.count() > 10, "nothing waited");
}
