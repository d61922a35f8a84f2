//! What is known to be wrong with a bucket, and for whom, so that one request finds out whether it
//! still is, and not a thousand.
//!
//! | the store says | it is wrong for |
//! |---|---|
//! | nothing, or that it is broken, several times on end | all |
//! | there is no such bucket, no more room, the clock is off | all, at once |
//! | the credentials, or the region they were used in, are wrong | all with these |
//! | denied, or the encryption is refused | the same destination, folder and options included |
//! | anything about one object | nobody else |

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use model::destination::{Access, Destination};
use tokio::time::Instant;

use super::place::Place;
use crate::RetrySettings;
use crate::protocol::backoff::backoff;
use crate::store::{Remedy, StoreError, StoreErrorKind as Kind};

/// Failures on end of a kind that passes by itself, from which on it is a trouble.
const PASSING_FAILURES: u32 = 3;
/// A trouble that nobody has asked after for this long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// The longest that a store may ask all to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// A batch may not be sent now, because others of the same bucket have failed.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// How they have failed.
    pub(crate) error: StoreError,
    /// When the bucket may be probed; `None` while a probe is under way.
    pub(crate) until: Option<Instant>,
}

/// Whether a request may be sent.
#[derive(Debug)]
pub(super) enum Look {
    Free,
    Probe(Claim),
    Held(Held),
}

/// The troubles that one request probes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim(u64);

/// For whom something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Circle {
    All,
    Keys { region: String, access: Access },
    Destination(Box<Destination>),
}

impl Circle {
    fn of(to: &Destination, kind: Kind) -> Option<Self> {
        match kind {
            Kind::NoSuchBucket
            | Kind::Quota
            | Kind::ClockSkew
            | Kind::Unreachable
            | Kind::Tls
            | Kind::NoAnswer
            | Kind::Unavailable => Some(Self::All),
            Kind::BadCredentials
            | Kind::ExpiredCredentials
            | Kind::NoIdentity
            | Kind::WrongRegion => {
                Some(Self::Keys { region: to.region.clone(), access: to.access.clone() })
            }
            Kind::AccessDenied | Kind::Encryption => Some(Self::Destination(Box::new(to.clone()))),
            Kind::Refused
            | Kind::SlowDown
            | Kind::NoSuchUpload
            | Kind::AlreadyThere
            | Kind::Conflict
            | Kind::NotSupported
            | Kind::Bug => None,
        }
    }

    fn holds(&self, to: &Destination) -> bool {
        match self {
            Self::All => true,
            Self::Keys { region, access } => (region, access) == (&to.region, &to.access),
            Self::Destination(destination) => **destination == *to,
        }
    }
}

#[derive(Debug)]
struct Trouble {
    circle: Circle,
    error: StoreError,
    failures: u32,
    next: Instant,
    claimed_by: Option<u64>,
}

/// What is known to be wrong with one bucket.
#[derive(Debug)]
pub(super) struct Troubles {
    seed: u64,
    retry: RetrySettings,
    known: Vec<Trouble>,
    /// Failures on end of kinds that pass by themselves.
    passing: u32,
    claims: u64,
}

impl Troubles {
    pub(super) fn new(place: &Place, retry: RetrySettings) -> Self {
        let mut hasher = DefaultHasher::new();
        place.hash(&mut hasher);
        Self { seed: hasher.finish(), retry, known: Vec::new(), passing: 0, claims: 0 }
    }

    /// Whether a request to `to` may be sent.
    pub(super) fn look(&self, to: &Destination) -> Look {
        let now = Instant::now();
        let mut met = self.known.iter().filter(|trouble| trouble.circle.holds(to)).peekable();
        if met.peek().is_none() {
            return Look::Free;
        }
        let holding = |trouble: &&Trouble| trouble.claimed_by.is_some() || trouble.next > now;
        match met.find(holding) {
            None => Look::Probe(Claim(0)),
            Some(trouble) => Look::Held(Held {
                error: trouble.error.clone(),
                until: trouble.claimed_by.is_none().then_some(trouble.next),
            }),
        }
    }

