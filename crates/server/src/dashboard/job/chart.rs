//! A chart: figures in, bars of an SVG out, and a table for those who do not see them.
//!
//! ```text
//!  series ──► scale (a round top) ──► slots of bars, ticks, labels     all in units of the
//!         └─► rows of the table                                        view box, 640 by 200
//! ```
//!
//! Colours are classes, as the pages' policy allows no styles in the markup. A slot tells all its
//! values where one points at it; a value that is not zero is always visible.

use super::quantity::Unit;

/// The width of the view box, which stands in the template with its height of 200.
const WIDTH: f64 = 640.0;
/// Where the bars stand in it.
const LEFT: f64 = 66.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 174.0;
/// Least height of a bar.
const BAR_MIN: f64 = 2.0;
/// How much of a slot its bars take.
const FILLED: f64 = 0.72;
/// Most labels below the bars.
const LABELS_MAX: usize = 6;

/// How the bars of a slot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One upon another.
    Stacked,
    /// Side by side.
    Beside,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Unique on the page.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What the values say, in a sentence.
    pub(super) caption: &'static str,
    pub(super) unit: Unit,
    pub(super) layout: Layout,
    /// What each slot is called.
    pub(super) slots: Vec<String>,
    pub(super) series: Vec<Series>,
}

/// Values of one kind.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: String,
    /// The class that colours it.
    pub(super) class: &'static str,
    /// One for each slot; none where there is nothing to tell.
    pub(super) values: Vec<Option<f64>>,
}

/// A chart, as the page shows it.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) figures: Figures,
    /// What the whole picture is, for those who do not see it.
    pub(super) label: String,
    pub(super) is_empty: bool,
    pub(super) groups: Vec<Group>,
    pub(super) ticks: Vec<Tick>,
    pub(super) labels: Vec<Label>,
    /// A row for each slot in which there is something to tell.
    pub(super) rows: Vec<Row>,
}

/// The bars of one slot.
#[derive(Debug)]
pub(super) struct Group {
    /// All values of the slot.
    pub(super) title: String,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// A line across, with its value.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) y: String,
    pub(super) text: String,
}

/// A text below the bars.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) x: String,
    pub(super) text: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) slot: String,
    pub(super) values: Vec<String>,
}

impl Chart {
    pub(super) fn draw(figures: Figures) -> Self {
        let top = top(&figures);
        let count = figures.slots.len();
        let width = (WIDTH - LEFT) / count.max(1) as f64;
        let groups = (0..count).map(|slot| group(&figures, slot, width, top)).collect();
        let every = count.div_ceil(LABELS_MAX).max(1);
        let labelled = figures.slots.iter().enumerate().step_by(every);
        let label = |(slot, text): (usize, &String)| Label {
            x: units(LEFT + (slot as f64 + 0.5) * width),
            text: text.clone(),
        };
        let tick = |part: f64| Tick {
            y: units(BOTTOM - part * (BOTTOM - TOP)),
            text: figures.unit.short(part * top),
        };
        let is_empty = (0..count).all(|slot| is_silent(&figures, slot));
        Self {
            label: described(&figures),
            is_empty,
            groups,
            ticks: [0.0, 0.5, 1.0].map(tick).into(),
            labels: labelled.map(label).collect(),
            rows: rows(&figures),
            figures,
        }
    }
}

/// What the picture is, in words: its title, and the last values.
fn described(figures: &Figures) -> String {
    let names: Vec<&str> = figures.series.iter().map(|series| series.name.as_str()).collect();
    format!("{}: {}. The table beneath has the values.", figures.title, names.join(", "))
}

/// Whether a slot has nothing to tell.
fn is_silent(figures: &Figures, slot: usize) -> bool {
    let zero = match figures.unit {
        // That nothing succeeded is something to tell.
        Unit::Percent => None,
        _ => Some(0.0),
    };
    figures.series.iter().all(|series| series.values[slot].is_none() || series.values[slot] == zero)
}

/// The value at the upper end: even, so that half of it is whole, and not below any.
fn top(figures: &Figures) -> f64 {
    if figures.unit == Unit::Percent {
        return 100.0;
    }
    let values = |slot: usize| figures.series.iter().filter_map(move |series| series.values[slot]);
    let height = |slot: usize| match figures.layout {
        Layout::Stacked => values(slot).sum(),
        Layout::Beside => values(slot).fold(0.0, f64::max),
    };
    let highest = (0..figures.slots.len()).map(height).fold(0.0_f64, f64::max).max(2.0);
    let power = 10.0_f64.powf(highest.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= highest).unwrap_or(10.0 * power)
}

