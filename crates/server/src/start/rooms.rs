//! The rooms behind the door, opened in their order.

use std::path::Path;
use std::sync::Arc;

use catalog::vault::Vault;
use catalog::{BroughtForward, CatalogError, SqliteCatalog};
use delivery::s3::{S3Settings, S3Store};
use delivery::{Delivery, Parts};
use journal::{Clock, Journal, LocalJournal, LocalSettings, SystemClock};
use model::{Datasets, JobId, Offset, Partition};
use prometheus_client::registry::Registry;
use tokio::sync::{Mutex, Semaphore};

use super::{Reloads, StartError, administrator, private_file};
use crate::api::auth::Uses;
use crate::api::{Rates, Signer, VERIFICATIONS_MAX};
use crate::app::App;
use crate::config::{AdminToken, Config};
use crate::dashboard::{Drafts, Sessions};
use crate::http::Connections;
use crate::ingest::Door;
use crate::instant::rfc3339_ms;
use crate::live::Live;
use crate::metrics::{IngestMetrics, MetricsPage};

/// The open rooms: what handlers see of them, and what closes them.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// What handlers work with.
    pub(crate) app: Arc<App>,
    /// To be closed after delivery has stopped.
    pub(crate) journal: Arc<LocalJournal>,
    /// To be closed last.
    pub(crate) catalog: Arc<SqliteCatalog>,
    /// What speaks S3.
    pub(crate) store: Arc<S3Store>,
}

