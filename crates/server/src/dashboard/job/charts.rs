//! *Upload Health* and *Upload Reliability*: which charts there are, and from which figures.

use std::collections::BTreeMap;

use super::chart::{Chart, Figures, Layout, Series};
use super::quantity::Unit;
use super::range::{Range, Slot};
use crate::instant::rfc3339;

/// Most statuses that have a colour of their own; the others are shown together.
const STATUSES_MAX: usize = 3;
const STATUS_CLASSES: [&str; STATUSES_MAX] = ["bad", "warn", "third"];

/// What each slot is called, in UTC.
fn names(range: Range, slots: &[Slot]) -> Vec<String> {
    let name = |slot: &Slot| {
        let text = rfc3339(slot.begins);
        let (day, time) = (text.get(5..10).unwrap_or_default(), text.get(11..16));
        let time = time.unwrap_or_default();
        match range {
            Range::Hour | Range::Day => time.to_owned(),
            Range::Week => format!("{day} {time}"),
            Range::Month => day.to_owned(),
        }
    };
    slots.iter().map(name).collect()
}

fn counted(
    name: &str,
    class: &'static str,
    slots: &[Slot],
    count: impl Fn(&Slot) -> u64,
) -> Series {
    let values = slots.iter().map(|slot| Some(count(slot) as f64)).collect();
    Series { name: name.to_owned(), class, values }
}

/// Batches, lines and data.
pub(super) fn health(range: Range, slots: &[Slot]) -> Vec<Chart> {
    let names = names(range, slots);
    let chart = |id, title, caption, unit, layout, series| {
        Chart::draw(Figures { id, title, caption, unit, layout, slots: names.clone(), series })
    };
    vec![
        chart(
            "batches",
            "Batches",
            "Batches that were delivered, and attempts to deliver one that failed.",
            Unit::Count,
            Layout::Stacked,
            vec![
                counted("Delivered", "good", slots, |slot| slot.delivered),
                counted("Failed attempts", "bad", slots, |slot| slot.failed),
            ],
        ),
        chart(
            "lines",
            "Lines",
            "Lines that were uploaded, and lines that expired before they could be.",
            Unit::Count,
            Layout::Stacked,
            vec![
                counted("Uploaded", "good", slots, |slot| slot.lines),
                counted("Dropped", "bad", slots, |slot| slot.dropped),
            ],
        ),
        chart(
            "data",
            "Data",
            "Bytes of the delivered objects, before compression and as they are in the bucket.",
            Unit::Bytes,
            Layout::Beside,
            vec![
                counted("Raw", "first", slots, |slot| slot.raw_bytes),
                counted("Compressed", "second", slots, |slot| slot.object_bytes),
            ],
        ),
    ]
}

/// Uploads by status, how long they took, retries, and whether the destination was there.
pub(super) fn reliability(range: Range, slots: &[Slot]) -> Vec<Chart> {
    let names = names(range, slots);
    let chart = |id, title, caption, unit, layout, series| {
        Chart::draw(Figures { id, title, caption, unit, layout, slots: names.clone(), series })
    };
    let mean =
        |slot: &Slot| (slot.delivered > 0).then(|| slot.millis as f64 / slot.delivered as f64);
    let available = |slot: &Slot| {
        let attempts = slot.delivered + slot.failed;
        (attempts > 0).then(|| 100.0 * slot.delivered as f64 / attempts as f64)
    };
    let single = |name: &str, class, value: &dyn Fn(&Slot) -> Option<f64>| Series {
        name: name.to_owned(),
        class,
        values: slots.iter().map(value).collect(),
    };
    vec![
        chart(
            "statuses",
            "Uploads by status code",
            "What the store answered to each attempt; a delivered batch counts as 200.",
            Unit::Count,
            Layout::Stacked,
            by_status(slots),
        ),
        chart(
            "duration",
            "Upload duration",
            "How long the attempts took that delivered a batch: on average, and the longest.",
            Unit::Millis,
            Layout::Beside,
            vec![
                single("Average", "first", &mean),
                single("Longest", "second", &|slot| {
                    (slot.delivered > 0).then_some(slot.millis_max as f64)
                }),
            ],
        ),
        chart(
            "retries",
            "Retries",
            "Attempts that failed, each of which is made again.",
            Unit::Count,
            Layout::Stacked,
            vec![counted("Retries", "warn", slots, |slot| slot.failed)],
        ),
        chart(
            "availability",
            "Destination availability",
            "How many of all attempts succeeded; nothing where none was made.",
            Unit::Percent,
            Layout::Stacked,
            vec![single("Available", "good", &available)],
        ),
    ]
}

