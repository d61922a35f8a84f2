//! The operators of a filter, and which types of fields take them.

use super::expression::Relation;
use crate::issue::{did_you_mean, listed};
use crate::{ElementType, Field, FieldType};

/// An operator as it was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    /// Its name with the `!`.
    name: &'static str,
    pub(super) operation: Operation,
    pub(super) is_negated: bool,
}

/// What an operator does, its negation aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Compare(Relation),
    StartsWith,
    EndsWith,
    Contains,
    In,
}

/// The names of the operators that a field of that type takes, in the order in which messages list
/// them; none where it cannot be filtered.
pub fn operators_of(field_type: FieldType) -> impl Iterator<Item = &'static str> + Clone {
    let fitting = move |operator: &Operator| operator.operation.takes(field_type);
    Operator::ALL.into_iter().filter(fitting).map(|operator| operator.name)
}

impl Operator {
    const ALL: [Self; 14] = [
        Self::new("eq", Operation::Compare(Relation::Equal), false),
        Self::new("!eq", Operation::Compare(Relation::Equal), true),
        Self::new("lt", Operation::Compare(Relation::Less), false),
        Self::new("leq", Operation::Compare(Relation::LessOrEqual), false),
        Self::new("gt", Operation::Compare(Relation::Greater), false),
        Self::new("geq", Operation::Compare(Relation::GreaterOrEqual), false),
        Self::new("startsWith", Operation::StartsWith, false),
        Self::new("!startsWith", Operation::StartsWith, true),
        Self::new("endsWith", Operation::EndsWith, false),
        Self::new("!endsWith", Operation::EndsWith, true),
        Self::new("contains", Operation::Contains, false),
        Self::new("!contains", Operation::Contains, true),
        Self::new("in", Operation::In, false),
        Self::new("!in", Operation::In, true),
    ];

    const fn new(name: &'static str, operation: Operation, is_negated: bool) -> Self {
        Self { name, operation, is_negated }
    }

    /// The operator of that name. The error is a message for the customer.
    pub(super) fn from_name(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|operator| operator.name == name);
        found.ok_or_else(|| {
            let known = || Self::ALL.iter().map(|operator| operator.name);
            let hint = match Self::meant_by(name) {
                Some(meant) => format!(" (did you mean `{meant}`?)"),
                None => did_you_mean(name, known()),
            };
            format!(
                "`{}` is not an operator{hint}; known are {}",
                name.escape_debug(),
                listed(known())
            )
        })
    }

    /// The operator that another language calls so. The nearest by its letters may be the very
    /// opposite: `eq` of `neq`, `lt` of `!lt`.
    fn meant_by(name: &str) -> Option<&'static str> {
        Some(match name.to_ascii_lowercase().as_str() {
            "=" | "==" | "equals" => "eq",
            "neq" | "ne" | "!=" | "<>" => "!eq",
            "<" | "!geq" => "lt",
            "<=" | "lte" | "le" | "!gt" => "leq",
            ">" | "!leq" => "gt",
            ">=" | "gte" | "ge" | "!lt" => "geq",
            "nin" | "notin" | "not in" | "not_in" => "!in",
            _ => return None,
        })
    }

    /// Checks that the field can be filtered by the operator. The error is a message for the
    /// customer.
    pub(super) fn check_takes(self, field: &Field) -> Result<(), String> {
        if self.operation.takes(field.field_type) {
            return Ok(());
        }
        let Field { name, field_type, .. } = field;
        let fitting = listed(operators_of(*field_type));
        Err(if fitting.is_empty() {
            format!("`{name}` is of type `{field_type}`, which cannot be filtered")
        } else {
            format!(
                "`{}` does not go with `{name}` of type `{field_type}`; allowed are {fitting}",
                self.name
            )
        })
    }
}

impl Operation {
    fn takes(self, field_type: FieldType) -> bool {
        match field_type {
            FieldType::String => {
                !matches!(self, Self::Compare(relation) if relation != Relation::Equal)
            }
            FieldType::Int | FieldType::Float | FieldType::Timestamp => {
                matches!(self, Self::Compare(_) | Self::In)
            }
            FieldType::Bool => self == Self::Compare(Relation::Equal),
            FieldType::Array(ElementType::String | ElementType::Int) => self == Self::Contains,
            FieldType::Array(ElementType::Object) | FieldType::Object => false,
        }
    }
}
