//! Which records a job pushes: the API's `filter`.
//!
//! `{"where": EXPR}`, where EXPR is a condition `{"key", "operator", "value"}`, `{"and": [EXPR…]}`
//! or `{"or": [EXPR…]}`. Operators by the type of the field; each but the orderings has a negation
//! with `!` before its name:
//!
//! | operator | string | int, float, timestamp | bool | array of strings or ints |
//! |---|---|---|---|---|
//! | `eq` | yes | yes | yes | |
//! | `lt` `leq` `gt` `geq` | | yes | | |
//! | `startsWith` `endsWith` | yes | | | |
//! | `contains` | a part of it | | | one of its elements |
//! | `in` | yes | yes | | |
//!
//! - Numbers and bools may come as strings. `in` takes an array, or a string joined by commas.
//! - Texts compare by bytes, numbers by value, timestamps as instants in whatever form both came.
//! - A field that is missing or `null` matches no operator, so it matches every negation: `eq` is
//!   false, `!eq` is true, the orderings are false.

mod attack_traffic;
mod expression;
mod number;
mod operator;
mod read;
mod value;

#[cfg(test)]
mod tests;

pub use attack_traffic::{ATTACK_TRAFFIC, ATTACK_TRAFFIC_POINTER};
use expression::Expression;
pub use operator::operators_of;

use crate::{Dataset, Issue};

/// The JSON pointer of a job's filter.
pub const POINTER: &str = "/filter";
/// Longest filter, in bytes of JSON.
pub const FILTER_BYTES_MAX: usize = 1000;
/// Most operators in a filter, `and` and `or` among them.
pub const FILTER_OPERATORS_MAX: usize = 30;

/// A filter, checked against its dataset.
#[derive(Debug, Clone)]
pub struct Filter {
    expression: Expression,
    fields: Vec<usize>,
}

impl Filter {
    /// The filter written as `text`, `None` for the empty text, or all that is wrong with it.
    pub fn parse(text: &str, dataset: &Dataset) -> Result<Option<Self>, Vec<Issue>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(Self::new(read::read(text, dataset)?)))
    }

    fn new(mut expression: Expression) -> Self {
        expression.order();
        let mut fields = Vec::new();
        expression.collect_fields(&mut fields);
        fields.sort_unstable();
        fields.dedup();
        Self { expression, fields }
    }

    /// The filter that lets through what both do; both were made for one dataset.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(Expression::All(vec![self.expression, other.expression]))
    }

    /// Whether a record passes. `value` gives the raw JSON value of a field of the dataset by its
    /// index.
    pub fn matches<'l>(&self, value: impl Fn(usize) -> Option<&'l [u8]>) -> bool {
        self.expression.holds(&value)
    }

    /// The fields that it looks at, by their index, each once, in order.
    pub fn fields(&self) -> impl Iterator<Item = usize> {
        self.fields.iter().copied()
    }
}
