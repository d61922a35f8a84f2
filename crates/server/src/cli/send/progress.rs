//! What the user sees while files are sent.

use std::time::Duration;

use crate::cli::bar::Bar;
use crate::cli::{count, megabytes};
use crate::client::ClientError;

/// Progress on stderr. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bar: Bar,
}

impl Progress {
    /// Progress through so many bytes, or through a stream. Shows nothing where `quiet`.
    pub(super) fn new(total: Option<u64>, quiet: bool) -> Self {
        Self { bar: Bar::new(total, quiet) }
    }

    /// So much of the input is acknowledged, which was so many lines.
    pub(super) fn acknowledged(&self, input_bytes: u64, lines: u64) {
        self.bar.reached(input_bytes.max(self.bar.position()));
        let (bytes, rate) = (megabytes(self.bar.position()), count(self.bar.rate(lines)));
        self.bar.say(format!("{bytes}  {} lines  {rate} lines/s", count(lines)));
    }

    /// A request failed and is sent again after `pause`.
    pub(super) fn waiting(&self, error: &ClientError, pause: Duration) {
        self.bar.waiting(error, pause);
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
