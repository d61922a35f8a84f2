//! The time that the charts show, cut into slots, and what a job did in each of them.
//!
//! Hourly figures fill slots of an hour and more. For the last hour there are none that are fine
//! enough: there the ledger, the losses and the events are counted instead.

use std::collections::BTreeMap;

use catalog::history::{KIND_DROPPED, KIND_RECOVERED};
use catalog::{BatchRecord, BatchState, HourFigures, JobEvent, Loss};
use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

/// The kind of the event that tells that records will expire: no attempt failed.
const KIND_EXPIRING: &str = "expiring";
/// Most repeats of one event that are shared out.
const REPEATS_MAX: u64 = 10_000;

/// How much time the charts show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Hour,
    Day,
    Week,
    Month,
}

impl Range {
    pub(super) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The range of that name in a query; a day for any other.
    pub(super) fn named(name: Option<&str>) -> Self {
        let named = |range: &Self| Some(range.name()) == name;
        Self::ALL.into_iter().find(named).unwrap_or(Self::Day)
    }

    /// As it stands in a query.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    const fn slots(self) -> i64 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 28,
            Self::Month => 30,
        }
    }

    const fn slot_nanos(self) -> i64 {
        let seconds = match self {
            Self::Hour => 300,
            Self::Day => 3_600,
            Self::Week => 6 * 3_600,
            Self::Month => 24 * 3_600,
        };
        seconds * NANOS_PER_SECOND
    }

    /// When the first slot begins: slots are whole in UTC, and `now` is in the last one.
    pub(super) fn begins(self, now: UnixNanos) -> UnixNanos {
        let last = now.0.div_euclid(self.slot_nanos());
        UnixNanos((last + 1 - self.slots()).saturating_mul(self.slot_nanos()))
    }
}

/// What a job did in one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) begins: UnixNanos,
    /// Batches delivered.
    pub(super) delivered: u64,
    /// Attempts that failed.
    pub(super) failed: u64,
    /// Lines delivered.
    pub(super) lines: u64,
    /// Lines given up.
    pub(super) dropped: u64,
    /// Bytes delivered, before compression.
    pub(super) raw_bytes: u64,
    /// Bytes delivered, compressed.
    pub(super) object_bytes: u64,
    /// How long the uploads of the delivered batches took together.
    pub(super) millis: u64,
    /// How long the longest of them took.
    pub(super) millis_max: u64,
    /// Failed attempts by the status of their answer.
    pub(super) statuses: BTreeMap<u16, u64>,
}

/// The slots of a range, in which things are counted.
#[derive(Debug)]
pub(super) struct Slots {
    range: Range,
    slots: Vec<Slot>,
}

impl Slots {
    /// The slots of a range that ends now, in which nothing was done.
    pub(super) fn new(range: Range, now: UnixNanos) -> Self {
        let first = range.begins(now);
        let slot = |number: i64| {
            let hour = UnixNanos(first.0.saturating_add(number.saturating_mul(range.slot_nanos())));
            Slot::of(HourFigures::new(hour))
        };
        Self { range, slots: (0..range.slots()).map(slot).collect() }
    }

    /// The slots, oldest first.
    pub(super) fn finish(self) -> Vec<Slot> {
        self.slots
    }

    /// Counts what was done in an hour.
    pub(super) fn add_hour(&mut self, figures: HourFigures) {
        let Some(slot) = self.at(figures.hour) else { return };
        slot.add(Slot::of(figures));
    }

    /// Counts a batch of the ledger.
    pub(super) fn add_batch(&mut self, record: &BatchRecord) {
        let BatchState::Delivered(delivered) = &record.state else { return };
        let Some(slot) = self.at(delivered.at) else { return };
        let mut figures = HourFigures::new(slot.begins);
        figures.batches = 1;
        figures.records = record.batch.records;
        figures.raw_bytes = record.batch.raw_bytes;
        figures.object_bytes = delivered.object_bytes;
        figures.upload_millis = delivered.duration_millis;
        figures.upload_millis_max = delivered.duration_millis;
        slot.add(Slot::of(figures));
    }

    /// Counts lines that were given up.
    pub(super) fn add_loss(&mut self, loss: &Loss) {
        if let Some(slot) = self.at(loss.at) {
            slot.dropped += loss.records;
        }
    }

