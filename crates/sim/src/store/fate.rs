//! What becomes of one call to the store.

use std::time::Duration;

use delivery::StoreErrorKind;

use crate::rng::Rng;

/// How rough the store is: of a thousand calls, so many meet each fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreRates {
    /// The store asks for fewer requests.
    pub slow_down: u32,
    /// The store fails; it may have done the work.
    pub unavailable: u32,
    /// No connection is made.
    pub unreachable: u32,
    /// The answer is lost after the work was done.
    pub lost_answer: u32,
    /// Nothing comes for a long time. The work is done at once, long after, or never.
    pub stall: u32,
    /// What the store has done it does once more, some time later.
    pub twice: u32,
    /// The longest time of a call that meets no fault.
    pub latency: Duration,
}

/// How long a client waits for an answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(30);
/// How long after its client gave up a request may still arrive.
const LATE: Duration = Duration::from_secs(60);

/// What becomes of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) is_done: bool,
    pub(crate) until_done: Duration,
    pub(crate) until_answer: Duration,
    pub(crate) error: Option<StoreErrorKind>,
    /// Whether the request arrives although its sender has died meanwhile.
    pub(crate) outlives: bool,
    /// How long after it was done it is done once more.
    pub(crate) again: Option<Duration>,
}

impl Fate {
    /// Done and answered at once.
    pub(crate) const CALM: Self = Self {
        is_done: true,
        until_done: Duration::ZERO,
        until_answer: Duration::ZERO,
        error: None,
        outlives: false,
        again: None,
    };

    fn refused(error: StoreErrorKind, until_answer: Duration) -> Self {
        Self { is_done: false, until_answer, error: Some(error), ..Self::CALM }
    }

    /// What is worth counting of it.
    pub(crate) fn sight(&self) -> Option<&'static str> {
        match self.error {
            Some(_) if self.until_done > self.until_answer => Some("a call is done after its end"),
            Some(_) if self.is_done => Some("a call is done and its answer lost"),
            Some(_) => Some("a call fails without effect"),
            None => None,
        }
    }
}

/// Draws a fate; a bucket that refuses lets nothing through.
pub(crate) fn draw(rng: &mut Rng, rates: StoreRates, refusal: Option<StoreErrorKind>) -> Fate {
    let fate = draw_once(rng, rates, refusal);
    let comes_again = fate.is_done && rng.per_mille(rates.twice);
    Fate { again: comes_again.then(|| rng.time_up_to(LATE)), ..fate }
}

fn draw_once(rng: &mut Rng, rates: StoreRates, refusal: Option<StoreErrorKind>) -> Fate {
    let latency = rng.time_up_to(rates.latency);
    if let Some(kind) = refusal {
        return Fate::refused(kind, latency);
    }
    let until_done = rng.time_up_to(latency);
    let outlives = rng.per_mille(500);
    let done = Fate { until_done, until_answer: latency, outlives, ..Fate::CALM };
    let case = rng.below(1000) as u32;
    let mut below = 0;
    let mut is_case = |rate: u32| {
        below += rate;
        case < below
    };
    if is_case(rates.slow_down) {
        return Fate::refused(StoreErrorKind::SlowDown, latency);
    }
    if is_case(rates.unavailable) {
        let error = Some(StoreErrorKind::Unavailable);
        return Fate { is_done: rng.per_mille(300), error, ..done };
    }
    if is_case(rates.unreachable) {
        return Fate::refused(StoreErrorKind::Unreachable, latency);
    }
    if is_case(rates.lost_answer) {
        return Fate { error: Some(StoreErrorKind::NoAnswer), ..done };
    }
    if is_case(rates.stall) {
        let stalled = Fate {
            until_answer: CLIENT_PATIENCE,
            error: Some(StoreErrorKind::NoAnswer),
            outlives: true,
            ..done
        };
        return match rng.below(3) {
            0 => stalled,
            1 => Fate { is_done: false, ..stalled },
            _ => Fate { until_done: CLIENT_PATIENCE + rng.time_up_to(LATE), ..stalled },
        };
    }
    done
}
