//! Stopping: the other way round than starting, each step within what is left of the time.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::Service;
use crate::start::Rooms;

/// Exit code of a process that a second signal ended: 128 + SIGINT.
const CUT_OFF: i32 = 130;

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Receives both from now on; neither ends the process any more.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns at the next of either.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Stops a service: requests are answered, for at most half of the time; open batches are sealed
/// and delivered as far as the rest of it allows; then the rooms are closed. Returns how many
/// sealed batches were left.
pub(crate) async fn stop(service: Service) -> usize {
    let Service { http, rooms, upkeep, timeout, .. } = service;
    upkeep.abort();
    let Rooms { app, journal, catalog } = rooms;
    let end = Instant::now() + timeout;
    if !http.stop(timeout / 2).await {
        tracing::warn!("requests under way were cut off: none of them was acknowledged");
    }
    let left = app.delivery.stop(end.saturating_duration_since(Instant::now())).await;
    let closing = async {
        journal.close().await;
        catalog.close().await;
    };
    // What is acknowledged is durable already: closing only tidies up.
    if tokio::time::timeout(CLOSE_WAIT, closing).await.is_err() {
        tracing::warn!("journal and catalogue did not close in time");
    }
    left
}

/// How long journal and catalogue may take to close.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Ends the process as it stands; the next start recovers.
pub(crate) fn at_once() -> ! {
    tracing::warn!("ending at once");
    std::process::exit(CUT_OFF)
}
