//! The check of a record at the door: good JSON, and known fields of their types.

use std::sync::Arc;

use super::block::{BLOCK, block_at, ends_of_plain_text, non_ascii, non_digits};
use super::json::{Checked, Cursor, Kind};
use super::keys::Keys;
use super::refusal::Refusal;
use crate::dataset::{Dataset, ElementType, Field, FieldType};
use crate::json_number::WholeNumber;
use crate::limits;
use crate::time::{parse_json_record_time, parse_json_timestamp};

/// Checks records of one dataset, record after record.
///
/// A record is one JSON object (RFC 8259) in UTF-8, with nothing but whitespace around it, within
/// the limits of length and depth. Unknown keys may hold anything, known ones their type or
/// `null`. Where a key stands twice, both values must be good.
#[derive(Debug, Clone)]
pub struct Checker {
    dataset: Arc<Dataset>,
    keys: Keys,
    /// For each place of `keys`, what its value may be.
    fits: Vec<Fits>,
    open: Vec<u32>,
}

/// What a value may be, where that is seen at its first look.
#[derive(Debug, Clone, Copy)]
struct Fits(u8);

impl Fits {
    const STRING: u8 = 1;
    const INT: u8 = 2;
    const BOOL: u8 = 4;
    /// It has to be read as an instant, too.
    const INSTANT: u8 = 8;
    const ANYTHING: Self = Self(Self::STRING | Self::INT | Self::BOOL);

    fn of(field: &Field) -> Self {
        Self(match field.field_type {
            FieldType::String => Self::STRING,
            FieldType::Int | FieldType::Float => Self::INT,
            FieldType::Bool => Self::BOOL,
            FieldType::Timestamp => Self::STRING | Self::INT | Self::INSTANT,
            FieldType::Object | FieldType::Array(_) => 0,
        })
    }

    #[inline]
    const fn has(self, what: u8) -> bool {
        self.0 & what != 0
    }
}

impl Checker {
    /// A checker for records of `dataset`.
    pub fn new(dataset: Arc<Dataset>) -> Self {
        let open = Vec::with_capacity(limits::RECORD_DEPTH_MAX);
        let known = dataset.fields.iter().map(Fits::of);
        let fits = known.chain([Fits::ANYTHING]).collect();
        Self { keys: Keys::new(Arc::clone(&dataset)), dataset, fits, open }
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
        let mut cursor = Cursor::new(line, &mut self.open);
        let schema = Schema { dataset: &self.dataset, fits: &self.fits };
        let checked = check_object(&mut cursor, line, schema, &mut self.keys);
        // What is no UTF-8 is refused for that first, whatever else is wrong with it.
        if !matches!(checked, Ok(Bytes::Good)) {
            check_utf8(line)?;
        }
        checked.map(drop)
    }
}

/// What is known of the fields.
#[derive(Debug, Clone, Copy)]
struct Schema<'c> {
    dataset: &'c Dataset,
    fits: &'c [Fits],
}

/// What the bytes of a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bytes {
    /// UTF-8.
    Good,
    Others,
}

impl Bytes {
    fn and(self, other: Self) -> Self {
        if other == Self::Good { self } else { other }
    }

    fn of(text: &[u8]) -> Self {
        if str::from_utf8(text).is_ok() { Self::Good } else { Self::Others }
    }
}

/// Checks all of a record but that its bytes are UTF-8.
fn check_object(
    cursor: &mut Cursor<'_>,
    line: &[u8],
    schema: Schema<'_>,
    keys: &mut Keys,
) -> Checked<Bytes> {
    cursor.skip_whitespace();
    if cursor.peek() != Some(b'{') {
        return Err(Refusal::NotAnObject { found: cursor.found(), at: cursor.at }.into());
    }
    cursor.open()?;
    let mut bytes = Bytes::Good;
    if cursor.peek() != Some(b'}') {
        bytes = check_members(cursor, line, schema, keys)?;
    }
    cursor.close();
    cursor.skip_whitespace();
    match cursor.peek() {
        None => Ok(bytes),
        Some(_) => cursor.unexpected("the end of the record"),
    }
}

fn check_utf8(line: &[u8]) -> Checked<()> {
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
    schema: Schema<'_>,
    keys: &mut Keys,
) -> Checked<Bytes> {
    let mut before = keys.start();
    let mut bytes = Bytes::Good;
    loop {
        before = match keys.guess(before, line, cursor.at) {
            Some((field, value)) => {
                cursor.at = value;
                cursor.skip_whitespace();
                field
            }
            None => {
                let raw = cursor.key()?;
                bytes = bytes.and(Bytes::of(raw));
                keys.look_up(before, raw)
            }
        };
        match plain_value(line, cursor.at, schema.fits[before]) {
            Some(end) => cursor.at = end,
            None => {
                let read = any_value(cursor, line, schema.dataset.fields.get(before))?;
                bytes = bytes.and(read);
            }
        }
        cursor.skip_whitespace();
        match cursor.peek() {
            Some(b',') => cursor.at += 1,
            Some(b'}') => return Ok(bytes),
            _ => return cursor.unexpected("`,` or `}`"),
        }
        cursor.skip_whitespace();
    }
}

