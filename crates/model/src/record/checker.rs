//! The check of a record at the door: good JSON, and known fields of their types.

use std::sync::Arc;

use super::json::{Checked, Cursor, Kind};
use super::keys::{Keys, Place};
use super::refusal::Refusal;
use crate::dataset::{Dataset, ElementType, Field, FieldType};
use crate::limits;
use crate::time::parse_json_timestamp;

/// Checks records of one dataset, record after record.
///
/// A record is one JSON object (RFC 8259) in UTF-8, with nothing but whitespace around it, within
/// the limits of length and depth. Unknown keys may hold anything, known ones their type or
/// `null`. Where a key stands twice, both values must be good.
#[derive(Debug, Clone)]
pub struct Checker {
    dataset: Arc<Dataset>,
    keys: Keys,
    open: Vec<u32>,
}

impl Checker {
    /// A checker for records of `dataset`.
    pub fn new(dataset: Arc<Dataset>) -> Self {
        let open = Vec::with_capacity(limits::RECORD_DEPTH_MAX);
        Self { keys: Keys::new(Arc::clone(&dataset)), dataset, open }
    }

    /// The dataset whose records it checks.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Checks one record: one line of NDJSON, without its newline.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.check_record(line).map_err(|refusal| *refusal)
    }

    fn check_record(&mut self, line: &[u8]) -> Checked<()> {
        if line.len() > limits::RECORD_BYTES_MAX {
            return Err(Refusal::TooLong { bytes: line.len() }.into());
        }
        check_utf8(line)?;
        let mut cursor = Cursor::new(line, &mut self.open);
        cursor.skip_whitespace();
        if cursor.peek() != Some(b'{') {
            return Err(Refusal::NotAnObject { found: cursor.found(), at: cursor.at }.into());
        }
        cursor.open()?;
        if cursor.peek() != Some(b'}') {
            check_members(&mut cursor, line, &self.dataset, &mut self.keys)?;
        }
        cursor.close();
        cursor.skip_whitespace();
        match cursor.peek() {
            None => Ok(()),
            Some(_) => cursor.unexpected("the end of the record"),
        }
    }
}

fn check_utf8(line: &[u8]) -> Checked<()> {
    // Most records are plain ASCII, and that is quicker to tell.
    if line.is_ascii() {
        return Ok(());
    }
    str::from_utf8(line).map(drop).map_err(|error| {
        let at = error.valid_up_to();
        let byte = line.get(at).copied().unwrap_or_default();
        Refusal::NotUtf8 { byte, at }.into()
    })
}

/// Checks the members of the record's object, up to its closing brace.
fn check_members(
    cursor: &mut Cursor<'_>,
    line: &[u8],
    dataset: &Dataset,
    keys: &mut Keys,
) -> Checked<()> {
    let mut before = keys.start();
    loop {
        before = key(cursor, line, keys, before)?;
        match dataset.fields.get(before) {
            None => drop(cursor.value()?),
            Some(field) => check_value(cursor, line, field)?,
        }
        cursor.skip_whitespace();
        match cursor.peek() {
            Some(b',') => cursor.at += 1,
            Some(b'}') => return Ok(()),
            _ => return cursor.unexpected("`,` or `}`"),
        }
        cursor.skip_whitespace();
    }
}

/// Takes a key and tells its field.
#[inline]
fn key(cursor: &mut Cursor<'_>, line: &[u8], keys: &mut Keys, before: Place) -> Checked<Place> {
    if let Some((field, value)) = keys.guess(before, line, cursor.at) {
        cursor.at = value;
        cursor.skip_whitespace();
        return Ok(field);
    }
    let raw = cursor.key()?;
    Ok(keys.look_up(before, raw))
}

/// Takes the value of a known field.
#[inline]
fn check_value(cursor: &mut Cursor<'_>, line: &[u8], field: &Field) -> Checked<()> {
    let at = cursor.at;
    if let (FieldType::Array(element_type), Some(b'[')) = (field.field_type, cursor.peek()) {
        return check_elements(cursor, field, element_type);
    }
    let found = cursor.value()?;
    let fits = match field.field_type {
        FieldType::String => found == Kind::String,
        FieldType::Int => found == Kind::Int,
        FieldType::Float => matches!(found, Kind::Int | Kind::Fraction),
        FieldType::Bool => found == Kind::Bool,
        FieldType::Timestamp => matches!(found, Kind::Int | Kind::Fraction | Kind::String),
        FieldType::Object => found == Kind::Object,
        FieldType::Array(_) => false,
    };
    if !fits && found != Kind::Null {
        let (field, expected) = (field.name.clone(), field.field_type);
        return Err(Refusal::WrongType { field, expected, found: found.noun(), at }.into());
    }
    if field.field_type == FieldType::Timestamp && found != Kind::Null {
        parse_json_timestamp(&line[at..cursor.at]).map_err(|error| {
            let field = field.name.clone();
            Refusal::Timestamp { field, error, at }
        })?;
    }
    Ok(())
}

/// Takes the array of a known field, from its opening to its closing bracket.
fn check_elements(
    cursor: &mut Cursor<'_>,
    field: &Field,
    element_type: ElementType,
) -> Checked<()> {
    let expected_kind = match element_type {
        ElementType::String => Kind::String,
        ElementType::Int => Kind::Int,
        ElementType::Object => Kind::Object,
    };
    cursor.open()?;
    if cursor.peek() == Some(b']') {
        cursor.close();
        return Ok(());
    }
    loop {
        let at = cursor.at;
        let found = cursor.value()?;
        if found != expected_kind && found != Kind::Null {
            let (field, expected) = (field.name.clone(), field.field_type);
            return Err(Refusal::WrongElement { field, expected, found: found.noun(), at }.into());
        }
        cursor.skip_whitespace();
        match cursor.peek() {
            Some(b',') => cursor.at += 1,
            Some(b']') => {
                cursor.close();
                return Ok(());
            }
            _ => return cursor.unexpected("`,` or `]`"),
        }
        cursor.skip_whitespace();
    }
}