    /// Counts failed attempts. Of an event that happened again and again only the first and the
    /// last time are known: the others are shared out evenly between them.
    pub(super) fn add_event(&mut self, event: &JobEvent) {
        if [KIND_RECOVERED, KIND_DROPPED, KIND_EXPIRING].contains(&event.kind.as_str()) {
            return;
        }
        let count = event.count.min(REPEATS_MAX);
        let span = i128::from(event.at.0.saturating_sub(event.since.0));
        for number in 0..count {
            let after = span * i128::from(number + 1) / i128::from(count);
            let at = if count == 1 { event.at.0 } else { event.since.0 + after as i64 };
            let Some(slot) = self.at(UnixNanos(at)) else { continue };
            slot.failed += 1;
            if let Some(status) = event.status {
                *slot.statuses.entry(status).or_default() += 1;
            }
        }
    }

    fn at(&mut self, at: UnixNanos) -> Option<&mut Slot> {
        let first = self.slots.first()?.begins;
        let number = at.0.saturating_sub(first.0).div_euclid(self.range.slot_nanos());
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

impl Slot {
    fn of(figures: HourFigures) -> Self {
        Self {
            begins: figures.hour,
            delivered: figures.batches,
            failed: figures.failed_attempts,
            lines: figures.records,
            dropped: figures.dropped_records,
            raw_bytes: figures.raw_bytes,
            object_bytes: figures.object_bytes,
            millis: figures.upload_millis,
            millis_max: figures.upload_millis_max,
            statuses: figures.statuses.into_iter().collect(),
        }
    }

    fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.lines += other.lines;
        self.dropped += other.dropped;
        self.raw_bytes += other.raw_bytes;
        self.object_bytes += other.object_bytes;
        self.millis += other.millis;
        self.millis_max = self.millis_max.max(other.millis_max);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
    }

    /// Failed attempts that were answered by no status.
    pub(super) fn unanswered(&self) -> u64 {
        self.failed.saturating_sub(self.statuses.values().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600 * NANOS_PER_SECOND;

    fn now() -> UnixNanos {
        UnixNanos::from_seconds(1_790_000_123).unwrap()
    }

    #[test]
    fn now_is_in_the_last_slot_of_every_range() {
        for range in Range::ALL {
            let slots = Slots::new(range, now()).finish();
            assert_eq!(slots[0].begins, range.begins(now()), "{range:?}");
            let last = slots.last().unwrap().begins.0;
            assert!((last..last + range.slot_nanos()).contains(&now().0), "{range:?}");
            assert_eq!(Range::named(Some(range.name())), range);
        }
        assert_eq!(Range::named(Some("1y")), Range::Day);
    }

    #[test]
    fn hours_add_up_in_their_slot_and_what_lies_outside_is_left_out() {
        let mut slots = Slots::new(Range::Week, now());
        let first = Range::Week.begins(now()).0;
        for (hour, longest) in [(first - HOUR, 900), (first, 30), (first + HOUR, 20)] {
            let mut figures = HourFigures::new(UnixNanos(hour));
            (figures.batches, figures.failed_attempts) = (2, 3);
            (figures.upload_millis, figures.upload_millis_max) = (40, longest);
            figures.statuses = vec![(403, 1), (503, 1)];
            slots.add_hour(figures);
        }
        let slots = slots.finish();
        assert_eq!((slots[0].delivered, slots[0].failed, slots[0].millis_max), (4, 6, 30));
        assert_eq!(slots[0].statuses, BTreeMap::from([(403, 2), (503, 2)]));
        assert_eq!(slots[0].unanswered(), 2);
        assert!(slots[1..].iter().all(|slot| slot.delivered == 0));
    }

    #[test]
    fn repeats_of_a_failure_are_shared_out_and_nothing_else_counts_as_one() {
        let mut slots = Slots::new(Range::Hour, now());
        let at = |minutes: i64| UnixNanos(now().0 - minutes * 60 * NANOS_PER_SECOND);
        let mut event = JobEvent::new(at(0), "access_denied", Some(403), "no".to_owned());
        (event.since, event.count) = (at(30), 12);
        slots.add_event(&event);
        for kind in [KIND_RECOVERED, KIND_DROPPED, KIND_EXPIRING] {
            slots.add_event(&JobEvent::new(at(1), kind, None, String::new()));
        }
        let slots = slots.finish();
        assert_eq!(slots.iter().map(|slot| slot.failed).sum::<u64>(), 12);
        assert!(slots.iter().filter(|slot| slot.failed > 0).count() >= 5);
        assert!(slots.iter().all(|slot| slot.unanswered() == 0));
    }
}
