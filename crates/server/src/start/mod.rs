//! Opening the rooms in their order, and the service that stands when all are open.
//!
//! ```text
//!  data directory ─► listener ─► journal ─► catalogue ─► administrator ─► delivery ─► HTTP
//! ```
//!
//! What is likeliest to be wrong comes first, before any data is touched: the directory, the
//! port, and then the journal, whose lock keeps a second process out of all the rest.

mod administrator;
mod data_dir;
mod error;
mod file_limit;
mod private_file;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalog::SqliteCatalog;
use catalog::vault::Vault;
use delivery::s3::{S3Settings, S3Store};
use delivery::{Delivery, Parts};
use journal::{Clock, Journal, LocalJournal, LocalSettings, SystemClock};
use model::Datasets;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::api::{Signer, routes};
use crate::app::App;
use crate::config::{AdminToken, Config};
use crate::http::{Running, router};
use crate::ingest::Door;
use crate::metrics::{IngestMetrics, MetricsPage};
use crate::stop::{Signals, stop};

pub use error::StartError;

/// The service, running. It has to be stopped with [`Service::stop`]; what is only dropped is
/// cut off, and recovers at the next start.
#[derive(Debug)]
pub struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) admin_token: AdminToken,
    pub(crate) http: Running,
    pub(crate) delivery: Delivery,
    pub(crate) journal: Arc<LocalJournal>,
    pub(crate) catalog: Arc<SqliteCatalog>,
    pub(crate) timeout: Duration,
}

impl Service {
    /// Starts the service. `s3` stands in for the AWS settings of the environment where it is
    /// given.
    pub async fn start(config: Config, s3: Option<S3Settings>) -> Result<Self, StartError> {
        data_dir::prepare(&config.data_dir)?;
        let datasets = Arc::new(datasets(config.datasets_dir.as_deref())?);
        let listener = listen(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address: config.listen, source })?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let journal = open_journal(&config.data_dir, &config.journal, &clock).await?;
        let catalog = open_catalog(&config.data_dir, clock.as_ref()).await?;
        let admin_token = administrator::ensure(&config, catalog.as_ref(), clock.now()).await?;
        let mut registry = Registry::default();
        let store = open_store(&config, s3).await?;
        let parts = Parts {
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            catalog: Arc::clone(&catalog) as Arc<dyn catalog::Catalog>,
            store: Arc::new(store),
            datasets,
            clock,
        };
        let settings = config.delivery_settings();
        let delivery = Delivery::start(settings, parts.clone(), &mut registry).await?;
        let app = Arc::new(app(&config, parts, delivery.clone(), registry)?);
        let http = Running::start(listener, router(&app, routes()));
        let timeout = config.shutdown_timeout;
        Ok(Self { address, admin_token, http, delivery, journal, catalog, timeout })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator's token.
    pub fn admin_token(&self) -> &str {
        self.admin_token.expose()
    }

    /// Stops within the configured time: answers what is under way, delivers open batches as far
    /// as time allows, closes the rooms. Returns how many sealed batches were left for the next
    /// start.
    pub async fn stop(self) -> usize {
        stop(self).await
    }
}

/// Runs the service until the first SIGTERM or SIGINT, and stops it. A second one ends the
/// process at once.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    file_limit::raise();
    let data_dir = config.data_dir.clone();
    let service = Service::start(config, None).await?;
    tracing::info!(address = %service.address(), data_dir = %data_dir.display(), "serving");
    signals.next().await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        left = service.stop() => tracing::info!(batches_left = left, "stopped"),
        () = signals.next() => crate::stop::at_once(),
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

async fn open_journal(
    data_dir: &Path,
    settings: &LocalSettings,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<LocalJournal>, StartError> {
    let (dir, settings, clock) = (data_dir.join("journal"), *settings, Arc::clone(clock));
    let opening = tokio::task::spawn_blocking(move || LocalJournal::open(&dir, settings, clock));
    let journal = opening.await.map_err(|error| StartError::Panicked(error.to_string()))??;
    Ok(Arc::new(journal))
}

async fn open_catalog(
    data_dir: &Path,
    clock: &dyn Clock,
) -> Result<Arc<SqliteCatalog>, StartError> {
    let vault = Vault::open_or_create(&data_dir.join("secret.key"))?;
    let path = data_dir.join("catalog.sqlite");
    Ok(Arc::new(SqliteCatalog::open(&path, vault, clock.now()).await?))
}

async fn open_store(config: &Config, s3: Option<S3Settings>) -> Result<S3Store, StartError> {
    let settings = s3.unwrap_or_else(|| S3Settings {
        allow_private_endpoints: config.delivery.allow_private_endpoints.clone(),
        ..S3Settings::default()
    });
    Ok(S3Store::new(settings).await?)
}

fn app(
    config: &Config,
    parts: Parts,
    delivery: Delivery,
    mut registry: Registry,
) -> Result<App, StartError> {
    let Parts { journal, catalog, datasets, clock, .. } = parts;
    let ingest_metrics = IngestMetrics::register(&mut registry);
    let door = Door::new(
        Arc::clone(&journal),
        Arc::clone(&catalog),
        Arc::clone(&datasets),
        Arc::clone(&clock),
        config.ingest,
        ingest_metrics.clone(),
    );
    Ok(App {
        journal,
        catalog,
        delivery,
        datasets,
        clock,
        door,
        signer: Signer::new(&private_file::key(&config.data_dir.join("ownership.key"))?),
        ingest_metrics,
        metrics: MetricsPage::new(registry),
        api: config.api,
        job_changes: Mutex::new(()),
    })
}

/// The built-in datasets and those of the `*.toml` files in `dir`.
fn datasets(dir: Option<&Path>) -> Result<Datasets, StartError> {
    let Some(dir) = dir else { return Ok(Datasets::builtin()) };
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::Io { action: "read", path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(io(&path))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(Datasets::builtin().with_user_defined(files)?)
}
