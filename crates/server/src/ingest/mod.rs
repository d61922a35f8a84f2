//! The door for records: what is sent here is durable before it is acknowledged, or refused as a
//! whole.
//!
//! ```text
//!  body ──receive──► buffer ──decode──► lines ──sort──► frames ──► one atomic append ──► 200
//!         (bounded)          (bounded)     │ checked                 of the journal
//!                                          └── refused lines: quarantine frames, same append
//! ```
//!
//! **Rules.** All frames of a request go into one append. Memory is reserved before it is used, and
//! a tenant that sends too fast is refused before its body is read.
//! Decoding and checking run on worker threads, as many as there are cores, but for small bodies.
//! A record's bytes are copied at most once, from the decoded body into its frame, and are not
//! altered.

#[cfg(feature = "test-util")]
pub(crate) mod apart;
mod body;
mod budget;
mod buffers;
mod checkers;
mod coding;
mod combined;
mod error;
mod frames;
mod key;
mod manifest;
mod outcome;
mod quarantine;
mod rates;
mod senders;
mod sequence;
mod sorter;
mod tenant;
mod zones;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::HeaderMap;
use catalog::{Catalog, Grant};
use journal::{Append, Appended, Clock, FrameDraft, IdempotencyKey, Journal};
use model::{AccountId, Dataset, Datasets, Partition, Scope, ScopeKind};
use tokio::sync::Semaphore;

use crate::config::IngestSettings;
use crate::live::Live;
use crate::metrics::IngestMetrics;

use budget::{Budget, Reserved};
use buffers::{Buffer, Buffers};
use checkers::Checkers;
use coding::Coding;
use rates::Rates;
use senders::Senders;
use sorter::{Sorted, Sorter, Target};
use tenant::Tenant;
use zones::{ZoneTable, Zones};

pub(crate) use error::IngestError;
pub(crate) use manifest::Manifest;
pub(crate) use outcome::Outcome;
pub(crate) use quarantine::downloaded;
pub(crate) use sorter::OPERATOR;

/// Bodies up to this size are worked on where they were received: a tenth of a millisecond, of which
/// handing over to another thread and back would take a third.
const SMALL_BYTES: usize = 320 << 10;

/// The door. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    journal: Arc<dyn Journal>,
    catalog: Arc<dyn Catalog>,
    datasets: Arc<Datasets>,
    clock: Arc<dyn Clock>,
    settings: Live<IngestSettings>,
    metrics: IngestMetrics,
    budget: Arc<Budget>,
    rates: Rates,
    senders: Senders,
    /// As many permits as there are cores.
    workers: Semaphore,
    buffers: Buffers,
    checkers: Checkers,
    zones: Zones,
}

/// Where a request's records go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Destined {
    /// To one scope.
    To(Scope),
    /// Each to the zone that it names, among those that the grant covers.
    PerRecord(Grant),
}

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// What became of its lines.
    pub(crate) outcome: Outcome,
    /// Whether it had been stored before, under the same key.
    pub(crate) repeated: bool,
}

/// A request, ready for the journal.
struct Prepared {
    frames: Vec<FrameDraft>,
    outcome: Outcome,
    /// Bytes of the records that were accepted.
    record_bytes: u64,
    key: Option<IdempotencyKey>,
    /// Held until the frames are the journal's.
    _reserved: Reserved,
}

/// A request on its way through a worker.
struct Work {
    received: Buffer,
    reserved: Reserved,
    tenant: Tenant,
    dataset: Arc<Dataset>,
    manifest: Manifest,
    destined: Destined,
    zones: Arc<ZoneTable>,
}

