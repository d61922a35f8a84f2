//! Input as a stream of lines, each of bounded length.

use std::io::{self, BufRead, Read};

use thiserror::Error;

/// Longest line, or array element, that is taken. The service refuses records much shorter than
/// this; a file with longer lines is not made of records at all.
pub(super) const LINE_BYTES_MAX: usize = 8 << 20;

/// Input that cannot be cut into lines.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CutError {
    /// The input failed.
    #[error("reading stopped: {0}")]
    Read(#[from] io::Error),
    /// A line has no end.
    #[error(
        "line {line} is longer than {} MiB, so this is not one record a line; for a JSON array \
         use --format json-array",
        LINE_BYTES_MAX >> 20
    )]
    LineTooLong {
        /// The line's number, from 1.
        line: u64,
    },
    /// The input is not a JSON array.
    #[error("not a JSON array: {what} at byte {at}")]
    NotAnArray {
        /// What was found or missed.
        what: &'static str,
        /// Bytes of the input before it.
        at: u64,
    },
    /// An element of the array has no end.
    #[error("element {element} of the array is longer than {} MiB", LINE_BYTES_MAX >> 20)]
    ElementTooLong {
        /// The element's number, from 1.
        element: u64,
    },
}

/// A stream of lines.
pub(super) trait Lines {
    /// Appends the next line to `into`, its newline included; `false` at the end of the input.
    /// Only the last line may lack its newline.
    fn next_line(&mut self, into: &mut Vec<u8>) -> Result<bool, CutError>;
}

/// The lines of a text, as they are.
#[derive(Debug)]
pub(super) struct TextLines<R> {
    input: R,
    line: u64,
}

impl<R: BufRead> TextLines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 0 }
    }
}

impl<R: BufRead> Lines for TextLines<R> {
    fn next_line(&mut self, into: &mut Vec<u8>) -> Result<bool, CutError> {
        self.line += 1;
        let bound = LINE_BYTES_MAX as u64 + 1;
        let taken = self.input.by_ref().take(bound).read_until(b'\n', into)?;
        if taken > LINE_BYTES_MAX && into.last() != Some(&b'\n') {
            return Err(CutError::LineTooLong { line: self.line });
        }
        Ok(taken > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Result<Vec<Vec<u8>>, CutError> {
        let mut lines = TextLines::new(input);
        let mut all = Vec::new();
        loop {
            let mut line = Vec::new();
            if !lines.next_line(&mut line)? {
                return Ok(all);
            }
            all.push(line);
        }
    }

    #[test]
    fn lines_keep_their_ends_and_their_bytes() {
        let expected: Vec<&[u8]> = vec![b"a\r\n", b"\n", b"\xff b\n", b"c"];
        assert_eq!(lines(b"a\r\n\n\xff b\nc").unwrap(), expected);
        assert!(lines(b"").unwrap().is_empty());
    }

    #[test]
    fn a_line_without_end_is_refused_by_its_number() {
        let mut input = b"{}\n".to_vec();
        input.resize(LINE_BYTES_MAX + 10, b'x');
        let error = lines(&input).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is longer than 8 MiB"), "{error}");
    }

    #[test]
    fn a_line_of_exactly_the_longest_length_is_taken() {
        let mut input = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(lines(&input).unwrap().len(), 1);
        input.push(b'\n');
        assert_eq!(lines(&input).unwrap().len(), 1);
        input.insert(0, b'x');
        assert!(lines(&input).is_err());
    }
}
