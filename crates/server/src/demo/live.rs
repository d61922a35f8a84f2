//! What is seen while the demo runs: one line that changes on a terminal, a line every few seconds
//! elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sender::Sent;
use super::{DemoError, say};
use crate::cli::{count, megabytes};
use crate::client::JobStatus;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The live line.
#[derive(Debug)]
pub(super) struct Live {
    started: Instant,
    /// The line that changes; `None` where stdout is no terminal.
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Live {
    /// Begins now.
    pub(super) fn start() -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        let started = Instant::now();
        Self { started, bar, last_line: started }
    }

    /// Shows how things stand.
    pub(super) fn show(&mut self, sent: &Sent, job: Option<&JobStatus>) -> Result<(), DemoError> {
        if let Some(bar) = &self.bar {
            bar.set_message(text(self.started.elapsed(), sent, job));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            say(text(self.started.elapsed(), sent, job))?;
        }
        Ok(())
    }

    /// Takes the line off the screen.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn text(elapsed: Duration, sent: &Sent, job: Option<&JobStatus>) -> String {
    let seconds = elapsed.as_secs();
    let clock = format!("{:02}:{:02}", seconds / 60, seconds % 60);
    let records = format!("in {} ({})", count(sent.records()), megabytes(sent.bytes()));
    let Some(job) = job else { return format!("{clock}  {records}") };
    let lag = job.lag_seconds.unwrap_or(0.0);
    let line = format!(
        "{clock}  {records}  delivered {}  lag {lag:.1} s  objects {}",
        count(job.delivered_records),
        count(job.delivered_objects)
    );
    match &job.error_message {
        Some(message) => format!("{line}  {message}"),
        None => line,
    }
}
