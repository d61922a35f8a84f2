//! What the user sees while objects are read.

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
    pub(super) fn new() -> Self {
        Self { bar: Bar::new(None, false) }
    }

    /// So many objects are to be read, where that is known.
    pub(super) fn expect(&self, objects: Option<u64>) {
        if let Some(objects) = objects.filter(|objects| *objects > 0) {
            self.bar.expect(objects);
        }
    }

    /// So many objects were looked at.
    pub(super) fn checked(&self, objects: u64) {
        self.bar.reached(objects);
        let rate = count(self.bar.rate(objects));
        self.bar.say(format!("{} objects  {rate} objects/s", count(objects)));
    }

    /// Objects are being read, of which so many bytes came since the request began.
    pub(super) fn reading(&self, bytes: u64) {
        let objects = count(self.bar.position());
        self.bar.say(format!("{objects} objects  reading, {} came", megabytes(bytes)));
    }

    /// So many keys were listed.
    pub(super) fn listing(&self, keys: u64) {
        self.bar.say(format!("looking for extra objects among {} keys", count(keys)));
    }

    /// A request failed and is made again after `pause`.
    pub(super) fn waiting(&self, error: &ClientError, pause: Duration) {
        self.bar.waiting(error, pause);
    }

    /// How long it has taken until now.
    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Says something while the bar is off the screen.
    pub(super) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        self.bar.aside(say)
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish();
    }
}
