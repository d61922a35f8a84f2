//! All that delivery needs around it, for one test.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use catalog::vault::Vault;
use catalog::{Actor, Catalog, Cursor, Job, JobChange, Jobs, Ledger, SqliteCatalog, Tenants};
use delivery::s3::{S3Settings, S3Store, StaticKeys};
use delivery::{Delivery, Parts, RetrySettings, Settings};
use journal::{Append, Clock, FrameDraft, FrameKind, Journal, MemoryJournal};
use model::{Datasets, Id, JobSpec, Partition, Scope, UnixNanos};
use prometheus_client::registry::Registry;

use crate::bucket::{ACCESS_KEY, S3Server, SECRET_KEY};

/// A clock that stands until it is moved.
#[derive(Debug)]
pub(crate) struct StandingClock(AtomicI64);

impl StandingClock {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(UnixNanos::from_seconds(seconds).unwrap().0, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.0.load(Ordering::SeqCst))
    }
}

/// 2019-01-01T10:00:00Z.
pub(crate) const MORNING: i64 = 1_546_336_800;

pub(crate) struct World {
    pub(crate) s3: S3Server,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) catalog: Arc<SqliteCatalog>,
    pub(crate) delivery: Delivery,
    pub(crate) zone: Scope,
    settings: Settings,
    store: Arc<S3Store>,
    spool: tempfile::TempDir,
    registry: Registry,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let s3 = S3Server::start().await;
        let spool = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(spool.path().to_owned());
        settings.retry = RetrySettings {
            first: Duration::from_millis(20),
            max: Duration::from_millis(100),
            slow_max: Duration::from_millis(200),
        };
        change(&mut settings);
        let clock = Arc::new(StandingClock(AtomicI64::new(0)));
        clock.set(MORNING);
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let journal = Arc::new(MemoryJournal::new(2, shared));
        let now = clock.now();
        let catalog = SqliteCatalog::in_memory(Vault::new([7; 32]), now).await.unwrap();
        let (account, zone) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        let by = Actor::system(now);
        catalog.add_account(account, "Burritobot", "external id", &by).await.unwrap();
        catalog.add_zone(zone, account, "burritobot.example", &by).await.unwrap();
        let catalog = Arc::new(catalog);
        let own = S3Settings {
            endpoint_url: Some(format!("http://{}", s3.address)),
            keys: Some(StaticKeys {
                access_key_id: ACCESS_KEY.to_owned(),
                secret_access_key: SECRET_KEY.to_owned(),
            }),
            ..S3Settings::default()
        };
        let store = Arc::new(S3Store::new(own).await.unwrap());
        let parts = parts(&journal, &catalog, &store, &clock);
        let mut registry = Registry::default();
        let delivery = Delivery::start(settings.clone(), parts, &mut registry).await.unwrap();
        let zone = Scope::zone(zone);
        Self { s3, clock, journal, catalog, delivery, zone, settings, store, spool, registry }
    }

    /// Stops delivery at once, as a crash would, and starts it anew.
    pub(crate) async fn crash_and_start_again(&mut self) {
        assert!(self.spool.path().is_dir());
        let parts = parts(&self.journal, &self.catalog, &self.store, &self.clock);
        self.delivery.stop(Duration::ZERO).await;
        self.registry = Registry::default();
        let settings = self.settings.clone();
        self.delivery = Delivery::start(settings, parts, &mut self.registry).await.unwrap();
    }

    /// The metric of this name, which has no labels.
    pub(crate) fn gauge(&self, name: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap().parse::<f64>().unwrap() as u64
    }

    /// Waits until all frames are read, and stops delivery, so that open batches are delivered.
    pub(crate) async fn finish(&self) {
        let reading = async {
            while self.delivery.statuses().iter().any(|status| status.unread_frames > 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("all frames are read");
        self.delivery.stop(Duration::from_secs(20)).await;
    }

    /// A job for `http_requests` that begins now.
    pub(crate) async fn job(&self, destination: &str, change: impl FnOnce(&mut JobSpec)) -> Job {
        let mut spec = JobSpec {
            dataset: "http_requests".to_owned(),
            destination: destination.to_owned(),
            output_options: Some(r#"{"field_names":["RayID","ClientIP"]}"#.to_owned()),
            max_upload_records: Some(1000),
            ..JobSpec::default()
        };
        change(&mut spec);
        let change = JobChange {
            spec,
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin: Vec<Cursor> = (0..self.journal.partitions())
            .map(Partition)
            .map(|partition| Cursor { partition, next: self.journal.bounds(partition).end })
            .collect();
        let by = Actor::system(self.clock.now());
        let job = self.catalog.add_job(self.zone, change, &begin, &by).await.unwrap();
        self.delivery.reload().await;
        job
    }

    /// Appends one frame of records numbered `from..to`.
    pub(crate) async fn append(&self, from: u64, to: u64) {
        let mut payload = String::new();
        for number in from..to {
            let line = r#"{"ClientIP":"192.0.2.1","Extra":{"a":[1,2]},"RayID":"#;
            writeln!(payload, "{line}\"ray-{number:08}\"}}").unwrap();
        }
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope: self.zone,
            dataset: "http_requests".to_owned(),
            records: (to - from) as u32,
            payload: payload.into(),
        };
        let append = Append { key: None, frames: vec![frame] };
        self.journal.append(Partition(0), append).await.unwrap();
    }

    /// All lines in the bucket, of all objects in the order of their keys.
    pub(crate) fn delivered(&self, bucket: &str) -> Vec<String> {
        let keys = self.s3.keys(bucket);
        keys.iter().flat_map(|key| self.s3.lines(bucket, key)).collect()
    }

    /// Waits until that many records are settled in the ledger.
    pub(crate) async fn settled(&self, job: &Job, records: u64) {
        for _ in 0..1000 {
            let page = self.catalog.batches(job.id, catalog::Page::ALL).await.unwrap();
            let settled: u64 = page
                .items
                .iter()
                .filter(|record| matches!(record.state, catalog::BatchState::Delivered(_)))
                .map(|record| record.batch.records)
                .sum();
            assert!(settled <= records, "{settled} records, expected {records}");
            if settled == records {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not delivered in time: {:?}", self.delivery.statuses());
    }
}

fn parts(
    journal: &Arc<MemoryJournal>,
    catalog: &Arc<SqliteCatalog>,
    store: &Arc<S3Store>,
    clock: &Arc<StandingClock>,
) -> Parts {
    Parts {
        journal: Arc::clone(journal) as _,
        catalog: Arc::clone(catalog) as Arc<dyn Catalog>,
        store: Arc::clone(store) as _,
        datasets: Arc::new(Datasets::builtin()),
        clock: Arc::clone(clock) as _,
    }
}

/// Compares lines without printing all of them.
#[track_caller]
pub(crate) fn assert_lines(found: &[String], expected: &[String]) {
    let differing = found.iter().zip(expected).position(|(found, expected)| found != expected);
    if let Some(at) = differing {
        panic!("line {at} is {:.200}, expected {:.200}", found[at], expected[at]);
    }
    assert_eq!(found.len(), expected.len(), "number of lines");
}

/// The lines that the records numbered `from..to` become.
pub(crate) fn expected(from: u64, to: u64) -> Vec<String> {
    (from..to)
        .map(|number| format!(r#"{{"RayID":"ray-{number:08}","ClientIP":"192.0.2.1"}}"#))
        .collect()
}

impl World {
    /// Changes the job's spec and waits until delivery follows.
    pub(crate) async fn change_spec(&self, job: &Job, change: impl FnOnce(&mut JobSpec)) -> Job {
        let mut spec = job.spec.clone();
        change(&mut spec);
        self.change(job, |change| change.spec = spec).await
    }

    /// Pauses or resumes the job and waits until delivery follows.
    pub(crate) async fn set_enabled(&self, job: &Job, enabled: bool) -> Job {
        self.change(job, |change| change.enabled = enabled).await
    }

    /// Changes the job and waits until delivery follows.
    pub(crate) async fn change(&self, job: &Job, change: impl FnOnce(&mut JobChange)) -> Job {
        let mut changed = JobChange::none(job);
        change(&mut changed);
        let by = Actor::system(self.clock.now());
        let job = self.catalog.change_job(job.id, job.revision, changed, &[], &by).await.unwrap();
        self.delivery.reload().await;
        job
    }

    /// Appends a frame of nearly 1 MiB that hardly compresses; gives the lines that it becomes.
    pub(crate) async fn append_noise(&self, frame: u64) -> Vec<String> {
        let mut payload = String::new();
        let mut lines = Vec::new();
        let mut state = frame + 1;
        for number in 0..100 {
            let mut noise = String::new();
            while noise.len() < 10_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                write!(noise, "{:08x}", state >> 32).unwrap();
            }
            let line = format!(r#"{{"RayID":"{frame}-{number}","ClientRequestURI":"/{noise}"}}"#);
            payload.push_str(&line);
            payload.push('\n');
            lines.push(line);
        }
        let frame = FrameDraft {
            kind: FrameKind::Records,
            scope: self.zone,
            dataset: "http_requests".to_owned(),
            records: 100,
            payload: payload.into(),
        };
        self.journal.append(Partition(0), Append { key: None, frames: vec![frame] }).await.unwrap();
        lines
    }
}
