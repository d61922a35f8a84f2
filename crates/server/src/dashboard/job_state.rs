//! How a job stands, in one of four words, and its health hour by hour.

use catalog::{HourFigures, Job};
use delivery::JobStatus;
use model::UnixNanos;
use model::time::NANOS_PER_SECOND;

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It delivers what comes, or waits for something to come.
    Pushing,
    /// It is disabled.
    Paused,
    /// It cannot deliver until its owner mends something.
    Waiting,
    /// It cannot deliver now; it tries again by itself.
    Failing,
}

/// The kinds of failures that pass by themselves, or that the operator has to mend.
const NOT_THEIRS: [&str; 14] = [
    "bug",
    "catalogue",
    "conflict",
    "expired_credentials",
    "journal",
    "left",
    "no_answer",
    "no_identity",
    "no_such_upload",
    "slow_down",
    "spool",
    "tls",
    "unavailable",
    "unreachable",
];

impl JobState {
    /// How the job stands.
    pub(crate) fn of(job: &Job, status: Option<&JobStatus>) -> Self {
        let is_retrying = status.is_some_and(|status| status.retrying.is_some());
        match &job.failure {
            _ if !job.enabled => Self::Paused,
            Some(failure) if NOT_THEIRS.contains(&failure.kind.as_str()) => Self::Failing,
            Some(_) => Self::Waiting,
            None if is_retrying => Self::Failing,
            None => Self::Pushing,
        }
    }

    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Pushing => "Pushing",
            Self::Paused => "Paused",
            Self::Waiting => "Waiting for you",
            Self::Failing => "Failing",
        }
    }

    /// For style sheets: `pushing`, `paused`, `waiting`, `failing`.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Pushing => "pushing",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::Failing => "failing",
        }
    }
}

/// Hours of the small bar.
pub(crate) const HEALTH_HOURS: i64 = 24;

const HOUR: i64 = 3_600 * NANOS_PER_SECOND;

/// The hours of a day, oldest first, each as a class: `none`, `good`, `mixed`, `bad`; and the day
/// in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    /// One class an hour.
    pub(crate) hours: Vec<&'static str>,
    /// For those who cannot see it.
    pub(crate) words: String,
}

/// When the first hour of a bar that ends now begins.
pub(crate) fn health_from(now: UnixNanos) -> UnixNanos {
    let this_hour = catalog::history::hour_of(now);
    UnixNanos(this_hour.0.saturating_sub((HEALTH_HOURS - 1) * HOUR))
}

impl Health {
    /// Of a job's figures since [`health_from`].
    pub(crate) fn of(figures: &[HourFigures], now: UnixNanos) -> Self {
        let from = health_from(now);
        let class = |index: i64| {
            let hour = UnixNanos(from.0 + index * HOUR);
            let found = figures.iter().find(|figures| figures.hour == hour);
            found.map_or("none", |figures| match figures {
                HourFigures { dropped_records: 1.., .. } => "bad",
                HourFigures { failed_attempts: 0, batches: 0, .. } => "none",
                HourFigures { failed_attempts: 0, .. } => "good",
                HourFigures { batches: 0, .. } => "bad",
                _ => "mixed",
            })
        };
        let hours: Vec<_> = (0..HEALTH_HOURS).map(class).collect();
        let sum = |of: fn(&HourFigures) -> u64| figures.iter().map(of).sum::<u64>();
        let (batches, failed) = (sum(|f| f.batches), sum(|f| f.failed_attempts));
        let dropped = sum(|f| f.dropped_records);
        let words = match (batches, failed) {
            (0, 0) => "Nothing was pushed in the last 24 hours".to_owned(),
            _ => format!("Last 24 hours: {batches} batches pushed, {failed} attempts failed"),
        };
        let lost = (dropped > 0).then(|| format!(", {dropped} records dropped"));
        Self { hours, words: words + &lost.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_hour_by_hour() {
        let now = UnixNanos(100 * HOUR + 5);
        let at = |hour: i64| HourFigures::new(UnixNanos(hour * HOUR));
        let figures = [
            HourFigures { batches: 3, ..at(77) },
            HourFigures { batches: 1, failed_attempts: 2, ..at(98) },
            HourFigures { failed_attempts: 2, ..at(99) },
            HourFigures { dropped_records: 7, ..at(100) },
        ];
        let health = Health::of(&figures, now);
        assert_eq!(health.hours.len(), 24);
        assert_eq!(health_from(now), UnixNanos(77 * HOUR));
        assert_eq!((health.hours[0], health.hours[1]), ("good", "none"));
        assert_eq!(health.hours[21..], ["mixed", "bad", "bad"]);
        assert!(health.words.contains("4 batches") && health.words.contains("7 records dropped"));
    }
}
