//! What the user sees while objects are read: a bar on a terminal, otherwise only trouble.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{count, megabytes, span};
use crate::client::ClientError;

/// Progress on stderr. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    /// Whether trouble was told and has not passed since.
    in_trouble: Arc<AtomicBool>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target =
            if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let this = Self { bar, is_terminal, in_trouble: Arc::default() };
        this.style("{spinner}  {msg}");
        this
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
    }

    /// So many objects are to be read, where that is known.
    pub(super) fn expect(&self, objects: Option<u64>) {
        if let Some(objects) = objects.filter(|objects| *objects > 0) {
            self.bar.set_length(objects);
            self.style("{bar:30} {percent:>3} %  {msg}");
        }
    }

    /// So many objects were looked at.
    pub(super) fn checked(&self, objects: u64) {
        self.bar.set_position(objects);
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let rate = count((objects as f64 / seconds) as u64);
        self.bar.set_message(format!("{} objects  {rate} objects/s", count(objects)));
        self.in_trouble.store(false, Ordering::Relaxed);
    }

    /// Objects are being read, of which so many bytes came since the request began.
    pub(super) fn reading(&self, bytes: u64) {
        let objects = count(self.bar.position());
        self.bar.set_message(format!("{objects} objects  reading, {} came", megabytes(bytes)));
    }

    /// So many keys were listed.
    pub(super) fn listing(&self, keys: u64) {
        self.bar.set_message(format!("looking for extra objects among {} keys", count(keys)));
        self.bar.tick();
    }

    /// A request failed and is made again after `pause`. Where there is no bar, only the first of
    /// a row of failures is told.
    pub(super) fn waiting(&self, error: &ClientError, pause: Duration) {
        let text = format!("{error}; trying again in {}", span(pause));
        let told = self.in_trouble.swap(true, Ordering::Relaxed);
        if self.is_terminal {
            self.bar.set_message(text);
        } else if !told {
            // Nothing can be done about a stderr that is closed.
            let _ = writeln!(std::io::stderr(), "waiting: {text}");
        }
    }

    /// How long it has taken until now.
    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Says something while the bar is off the screen.
    pub(super) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        self.bar.suspend(say)
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
