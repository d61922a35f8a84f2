//! Why a record is refused at the door, in words for people.

use std::fmt;

use thiserror::Error;

use crate::dataset::{ElementType, FieldType};
use crate::limits;
use crate::time::TimeError;

/// Why a record is refused. Places count bytes of the line from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is longer than a record may be.
    #[error("the record has {bytes} bytes, expected at most {max}", max = limits::RECORD_BYTES_MAX)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is not UTF-8.
    #[error("not UTF-8: invalid byte 0x{byte:02x} at byte {at}")]
    NotUtf8 {
        /// The first byte that is wrong.
        byte: u8,
        /// Its place.
        at: usize,
    },
    /// It is no JSON object.
    #[error("not a JSON object: found {found} at byte {at}, expected `{{`")]
    NotAnObject {
        /// What it begins with.
        found: Found,
        /// The place.
        at: usize,
    },
    /// It is not JSON.
    #[error("not JSON: found {found} at byte {at}, expected {expected}")]
    NotJson {
        /// What is wrong.
        found: Found,
        /// What could have stood there.
        expected: &'static str,
        /// The place.
        at: usize,
    },
    /// It is cut off.
    #[error("the record ends within {within} that began at byte {began}")]
    Ends {
        /// What is not whole.
        within: &'static str,
        /// Where that began.
        began: usize,
    },
    /// It is nested too deep.
    #[error(
        "arrays and objects are nested more than {max} deep at byte {at}",
        max = limits::RECORD_DEPTH_MAX
    )]
    TooDeep {
        /// Where the array or object begins that is one too deep.
        at: usize,
    },
    /// A field's value is not of the field's type.
    #[error("`{field}` must be {}, found {found} at byte {at}", noun(*.expected))]
    WrongType {
        /// The field's name.
        field: String,
        /// The field's type.
        expected: FieldType,
        /// What the value is.
        found: &'static str,
        /// Where the value begins.
        at: usize,
    },
    /// An element of a field's array is not of the field's element type.
    #[error("`{field}` must be {}, found {found} in it at byte {at}", noun(*.expected))]
    WrongElement {
        /// The field's name.
        field: String,
        /// The field's type.
        expected: FieldType,
        /// What the element is.
        found: &'static str,
        /// Where the element begins.
        at: usize,
    },
    /// A timestamp has no form that is known, or does not fit.
    #[error("`{field}` at byte {at}: {error}")]
    Timestamp {
        /// The field's name.
        field: String,
        /// What is wrong with it.
        error: TimeError,
        /// Where the value begins.
        at: usize,
    },
}

/// What stands at a place in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A character.
    Character(char),
    /// Nothing: the record is over.
    End,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) if character.is_control() => {
                write!(f, "the control character U+{:04X}", u32::from(*character))
            }
            Self::Character(character) => write!(f, "`{character}`"),
            Self::End => f.write_str("the end of the record"),
        }
    }
}

fn noun(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::String => "a string",
        FieldType::Int => "an int",
        FieldType::Float => "a number",
        FieldType::Bool => "a bool",
        FieldType::Timestamp => "a timestamp, as a number or a string",
        FieldType::Object => "an object",
        FieldType::Array(ElementType::String) => "an array of strings",
        FieldType::Array(ElementType::Int) => "an array of ints",
        FieldType::Array(ElementType::Object) => "an array of objects",
    }
}
