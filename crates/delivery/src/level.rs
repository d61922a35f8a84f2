//! How much is spent on compression: the best ratio while there is time, the fastest level when a
//! partition's reader does not keep up.
//!
//! A batch keeps the level that it began with, and the ledger records it, so that a batch that is
//! encoded again has the same bytes. A level is a number of libdeflate's for gzip and of zstd's for
//! Zstandard; docs/performance.md tells what each costs and brings. Levels 1 and 7 of gzip are the
//! encoder of our own, with little effort and with much; in a build with the feature `isal` the
//! first one is ISA-L's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::press::{ISAL, LINES, LINES_DENSE};

/// The fastest level of this build.
const FASTEST: u8 = if cfg!(feature = "isal") { ISAL } else { LINES };

/// How objects are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// By how busy the batch's partition is when the batch begins.
    #[default]
    Auto,
    /// At this level: 1 (fast) to 12 (small).
    Fixed(u8),
}

impl Level {
    /// The level of a batch that begins now.
    pub(crate) fn at(self, pace: Pace) -> u8 {
        match (self, pace) {
            (Self::Fixed(1), _) | (Self::Auto, Pace::Behind) => FASTEST,
            (Self::Fixed(7), _) | (Self::Auto, Pace::Calm) => LINES_DENSE,
            (Self::Fixed(level), _) => level,
            (Self::Auto, Pace::Busy) => 5,
        }
    }
}

/// The level that is in force, for all who begin batches. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LevelInForce(Arc<AtomicU8>);

impl LevelInForce {
    /// `Auto` is the number that no level has.
    const AUTO: u8 = 0;

    pub(crate) fn new(level: Level) -> Self {
        let in_force = Self::default();
        in_force.set(level);
        in_force
    }

    pub(crate) fn set(&self, level: Level) {
        let number = match level {
            Level::Auto => Self::AUTO,
            Level::Fixed(level) => level,
        };
        self.0.store(number, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Level {
        match self.0.load(Ordering::Relaxed) {
            Self::AUTO => Level::Auto,
            level => Level::Fixed(level),
        }
    }
}

/// How busy a partition's reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// It waits for records most of the time.
    Calm,
    /// It keeps up with little to spare.
    Busy,
    /// It does not keep up, or would not with slower compression.
    Behind,
}

/// How long the work is watched before the pace changes.
const WINDOW: Duration = Duration::from_secs(2);
/// Age of the records that are being read beyond which the reader is behind.
const LAG_MAX: Duration = Duration::from_secs(10);
/// Shares of the time, in per cent, that the reader is at work. One step costs at most three times
/// as much as the next faster one, so that a step to better compression, taken below `SHARE_LOW`,
/// does not lead beyond `SHARE_HIGH` and back.
const SHARE_LOW: u128 = 15;
const SHARE_HIGH: u128 = 60;
const SHARE_FULL: u128 = 90;

/// Watches how busy a reader is.
#[derive(Debug)]
pub(crate) struct PaceWatch {
    pace: Pace,
    since: Instant,
    worked: Duration,
}

impl PaceWatch {
    pub(crate) fn new(now: Instant) -> Self {
        Self { pace: Pace::Busy, since: now, worked: Duration::ZERO }
    }

    /// Notes that the reader was at work for so long.
    pub(crate) fn worked(&mut self, time: Duration) {
        self.worked += time;
    }

    /// The pace for records that arrived `lag` ago.
    pub(crate) fn pace(&mut self, now: Instant, lag: Duration) -> Pace {
        let watched = now.saturating_duration_since(self.since);
        if watched >= WINDOW {
            let share = self.worked.as_nanos() * 100 / watched.as_nanos();
            self.pace = match (share, self.pace) {
                (SHARE_FULL.., _) | (SHARE_HIGH.., Pace::Busy | Pace::Behind) => Pace::Behind,
                (SHARE_HIGH.., Pace::Calm) | (..SHARE_LOW, Pace::Behind) => Pace::Busy,
                (..SHARE_LOW, Pace::Busy) => Pace::Calm,
                (_, pace) => pace,
            };
            (self.since, self.worked) = (now, Duration::ZERO);
        }
        if lag >= LAG_MAX {
            self.pace = Pace::Behind;
        }
        self.pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paces after windows in which the reader was at work for these per cents of the time.
    fn paces(shares: &[u32]) -> Vec<Pace> {
        let mut now = Instant::now();
        let mut watch = PaceWatch::new(now);
        let mut after = |share: &u32| {
            now += WINDOW;
            watch.worked(WINDOW * *share / 100);
            watch.pace(now, Duration::ZERO)
        };
        shares.iter().map(&mut after).collect()
    }

    #[test]
    fn the_pace_follows_the_load_with_hysteresis() {
        use Pace::{Behind, Busy, Calm};
        assert_eq!(paces(&[5, 5, 40, 70, 70, 40]), [Calm, Calm, Calm, Busy, Behind, Behind]);
        assert_eq!(paces(&[95, 20, 10, 40, 10]), [Behind, Behind, Busy, Busy, Calm]);
        assert_eq!(paces(&[5, 95]), [Calm, Behind]);
    }

    #[test]
    fn old_records_are_reason_for_haste_at_once() {
        let now = Instant::now();
        let mut watch = PaceWatch::new(now);
        assert_eq!(watch.pace(now, LAG_MAX), Pace::Behind);
        assert_eq!(watch.pace(now, Duration::ZERO), Pace::Behind);
    }

    #[test]
    fn a_level_that_is_set_is_in_force_for_all() {
        let one = LevelInForce::new(Level::Auto);
        let other = one.clone();
        assert_eq!(other.get(), Level::Auto);
        one.set(Level::Fixed(12));
        assert_eq!(other.get(), Level::Fixed(12));
        other.set(Level::Auto);
        assert_eq!(one.get(), Level::Auto);
    }

    #[test]
    fn a_fixed_level_stays_whatever_the_pace() {
        let paces = [Pace::Calm, Pace::Busy, Pace::Behind];
        assert_eq!(paces.map(|pace| Level::Fixed(6).at(pace)), [6; 3]);
        assert_eq!(paces.map(|pace| Level::Fixed(1).at(pace)), [FASTEST; 3]);
        assert_eq!(paces.map(|pace| Level::Fixed(7).at(pace)), [LINES_DENSE; 3]);
        assert_eq!(paces.map(|pace| Level::Auto.at(pace)), [LINES_DENSE, 5, FASTEST]);
    }
}