impl Door {
    /// The door before `journal`.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        catalog: Arc<dyn Catalog>,
        datasets: Arc<Datasets>,
        clock: Arc<dyn Clock>,
        settings: IngestSettings,
        metrics: IngestMetrics,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            parts: Arc::new(Parts {
                journal,
                catalog,
                datasets,
                clock,
                settings: Live::new(settings),
                metrics,
                budget: Budget::new(
                    settings.in_flight_bytes_max,
                    settings.tenant_in_flight_bytes_max,
                ),
                rates: Rates::new(&settings),
                senders: Senders::default(),
                workers: Semaphore::new(cores),
                buffers: Buffers::default(),
                checkers: Checkers::default(),
                zones: Zones::default(),
            }),
        }
    }

    /// Takes a request's records in. They are durable when this returns a receipt.
    pub(crate) async fn take_in(
        &self,
        destined: Destined,
        dataset: &str,
        manifest: Manifest,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<Receipt, IngestError> {
        let taken = self.take(destined, dataset, manifest, headers, body).await;
        if let Some(reason) = taken.as_ref().err().and_then(IngestError::pressure) {
            self.parts.metrics.refused(reason);
        }
        taken
    }

    async fn take(
        &self,
        destined: Destined,
        dataset: &str,
        manifest: Manifest,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<Receipt, IngestError> {
        let dataset = self.dataset(destined, dataset)?;
        if manifest.format == manifest::Format::Combined
            && (dataset.name != combined::DATASET || matches!(destined, Destined::PerRecord(_)))
        {
            return Err(IngestError::CombinedElsewhere);
        }
        let tenant = self.tenant(destined).await.map_err(IngestError::Catalog)?;
        self.parts.rates.admit(tenant, Instant::now())?;
        let zones = self.zones(destined).await?;
        let (received, reserved) = self.receive(tenant, headers, body).await?;
        let name = dataset.name.clone();
        let work = Work { received, reserved, tenant, dataset, manifest, destined, zones };
        let prepared = self.prepare(work).await?;
        self.store(destined, &name, prepared).await
    }

    /// Other bounds are in force from now on.
    pub(crate) fn set(&self, settings: IngestSettings) {
        let (max, tenant_max) = (settings.in_flight_bytes_max, settings.tenant_in_flight_bytes_max);
        self.parts.budget.resize(max, tenant_max);
        self.parts.settings.set(settings);
    }

    /// Bytes of memory that requests hold now.
    pub(crate) fn in_flight_bytes(&self) -> u64 {
        self.parts.budget.taken()
    }

    /// What is known of those who send records in.
    pub(crate) fn senders(&self) -> &Senders {
        &self.parts.senders
    }

    /// The account that a scope, which exists, belongs to.
    pub(crate) async fn account_of(&self, scope: Scope) -> catalog::Result<AccountId> {
        self.parts.senders.account_of(scope, self.parts.catalog.as_ref()).await
    }

    /// For whom a request that goes there is counted.
    async fn tenant(&self, destined: Destined) -> catalog::Result<Tenant> {
        let (Destined::To(scope) | Destined::PerRecord(Grant::Scope(scope))) = destined else {
            return Ok(Tenant::Operator);
        };
        Ok(Tenant::Account(self.account_of(scope).await?))
    }

    /// Tells that a zone was added.
    pub(crate) fn forget_zones(&self) {
        self.parts.zones.forget();
    }

    /// The partition that a scope's records go to: always the same.
    fn partition_of(&self, scope: Scope) -> Partition {
        key::partition(scope, self.parts.journal.partitions())
    }

    fn dataset(&self, destined: Destined, name: &str) -> Result<Arc<Dataset>, IngestError> {
        let dataset = self.parts.datasets.named(name)?;
        let kind = match destined {
            Destined::To(scope) => scope.kind,
            Destined::PerRecord(_) => ScopeKind::Zone,
        };
        if dataset.allows(kind) {
            return Ok(Arc::clone(dataset));
        }
        Err(IngestError::WrongScope {
            dataset: name.to_owned(),
            found: kind.one(),
            allowed: match kind {
                ScopeKind::Zone => "`/ingest/v1/accounts/{account_id}/…`",
                ScopeKind::Account => "`/ingest/v1/zones/{zone_id}/…`",
            },
        })
    }

    async fn zones(&self, destined: Destined) -> Result<Arc<ZoneTable>, IngestError> {
        let parts = &self.parts;
        match destined {
            Destined::To(_) => Ok(Arc::default()),
            Destined::PerRecord(_) => {
                let table = parts.zones.table(parts.catalog.as_ref(), parts.clock.now()).await;
                table.map_err(IngestError::Catalog)
            }
        }
    }

    async fn receive(
        &self,
        tenant: Tenant,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<(Buffer, Reserved), IngestError> {
        let max = self.parts.settings.get().body_bytes_max;
        let announced = body::announced(headers).unwrap_or(0);
        if announced > max {
            return Err(IngestError::BodyTooLarge { max });
        }
        let mut reserved = self.parts.budget.reserve(tenant);
        let mut buffer =
            self.parts.buffers.take(announced.min(buffers::KEPT_BYTES_MAX as u64) as usize);
        let silence = self.parts.settings.get().silence_timeout;
        body::receive(body, max, silence, &mut buffer, &mut reserved).await?;
        Ok((buffer, reserved))
    }

    /// Decodes and sorts on a worker thread; what is small, at once, because it takes no longer
    /// than handing it over.
    async fn prepare(&self, work: Work) -> Result<Prepared, IngestError> {
        let parts = Arc::clone(&self.parts);
        if work.received.len() <= SMALL_BYTES && work.manifest.coding == Coding::Identity {
            return parts.work(work);
        }
        let permit = self.parts.workers.acquire().await;
        let prepared = tokio::task::spawn_blocking(move || parts.work(work)).await;
        drop(permit);
        prepared.map_err(|error| IngestError::Worker(error.to_string()))?
    }

    async fn store(
        &self,
        destined: Destined,
        dataset: &str,
        prepared: Prepared,
    ) -> Result<Receipt, IngestError> {
        let Prepared { frames, outcome, record_bytes, key, _reserved } = prepared;
        let Some(partition) = self.partition(destined, key, &frames) else {
            return Ok(Receipt { outcome, repeated: false });
        };
        let journal = self.parts.journal.as_ref();
        match journal.append(partition, Append { key, frames }).await? {
            Appended::Stored(_) => {
                self.parts.metrics.count(dataset, &outcome, record_bytes);
                Ok(Receipt { outcome, repeated: false })
            }
            Appended::Repeated(range) => {
                self.parts.metrics.repeated();
                // Where the frames are gone, or stand in another partition because partitions were
                // added since, the same body still has the same outcome.
                let first = Outcome::of_frames(journal, partition, range).await.ok();
                let first = first.filter(|first| first.lines() == outcome.lines());
                Ok(Receipt { outcome: first.unwrap_or(outcome), repeated: true })
            }
        }
    }

    /// Where the frames go; `None` where there is none. A repetition goes where the first went,
    /// also when zones were added in between.
    fn partition(
        &self,
        destined: Destined,
        key: Option<IdempotencyKey>,
        frames: &[FrameDraft],
    ) -> Option<Partition> {
        let first = frames.first()?;
        Some(match (destined, key) {
            (Destined::To(scope), _) => self.partition_of(scope),
            (Destined::PerRecord(_), Some(key)) => {
                key::partition_of_key(&key, self.parts.journal.partitions())
            }
            (Destined::PerRecord(_), None) => self.partition_of(first.scope),
        })
    }
}

impl Parts {
    fn work(&self, work: Work) -> Result<Prepared, IngestError> {
        let Work { received, mut reserved, tenant, dataset, manifest, destined, zones } = work;
        let received_bytes = received.len() as u64;
        let decoded = self.decode(manifest.coding, received, &mut reserved);
        // A body of empty members decompresses to nothing, and is work all the same.
        let bytes = decoded.as_ref().map_or(0, |decoded| decoded.len() as u64).max(received_bytes);
        self.rates.charge(tenant, Instant::now(), bytes, 0);
        let decoded = decoded?;
        let key = manifest
            .key
            .as_ref()
            .map(|name| key::digest(name, destined, &dataset.name, &manifest, &decoded));
        let target = match destined {
            Destined::To(scope) => Target::Scope(scope),
            Destined::PerRecord(grant) => Target::PerRecord { zones: &zones, grant },
        };
        let mut checker = self.checkers.take(&dataset);
        let sorted =
            reserved.grow(decoded.len().saturating_mul(manifest.format.growth())).and_then(|()| {
                let max = self.settings.get().quarantine_bytes_max;
                Sorter::new(target, &manifest, &mut checker, &mut reserved, max).sort(&decoded)
            });
        self.checkers.give_back(checker);
        let Sorted { frames, outcome, record_bytes } = sorted?;
        // What is not copied stays, and what is copied has room of its own.
        reserved.shrink(decoded.len());
        self.rates.charge(tenant, Instant::now(), 0, outcome.lines());
        let frames = frames::drafts(frames, decoded, &dataset.name);
        Ok(Prepared { frames, outcome, record_bytes, key, _reserved: reserved })
    }

    /// The decoded body; what was received is given back.
    fn decode(
        &self,
        coding: Coding,
        received: Buffer,
        reserved: &mut Reserved,
    ) -> Result<Buffer, IngestError> {
        let max = self.settings.get().decoded_bytes_max;
        if coding == Coding::Identity {
            return Ok(received);
        }
        let mut decoded = self.buffers.take(received.len().saturating_mul(4).min(1 << 20));
        coding.decode(&received, max, &mut decoded, reserved)?;
        reserved.shrink(received.len());
        Ok(decoded)
    }
}