/// A series for 200, for each of the most frequent other statuses, for the rest of them, and for
/// attempts without an answer.
fn by_status(slots: &[Slot]) -> Vec<Series> {
    let mut totals: BTreeMap<u16, u64> = BTreeMap::new();
    for (status, count) in slots.iter().flat_map(|slot| &slot.statuses) {
        *totals.entry(*status).or_default() += count;
    }
    let mut frequent: Vec<(u16, u64)> = totals.into_iter().collect();
    frequent.sort_by_key(|(status, count)| (u64::MAX - count, *status));
    let own: Vec<u16> = frequent.iter().take(STATUSES_MAX).map(|(status, _)| *status).collect();
    let mut series = vec![counted("200", "good", slots, |slot| slot.delivered)];
    for (status, class) in own.iter().zip(STATUS_CLASSES) {
        let count = |slot: &Slot| slot.statuses.get(status).copied().unwrap_or(0);
        series.push(counted(&status.to_string(), class, slots, count));
    }
    if frequent.len() > STATUSES_MAX {
        let others = |slot: &Slot| {
            let others = slot.statuses.iter().filter(|(status, _)| !own.contains(status));
            others.map(|(_, count)| count).sum()
        };
        series.push(counted("Other statuses", "second", slots, others));
    }
    if slots.iter().any(|slot| slot.unanswered() > 0) {
        series.push(counted("No answer", "muted", slots, Slot::unanswered));
    }
    series
}

#[cfg(test)]
mod tests {
    use catalog::HourFigures;
    use model::UnixNanos;

    use super::super::range::Slots;
    use super::*;

    fn slots() -> Vec<Slot> {
        let now = UnixNanos::from_seconds(1_790_000_000).unwrap();
        let mut slots = Slots::new(Range::Day, now);
        let mut figures = HourFigures::new(catalog::history::hour_of(now));
        (figures.batches, figures.failed_attempts, figures.upload_millis) = (3, 9, 300);
        figures.statuses = vec![(301, 1), (403, 3), (500, 2), (503, 2)];
        slots.add_hour(figures);
        slots.finish()
    }

    #[test]
    fn every_attempt_is_in_one_series_of_the_statuses() {
        let series = by_status(&slots());
        let last = |series: &Series| series.values.last().copied().flatten().unwrap();
        let told: Vec<(&str, f64)> =
            series.iter().map(|series| (series.name.as_str(), last(series))).collect();
        let expected = [
            ("200", 3.0),
            ("403", 3.0),
            ("500", 2.0),
            ("503", 2.0),
            ("Other statuses", 1.0),
            ("No answer", 1.0),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn every_chart_has_its_own_id_and_tells_the_last_hour() {
        let slots = slots();
        let mut charts = health(Range::Day, &slots);
        charts.extend(reliability(Range::Day, &slots));
        let ids: std::collections::BTreeSet<_> =
            charts.iter().map(|chart| chart.figures.id).collect();
        assert_eq!(ids.len(), 7);
        let of = |id: &str| charts.iter().find(|chart| chart.figures.id == id).unwrap();
        assert_eq!(of("availability").rows[0].values, ["25 %"]);
        assert_eq!(of("duration").rows[0].values, ["100 ms", "0 ms"]);
        assert_eq!(of("batches").rows[0].values, ["3", "9"]);
        assert!(of("lines").is_empty);
    }
}
