//! The time of day, as a part that tests and the simulator can hold in their hand.

use std::time::{SystemTime, UNIX_EPOCH};

use model::UnixNanos;

/// Tells the time of day.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// Now.
    fn now(&self) -> UnixNanos;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that asks the system's clock")]
    fn now(&self) -> UnixNanos {
        let now = SystemTime::now();
        let nanos = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
        };
        UnixNanos(nanos)
    }
}

/// A clock that stands still until it is set.
#[cfg(feature = "test-util")]
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicI64);

#[cfg(feature = "test-util")]
impl ManualClock {
    /// A clock that shows `now`.
    pub const fn new(now: UnixNanos) -> Self {
        Self(std::sync::atomic::AtomicI64::new(now.0))
    }

    /// Sets the time, which may go back.
    pub fn set(&self, now: UnixNanos) {
        self.0.store(now.0, std::sync::atomic::Ordering::SeqCst);
    }

    /// Lets `seconds` pass.
    pub fn advance_seconds(&self, seconds: i64) {
        let nanos = seconds * model::time::NANOS_PER_SECOND;
        self.0.fetch_add(nanos, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(feature = "test-util")]
impl Clock for ManualClock {
    fn now(&self) -> UnixNanos {
        UnixNanos(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
