//! The workloads of the table, and running one of them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use model::synthetic::traffic::COLOS;
use serde_json::{Value, json};

use crate::load::Load;
use crate::process::{self, Server};
use crate::sink::{Keeping, Sink};

/// The fields of workload C and of those like it.
pub(crate) const SOME_FIELDS: [&str; 12] = [
    "RayID",
    "EdgeStartTimestamp",
    "ClientIP",
    "ClientRequestHost",
    "ClientRequestMethod",
    "ClientRequestURI",
    "ClientRequestUserAgent",
    "EdgeResponseStatus",
    "EdgeResponseBytes",
    "CacheCacheStatus",
    "OriginResponseStatus",
    "ClientCountry",
];
/// Zones of workload F.
const ZONES: usize = 1_000;
/// Jobs of workload E.
const FILTERED_JOBS: u32 = 100;
/// One in so many records passes a filter.
const KEPT_ONE_IN: u32 = 50;
/// How long the last object may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(400);

/// What is sent and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Plain,
    Gzipped,
    /// Over many zones.
    Spread,
}

/// What is measured.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Most CPU-seconds per GB that it should take.
    pub(crate) aim: f64,
    /// Most MiB of memory that it should take.
    pub(crate) peak_mib_aim: Option<u32>,
    sent: Sent,
    jobs: u32,
    all_fields: bool,
    filtered: bool,
    /// The level of compression.
    level: u8,
}

/// What came of one.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Until all but the last batch was delivered; until all was durable for A, and for those whose
    /// jobs keep only some of the records or are many.
    pub(crate) records_per_second: f64,
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    pub(crate) peak_bytes: u64,
    /// Bytes of all objects.
    pub(crate) compressed: u64,
}

/// The table.
pub(crate) fn all() -> Vec<Workload> {
    let one = |name, what, aim| Workload {
        name,
        what,
        aim,
        peak_mib_aim: None,
        sent: Sent::Plain,
        jobs: 1,
        all_fields: false,
        filtered: false,
        level: 1,
    };
    vec![
        Workload { jobs: 0, ..one("A", "durable HTTP ingest, no job", 1.4) },
        Workload { jobs: 0, sent: Sent::Gzipped, ..one("gzip", "A with gzipped bodies", 2.0) },
        Workload { all_fields: true, ..one("B", "one job, all fields", 4.2) },
        one("C", "one job, 12 fields", 2.4),
        Workload { filtered: true, ..one("D", "C with a filter that keeps 2 %", 2.0) },
        Workload {
            filtered: true,
            jobs: FILTERED_JOBS,
            peak_mib_aim: Some(256),
            ..one("E", "D with 100 jobs", 12.0)
        },
        Workload {
            sent: Sent::Spread,
            peak_mib_aim: Some(512),
            ..one("F", "1,000 zones with a job of C each", 3.6)
        },
        Workload { all_fields: true, level: 7, ..one("G", "B at level 7", 7.5) },
    ]
}

impl Workload {
    /// The one of this name.
    pub(crate) fn named(name: &str) -> Self {
        all().into_iter().find(|workload| workload.name == name).unwrap()
    }

    /// The same at this level of compression.
    pub(crate) fn at_level(self, level: u8) -> Self {
        Self { level, ..self }
    }

    /// Runs it, and counts what arrived.
    pub(crate) async fn run(&self, load: &Load) -> Figures {
        let sink = Sink::serve(Keeping::Bytes).await;
        let server = Server::start(sink.address, Some(self.level)).await;
        let zones = self.prepare(&server, load, process::BATCH_RECORDS).await;
        let bodies = match self.sent {
            Sent::Spread => load.spread(zones.len()),
            Sent::Gzipped => load.bodies.iter().map(|body| (0, gzipped(body))).collect(),
            Sent::Plain => load.for_one_zone(),
        };
        let before = server.cost();
        let started = Instant::now();
        server.post(&zones, bodies, self.sent == Sent::Gzipped).await;
        let expected = self.expected(load);
        // The last batch waits for its interval: the rate is that of what came before it.
        let in_time = if self.filtered || self.sent == Sent::Spread {
            0
        } else {
            expected.saturating_sub(process::BATCH_RECORDS)
        };
        wait_for_delivery(&server, in_time).await;
        let seconds = started.elapsed().as_secs_f64();
        wait_for_delivery(&server, expected).await;
        let after = server.cost();
        let (lines, compressed) = sink.read_back();
        assert_eq!(lines, expected, "records in the bucket");
        let sent = if in_time > 0 { in_time } else { load.records as u64 };
        Figures {
            records_per_second: sent as f64 / seconds,
            user_seconds: after.user_seconds - before.user_seconds,
            system_seconds: after.system_seconds - before.system_seconds,
            peak_bytes: after.peak_bytes,
            compressed,
        }
    }

    /// Makes the zones, and the jobs with objects of at most `batch_records`.
    pub(crate) async fn prepare(
        &self,
        server: &Server,
        load: &Load,
        batch_records: u64,
    ) -> Vec<String> {
        let count = if self.sent == Sent::Spread { ZONES } else { 1 };
        let mut zones = Vec::with_capacity(count);
        for number in 0..count {
            let zone = server.create_zone(&format!("burritobot-{number}.example")).await;
            for job in 0..self.jobs {
                let fields = if self.all_fields { json!(load.fields) } else { json!(SOME_FIELDS) };
                let filter = self.filtered.then(|| filter(job));
                server.create_job(&zone, &fields, filter, batch_records).await;
            }
            zones.push(zone);
        }
        zones
    }

    /// How many records have to arrive, over all jobs.
    pub(crate) fn expected(&self, load: &Load) -> u64 {
        if !self.filtered {
            return u64::from(self.jobs.min(1)) * load.records as u64;
        }
        let kept = |job| {
            let (low, high) = kept_colos(job);
            load.colos.iter().filter(|&&colo| colo >= low && colo < high).count() as u64
        };
        (0..self.jobs).map(kept).sum()
    }
}

/// The range of `EdgeColoID` that the filter of a job keeps: no two jobs have the same.
const fn kept_colos(job: u32) -> (u32, u32) {
    let width = COLOS / KEPT_ONE_IN;
    let low = job * (COLOS - width) / FILTERED_JOBS;
    (low, low + width)
}

fn filter(job: u32) -> Value {
    let (low, high) = kept_colos(job);
    json!({"where": {"and": [
        {"key": "EdgeColoID", "operator": "geq", "value": low},
        {"key": "EdgeColoID", "operator": "lt", "value": high},
    ]}})
}

fn gzipped(body: &[u8]) -> Bytes {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap().into()
}

/// Waits until the server has delivered everything; the last batch closes by its interval.
pub(crate) async fn wait_for_delivery(server: &Server, records: u64) {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(500);
    while server.delivered().await < records {
        assert!(Instant::now() < deadline, "not delivered in time");
        // Asking costs the server, too: the figures of a thousand jobs are a megabyte.
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(8));
    }
}

/// Waits until that many records are delivered, and counts them in the bucket.
pub(crate) async fn all_delivered(server: &Server, sink: &Sink, records: u64) {
    wait_for_delivery(server, records).await;
    assert_eq!(sink.read_back().0, records, "records in the bucket");
}

impl Figures {
    /// CPU-seconds of the server.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.user_seconds + self.system_seconds
    }
}
