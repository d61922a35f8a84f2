//! Finding the values of wanted fields in a record that was checked at the door.

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use super::keys::{Keys, key_at};
use super::structure::{skip_whitespace, value_end};
use crate::Dataset;

/// Finds the values of wanted fields, record after record.
///
/// Only top-level keys count. Where a key stands twice, the last one counts. Keys are compared by
/// what they mean: `"Client\u0049P"` is `ClientIP`.
#[derive(Debug, Clone)]
pub struct Scanner {
    dataset: Arc<Dataset>,
    keys: Keys,
    /// For each place of `keys` where its value goes in `spans`; 0 for what is not wanted.
    slots: Vec<u16>,
    /// Where the values lie in the line. The first one takes what nobody wants.
    spans: Vec<Span>,
}

/// Start and end of a value; a value that is absent is empty.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

const ABSENT: Span = Span { start: 0, end: 0 };

/// A line that is no well-formed record: the check at the door must have been left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a well-formed record: expected {expected} at byte {at}")]
pub struct ScanError {
    /// What should have been there.
    pub expected: &'static str,
    /// Where, counted from 0.
    pub at: usize,
}

impl Scanner {
    /// A scanner for records of `dataset` that finds the `wanted` fields, given by their indexes
    /// in `dataset.fields`.
    pub fn new(dataset: Arc<Dataset>, wanted: impl IntoIterator<Item = usize>) -> Self {
        let keys = Keys::new(Arc::clone(&dataset));
        let mut slots = vec![0; dataset.fields.len() + 1];
        let mut spans = vec![ABSENT];
        for field in wanted {
            if field < dataset.fields.len() && slots[field] == 0 {
                slots[field] = spans.len() as u16;
                spans.push(ABSENT);
            }
        }
        Self { dataset, keys, slots, spans }
    }

    /// The dataset whose records it scans.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Scans one record: one line of NDJSON, without its newline.
    ///
    /// # Errors
    /// Only for a line that `Checker` refuses, and not for each of them. No value is there then.
    pub fn scan(&mut self, line: &[u8]) -> Result<(), ScanError> {
        self.spans.fill(ABSENT);
        let scanned = self.scan_object(line);
        if scanned.is_err() {
            self.spans.fill(ABSENT);
        }
        scanned
    }

    /// The bytes of the field's value in the line that was scanned last, which `line` must be.
    ///
    /// `None` where the record lacks the field or the field is not wanted.
    pub fn value<'l>(&self, line: &'l [u8], field: usize) -> Option<&'l [u8]> {
        line.get(self.span(field)?)
    }

    /// Where the field's value stands in the line that was scanned last; `None` as for
    /// [`Self::value`].
    #[inline]
    pub fn span(&self, field: usize) -> Option<Range<usize>> {
        let slot = *self.slots.get(field)?;
        let span = *self.spans.get(usize::from(slot))?;
        (slot != 0 && span.end > 0).then_some(span.start as usize..span.end as usize)
    }

    fn scan_object(&mut self, line: &[u8]) -> Result<(), ScanError> {
        if u32::try_from(line.len()).is_err() {
            return Err(ScanError { expected: "the end of the record", at: u32::MAX as usize });
        }
        let mut at = skip_whitespace(line, 0);
        if line.get(at) != Some(&b'{') {
            return Err(ScanError { expected: "`{`", at });
        }
        at = skip_whitespace(line, at + 1);
        let mut before = self.keys.start();
        if line.get(at) == Some(&b'}') {
            return expect_end(line, at + 1);
        }
        loop {
            let (field, value) = self.key(before, line, at)?;
            let start = skip_whitespace(line, value);
            let end =
                value_end(line, start).ok_or(ScanError { expected: "a whole value", at: start })?;
            self.spans[usize::from(self.slots[field])] =
                Span { start: start as u32, end: end as u32 };
            before = field;
            at = skip_whitespace(line, end);
            match line.get(at) {
                Some(b',') => at = skip_whitespace(line, at + 1),
                Some(b'}') => return expect_end(line, at + 1),
                _ => {
                    return Err(ScanError { expected: "`,` or `}`", at });
                }
            }
        }
    }

    /// The field of the key at `at`, and where its value or the whitespace before that begins.
    #[inline]
    fn key(&mut self, before: usize, line: &[u8], at: usize) -> Result<(usize, usize), ScanError> {
        match self.keys.guess(before, line, at) {
            Some(guessed) => Ok(guessed),
            None => self.read_key(before, line, at),
        }
    }

    fn read_key(
        &mut self,
        before: usize,
        line: &[u8],
        at: usize,
    ) -> Result<(usize, usize), ScanError> {
        let expected = "a key and `:`";
        let (raw, value) = key_at(line, at).ok_or(ScanError { expected, at })?;
        Ok((self.keys.look_up(before, raw), value))
    }
}

fn expect_end(line: &[u8], at: usize) -> Result<(), ScanError> {
    let at = skip_whitespace(line, at);
    if at == line.len() { Ok(()) } else { Err(ScanError { expected: "the end of the record", at }) }
}
