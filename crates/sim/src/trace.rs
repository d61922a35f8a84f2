//! What happened in a history, line by line: to read a failing seed, and to compare two runs.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::SimClock;

/// Takes down what happens, where it is wanted.
#[derive(Debug)]
pub struct Trace {
    clock: Arc<SimClock>,
    lines: Option<Mutex<Vec<String>>>,
}

impl Trace {
    /// A trace that keeps its lines, or none.
    pub fn new(clock: Arc<SimClock>, is_kept: bool) -> Self {
        Self { clock, lines: is_kept.then(Mutex::default) }
    }

    /// Takes down a line, with the time that has elapsed.
    pub fn note<T: Display>(&self, line: impl FnOnce() -> T) {
        let Some(lines) = &self.lines else { return };
        let at = self.clock.elapsed().as_secs_f64();
        let line = format!("{at:12.6} {}", line());
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// The lines so far, which leave the trace.
    pub fn take(&self) -> Vec<String> {
        let Some(lines) = &self.lines else { return Vec::new() };
        std::mem::take(&mut lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