    /// As [`Troubles::look`]; what may be probed is the caller's to probe.
    pub(super) fn claim(&mut self, to: &Destination) -> Look {
        let look = self.look(to);
        if !matches!(look, Look::Probe(_)) {
            return look;
        }
        self.claims += 1;
        let met = self.known.iter_mut().filter(|trouble| trouble.circle.holds(to));
        met.for_each(|trouble| trouble.claimed_by = Some(self.claims));
        Look::Probe(Claim(self.claims))
    }

    /// A probe was not sent after all.
    pub(super) fn give_back(&mut self, claim: Claim) {
        let mine = |trouble: &&mut Trouble| trouble.claimed_by == Some(claim.0);
        self.known.iter_mut().filter(mine).for_each(|trouble| trouble.claimed_by = None);
    }

    /// Troubles of `to` may be probed at once.
    pub(super) fn encourage(&mut self, to: &Destination) {
        let now = Instant::now();
        let met = self.known.iter_mut().filter(|trouble| trouble.circle.holds(to));
        met.for_each(|trouble| trouble.next = now);
    }

    /// A request to `to` went well; says whether somebody may go on who was held.
    pub(super) fn passed(&mut self, to: &Destination, claim: Option<Claim>) -> bool {
        self.passing = 0;
        self.end(claim, |circle| circle.holds(to))
    }

    /// A request to `to` failed; says whether somebody may go on who was held.
    pub(super) fn failed(
        &mut self,
        to: &Destination,
        error: &StoreError,
        claim: Option<Claim>,
    ) -> bool {
        let passes = error.remedy() == Remedy::Retry;
        self.passing = if passes { self.passing.saturating_add(1) } else { 0 };
        let is_probe = claim.is_some();
        let circle = match (error.retry_after, Circle::of(to, error.kind)) {
            (Some(_), None) if error.kind == Kind::SlowDown => Some(Circle::All),
            (_, circle) => circle,
        };
        let Some(circle) = circle else { return self.end(claim, |_| false) };
        let id = claim.as_ref().map(|claim| claim.0);
        let before = self.known.iter_mut().find(|trouble| trouble.circle == circle);
        match before {
            Some(trouble) if trouble.claimed_by == id && is_probe => {
                trouble.claimed_by = None;
                trouble.failures = trouble.failures.saturating_add(1);
                trouble.error = error.clone();
                trouble.next = next(self.retry, self.seed, error, trouble.failures);
            }
            // It was under way already when the others failed.
            Some(trouble) => trouble.error = error.clone(),
            None if passes && self.passing < PASSING_FAILURES && error.retry_after.is_none() => {}
            None => {
                let next = next(self.retry, self.seed, error, 1);
                let trouble =
                    Trouble { circle, error: error.clone(), failures: 1, next, claimed_by: None };
                self.known.push(trouble);
            }
        }
        // What else was probed is over: the store has said something else.
        self.end(claim, |_| false);
        self.forget();
        true
    }

    /// Ends the troubles that were claimed, and those of these circles.
    fn end(&mut self, claim: Option<Claim>, ends: impl Fn(&Circle) -> bool) -> bool {
        let before = self.known.len();
        let is_mine = |trouble: &Trouble| {
            claim.as_ref().is_some_and(|claim| trouble.claimed_by == Some(claim.0))
        };
        self.known.retain(|trouble| !is_mine(trouble) && !ends(&trouble.circle));
        self.known.len() < before
    }

    fn forget(&mut self) {
        self.known.retain(|trouble| trouble.next.elapsed() < FORGOTTEN_AFTER);
    }
}

/// When a trouble may be probed.
fn next(retry: RetrySettings, seed: u64, error: &StoreError, failures: u32) -> Instant {
    let wait = backoff(retry, error.remedy(), failures, seed);
    let asked = error.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    Instant::now() + wait.max(asked)
}