fn group(figures: &Figures, slot: usize, width: f64, top: f64) -> Group {
    let x = LEFT + slot as f64 * width;
    let room = width * FILLED;
    let beside = match figures.layout {
        Layout::Stacked => 1.0,
        Layout::Beside => figures.series.len().max(1) as f64,
    };
    let (mut bars, mut foot) = (Vec::new(), BOTTOM);
    for (place, series) in figures.series.iter().enumerate() {
        let Some(value) = series.values[slot].filter(|value| *value > 0.0) else { continue };
        let height = (value / top * (BOTTOM - TOP)).clamp(BAR_MIN, BOTTOM - TOP);
        let place = if figures.layout == Layout::Stacked { 0.0 } else { place as f64 };
        let shift = (width - room) / 2.0 + place * room / beside;
        bars.push(Bar {
            class: series.class,
            x: units(x + shift),
            y: units((foot - height).max(0.0)),
            width: units(room / beside),
            height: units(height),
        });
        if figures.layout == Layout::Stacked {
            foot -= height;
        }
    }
    Group { title: title(figures, slot), x: units(x), width: units(width), bars }
}

fn title(figures: &Figures, slot: usize) -> String {
    let value = |series: &Series| match series.values[slot] {
        Some(value) => format!("{}: {}", series.name, figures.unit.full(value)),
        None => format!("{}: nothing to tell", series.name),
    };
    let values: Vec<String> = figures.series.iter().map(value).collect();
    format!("{} UTC\n{}", figures.slots[slot], values.join("\n"))
}

fn rows(figures: &Figures) -> Vec<Row> {
    let value = |value: Option<f64>| value.map_or("-".to_owned(), |v| figures.unit.full(v));
    let row = |slot: usize| Row {
        slot: figures.slots[slot].clone(),
        values: figures.series.iter().map(|series| value(series.values[slot])).collect(),
    };
    (0..figures.slots.len()).filter(|slot| !is_silent(figures, *slot)).map(row).collect()
}

/// A length or a place, to a tenth.
fn units(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(layout: Layout, unit: Unit, series: &[&[Option<f64>]]) -> Figures {
        let count = series[0].len();
        let series = series.iter().enumerate().map(|(number, values)| Series {
            name: format!("series {number}"),
            class: "good",
            values: values.to_vec(),
        });
        Figures {
            id: "test",
            title: "Test",
            caption: "A test.",
            unit,
            layout,
            slots: (0..count).map(|slot| format!("slot {slot}")).collect(),
            series: series.collect(),
        }
    }

    fn number(text: &str) -> f64 {
        text.parse().unwrap()
    }

    #[test]
    fn every_bar_is_within_the_picture_and_none_covers_another() {
        let values: Vec<Option<f64>> = (0..30).map(|n| Some(f64::from(n * n))).collect();
        for layout in [Layout::Stacked, Layout::Beside] {
            let chart = Chart::draw(figures(layout, Unit::Count, &[&values, &values]));
            for group in &chart.groups {
                for bar in &group.bars {
                    assert!(number(&bar.y) >= TOP - 0.2, "{bar:?}");
                    assert!(number(&bar.y) + number(&bar.height) <= BOTTOM + 0.2, "{bar:?}");
                    assert!(number(&bar.x) + number(&bar.width) <= WIDTH + 0.2, "{bar:?}");
                }
                let [first, second] = group.bars.as_slice() else { continue };
                match layout {
                    Layout::Stacked => {
                        let end = number(&second.y) + number(&second.height);
                        assert!((end - number(&first.y)).abs() < 0.3);
                    }
                    Layout::Beside => {
                        assert!(number(&second.x) >= number(&first.x) + number(&first.width) - 0.2);
                    }
                }
            }
        }
    }

    #[test]
    fn one_failure_among_a_million_is_visible() {
        let (good, bad) = ([Some(1e6), Some(0.0)], [Some(1.0), Some(0.0)]);
        let chart = Chart::draw(figures(Layout::Beside, Unit::Count, &[&good, &bad]));
        assert_eq!(chart.groups[0].bars[1].height, "2");
        assert!(chart.groups[1].bars.is_empty());
        assert_eq!(chart.groups[0].title, "slot 0 UTC\nseries 0: 1,000,000\nseries 1: 1");
        assert_eq!(chart.rows.len(), 1, "a slot with nothing to tell is no row");
    }

    #[test]
    fn the_axis_ends_at_a_round_value() {
        for (highest, expected) in [(0.0, "2"), (1.0, "2"), (3.0, "4"), (41.0, "60"), (90.0, "100")]
        {
            let chart = Chart::draw(figures(Layout::Stacked, Unit::Count, &[&[Some(highest)]]));
            assert_eq!(chart.ticks[2].text, expected, "{highest}");
        }
    }

    #[test]
    fn that_nothing_succeeded_is_something_to_tell() {
        let zero = Chart::draw(figures(Layout::Stacked, Unit::Percent, &[&[Some(0.0), None]]));
        assert!(!zero.is_empty);
        assert_eq!(zero.rows, [Row { slot: "slot 0".into(), values: vec!["0 %".into()] }]);
        let silent = Chart::draw(figures(Layout::Stacked, Unit::Count, &[&[Some(0.0), None]]));
        assert!(silent.is_empty);
    }
}
