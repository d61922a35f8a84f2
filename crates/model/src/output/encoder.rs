//! From value slices to the bytes of an object.
//!
//! All that is the same in every record is laid out once: a record is a run of constant texts with
//! a value after each of them but the last. Writing one allocates nothing beyond the output.

use std::ops::Range;

use super::redaction::{redact_json, redact_text};
use super::{OutputOptions, OutputType, TemplatePiece, csv};
use crate::time::{TimestampFormat, parse_json_record_time, parse_json_timestamp};
use crate::{Dataset, FieldType};

/// Writes records in the form that a job's output options ask for.
#[derive(Debug, Clone)]
pub struct Encoder {
    output_type: OutputType,
    timestamp_format: TimestampFormat,
    redacts: bool,
    batch_prefix: Box<[u8]>,
    batch_suffix: Box<[u8]>,
    record_delimiter: Box<[u8]>,
    /// The constant texts of a record, end to end.
    texts: Vec<u8>,
    slots: Vec<Slot>,
}

/// How many newlines an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newlines {
    /// How many.
    pub count: u64,
    /// Whether those between double quotes count: in CSV a value in quotes may have some of its
    /// own.
    pub in_quotes_too: bool,
}

/// The place of a value in a record.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Where the text before the value ends in `texts`; it begins where the one before it ends.
    text_end: usize,
    /// The field's index in the dataset.
    field: usize,
    is_timestamp: bool,
    /// Whether the text before the value is a comma, the field's name and a colon: what stands
    /// before the value in a record that is written without a space.
    is_member: bool,
}

