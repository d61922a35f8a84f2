//! The values of a filter's conditions, read as the type of their field.

use memchr::memmem::Finder;
use serde_json::Value;

use super::expression::{Relation, Test};
use super::number::Number;
use super::operator::Operation;
use crate::time::parse_json_timestamp;
use crate::{ElementType, FieldType, UnixNanos};

/// What is wrong with a value: messages for the customer, each with the number of the element
/// that it is about, where it is about one.
#[derive(Debug)]
pub(super) struct Wrong(pub(super) Vec<(Option<usize>, String)>);

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self(vec![(None, message)])
    }
}

/// The test of an operation that the type takes.
pub(super) fn read_test(
    operation: Operation,
    field_type: FieldType,
    value: &Value,
) -> Result<Test, Wrong> {
    Ok(match (field_type, operation) {
        (FieldType::String, Operation::StartsWith) => Test::TextStartsWith(read_text(value)?),
        (FieldType::String, Operation::EndsWith) => Test::TextEndsWith(read_text(value)?),
        (FieldType::String, Operation::Contains) => {
            Test::TextContains(Box::new(Finder::new(&read_text(value)?).into_owned()))
        }
        (FieldType::String, Operation::In) => Test::TextIsIn(read_list(value, read_text)?),
        (FieldType::String, Operation::Compare(_)) => Test::TextIs(read_text(value)?),
        (FieldType::Bool, _) => Test::Bool(read_bool(value)?),
        (FieldType::Timestamp, Operation::In) => Test::InstantIsIn(read_list(value, read_instant)?),
        (FieldType::Timestamp, operation) => {
            Test::Instant(relation_of(operation), read_instant(value)?)
        }
        (FieldType::Float, Operation::In) => Test::NumberIsIn(read_list(value, read_float)?),
        (FieldType::Float, operation) => Test::Number(relation_of(operation), read_float(value)?),
        (FieldType::Int, Operation::In) => Test::NumberIsIn(read_list(value, read_int)?),
        (FieldType::Int, operation) => Test::Number(relation_of(operation), read_int(value)?),
        (FieldType::Array(ElementType::Int), _) => Test::ArrayHasNumber(read_int(value)?),
        (FieldType::Array(_) | FieldType::Object, _) => Test::ArrayHasText(read_text(value)?),
    })
}

fn relation_of(operation: Operation) -> Relation {
    match operation {
        Operation::Compare(relation) => relation,
        _ => Relation::Equal,
    }
}

/// The values of `in`: an array, or a string joined by commas.
fn read_list<T>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    let values = match value {
        Value::Array(values) if !values.is_empty() => values.clone(),
        Value::String(joined) => joined.split(',').map(Value::from).collect(),
        other => {
            return Err(Wrong::from(format!(
                "expected an array of at least one value, or a string joined by commas, found \
                 `{other}`"
            )));
        }
    };
    let mut wanted = Vec::with_capacity(values.len());
    let mut wrong = Vec::new();
    for (number, one) in values.iter().enumerate() {
        match read(one) {
            Ok(one) => wanted.push(one),
            Err(message) => wrong.push((value.is_array().then_some(number), message)),
        }
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(Wrong(wrong)) }
}

fn read_text(value: &Value) -> Result<Box<[u8]>, String> {
    match value {
        Value::String(text) => Ok(text.as_bytes().into()),
        other => Err(format!("expected a string, found `{other}`")),
    }
}

fn read_bool(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        other => Err(format!("expected `true` or `false`, found `{other}`")),
    }
}

fn read_int(value: &Value) -> Result<Number, String> {
    let number = digits_of(value).and_then(|digits| Number::parse_int(&digits));
    number.ok_or_else(|| format!("expected a whole number, found `{value}`"))
}

fn read_float(value: &Value) -> Result<Number, String> {
    let number = digits_of(value).and_then(|digits| Number::parse(digits.as_bytes()));
    number.ok_or_else(|| format!("expected a number, found `{value}`"))
}

/// The text of a number, which may stand in a string.
fn digits_of(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn read_instant(value: &Value) -> Result<UnixNanos, String> {
    let value = match value {
        Value::String(text) => Value::String(text.trim().to_owned()),
        other => other.clone(),
    };
    parse_json_timestamp(value.to_string().as_bytes()).map_err(|error| error.to_string())
}