/// The end of the value at `at`, if it is what it may be and one of those that most are: a string
/// of ASCII without escapes, an int without a sign, or a bool. `None` says nothing about it.
#[inline]
fn plain_value(line: &[u8], at: usize, fits: Fits) -> Option<usize> {
    let block = block_at(line, at)?;
    let bytes = if block[0] == b'"' {
        // The opening quote is the first of them.
        let end = (ends_of_plain_text(block) & !1).trailing_zeros();
        let bytes = match block.get(end as usize) {
            Some(_) => plain_end(block, end)?,
            None if non_ascii(block) == 0 => BLOCK + rest_of_string(line, at + BLOCK)?,
            None => return None,
        };
        fits.has(Fits::STRING).then_some(bytes)?
    } else if block[0].is_ascii_digit() {
        let digits = non_digits(block).trailing_zeros() as usize;
        let has_more = matches!(block.get(digits)?, b'.' | b'e' | b'E');
        let has_leading_zero = block[0] == b'0' && digits > 1;
        (fits.has(Fits::INT) && !has_more && !has_leading_zero).then_some(digits)?
    } else if block.starts_with(b"true") {
        fits.has(Fits::BOOL).then_some(4)?
    } else {
        (fits.has(Fits::BOOL) && block.starts_with(b"false")).then_some(5)?
    };
    let end = at + bytes;
    // Times of far years are among those about which nothing is said.
    let is_good = !fits.has(Fits::INSTANT) || parse_json_timestamp(line.get(at..end)?).is_ok();
    is_good.then_some(end)
}

/// How many bytes of the block a string takes that has its first end of plain text at `end`, if
/// that is its closing quote, and all before it is ASCII.
#[inline]
fn plain_end(block: &[u8; BLOCK], end: u32) -> Option<usize> {
    let is_plain = block[end as usize] == b'"' && non_ascii(block) << (31 - end) == 0;
    is_plain.then_some(end as usize + 1)
}

/// How many bytes from `at` on a string takes that goes on there, if it is ASCII without escapes.
fn rest_of_string(line: &[u8], at: usize) -> Option<usize> {
    let mut bytes = 0;
    loop {
        let block = block_at(line, at + bytes)?;
        let ends = ends_of_plain_text(block);
        if ends != 0 {
            return Some(bytes + plain_end(block, ends.trailing_zeros())?);
        }
        if non_ascii(block) != 0 {
            return None;
        }
        bytes += BLOCK;
    }
}

/// Takes the value of a field; `None` is one that is not known.
#[inline(never)]
fn any_value(cursor: &mut Cursor<'_>, line: &[u8], field: Option<&Field>) -> Checked<Bytes> {
    let at = cursor.at;
    match field {
        None => drop(cursor.value()?),
        Some(field) => check_value(cursor, line, field)?,
    }
    Ok(Bytes::of(&line[at..cursor.at]))
}

/// Takes the value of a known field.
fn check_value(cursor: &mut Cursor<'_>, line: &[u8], field: &Field) -> Checked<()> {
    let at = cursor.at;
    if let (FieldType::Array(element_type), Some(b'[')) = (field.field_type, cursor.peek()) {
        return check_elements(cursor, line, field, element_type);
    }
    let found = cursor.value()?;
    let fits = match field.field_type {
        FieldType::String => found == Kind::String,
        FieldType::Int => is_int(found, &line[at..cursor.at]),
        FieldType::Float => matches!(found, Kind::Int | Kind::Fraction),
        FieldType::Bool => found == Kind::Bool,
        FieldType::Timestamp => matches!(found, Kind::Int | Kind::Fraction | Kind::String),
        FieldType::Object => found == Kind::Object,
        FieldType::Array(_) => false,
    };
    if !fits && found != Kind::Null {
        let (name, expected) = (field.name.clone(), field.field_type);
        let found = noun(found, field.field_type == FieldType::Int);
        return Err(Refusal::WrongType { field: name, expected, found, at }.into());
    }
    if field.field_type == FieldType::Timestamp && found != Kind::Null {
        parse_json_record_time(&line[at..cursor.at]).map_err(|error| {
            let field = field.name.clone();
            Refusal::Timestamp { field, error, at }
        })?;
    }
    Ok(())
}

/// Takes the array of a known field, from its opening to its closing bracket.
fn check_elements(
    cursor: &mut Cursor<'_>,
    line: &[u8],
    field: &Field,
    element_type: ElementType,
) -> Checked<()> {
    cursor.open()?;
    if cursor.peek() == Some(b']') {
        cursor.close();
        return Ok(());
    }
    loop {
        let at = cursor.at;
        let found = cursor.value()?;
        let fits = match element_type {
            ElementType::String => found == Kind::String,
            ElementType::Int => is_int(found, &line[at..cursor.at]),
            ElementType::Object => found == Kind::Object,
        };
        if !fits && found != Kind::Null {
            let (name, expected) = (field.name.clone(), field.field_type);
            let found = noun(found, element_type == ElementType::Int);
            return Err(Refusal::WrongElement { field: name, expected, found, at }.into());
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

/// Whether the value of that kind is a whole number; how it is written does not matter.
fn is_int(found: Kind, raw: &[u8]) -> bool {
    match found {
        Kind::Int => true,
        Kind::Fraction => WholeNumber::read(raw).is_some(),
        _ => false,
    }
}

/// What was found where something else was expected, an int or not.
fn noun(found: Kind, expects_int: bool) -> &'static str {
    match found {
        Kind::Fraction if expects_int => "a number that is not whole",
        other => other.noun(),
    }
}
