//! All that delivery needs around it, and the count at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use catalog::vault::Vault;
use catalog::{
    Actor, BatchState, Catalog, Cursor, Job, JobChange, Jobs, Ledger, Page, SqliteCatalog, Tenants,
};
use delivery::s3::{S3Settings, S3Store, StaticKeys};
use delivery::{Delivery, Parts, RetrySettings, Settings};
use flate2::read::MultiGzDecoder;
use journal::{
    Append, Clock, FrameDraft, FrameKind, Journal, LocalJournal, LocalSettings, SystemClock,
};
use model::{Datasets, Id, JobSpec, Partition, Scope};
use prometheus_client::registry::Registry;
use sim::s3::{ACCESS_KEY, Object, S3Server, SECRET_KEY};

/// The bucket that is there.
pub(crate) const BUCKET: &str = "burritobot";
/// Records of a frame.
const FRAME: u64 = 250;
/// Far more than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// A part in the tests of uploads in parts; a batch of theirs has five or more.
pub(crate) const SMALL_PART: u64 = 6 << 10;

pub(crate) struct World {
    pub(crate) s3: S3Server,
    pub(crate) catalog: Arc<SqliteCatalog>,
    pub(crate) delivery: Delivery,
    journal: Arc<LocalJournal>,
    store: Arc<S3Store>,
    settings: Settings,
    zone: Scope,
    jobs: Vec<Job>,
    acknowledged: Vec<String>,
    /// Removed after all that uses it is gone.
    dir: tempfile::TempDir,
}

impl World {
    /// Delivery, and a server with one bucket, whose chance this seed decides.
    pub(crate) async fn start(seed: u64) -> Self {
        Self::start_with(seed, |_| {}).await
    }

    pub(crate) async fn start_with(seed: u64, change: impl FnOnce(&mut Settings)) -> Self {
        let s3 = S3Server::start(seed, &[BUCKET]).await;
        let dir = tempfile::tempdir().unwrap();
        let spool = dir.path().join("spool");
        std::fs::create_dir(&spool).unwrap();
        let mut settings = Settings::new(spool);
        settings.retry = RetrySettings {
            first: Duration::from_millis(10),
            max: Duration::from_millis(80),
            slow_max: Duration::from_millis(160),
        };
        change(&mut settings);
        let clock = || Arc::new(SystemClock) as Arc<dyn Clock>;
        let local = LocalSettings { free_bytes_min: 0, ..LocalSettings::default() };
        let journal = LocalJournal::open(&dir.path().join("journal"), local, clock()).unwrap();
        let vault = Vault::new([7; 32]);
        let path = dir.path().join("catalog.sqlite");
        let catalog = SqliteCatalog::open(&path, vault, SystemClock.now()).await.unwrap();
        let (account, zone) = (Id::from_bytes([1; 16]), Id::from_bytes([2; 16]));
        catalog.add_account(account, "Burritobot", "external id", &by()).await.unwrap();
        catalog.add_zone(zone, account, "burritobot.example", &by()).await.unwrap();
        let keys = StaticKeys {
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: SECRET_KEY.to_owned(),
        };
        let own =
            S3Settings { endpoint_url: Some(s3.url()), keys: Some(keys), ..S3Settings::default() };
        let store = Arc::new(S3Store::new(own).await.unwrap());
        let (journal, catalog) = (Arc::new(journal), Arc::new(catalog));
        let parts = parts(&journal, &catalog, &store);
        let mut registry = Registry::default();
        let delivery = Delivery::start(settings.clone(), parts, &mut registry).await.unwrap();
        Self {
            s3,
            catalog,
            delivery,
            journal,
            store,
            settings,
            zone: Scope::zone(zone),
            jobs: Vec::new(),
            acknowledged: Vec::new(),
            dir,
        }
    }

