//! What the service counts, and the page that shows it to Prometheus.
//!
//! Labels are bounded: datasets are those that exist, statuses are HTTP's. Delivery registers its
//! own counters in the same registry.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::ingest::Outcome;

/// The page's content type.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DatasetLabel {
    dataset: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

/// What the door for records counts. Clones share the counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct IngestMetrics {
    records: Family<DatasetLabel, Counter>,
    bytes: Family<DatasetLabel, Counter>,
    quarantined: Family<DatasetLabel, Counter>,
    requests: Family<StatusLabel, Counter>,
}

impl IngestMetrics {
    /// Counters that `registry` shows.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "logpush_ingest_records",
            "Records that were taken in",
            metrics.records.clone(),
        );
        registry.register(
            "logpush_ingest_bytes",
            "Bytes of the records that were taken in",
            metrics.bytes.clone(),
        );
        registry.register(
            "logpush_ingest_quarantined_records",
            "Lines that went to the quarantine",
            metrics.quarantined.clone(),
        );
        registry.register(
            "logpush_ingest_requests",
            "Requests at the door for records, by status",
            metrics.requests.clone(),
        );
        metrics
    }

    /// Counts a request's records once they are durable.
    pub(crate) fn count(&self, dataset: &str, outcome: &Outcome, record_bytes: u64) {
        let label = DatasetLabel { dataset: dataset.to_owned() };
        self.records.get_or_create(&label).inc_by(outcome.accepted);
        self.bytes.get_or_create(&label).inc_by(record_bytes);
        if outcome.quarantined > 0 {
            self.quarantined.get_or_create(&label).inc_by(outcome.quarantined);
        }
    }

    /// Counts a request by the status of its answer.
    pub(crate) fn answered(&self, status: u16) {
        self.requests.get_or_create(&StatusLabel { status }).inc();
    }
}

/// The page: all counters, and how full things are at the moment that it is asked for.
#[derive(Debug)]
pub(crate) struct MetricsPage {
    registry: Mutex<Registry>,
    in_flight_bytes: Gauge<u64, AtomicU64>,
    journal_bytes: Gauge<u64, AtomicU64>,
}

/// How full things are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// Memory that requests hold.
    pub(crate) in_flight_bytes: u64,
    /// Disk that the journal occupies.
    pub(crate) journal_bytes: u64,
}

impl MetricsPage {
    /// The page of what is registered in `registry`.
    pub(crate) fn new(mut registry: Registry) -> Self {
        let (in_flight_bytes, journal_bytes) = (Gauge::default(), Gauge::default());
        registry.register(
            "logpush_ingest_in_flight_bytes",
            "Memory that requests at the door for records hold",
            in_flight_bytes.clone(),
        );
        registry.register(
            "logpush_journal_bytes",
            "Bytes that the journal occupies",
            journal_bytes.clone(),
        );
        Self { registry: Mutex::new(registry), in_flight_bytes, journal_bytes }
    }

    /// The page's text.
    pub(crate) fn render(&self, levels: Levels) -> String {
        self.in_flight_bytes.set(levels.in_flight_bytes);
        self.journal_bytes.set(levels.journal_bytes);
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        encode(&mut text, &registry).expect("writing to memory cannot fail");
        text
    }
}
