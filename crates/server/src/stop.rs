//! Stopping: the other way round than starting, each step within what is left of the time.

use std::io::{self, IsTerminal, stdout};
use std::time::Duration;

use tokio::signal::unix::{self, SignalKind, signal};
use tokio::time::Instant;

use crate::Service;
use crate::start::Rooms;

/// Exit code of a process that a second signal ended: 128 + SIGINT.
const CUT_OFF: i32 = 130;

/// SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    /// Whether a person at a terminal started the process.
    has_terminal: bool,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// An end.
    Stop,
    /// Settings that are read again.
    Reload,
}

impl Signals {
    /// Receives all from now on; none ends the process any more.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            has_terminal: stdout().is_terminal(),
        })
    }

    /// Returns at the next that asks for an end.
    pub async fn next(&mut self) {
        while self.any().await != Signal::Stop {}
    }

    /// Returns at the next of all. A terminal that was closed, and says so by SIGHUP, asks for an
    /// end.
    pub async fn any(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hang_up.recv() => self.of_hang_up(),
        }
    }

    fn of_hang_up(&self) -> Signal {
        let terminal_is_gone = self.has_terminal && !stdout().is_terminal();
        if terminal_is_gone { Signal::Stop } else { Signal::Reload }
    }
}

/// Stops a service: requests are answered, for at most half of the time; open batches are sealed
/// and delivered as far as the rest of it allows; then the rooms are closed. Returns how many
/// sealed batches were left.
pub(crate) async fn stop(service: Service) -> usize {
    let Service { http, rooms, upkeep, timeout, .. } = service;
    let Rooms { app, journal, catalog, .. } = rooms;
    let end = Instant::now() + timeout;
    if !http.stop(timeout / 2).await {
        tracing::warn!("requests under way were cut off: none of them was acknowledged");
    }
    let left = app.delivery.stop(end.saturating_duration_since(Instant::now())).await;
    upkeep.stop().await;
    let now = app.clock.now();
    let closing = async {
        journal.close().await;
        match catalog.finish(now).await {
            Ok(None) => {}
            Ok(Some(copy)) => tracing::error!(
                copy = %copy.display(),
                "the catalogue's file was taken away from its place while it was open: what it \
                 held is saved in a copy. Put the copy there before the next start"
            ),
            Err(error) => tracing::error!(%error, "cannot note how the catalogue was left"),
        }
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
