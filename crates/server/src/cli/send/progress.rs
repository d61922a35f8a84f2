//! What the user sees while files are sent: a bar on a terminal, otherwise only trouble.

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
    /// Progress through so many bytes, or through a stream. Shows nothing where `quiet`.
    pub(super) fn new(total: Option<u64>, quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal() && !quiet;
        let target =
            if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template =
            if total.is_some() { "{bar:30} {percent:>3} %  {msg}" } else { "{spinner}  {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, is_terminal, in_trouble: Arc::default() }
    }

    /// So much of the input is acknowledged, which was so many lines.
    pub(super) fn acknowledged(&self, input_bytes: u64, lines: u64) {
        if input_bytes > self.bar.position() {
            self.bar.set_position(input_bytes);
        }
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let rate = count((lines as f64 / seconds) as u64);
        let bytes = megabytes(self.bar.position());
        self.bar.set_message(format!("{bytes}  {} lines  {rate} lines/s", count(lines)));
        self.in_trouble.store(false, Ordering::Relaxed);
    }

    /// A request failed and is sent again after `pause`. Where there is no bar, only the first of
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

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