    /// A job that pushes to this destination from now on, in batches of 1,000 records.
    pub(crate) async fn job(&mut self, destination: &str) -> Job {
        let change = JobChange {
            spec: spec(destination),
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        let begin: Vec<Cursor> = (0..self.journal.partitions())
            .map(Partition)
            .map(|partition| Cursor { partition, next: self.journal.bounds(partition).end })
            .collect();
        let job = self.catalog.add_job(self.zone, change, &begin, &by()).await.unwrap();
        self.delivery.reload().await;
        self.jobs.push(job.clone());
        job
    }

    /// Gives a job another destination.
    pub(crate) async fn move_job(&mut self, job: &Job, destination: &str) {
        let change = JobChange {
            spec: spec(destination),
            name: None,
            kind: String::new(),
            frequency: "high".to_owned(),
            enabled: true,
        };
        self.catalog.change_job(job.id, job.revision, change, &[], &by()).await.unwrap();
        self.delivery.reload().await;
    }

    /// Sends so many records more; returns when they are acknowledged.
    pub(crate) async fn send(&mut self, records: u64) {
        let mut left = records;
        while left > 0 {
            let count = left.min(FRAME);
            let first = self.acknowledged.len() as u64;
            let frame = self.frame(first, count);
            let append = Append { key: None, frames: vec![frame] };
            self.journal.append(Partition(0), append).await.unwrap();
            self.acknowledged.extend((first..first + count).map(id));
            left -= count;
        }
    }

    fn frame(&self, first: u64, count: u64) -> FrameDraft {
        let mut payload = String::new();
        for number in first..first + count {
            // So that a batch of a thousand has some tens of kilobytes when it is compressed.
            let noise = sim::rng::Rng::new(number).draw();
            let other = sim::rng::Rng::new(!number).draw();
            let id = id(number);
            writeln!(
                payload,
                r#"{{"RayID":"{id}","ClientRequestURI":"/{noise:016x}/{other:016x}"}}"#
            )
            .unwrap();
        }
        FrameDraft {
            kind: FrameKind::Records,
            scope: self.zone,
            dataset: "http_requests".to_owned(),
            records: count as u32,
            payload: payload.into(),
        }
    }

    /// Ends delivery in the middle of what it does, and starts it anew.
    pub(crate) async fn crash(&mut self) {
        self.delivery.stop(Duration::ZERO).await;
        let parts = parts(&self.journal, &self.catalog, &self.store);
        let mut registry = Registry::default();
        let settings = self.settings.clone();
        self.delivery = Delivery::start(settings, parts, &mut registry).await.unwrap();
    }

    /// How many records of a job are delivered, as the ledger has it.
    pub(crate) async fn settled(&self, job: &Job) -> u64 {
        let page = self.catalog.batches(job.id, Page::ALL).await.unwrap();
        let delivered = |state: &BatchState| matches!(state, BatchState::Delivered(_));
        let settled = page.items.iter().filter(|record| delivered(&record.state));
        settled.map(|record| record.batch.records).sum()
    }

    /// Waits until so many records of a job are delivered.
    pub(crate) async fn wait_until_settled(&self, job: &Job, records: u64) {
        let waiting = async {
            while self.settled(job).await < records {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "not delivered in time: {:?}", self.delivery.statuses());
    }

    /// Waits until a job has a failure whose message has all of `parts`.
    pub(crate) async fn wait_for_failure(&self, job: &Job, parts: &[&str]) {
        let failing = async {
            loop {
                let failure = self.catalog.job(job.id).await.unwrap().failure;
                if let Some(failure) = failure {
                    return failure.message;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let message = tokio::time::timeout(PATIENCE, failing).await.expect("the job fails");
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }

    /// Waits until everything that was sent is delivered for every job, stops, and counts: every
    /// record once below the folder of each job, and nothing else; no object changed.
    pub(crate) async fn finish(self, folders: &[(&str, &str)]) -> S3Server {
        let whole = self.acknowledged.len() as u64 / 1_000 * 1_000;
        for job in &self.jobs {
            self.wait_until_settled(job, whole).await;
        }
        let reading = async {
            while self.delivery.statuses().iter().any(|status| status.unread_frames > 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("all frames are read");
        assert_eq!(self.delivery.stop(PATIENCE).await, 0, "batches were left behind");
        for (bucket, folder) in folders {
            assert_each_once(&self.s3.objects(bucket), folder, &self.acknowledged);
        }
        assert_eq!(self.s3.changed(), Vec::<String>::new());
        self.journal.close().await;
        drop(self.dir);
        self.s3
    }
}

fn by() -> Actor {
    Actor::system(SystemClock.now())
}

fn id(number: u64) -> String {
    format!("ray-{number:08}")
}

fn spec(destination: &str) -> JobSpec {
    JobSpec {
        dataset: "http_requests".to_owned(),
        destination: destination.to_owned(),
        output_options: Some(r#"{"field_names":["RayID","ClientRequestURI"]}"#.to_owned()),
        max_upload_records: Some(1000),
        ..JobSpec::default()
    }
}

fn parts(journal: &Arc<LocalJournal>, catalog: &Arc<SqliteCatalog>, store: &Arc<S3Store>) -> Parts {
    Parts {
        journal: Arc::clone(journal) as _,
        catalog: Arc::clone(catalog) as Arc<dyn Catalog>,
        store: Arc::clone(store) as _,
        datasets: Arc::new(Datasets::builtin()),
        clock: Arc::new(SystemClock) as _,
    }
}

/// Checks that the objects below a folder hold each of these records once, and nothing else.
#[track_caller]
fn assert_each_once(objects: &[Object], folder: &str, expected: &[String]) {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for object in objects.iter().filter(|object| object.key.starts_with(folder)) {
        let mut text = String::new();
        let read = MultiGzDecoder::new(&object.body[..]).read_to_string(&mut text);
        read.unwrap_or_else(|error| panic!("{} cannot be read: {error}", object.key));
        for line in text.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            *times.entry(record["RayID"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let missing: Vec<_> = expected.iter().filter(|id| !times.contains_key(*id)).collect();
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(missing.is_empty(), "{} are missing in {folder}: {:?} …", missing.len(), missing[0]);
    assert!(twice.is_empty(), "{} are there twice in {folder}: {:?} …", twice.len(), twice[0]);
    assert_eq!(times.len(), expected.len(), "records in {folder}");
}