impl Rooms {
    /// Opens the rooms, and gives the administrator's token with them. Delivery, which begins to
    /// work at once, comes last.
    pub(crate) async fn open(
        config: &Config,
        s3: Option<S3Settings>,
    ) -> Result<(Self, AdminToken), StartError> {
        let datasets = Arc::new(datasets(config.datasets_dir.as_deref())?);
        let store = Arc::new(open_store(config, s3).await?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // The journal comes first: its lock keeps a second process from all that follows.
        let journal = open_journal(&config.data_dir, &config.journal, &clock).await?;
        let opened = Self::open_behind(config, &journal, (datasets, store, clock)).await;
        if opened.is_err() {
            // Who mends the cause may start again at once, in this process as well.
            journal.close().await;
        }
        opened
    }

    async fn open_behind(
        config: &Config,
        journal: &Arc<LocalJournal>,
        (datasets, store, clock): (Arc<Datasets>, Arc<S3Store>, Arc<dyn Clock>),
    ) -> Result<(Self, AdminToken), StartError> {
        refuse_if_half_is_gone(config, journal.as_ref())?;
        let catalog = open_catalog(config, clock.as_ref()).await?;
        let admin_token = administrator::ensure(config, catalog.as_ref(), clock.now()).await?;
        let key = private_file::key(&config.data_dir.join("ownership.key"))?;
        let parts = Parts {
            journal: Arc::clone(journal) as Arc<dyn Journal>,
            catalog: Arc::clone(&catalog) as Arc<dyn catalog::Catalog>,
            store: Arc::clone(&store) as Arc<dyn delivery::Store>,
            datasets,
            clock,
        };
        let app = Arc::new(app(config, parts, Signer::new(&key)).await?);
        Ok((Self { app, journal: Arc::clone(journal), catalog, store }, admin_token))
    }
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

/// A catalogue without its key, or records without their catalogue, are no new installation.
fn refuse_if_half_is_gone(config: &Config, journal: &dyn Journal) -> Result<(), StartError> {
    let data_dir = &config.data_dir;
    let (key, catalog) = (data_dir.join("secret.key"), data_dir.join("catalog.sqlite"));
    if catalog.exists() && config.secret_key.is_none() && !key.exists() {
        return Err(CatalogError::Key(format!(
            "`{}` is gone, and nothing else opens the destinations in `{}`: bring it back from a \
             backup",
            key.display(),
            catalog.display()
        ))
        .into());
    }
    let mut partitions = (0..journal.partitions()).map(Partition);
    let has_frames = partitions.any(|partition| journal.bounds(partition).end > Offset(0));
    if has_frames && !catalog.exists() {
        return Err(CatalogError::Damaged(format!(
            "`{}` is gone, but the journal beside it holds records that belong to its jobs: bring \
             it back from a backup; for a new installation choose an empty data directory",
            catalog.display()
        ))
        .into());
    }
    Ok(())
}

async fn open_catalog(
    config: &Config,
    clock: &dyn Clock,
) -> Result<Arc<SqliteCatalog>, StartError> {
    let vault = match &config.secret_key {
        Some(key) => key.vault()?,
        None => Vault::open_or_create(&config.data_dir.join("secret.key"))?,
    };
    let path = config.data_dir.join("catalog.sqlite");
    let catalog = SqliteCatalog::open_or(config.older_catalog, &path, vault, clock.now()).await?;
    if let Some(done) = catalog.brought_forward() {
        tell_brought_forward(done);
    }
    Ok(Arc::new(catalog))
}

/// An older catalogue was accepted: says what that means, to whoever accepted it.
fn tell_brought_forward(done: &BroughtForward) {
    let list = |jobs: &[JobId]| jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    tracing::warn!(
        lanes = done.lanes, batches = done.batches, as_of = %rfc3339_ms(done.as_of),
        paused = list(&done.paused), lost = list(&done.lost),
        "accepted an older catalogue: deliveries go on from where the mark says that they stood; \
         jobs that were changed after the backup are paused, jobs that were made after it are lost"
    );
    for (job, partition, frames) in &done.again {
        tracing::warn!(%job, %partition, %frames, "these frames may be delivered a second time");
    }
    if !done.is_final {
        tracing::warn!(
            as_of = %rfc3339_ms(done.as_of),
            "the service had not stopped in order: what was sealed between then and its end, \
             some seconds at most, may be delivered a second time"
        );
    }
}

async fn open_store(config: &Config, s3: Option<S3Settings>) -> Result<S3Store, StartError> {
    let settings = s3.unwrap_or_else(|| S3Settings {
        allow_private_endpoints: config.delivery.allow_private_endpoints.clone(),
        ..S3Settings::default()
    });
    Ok(S3Store::new(settings).await?)
}

async fn app(config: &Config, parts: Parts, signer: Signer) -> Result<App, StartError> {
    let mut registry = Registry::default();
    let settings = config.delivery_settings();
    let delivery = Delivery::start(settings, parts.clone(), &mut registry).await?;
    let Parts { journal, catalog, datasets, clock, .. } = parts;
    let ingest_metrics = IngestMetrics::register(&mut registry);
    let reloads = Reloads::register(&mut registry);
    let door = Door::new(
        Arc::clone(&journal),
        Arc::clone(&catalog),
        Arc::clone(&datasets),
        Arc::clone(&clock),
        config.ingest,
        ingest_metrics.clone(),
    );
    let trusted = config.api.trusted_proxies.clone();
    let connections = Connections::new(config.http, trusted, &mut registry);
    Ok(App {
        journal,
        catalog,
        delivery,
        datasets,
        clock,
        door,
        signer,
        connections,
        ingest_metrics,
        metrics: MetricsPage::new(registry),
        api: Live::new(config.api.clone()),
        reloads,
        uses: Uses::default(),
        rates: Rates::new(&config.api),
        principal: config.delivery.principal_arn.clone(),
        sessions: Sessions::default(),
        drafts: Drafts::default(),
        job_changes: Mutex::new(()),
        verifications: Arc::new(Semaphore::new(VERIFICATIONS_MAX)),
    })
}

/// The built-in datasets and those of the `*.toml` files in `dir`.
fn datasets(dir: Option<&Path>) -> Result<Datasets, StartError> {
    let Some(dir) = dir else { return Ok(Datasets::builtin()) };
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::Io {
            action: "read the datasets (`datasets_dir`) at",
            path,
            source,
        }
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
