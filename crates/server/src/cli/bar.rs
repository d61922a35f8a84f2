//! What the user sees of long work: a bar on a terminal, otherwise only trouble.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::span;
use crate::client::ClientError;
use crate::harmless::visible;

/// A bar on stderr. Cloning gives another handle to the same.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    drawn: ProgressBar,
    is_terminal: bool,
    /// Whether trouble was told and has not passed since.
    in_trouble: Arc<AtomicBool>,
}

impl Bar {
    /// A bar for so much work, or for one whose end is not known. Shows nothing where `quiet`.
    pub(super) fn new(total: Option<u64>, quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal() && !quiet;
        let target =
            if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let this = Self {
            drawn: ProgressBar::with_draw_target(None, target),
            is_terminal,
            in_trouble: Arc::default(),
        };
        this.style("{spinner}  {msg}");
        total.into_iter().for_each(|total| this.expect(total));
        this
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.drawn.set_style(style.progress_chars("=> "));
        }
    }

    /// There is so much work.
    pub(super) fn expect(&self, total: u64) {
        self.drawn.set_length(total);
        self.style("{bar:30} {percent:>3} %  {msg}");
    }

    /// So much of the work is done; trouble is over.
    pub(super) fn reached(&self, done: u64) {
        self.drawn.set_position(done);
        self.in_trouble.store(false, Ordering::Relaxed);
    }

    /// How much of the work is done.
    pub(super) fn position(&self) -> u64 {
        self.drawn.position()
    }

    /// How many of these came in each second until now.
    pub(super) fn rate(&self, number: u64) -> u64 {
        (number as f64 / self.drawn.elapsed().as_secs_f64().max(0.001)) as u64
    }

    /// What stands beside the bar.
    pub(super) fn say(&self, text: String) {
        self.drawn.set_message(text);
        self.drawn.tick();
    }

    /// A request failed and is made again after `pause`. Where there is no bar, only the first of
    /// a row of failures is told.
    pub(super) fn waiting(&self, error: &ClientError, pause: Duration) {
        let error = visible(&error.to_string(), usize::MAX);
        let text = format!("{error}; trying again in {}", span(pause));
        let told = self.in_trouble.swap(true, Ordering::Relaxed);
        if self.is_terminal {
            self.drawn.set_message(text);
        } else if !told {
            // Nothing can be done about a stderr that is closed.
            let _ = writeln!(std::io::stderr(), "waiting: {text}");
        }
    }

    /// How long it has taken until now.
    pub(super) fn elapsed(&self) -> Duration {
        self.drawn.elapsed()
    }

    /// Says something while the bar is off the screen.
    pub(super) fn aside<T>(&self, say: impl FnOnce() -> T) -> T {
        self.drawn.suspend(say)
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}
