//! What delivery counts, for Prometheus.
//!
//! Labels are bounded: jobs are those that exist, outcomes are the kinds of a store's errors, and
//! statuses HTTP's.

use std::fmt;
use std::sync::Weak;
use std::time::Duration;

use model::{JobId, UnixNanos};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter as PrometheusCounter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::JobStatus;
use crate::delivery::Inner;
use crate::store::StoreError;
use crate::totals::{Counter, JobTotals};

/// Upper bounds of upload durations, in seconds.
const DURATIONS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    /// `success`, or the kind of the error.
    outcome: &'static str,
    /// The HTTP status of an error, where there was an answer.
    status: Option<u16>,
}

/// What is counted of requests to stores, over all jobs.
#[derive(Debug)]
pub(crate) struct UploadMetrics {
    requests: Family<RequestLabel, PrometheusCounter>,
    bytes: PrometheusCounter,
    durations: Histogram,
}

impl Default for UploadMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            bytes: PrometheusCounter::default(),
            durations: Histogram::new(DURATIONS),
        }
    }
}

impl UploadMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "logpush_upload_requests",
            "Requests to stores for objects and their parts, by outcome and status",
            self.requests.clone(),
        );
        registry.register(
            "logpush_upload_sent_bytes",
            "Bytes of objects and parts that were sent, failed requests included",
            self.bytes.clone(),
        );
        registry.register(
            "logpush_upload_duration_seconds",
            "Time that the attempts took by which objects were delivered",
            self.durations.clone(),
        );
    }

    /// Counts a request with so many bytes, and how it failed where it did.
    pub(crate) fn requested(&self, error: Option<&StoreError>, bytes: u64) {
        let outcome = error.map_or("success", |error| error.kind.name());
        let status = error.and_then(|error| error.status);
        self.requests.get_or_create(&RequestLabel { outcome, status }).inc();
        self.bytes.inc_by(bytes);
    }

    /// Counts an object that was delivered by an attempt of this duration.
    pub(crate) fn delivered(&self, took: Duration) {
        self.durations.observe(took.as_secs_f64());
    }
}

/// Gives the figures of all jobs that ran since the program started, taken when they are asked
/// for.
#[derive(Debug)]
pub(crate) struct JobsCollector {
    pub(crate) inner: Weak<Inner>,
}

/// One counter per job: its name without `_total`, what it counts, and where it stands.
type CounterFamily = (&'static str, &'static str, fn(&JobTotals) -> &Counter);

const COUNTERS: [CounterFamily; 6] = [
    ("logpush_delivered_records", "Records in delivered objects", |t| &t.delivered_records),
    ("logpush_delivered_objects", "Delivered objects", |t| &t.delivered_objects),
    ("logpush_delivered_bytes", "Bytes of delivered objects", |t| &t.delivered_bytes),
    ("logpush_delivered_raw_bytes", "Bytes of delivered objects before compression", |t| {
        &t.delivered_raw_bytes
    }),
    ("logpush_upload_retries", "Uploads that failed and are tried again", |t| &t.retries),
    ("logpush_dropped_records", "Records that expired before they were delivered", |t| {
        &t.dropped_records
    }),
];

/// One gauge per job that runs: its name, what it tells, and how it is worked out.
type GaugeFamily = (&'static str, &'static str, fn(&JobStatus, UnixNanos) -> f64);

const GAUGES: [GaugeFamily; 4] = [
    (
        "logpush_delivery_lag_seconds",
        "Age of the oldest record that is not delivered",
        JobStatus::lag_seconds,
    ),
    ("logpush_delivery_pending_records", "Records that are read and not delivered", |status, _| {
        status.pending_records as f64
    }),
    (
        "logpush_delivery_pending_bytes",
        "Bytes of the records that are read and not delivered, before compression",
        |status, _| status.pending_bytes as f64,
    ),
    ("logpush_delivery_retrying", "Whether uploads of the job fail now", |status, _| {
        f64::from(u8::from(status.retrying.is_some()))
    }),
];

impl Collector for JobsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(inner) = self.inner.upgrade() else { return Ok(()) };
        let totals = inner.room.all_totals();
        for (name, help, counter) in COUNTERS {
            let metric = ConstCounter::new(0u64);
            let mut family = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            for (job, totals) in &totals {
                let labels = labels(*job, &totals.dataset);
                let value = ConstCounter::new(counter(totals).get());
                value.encode(family.encode_family(&labels)?)?;
            }
        }
        let now = inner.room.clock.now();
        let statuses = inner.statuses();
        for (name, help, gauge) in GAUGES {
            let metric = ConstGauge::new(0f64);
            let mut family = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            for status in &statuses {
                let totals = inner.room.totals(status.job, "");
                let labels = labels(status.job, &totals.dataset);
                ConstGauge::new(gauge(status, now)).encode(family.encode_family(&labels)?)?;
            }
        }
        let metric = ConstGauge::new(0u64);
        let mut family = encoder.encode_descriptor(
            "logpush_expiring_frames",
            "Frames that a job, paused or not, loses soon unless they are delivered",
            None,
            metric.metric_type(),
        )?;
        for (job, frames) in inner.room.expiring() {
            let labels = [("job", job.to_string())];
            ConstGauge::new(frames).encode(family.encode_family(&labels)?)?;
        }
        let gauge = ConstGauge::new(u64::from(inner.room.is_doubted()));
        let family = encoder.encode_descriptor(
            "logpush_catalog_doubted",
            "Whether the catalogue's word on the jobs is not believed now",
            None,
            gauge.metric_type(),
        )?;
        gauge.encode(family)?;
        let space = &inner.room.space;
        for (name, help, bytes) in [
            (
                "logpush_spool_memory_bytes",
                "Memory of batches that are open or wait",
                space.memory_used(),
            ),
            (
                "logpush_spool_disk_bytes",
                "Disk of batches that are open or wait",
                space.disk_used(),
            ),
        ] {
            let gauge = ConstGauge::new(bytes as f64);
            let family = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(family)?;
        }
        Ok(())
    }
}

fn labels(job: JobId, dataset: &str) -> [(&'static str, String); 2] {
    [("job", job.to_string()), ("dataset", dataset.to_owned())]
}
