//! What handlers work with: the rooms of the house and the service's own parts.

use std::sync::Arc;

use catalog::Catalog;
use delivery::Delivery;
use journal::{Clock, Journal};
use model::Datasets;
use model::destination::Principal;
use tokio::sync::{Mutex, Semaphore};

use crate::api::auth::Uses;
use crate::api::{Rates, Signer};
use crate::config::ApiSettings;
use crate::dashboard::{Drafts, Sessions};
use crate::http::Connections;
use crate::ingest::Door;
use crate::live::Live;
use crate::metrics::{IngestMetrics, MetricsPage};
use crate::start::Reloads;

/// The service, as handlers see it.
#[derive(Debug)]
pub(crate) struct App {
    /// What has arrived.
    pub(crate) journal: Arc<dyn Journal>,
    /// What was decided.
    pub(crate) catalog: Arc<dyn Catalog>,
    /// What has been sent.
    pub(crate) delivery: Delivery,
    /// The kinds of records that there are.
    pub(crate) datasets: Arc<Datasets>,
    /// The time of day.
    pub(crate) clock: Arc<dyn Clock>,
    /// The door for records.
    pub(crate) door: Door,
    /// Signs ownership challenges.
    pub(crate) signer: Signer,
    /// The connections that are open.
    pub(crate) connections: Connections,
    /// What the door counts.
    pub(crate) ingest_metrics: IngestMetrics,
    /// All that is counted.
    pub(crate) metrics: MetricsPage,
    /// The bounds of the API.
    pub(crate) api: Live<ApiSettings>,
    /// Whether settings that were read again were taken.
    pub(crate) reloads: Reloads,
    /// The service's own AWS identity, as policies name it.
    pub(crate) principal: Option<Principal>,
    /// Whose use was noted of late.
    pub(crate) uses: Uses,
    /// How many requests each token makes.
    pub(crate) rates: Rates,
    /// The people at the dashboard.
    pub(crate) sessions: Sessions,
    /// What they are typing.
    pub(crate) drafts: Drafts,
    /// Held while a job is changed: a change is read, checked and written as one.
    pub(crate) job_changes: Mutex<()>,
    /// Requests that read buckets at a time.
    pub(crate) verifications: Arc<Semaphore>,
}
