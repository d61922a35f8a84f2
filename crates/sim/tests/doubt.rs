//! A catalogue that loses a job for longer than the journal keeps frames, in virtual time: nothing
//! is trimmed meanwhile, and the job delivers everything once it is there again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalog::{
    Actor, BatchState, Catalog, Cursor, History, Job, JobChange, Jobs, Ledger, Page, Tenants,
};
use delivery::{Delivery, Doubt, Parts, Settings};
use journal::{Append, Clock, FrameDraft, FrameKind, Journal, MemoryJournal, Retention};
use model::{Datasets, Id, InstallationId, JobSpec, Offset, Partition, Scope, UnixNanos};
use sim::Flaw;
use sim::catalog::MemoryCatalog;
use sim::rng::Rng;
use sim::store::{SimStore, StoreRates};
use sim::storm::Storm;
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
const LOST_FROM: Duration = Duration::from_secs(10 * 60);
const LOST_UNTIL: Duration = Duration::from_secs(40 * 60);
const END: Duration = Duration::from_secs(60 * 60);
/// Frames of the first ten minutes of the loss expire before it is over.
const RETENTION_SECONDS: u64 = 20 * 60;
/// 2024-03-01T10:00:00Z.
const MORNING: i64 = 1_709_287_200;
const ZONE: Id = Id::from_bytes([2; 16]);
const PARTITION: Partition = Partition(0);
const CALM: StoreRates = StoreRates {
    slow_down: 0,
    unavailable: 0,
    unreachable: 0,
    lost_answer: 0,
    stall: 0,
    twice: 0,
    latency: Duration::from_millis(50),
};

async fn job(catalog: &MemoryCatalog, bucket: &str, by: &Actor) -> Job {
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
    let begin = [Cursor { partition: PARTITION, next: Offset(0) }];
    catalog.add_job(Scope::zone(ZONE), change, &begin, by).await.unwrap()
}

async fn send(journal: &MemoryJournal, number: u64) {
    let frame = FrameDraft {
        kind: FrameKind::Records,
        scope: Scope::zone(ZONE),
        dataset: "http_requests".to_owned(),
        records: 1,
        payload: format!("{{\"RayID\":\"ray-{number:06}\"}}\n").into(),
    };
    journal.append(PARTITION, Append { key: None, frames: vec![frame] }).await.unwrap();
}

async fn delivered(catalog: &MemoryCatalog, job: &Job) -> u64 {
    let batches = catalog.batches(job.id, Page::ALL).await.unwrap().items;
    let is_delivered = |state: &BatchState| matches!(state, BatchState::Delivered(_));
    let delivered = batches.iter().filter(|one| is_delivered(&one.state));
    delivered.map(|one| one.batch.records).sum()
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_lost_for_longer_than_frames_are_kept_loses_no_record() {
    let origin = UnixNanos::from_seconds(MORNING).unwrap();
    let storm = Storm::new(origin, false);
    storm.clock.begin_life();
    storm.calm_down();
    let catalog = Arc::new(MemoryCatalog::new(InstallationId::from_random([7; 12])));
    let (ledger, rng) = (Arc::clone(&catalog), Rng::new(1));
    let storm_of_store = Arc::clone(&storm);
    let store = SimStore::new(storm_of_store, CALM, BTreeMap::new(), ledger, Flaw::None, rng);
    let clock = Arc::clone(&storm.clock) as Arc<dyn Clock>;
    let journal = Arc::new(MemoryJournal::new(1, Arc::clone(&clock)));
    let (account, by) = (Id::from_bytes([1; 16]), Actor::system(origin));
    catalog.add_account(account, "customer", "external id", &by).await.unwrap();
    catalog.add_zone(ZONE, account, "zone.example", &by).await.unwrap();
    let (lost, kept) = (job(&catalog, "amber", &by).await, job(&catalog, "birch", &by).await);
    let parts = Parts {
        journal: Arc::clone(&journal) as _,
        catalog: Arc::clone(&catalog) as Arc<dyn Catalog>,
        store: Arc::new(store),
        datasets: Arc::new(Datasets::builtin()),
        clock,
    };
    let mut settings = Settings::new(PathBuf::from("/nonexistent/spool"));
    settings.workers = 1;
    settings.retention = Retention { max_age_seconds: Some(RETENTION_SECONDS), max_bytes: None };
    let delivery = Delivery::start_in_one_thread(settings, parts).await.unwrap();

    let (mut sent, mut aside) = (0, None);
    while storm.clock.elapsed() < END {
        let now = storm.clock.elapsed();
        if now >= LOST_FROM && now < LOST_UNTIL {
            aside.get_or_insert_with(|| catalog.lose(&[lost.id]));
        } else if let Some(jobs) = aside.take() {
            // The other job did not notice, and nothing was trimmed.
            let doubted = delivery.doubted().unwrap();
            assert_eq!(doubted.doubt, Doubt::Vanished { jobs: vec![lost.id], of: 2 });
            assert!(delivered(&catalog, &kept).await + 10 >= sent);
            assert_eq!(journal.bounds(PARTITION).start, Offset(0));
            catalog.bring_back(jobs);
        }
        send(&journal, sent).await;
        sent += 1;
        sleep(Duration::from_secs(7)).await;
    }
    sleep(MINUTE * 2).await;
    assert_eq!(delivery.doubted(), None);
    assert!(journal.bounds(PARTITION).start > Offset(0), "trimming goes on again");
    assert_eq!(delivery.stop(MINUTE).await, 0);
    for job in [&lost, &kept] {
        assert_eq!(delivered(&catalog, job).await, sent);
        assert_eq!(catalog.losses(job.id).await.unwrap(), []);
    }
    let events = catalog.events(lost.id, Page::ALL).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.kind == "doubted").count(), 1);
}