impl Encoder {
    /// The encoder of these options, which were made for this dataset.
    pub fn new(options: &OutputOptions, dataset: &Dataset) -> Self {
        let constant = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            if options.redacts_lookups {
                redact(options.output_type, &mut bytes, 0);
            }
            bytes.into_boxed_slice()
        };
        let mut encoder = Self {
            output_type: options.output_type,
            timestamp_format: options.timestamp_format,
            redacts: options.redacts_lookups,
            batch_prefix: constant(&options.batch_prefix),
            batch_suffix: constant(&options.batch_suffix),
            record_delimiter: constant(&options.record_delimiter),
            texts: Vec::new(),
            slots: Vec::new(),
        };
        encoder.lay_out(options, dataset);
        encoder
    }

    /// Appends what stands before the first record of an object.
    pub fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.batch_prefix);
    }

    /// Appends a record. `value` gives the raw JSON value of a field of the dataset by its index,
    /// `first` tells whether the record is the first of its object.
    pub fn record<'l>(
        &self,
        value: impl Fn(usize) -> Option<&'l [u8]>,
        first: bool,
        out: &mut Vec<u8>,
    ) {
        if !first {
            out.extend_from_slice(&self.record_delimiter);
        }
        let start = out.len();
        let mut text_start = 0;
        for slot in &self.slots {
            out.extend_from_slice(&self.texts[text_start..slot.text_end]);
            text_start = slot.text_end;
            self.write(value(slot.field), slot.is_timestamp, out);
        }
        out.extend_from_slice(&self.texts[text_start..]);
        if self.redacts {
            redact(self.output_type, out, start);
        }
    }

    /// Appends a record as [`Self::record`] does. `span` tells where in `line` the value of a field
    /// stands.
    ///
    /// Values that follow one another in the line as they do in the output are copied at once.
    pub(crate) fn record_of_line(
        &self,
        line: &[u8],
        span: impl Fn(usize) -> Option<Range<usize>>,
        first: bool,
        out: &mut Vec<u8>,
    ) {
        let value = |field| line.get(span(field)?);
        if self.output_type != OutputType::Ndjson {
            return self.record(value, first, out);
        }
        if !first {
            out.extend_from_slice(&self.record_delimiter);
        }
        let start = out.len();
        let mut text_start = 0;
        // What is to be copied next.
        let mut run = 0..0;
        for slot in &self.slots {
            let text = &self.texts[text_start..slot.text_end];
            text_start = slot.text_end;
            match span(slot.field) {
                // Between two values lie at least a comma, the quoted name, which an escape makes
                // longer, and a colon. Where there is no more, it is just that.
                Some(span)
                    if slot.is_member
                        && !run.is_empty()
                        && span.start.checked_sub(run.end) == Some(text.len()) =>
                {
                    run.end = span.end;
                }
                span => {
                    out.extend_from_slice(line.get(run).unwrap_or_default());
                    out.extend_from_slice(text);
                    run = match span {
                        Some(span) if !slot.is_timestamp => span,
                        _ => 0..0,
                    };
                    if run.is_empty() {
                        self.write(value(slot.field), slot.is_timestamp, out);
                    }
                }
            }
        }
        out.extend_from_slice(line.get(run).unwrap_or_default());
        out.extend_from_slice(&self.texts[text_start..]);
        if self.redacts {
            redact(self.output_type, out, start);
        }
    }

    /// What stands between two records of an object.
    pub fn record_delimiter(&self) -> &[u8] {
        &self.record_delimiter
    }

    /// The newlines that an object of so many records has; `None` where they do not tell how many
    /// records there are.
    pub fn newlines(&self, records: u64) -> Option<Newlines> {
        let is_csv = self.output_type == OutputType::Csv;
        let constants =
            [&self.batch_prefix[..], &self.texts, &self.record_delimiter, &self.batch_suffix];
        // With quotes of its own, what stands in the quotes of a value cannot be told.
        if is_csv && constants.iter().any(|text| memchr::memchr(b'"', text).is_some()) {
            return None;
        }
        let [before, each, between, after] =
            constants.map(|text| memchr::memchr_iter(b'\n', text).count() as u64);
        if each + between == 0 {
            return None;
        }
        let count = before + records * each + records.saturating_sub(1) * between + after;
        Some(Newlines { count, in_quotes_too: !is_csv })
    }

    /// Appends what stands after the last record of an object.
    pub fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.batch_suffix);
    }

    /// The fields whose values it writes, by their index; one may come more than once.
    pub fn fields(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().map(|slot| slot.field)
    }

    fn write(&self, value: Option<&[u8]>, is_timestamp: bool, out: &mut Vec<u8>) {
        let Some(raw) = value else {
            return out.extend_from_slice(self.output_type.nothing());
        };
        // Only a number or a string can be an instant.
        if is_timestamp && matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9')) {
            // Quoted or bare, an instant looks the same in JSON and in CSV.
            if let Ok(instant) = parse_json_timestamp(raw) {
                return self.timestamp_format.write(instant, out);
            }
            if let Ok(time) = parse_json_record_time(raw) {
                return self.timestamp_format.write_record_time(time, out);
            }
        }
        match self.output_type {
            OutputType::Ndjson => out.extend_from_slice(raw),
            OutputType::Csv => csv::write(raw, self.redacts, out),
        }
    }

    fn lay_out(&mut self, options: &OutputOptions, dataset: &Dataset) {
        self.texts.extend_from_slice(options.record_prefix.as_bytes());
        match &options.record_template {
            Some(template) => {
                for piece in template.pieces() {
                    self.lay_out_piece(piece, options, dataset);
                }
            }
            None => self.lay_out_fields(options, dataset),
        }
        self.texts.extend_from_slice(options.record_suffix.as_bytes());
    }

    fn lay_out_fields(&mut self, options: &OutputOptions, dataset: &Dataset) {
        for (number, &field) in options.fields.iter().enumerate() {
            if number > 0 {
                self.texts.extend_from_slice(options.field_delimiter.as_bytes());
            }
            if options.output_type == OutputType::Ndjson {
                // Names of fields need no escapes.
                self.texts.push(b'"');
                self.texts.extend_from_slice(dataset.fields[field].name.as_bytes());
                self.texts.extend_from_slice(b"\":");
            }
            self.push_slot(field, dataset);
            if let Some(slot) = self.slots.last_mut() {
                let is_plain = options.field_delimiter == "," && number > 0;
                slot.is_member =
                    is_plain && options.output_type == OutputType::Ndjson && !slot.is_timestamp;
            }
        }
    }

    fn lay_out_piece(&mut self, piece: &TemplatePiece, options: &OutputOptions, dataset: &Dataset) {
        match piece {
            TemplatePiece::Text(text) => self.texts.extend_from_slice(text.as_bytes()),
            TemplatePiece::Field(name) => match dataset.field_index(name) {
                Some(field) if options.fields.contains(&field) => self.push_slot(field, dataset),
                _ => self.texts.extend_from_slice(self.output_type.nothing()),
            },
        }
    }

    fn push_slot(&mut self, field: usize, dataset: &Dataset) {
        let is_timestamp = dataset.fields[field].field_type == FieldType::Timestamp;
        let text_end = self.texts.len();
        self.slots.push(Slot { text_end, field, is_timestamp, is_member: false });
    }
}

fn redact(output_type: OutputType, out: &mut Vec<u8>, from: usize) {
    match output_type {
        OutputType::Ndjson => redact_json(out, from),
        OutputType::Csv => redact_text(out, from),
    }
}
