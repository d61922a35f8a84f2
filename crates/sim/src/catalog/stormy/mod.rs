//! The catalogue as delivery sees it in a storm: slow, failing, and cut off by crashes between a
//! call's effect and its answer.

mod control;
mod history;
mod ledger;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use catalog::{CatalogError, Result};
use model::JobSpec;

use super::{MemoryCatalog, State};
use crate::flaw::Flaw;
use crate::rng::Rng;
use crate::storm::Storm;

/// How rough the catalogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogRates {
    /// Of a thousand calls, so many fail without any effect.
    pub failing: u32,
    /// Of a thousand calls, so many have their effect and fail all the same.
    pub lost_answer: u32,
    /// Of a thousand calls, so many take their time.
    pub slow: u32,
    /// The longest time before a call's effect, and again after it.
    pub delay: Duration,
}

/// What the storm does to one call.
#[derive(Debug, Default)]
struct Gust {
    before: Duration,
    after: Duration,
    fails: bool,
    loses_answer: bool,
}

/// A catalogue in a storm.
#[derive(Debug)]
pub struct StormyCatalog {
    inner: Arc<MemoryCatalog>,
    storm: Arc<Storm>,
    rates: CatalogRates,
    flaw: Flaw,
    rng: Mutex<Rng>,
    before_last_seal: Mutex<Option<State>>,
}

impl StormyCatalog {
    /// A storm around `inner`.
    pub fn new(
        inner: Arc<MemoryCatalog>,
        storm: Arc<Storm>,
        rates: CatalogRates,
        flaw: Flaw,
        rng: Rng,
    ) -> Self {
        let before_last_seal = Mutex::default();
        Self { inner, storm, rates, flaw, rng: Mutex::new(rng), before_last_seal }
    }

    /// The process has died. Only a flawed catalogue minds.
    pub fn crash(&self) {
        let lost = self.before_last_seal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(state) = lost {
            self.inner.restore(state);
        }
    }

    /// Passes a call on, in the storm's way.
    async fn pass<T>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let gust = self.draw();
        self.storm.switch.step().await;
        Storm::pass(gust.before).await;
        if gust.fails {
            self.storm.saw("the catalogue fails");
            return Err(self.failure(action));
        }
        let answer = call.await;
        self.storm.switch.step().await;
        Storm::pass(gust.after).await;
        if gust.loses_answer {
            self.storm.saw("the catalogue does its work and fails");
            return Err(self.failure(action));
        }
        answer
    }

    fn failure(&self, action: &'static str) -> CatalogError {
        self.note(|| format!("cannot {action}"));
        let source = io::Error::other("the storm");
        CatalogError::Io { action, path: PathBuf::from("catalogue"), source }
    }

    fn draw(&self) -> Gust {
        if self.storm.is_calm() {
            return Gust::default();
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delay = || {
            if rng.per_mille(self.rates.slow) {
                rng.time_up_to(self.rates.delay)
            } else {
                Duration::ZERO
            }
        };
        let (before, after) = (delay(), delay());
        Gust {
            before,
            after,
            fails: rng.per_mille(self.rates.failing),
            loses_answer: rng.per_mille(self.rates.lost_answer),
        }
    }

    /// A flawed catalogue tells another share of a job's records each time that it is asked.
    fn sample_by_chance(&self, spec: &mut JobSpec) {
        if self.flaw != Flaw::SamplesByChance {
            return;
        }
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let share = rng.pick(&["0.3", "0.7"]);
        if let Some(options) = &mut spec.output_options {
            *options = options.replace("\"sample_rate\":0.5", &format!("\"sample_rate\":{share}"));
        }
    }

    fn note(&self, line: impl FnOnce() -> String) {
        self.storm.trace.note(|| format!("catalogue: {}", line()));
    }
}
