//! The jobs' figures for Prometheus, taken when they are asked for.

use std::fmt;

use model::{JobId, UnixNanos};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::delivery::Inner;
use crate::totals::{Counter, JobTotals};

/// Gives the figures of all jobs that ran since the program started.
#[derive(Debug)]
pub(crate) struct JobsCollector {
    pub(crate) inner: std::sync::Weak<Inner>,
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
        let gauge = ConstGauge::new(0f64);
        let mut family = encoder.encode_descriptor(
            "logpush_delivery_lag_seconds",
            "Age of the oldest record that is not delivered",
            None,
            gauge.metric_type(),
        )?;
        for status in inner.statuses() {
            let totals = inner.room.totals(status.job, "");
            let labels = labels(status.job, &totals.dataset);
            let lag = ConstGauge::new(lag_seconds(status.oldest_pending, now));
            lag.encode(family.encode_family(&labels)?)?;
        }
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

fn lag_seconds(oldest: Option<UnixNanos>, now: UnixNanos) -> f64 {
    oldest.map_or(0.0, |oldest| now.0.saturating_sub(oldest.0).max(0) as f64 / 1e9)
}
