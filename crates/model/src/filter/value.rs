//! The values of a filter's conditions, read as the type of their field, from what is written.

use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::expression::{Relation, Test};
use super::number::Number;
use super::operator::Operation;
use crate::json_number::WholeNumber;
use crate::time::{RecordTime, parse_json_record_time, parse_record_time};
use crate::{ElementType, FieldType};

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
    value: &RawValue,
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
    value: &RawValue,
    read: impl Fn(&RawValue) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    let is_array = value.get().starts_with('[');
    let values = match text_of(value) {
        Some(joined) => joined.split(',').filter_map(quoted).collect(),
        None => serde_json::from_str::<Vec<Box<RawValue>>>(value.get()).unwrap_or_default(),
    };
    if values.is_empty() {
        return Err(Wrong::from(format!(
            "expected an array of at least one value, or a string joined by commas, found `{value}`"
        )));
    }
    let mut wanted = Vec::with_capacity(values.len());
    let mut wrong = Vec::new();
    for (number, one) in values.iter().enumerate() {
        match read(one) {
            Ok(one) => wanted.push(one),
            Err(message) => wrong.push((is_array.then_some(number), message)),
        }
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(Wrong(wrong)) }
}

/// The text as a JSON string.
fn quoted(text: &str) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(text).ok()
}

/// The text that a string holds; `None` where the value is no string.
fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn read_text(value: &RawValue) -> Result<Box<[u8]>, String> {
    let text = text_of(value).map(|text| text.into_bytes().into_boxed_slice());
    text.ok_or_else(|| format!("expected a string, found `{value}`"))
}

fn read_bool(value: &RawValue) -> Result<bool, String> {
    let text = text_of(value);
    match text.as_deref().unwrap_or(value.get()) {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("expected `true` or `false`, found `{value}`")),
    }
}

fn read_int(value: &RawValue) -> Result<Number, String> {
    let digits = digits_of(value);
    Number::parse_int(&digits).ok_or_else(|| {
        let is_whole = WholeNumber::read(digits.as_bytes()).is_some();
        let bound = if is_whole { " of at most 38 digits" } else { "" };
        format!("expected a whole number{bound}, found `{value}`")
    })
}

fn read_float(value: &RawValue) -> Result<Number, String> {
    Number::parse(digits_of(value).as_bytes())
        .ok_or_else(|| format!("expected a number, found `{value}`"))
}

/// What stands where a number should, in a string or bare.
fn digits_of(value: &RawValue) -> String {
    text_of(value).map_or_else(|| value.get().to_owned(), |text| text.trim().to_owned())
}

fn read_instant(value: &RawValue) -> Result<RecordTime, String> {
    let read = match text_of(value) {
        Some(text) => parse_record_time(text.trim().as_bytes()),
        None => parse_json_record_time(value.get().as_bytes()),
    };
    read.map_err(|error| error.to_string())
}
