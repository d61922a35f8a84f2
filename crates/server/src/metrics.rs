//! What the service counts, and the page that shows it to Prometheus.
//!
//! Labels are bounded: datasets are those that exist, statuses are HTTP's. Delivery registers its
//! own counters in the same registry.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use journal::KeyCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::api::Standing;
use crate::app::App;
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// What the door for records counts. Clones share the counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct IngestMetrics {
    records: Family<DatasetLabel, Counter>,
    bytes: Family<DatasetLabel, Counter>,
    quarantined: Family<DatasetLabel, Counter>,
    requests: Family<StatusLabel, Counter>,
    refused: Family<ReasonLabel, Counter>,
    repeated: Counter,
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
        registry.register(
            "logpush_ingest_refused_requests",
            "Requests at the door for records that were refused because a bound was reached",
            metrics.refused.clone(),
        );
        registry.register(
            "logpush_ingest_repeated_requests",
            "Requests that had been stored before, by their idempotency key",
            metrics.repeated.clone(),
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

    /// Counts a request that was refused because this bound was reached.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a request that had been stored before.
    pub(crate) fn repeated(&self) {
        self.repeated.inc();
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
    gauges: Gauges,
}

type Number = Gauge<u64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Default)]
struct Gauges {
    in_flight_bytes: Number,
    journal_bytes: Number,
    connections: Number,
    keys: Number,
    keys_forgotten: Counter,
    open_files: Number,
    journal_state: Family<StateLabel, Number>,
    catalog_state: Family<StateLabel, Number>,
}

/// How full things are, and how they stand.
#[derive(Debug)]
pub(crate) struct Levels {
    /// Memory that requests hold.
    in_flight_bytes: u64,
    /// Disk that the journal occupies.
    journal_bytes: u64,
    connections: u64,
    keys: KeyCounts,
    standing: Standing,
    /// Files that this process has open, where the system tells.
    open_files: Option<u64>,
}

impl Levels {
    /// As they are now.
    pub(crate) fn of(app: &App) -> Self {
        Self {
            in_flight_bytes: app.door.in_flight_bytes(),
            journal_bytes: app.journal.bytes(),
            connections: app.connections.count() as u64,
            keys: app.journal.keys(),
            standing: Standing::of(app),
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64),
        }
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            (
                "logpush_ingest_in_flight_bytes",
                "Memory that requests at the door for records hold",
                &self.in_flight_bytes,
            ),
            ("logpush_journal_bytes", "Bytes that the journal occupies", &self.journal_bytes),
            ("logpush_http_connections", "Connections that are open", &self.connections),
            ("logpush_open_files", "Files and connections that are open", &self.open_files),
            ("logpush_idempotency_keys", "Idempotency keys that are remembered", &self.keys),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "logpush_idempotency_keys_forgotten",
            "Idempotency keys that were forgotten before their 24 hours were over: there were too \
             many",
            self.keys_forgotten.clone(),
        );
        registry.register(
            "logpush_journal_state",
            "1 for how the journal stands: ok, refusing until the cause is gone, or poisoned until \
             a restart",
            self.journal_state.clone(),
        );
        registry.register(
            "logpush_catalog_state",
            "1 for how the catalogue stands: ok, or refusing until the cause is gone",
            self.catalog_state.clone(),
        );
    }

    fn set(&self, levels: &Levels) {
        self.in_flight_bytes.set(levels.in_flight_bytes);
        self.journal_bytes.set(levels.journal_bytes);
        self.connections.set(levels.connections);
        self.open_files.set(levels.open_files.unwrap_or_default());
        self.keys.set(levels.keys.held);
        let told = self.keys_forgotten.get();
        self.keys_forgotten.inc_by(levels.keys.forgotten_early.saturating_sub(told));
        for (family, states, now) in [
            (
                &self.journal_state,
                &["ok", "refusing", "poisoned"][..],
                levels.standing.journal_word(),
            ),
            (&self.catalog_state, &["ok", "refusing"][..], levels.standing.catalog_word()),
        ] {
            for &state in states {
                family.get_or_create(&StateLabel { state }).set(u64::from(state == now));
            }
        }
    }
}

impl MetricsPage {
    /// The page of what is registered in `registry`.
    pub(crate) fn new(mut registry: Registry) -> Self {
        let gauges = Gauges::default();
        gauges.register(&mut registry);
        Self { registry: Mutex::new(registry), gauges }
    }

    /// The page's text.
    pub(crate) fn render(&self, levels: &Levels) -> String {
        self.gauges.set(levels);
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        encode(&mut text, &registry).expect("writing to memory cannot fail");
        text
    }
}
