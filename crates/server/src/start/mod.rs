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
mod reload;
mod rooms;
mod upkeep;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use catalog::TokenHash;
use delivery::s3::S3Settings;
use tokio::net::TcpListener;

use crate::api::routes;
use crate::config::{AdminToken, Config, Loaded, Source};
use crate::dashboard;
use crate::http::{Running, router};
use crate::random::NoRandomness;
use crate::stop::{Signal, Signals, stop};
use crate::telemetry::LogLevel;
use reload::Reloader;

pub use error::StartError;
pub(crate) use reload::Reloads;
pub(crate) use rooms::Rooms;
pub(crate) use upkeep::Upkeep;

/// The service, running. It has to be stopped with [`Service::stop`]; what is only dropped is
/// cut off, and recovers at the next start.
#[derive(Debug)]
pub struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) admin_token: AdminToken,
    pub(crate) http: Running,
    pub(crate) rooms: Rooms,
    pub(crate) upkeep: Upkeep,
    pub(crate) timeout: Duration,
}

impl Service {
    /// Starts the service. `s3` stands in for the AWS settings of the environment where it is
    /// given.
    pub async fn start(config: Config, s3: Option<S3Settings>) -> Result<Self, StartError> {
        data_dir::prepare(&config.data_dir)?;
        let listener = listen(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address: config.listen, source })?;
        let (rooms, admin_token) = Rooms::open(&config, s3).await?;
        let router = router(&rooms.app, [routes(), dashboard::routes()].concat());
        let http = Running::start(listener, router, rooms.app.connections.clone());
        let upkeep = Upkeep::start(&rooms.catalog, &rooms.app.clock);
        let timeout = config.shutdown_timeout;
        Ok(Self { address, admin_token, http, rooms, upkeep, timeout })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The administrator's token.
    pub fn admin_token(&self) -> &str {
        self.admin_token.expose()
    }

    /// Where a browser on this machine finds it.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}")
    }

    /// The path of a link that logs its first visitor in as the administrator, within the hour.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn login_path(&self) -> Result<String, NoRandomness> {
        let token = TokenHash::of(self.admin_token.expose());
        let app = &self.rooms.app;
        let secret = app.sessions.invite(token, app.clock.now())?;
        Ok(format!("{}/{secret}", dashboard::LOGIN_ONCE))
    }

    /// Stops within the configured time: answers what is under way, delivers open batches as far
    /// as time allows, closes the rooms. Returns how many sealed batches were left for the next
    /// start.
    pub async fn stop(self) -> usize {
        stop(self).await
    }
}

/// Runs the service until the first SIGTERM or SIGINT, and stops it. A second one ends the
/// process at once; SIGHUP has the settings read again. `loaded` is what was read from `source`;
/// `welcome` is called as soon as the service answers.
pub async fn serve(
    source: Source,
    loaded: Loaded,
    log: LogLevel,
    welcome: impl FnOnce(&Service),
) -> Result<(), StartError> {
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let files = file_limit::raise();
    let config = file_limit::fitted(loaded.config.clone(), files)?;
    let data_dir = config.data_dir.clone();
    let mut service = Service::start(config, None).await?;
    let mut reloader = Reloader::new(source, loaded, log);
    tracing::info!(address = %service.address(), data_dir = %data_dir.display(), "serving");
    welcome(&service);
    while signals.any().await == Signal::Reload {
        reloader.reload(&mut service);
    }
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
