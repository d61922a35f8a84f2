//! Evaluating a filter on the raw values of a record.
//!
//! Nothing is decoded but strings that hold a backslash.

use std::cmp::Ordering;

use memchr::memmem::Finder;

use super::number::Number;
use crate::json_text::{elements, text_of};
use crate::time::{RecordTime, parse_json_record_time, parse_json_timestamp};

/// A condition, or several that are joined.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// All have to hold.
    All(Vec<Expression>),
    /// One has to hold.
    Any(Vec<Expression>),
    /// The field has to pass the test, or, negated, must not.
    Condition { field: usize, is_negated: bool, test: Test },
}

/// What a value is held against.
#[derive(Debug, Clone)]
pub(super) enum Test {
    TextIs(Box<[u8]>),
    TextStartsWith(Box<[u8]>),
    TextEndsWith(Box<[u8]>),
    TextContains(Box<Finder<'static>>),
    TextIsIn(Vec<Box<[u8]>>),
    Number(Relation, Number),
    NumberIsIn(Vec<Number>),
    Instant(Relation, RecordTime),
    InstantIsIn(Vec<RecordTime>),
    Bool(bool),
    ArrayHasText(Box<[u8]>),
    ArrayHasNumber(Number),
}

/// How a value has to stand to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Expression {
    pub(super) fn holds<'l>(&self, value: &impl Fn(usize) -> Option<&'l [u8]>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(value)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(value)),
            Self::Condition { field, is_negated, test } => {
                value(*field).is_some_and(|raw| test.holds(raw)) != *is_negated
            }
        }
    }

    /// Puts the tests that are quickly done before those that take longer. What holds stays the
    /// same: tests have no effects.
    pub(super) fn order(&mut self) {
        if let Self::All(parts) | Self::Any(parts) = self {
            parts.iter_mut().for_each(Self::order);
            parts.sort_by_key(Self::cost);
        }
    }

    /// What it takes to try it, at most, in units of a comparison of two short texts.
    fn cost(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::cost).sum(),
            Self::Condition { test, .. } => test.cost(),
        }
    }

    pub(super) fn collect_fields(&self, fields: &mut Vec<usize>) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.collect_fields(fields);
                }
            }
            Self::Condition { field, .. } => fields.push(*field),
        }
    }
}

impl Test {
    fn cost(&self) -> usize {
        match self {
            Self::Bool(_) | Self::TextIs(_) | Self::TextStartsWith(_) | Self::TextEndsWith(_) => 1,
            Self::Number(..) => 2,
            Self::TextIsIn(wanted) => 1 + wanted.len(),
            Self::NumberIsIn(wanted) => 2 + wanted.len(),
            Self::Instant(..) => 6,
            Self::InstantIsIn(wanted) => 6 + wanted.len(),
            Self::TextContains(_) => 8,
            Self::ArrayHasText(_) | Self::ArrayHasNumber(_) => 16,
        }
    }

    /// Whether the raw JSON value passes. One of another type than the test's never does.
    fn holds(&self, raw: &[u8]) -> bool {
        match self {
            Self::TextIs(wanted) => is_text(raw, |text| text == &**wanted),
            Self::TextStartsWith(wanted) => is_text(raw, |text| text.starts_with(wanted)),
            Self::TextEndsWith(wanted) => is_text(raw, |text| text.ends_with(wanted)),
            Self::TextContains(wanted) => is_text(raw, |text| wanted.find(text).is_some()),
            Self::TextIsIn(wanted) => is_text(raw, |text| wanted.iter().any(|one| &**one == text)),
            Self::Number(relation, wanted) => {
                Number::parse(raw).is_some_and(|found| stands(found, *relation, *wanted))
            }
            Self::NumberIsIn(wanted) => Number::parse(raw)
                .is_some_and(|found| wanted.iter().any(|one| stands(found, Relation::Equal, *one))),
            Self::Instant(relation, wanted) => {
                instant(raw).is_some_and(|found| relation.holds(found.cmp(wanted)))
            }
            Self::InstantIsIn(wanted) => instant(raw).is_some_and(|found| wanted.contains(&found)),
            Self::Bool(wanted) => raw == if *wanted { &b"true"[..] } else { b"false" },
            Self::ArrayHasText(wanted) => {
                elements(raw).any(|element| is_text(element, |text| text == &**wanted))
            }
            Self::ArrayHasNumber(wanted) => elements(raw)
                .filter_map(Number::parse)
                .any(|found| stands(found, Relation::Equal, *wanted)),
        }
    }
}

fn is_text(raw: &[u8], test: impl FnOnce(&[u8]) -> bool) -> bool {
    text_of(raw).is_some_and(|text| test(&text))
}

fn stands(found: Number, relation: Relation, wanted: Number) -> bool {
    found.compare(wanted).is_some_and(|ordering| relation.holds(ordering))
}

fn instant(raw: &[u8]) -> Option<RecordTime> {
    let may_be = matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9'));
    if !may_be {
        return None;
    }
    let near = parse_json_timestamp(raw).map(RecordTime::from);
    near.or_else(|_| parse_json_record_time(raw)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(field: usize, test: Test) -> Expression {
        Expression::Condition { field, is_negated: false, test }
    }

    #[test]
    fn quick_tests_come_before_slow_ones_at_every_depth() {
        let text = || Box::<[u8]>::from(&b"a"[..]);
        let inner = Expression::Any(vec![
            condition(0, Test::ArrayHasText(text())),
            condition(1, Test::Bool(true)),
        ]);
        let contains = Test::TextContains(Box::new(Finder::new("a").into_owned()));
        let mut expression = Expression::All(vec![
            inner,
            condition(2, contains),
            condition(3, Test::TextIs(text())),
            condition(4, Test::Bool(false)),
        ]);
        expression.order();
        let mut fields = Vec::new();
        expression.collect_fields(&mut fields);
        assert_eq!(fields, [3, 4, 2, 1, 0]);
    }
}
