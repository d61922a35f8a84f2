//! Sends the shop's traffic through the ingest door, at a rate that swings as over a day.

use std::f64::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{Clock, SystemClock};
use model::synthetic::traffic::Traffic;

use super::DemoError;
use crate::client::{Client, Door, Shipment};

/// How often records are sent.
const TICK: Duration = Duration::from_millis(100);
/// Most records of one request.
const REQUEST_RECORDS: u64 = 1_000;
/// A day of the shop's, shortened so that its swing can be seen.
const DAY: Duration = Duration::from_mins(1);
/// How long a request is tried again.
const RETRY_FOR: Duration = Duration::from_secs(30);

/// What was acknowledged so far. Cloning gives another handle to the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    records: AtomicU64,
    bytes: AtomicU64,
    stop: AtomicBool,
}

impl Sent {
    /// Records that were acknowledged.
    pub(super) fn records(&self) -> u64 {
        self.counts.records.load(Ordering::Relaxed)
    }

    /// Bytes of them.
    pub(super) fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    /// Lets the sender end after the request that it is at.
    pub(super) fn stop(&self) {
        self.counts.stop.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.counts.stop.load(Ordering::Relaxed)
    }
}

/// Sends records until it is stopped. Each request is acknowledged before the next one is sent,
/// so that at the end it is known of each record whether it was.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) client: Client,
    pub(super) door: Door,
    pub(super) traffic: Traffic,
    /// The number of this run.
    pub(super) run: u32,
    /// Mean records a second.
    pub(super) rate: u64,
    pub(super) sent: Sent,
}

impl Sender {
    /// Runs until [`Sent::stop`] is called.
    pub(super) async fn run(mut self) -> Result<(), DemoError> {
        let started = Instant::now();
        let mut last = started;
        let mut owed = 0.0;
        while !self.sent.is_stopped() {
            tokio::time::sleep(TICK).await;
            let part_of_day = started.elapsed().as_secs_f64() / DAY.as_secs_f64();
            let rate = self.rate as f64 * daily_swing(part_of_day.fract());
            // A service that was slow for a while is not drowned afterwards.
            owed = (owed + rate * last.elapsed().as_secs_f64()).min(rate * 2.0);
            last = Instant::now();
            while owed >= 1.0 && !self.sent.is_stopped() {
                let records = (owed as u64).min(REQUEST_RECORDS);
                self.send(records).await?;
                owed -= records as f64;
            }
        }
        Ok(())
    }

    async fn send(&mut self, records: u64) -> Result<(), DemoError> {
        let first = self.traffic.written();
        let mut body = Vec::with_capacity(records as usize * 1_400);
        for _ in 0..records {
            self.traffic.write_record(SystemClock.now(), &mut body);
        }
        let bytes = body.len() as u64;
        let shipment = Shipment {
            body: Bytes::from(body),
            content_type: "application/x-ndjson",
            idempotency_key: format!("demo-{:08x}-{first:08x}", self.run),
            first_line: None,
            source: None,
        };
        let receipt = self
            .client
            .ingest_patiently(&self.door, &shipment, RETRY_FOR, |_, _| {})
            .await
            .map_err(|source| DemoError::Api { doing: "records are not taken", source })?;
        if receipt.accepted != records {
            let reason = receipt.errors.into_iter().next().map_or_else(String::new, |e| e.reason);
            return Err(DemoError::Quarantined { quarantined: receipt.quarantined, reason });
        }
        self.sent.counts.records.fetch_add(records, Ordering::Relaxed);
        self.sent.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

/// The rate of requests at a part of the day (0 midnight, 0.5 noon, 1 midnight again), as a factor
/// of its mean: a third of it before dawn, 1.4 times as much from noon to evening.
fn daily_swing(part_of_day: f64) -> f64 {
    let main = (TAU * (part_of_day - 0.52)).sin();
    let lunch = (2.0 * TAU * (part_of_day - 0.38)).sin();
    1.0 + 0.55 * main + 0.15 * lunch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_swings_around_its_mean() {
        let parts = 1_000_u32;
        let rates: Vec<f64> =
            (0..parts).map(|part| daily_swing(f64::from(part) / f64::from(parts))).collect();
        let mean = rates.iter().sum::<f64>() / f64::from(parts);
        assert!((mean - 1.0).abs() < 0.001, "{mean}");
        let [low, high] = [f64::min, f64::max].map(|f| rates.iter().copied().reduce(f).unwrap());
        assert!(low > 0.25 && low < 0.45, "{low}");
        assert!(high > 1.35 && high < 1.5, "{high}");
    }
}
