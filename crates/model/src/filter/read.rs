//! Reading a filter: the expressions in its JSON, and their fields.
//!
//! Values stay as they are written until the type of their field is known: a number of any length
//! loses no digit.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::expression::Expression;
use super::operator::Operator;
use super::value::{Wrong, read_test};
use super::{FILTER_BYTES_MAX, FILTER_OPERATORS_MAX, POINTER};
use crate::issue::{did_you_mean, element, listed, member};
use crate::{Dataset, Field, Issue};

/// The members of an object, by their names.
type Members<'t> = BTreeMap<String, &'t RawValue>;

/// The expression of a filter's text, or all that is wrong with it.
pub(super) fn read(text: &str, dataset: &Dataset) -> Result<Expression, Vec<Issue>> {
    let wrong = |message: String| Err(vec![Issue::new(POINTER, message)]);
    if text.len() > FILTER_BYTES_MAX {
        let bytes = text.len();
        return wrong(format!("has {bytes} bytes; at most {FILTER_BYTES_MAX} are allowed"));
    }
    // Looked at as a whole first: only so are strings within raw values known to be good.
    if let Err(error) = serde_json::from_str::<Value>(text) {
        return wrong(format!("is not valid JSON: {error}"));
    }
    let Ok(filter) = serde_json::from_str::<Members<'_>>(text) else {
        return wrong("must be a JSON object, `{\"where\": …}`, in a string".to_owned());
    };
    let mut reader = Reader { dataset, issues: Vec::new(), operators: 0 };
    let expression = reader.filter(&filter);
    if reader.operators > FILTER_OPERATORS_MAX {
        reader.add(
            POINTER,
            format!(
                "has {} operators, `and` and `or` among them; at most {FILTER_OPERATORS_MAX} are \
                 allowed",
                reader.operators
            ),
        );
    }
    match expression {
        Some(expression) if reader.issues.is_empty() => Ok(expression),
        _ => Err(reader.issues),
    }
}

struct Reader<'d> {
    dataset: &'d Dataset,
    issues: Vec<Issue>,
    operators: usize,
}

impl<'d> Reader<'d> {
    fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(pointer, message));
    }

    fn keep<T>(&mut self, pointer: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(pointer, message)).ok()
    }

    fn filter(&mut self, filter: &Members<'_>) -> Option<Expression> {
        const WHERE: &str = "where";
        let Some(expression) = filter.get(WHERE) else {
            self.add(POINTER, "must have the member `where`: `{\"where\": {\"key\": …}}`");
            return None;
        };
        self.check_members(POINTER, filter, &[WHERE]);
        self.expression(&member(POINTER, WHERE), expression)
    }

    fn check_members(&mut self, pointer: &str, found: &Members<'_>, known: &[&str]) {
        for name in found.keys().filter(|name| !known.contains(&name.as_str())) {
            let message = format!(
                "`{}` is not known here{}; allowed are {}",
                name.escape_debug(),
                did_you_mean(name, known.iter().copied()),
                listed(known.iter().copied())
            );
            self.add(&member(pointer, name), message);
        }
    }

    fn expression(&mut self, pointer: &str, expression: &RawValue) -> Option<Expression> {
        let Ok(members) = serde_json::from_str::<Members<'_>>(expression.get()) else {
            self.add(
                pointer,
                "must be an object with `key`, `operator` and `value`, or with `and`, or with `or`",
            );
            return None;
        };
        self.operators += 1;
        for (name, join) in
            [("and", Expression::All as fn(Vec<Expression>) -> Expression), ("or", Expression::Any)]
        {
            if let Some(parts) = members.get(name) {
                self.check_members(pointer, &members, &[name]);
                return self.parts(&member(pointer, name), parts).map(join);
            }
        }
        self.check_members(pointer, &members, &["key", "operator", "value", "and", "or"]);
        self.condition(pointer, &members)
    }

    fn parts(&mut self, pointer: &str, parts: &RawValue) -> Option<Vec<Expression>> {
        match serde_json::from_str::<Vec<&RawValue>>(parts.get()) {
            Ok(parts) if !parts.is_empty() => {
                let read: Vec<_> = parts
                    .iter()
                    .enumerate()
                    .map(|(number, part)| self.expression(&element(pointer, number), part))
                    .collect();
                read.into_iter().collect()
            }
            _ => {
                self.add(pointer, "must be an array of at least one condition");
                None
            }
        }
    }

    fn condition(&mut self, pointer: &str, members: &Members<'_>) -> Option<Expression> {
        let key = self.name(pointer, members, "key");
        let operator = self.name(pointer, members, "operator");
        let value = members.get("value");
        if value.is_none() {
            self.add(pointer, "the member `value` is missing");
        }
        let field = key.map(|name| self.field(&name));
        let field = field.and_then(|field| self.keep(&member(pointer, "key"), field));
        let operator = operator.map(|name| Operator::from_name(&name));
        let operator = operator.and_then(|read| self.keep(&member(pointer, "operator"), read));
        let ((index, field), operator) = (field?, operator?);
        let taken = operator.check_takes(field);
        self.keep(&member(pointer, "operator"), taken)?;
        match read_test(operator.operation, field.field_type, value?) {
            Ok(test) => {
                Some(Expression::Condition { field: index, is_negated: operator.is_negated, test })
            }
            Err(Wrong(messages)) => {
                let pointer = member(pointer, "value");
                for (number, message) in messages {
                    match number {
                        Some(number) => self.add(&element(&pointer, number), message),
                        None => self.add(&pointer, message),
                    }
                }
                None
            }
        }
    }

    fn field(&self, name: &str) -> Result<(usize, &'d Field), String> {
        let dataset = self.dataset;
        let known = || dataset.fields.iter().map(|field| field.name.as_str());
        let index = dataset.field_index(name).ok_or_else(|| {
            let hint = did_you_mean(name, known());
            format!("`{}` is not a field of `{}`{hint}", name.escape_debug(), dataset.name)
        })?;
        Ok((index, &dataset.fields[index]))
    }

    fn name(&mut self, pointer: &str, members: &Members<'_>, name: &str) -> Option<String> {
        let Some(raw) = members.get(name) else {
            self.add(pointer, format!("the member `{name}` is missing"));
            return None;
        };
        let text = serde_json::from_str(raw.get()).map_err(|_| "must be a string".to_owned());
        self.keep(&member(pointer, name), text)
    }
}
