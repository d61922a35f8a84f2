//! SIGHUP: the settings are read again, and what a running service can follow is put in force.
//!
//! ```text
//!  SIGHUP ─► read the file ─► check all of it ─► put it in force ─► say what waits for a start
//!                  └────────────┴── wrong: nothing changes, and it is said until it is mended
//! ```

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Service, StartError};
use crate::app::App;
use crate::config::{Config, Loaded, Source, changes};
use crate::telemetry::LogLevel;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// What became of the settings that were read again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reloads {
    outcomes: Family<OutcomeLabel, Counter>,
    failed: Gauge,
}

impl Reloads {
    /// Figures that `registry` shows.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let reloads = Self::default();
        for outcome in ["taken", "refused"] {
            drop(reloads.outcomes.get_or_create(&OutcomeLabel { outcome }));
        }
        registry.register(
            "logpush_config_reloads",
            "How often the settings were read again, by whether they were taken",
            reloads.outcomes.clone(),
        );
        registry.register(
            "logpush_config_reload_failed",
            "Whether the settings that were read last were refused, and those before are in force",
            reloads.failed.clone(),
        );
        reloads
    }

    /// Whether the settings that were read last were refused.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get() != 0
    }

    fn note(&self, outcome: &'static str) {
        self.outcomes.get_or_create(&OutcomeLabel { outcome }).inc();
        self.failed.set(i64::from(outcome == "refused"));
    }
}

/// Reads settings again, and knows which are in force.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    /// What was read last and taken.
    loaded: Loaded,
    /// What the service was started with.
    started: Config,
    log: LogLevel,
}

impl Reloader {
    /// Of a service that was started with what was loaded from `source`.
    pub(super) fn new(source: Source, loaded: Loaded, log: LogLevel) -> Self {
        let started = loaded.config.clone();
        Self { source, loaded, started, log }
    }

    /// Reads the settings again. Where anything is wrong with them, all stay as they are.
    pub(super) fn reload(&mut self, service: &mut Service) {
        let app = Arc::clone(&service.rooms.app);
        match self.take(service) {
            Ok(()) => app.reloads.note("taken"),
            Err(error) => {
                app.reloads.note("refused");
                tracing::error!(
                    %error,
                    "the settings were not taken, and those before stay in force: mend them and \
                     send SIGHUP again"
                );
            }
        }
    }

    fn take(&mut self, service: &mut Service) -> Result<(), ReloadError> {
        let loaded = self.source.load_again(&self.loaded)?;
        let config = &loaded.config;
        // What can fail comes first.
        let allowed = &config.delivery.allow_private_endpoints;
        service.rooms.store.allow(allowed).map_err(StartError::from)?;
        self.log.set(&config.log.level);
        service.timeout = config.shutdown_timeout;
        put_in_force(&service.rooms.app, config);
        self.tell(config);
        self.loaded = loaded;
        Ok(())
    }

    fn tell(&self, config: &Config) {
        let taken = changes(&self.loaded.config, config).into_iter().filter(|one| one.is_live);
        let taken: Vec<&str> = taken.map(|change| change.key).collect();
        tracing::info!(changed = taken.join(", "), "took the settings");
        for change in changes(&self.started, config).iter().filter(|one| !one.is_live) {
            tracing::warn!(key = change.key, "the setting takes effect at the next start");
        }
    }
}

fn put_in_force(app: &App, config: &Config) {
    app.api.set(config.api.clone());
    app.rates.set(&config.api);
    app.door.set(config.ingest);
    app.delivery.tune(config.tuning());
}

/// Why settings were not taken.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
}
