//! A JSON array of any size as a stream of lines, one per element, in constant memory.
//!
//! The splitter finds where elements begin and end, and nothing more: whether an element is good
//! JSON is for the service to say, which puts a bad one into quarantine and takes the others.
//! Bytes of elements stay as they are, except that a run of white space between tokens that holds
//! a line break (a pretty-printed element) becomes one space.

use std::io::BufRead;

use super::lines::{CutError, LINE_BYTES_MAX, Lines};

/// The elements of the JSON array that `input` is.
#[derive(Debug)]
pub(super) struct ArrayElements<R> {
    input: R,
    /// Bytes of the input that were taken.
    at: u64,
    /// The number of the element that is being read, from 1.
    element: u64,
    place: Place,
}

/// Where in the array the splitter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeArray,
    /// After `[`: an element or the end.
    First,
    /// After a comma: an element.
    Next,
    /// After an element: a comma or the end.
    AfterElement,
    AfterArray,
}

/// Where within an element the splitter stands.
#[derive(Debug, Default)]
struct Nesting {
    /// Open objects and arrays.
    depth: u32,
    in_string: bool,
    /// After a backslash in a string.
    escaped: bool,
    /// Where the white space that was just read begins in the line, and whether it holds a line
    /// break.
    space: Option<(usize, bool)>,
}

/// What a byte means for the element that is being read.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It belongs to the element.
    Within,
    /// It is the element's last byte.
    Last,
    /// It stands after the element.
    Beyond,
}

impl<R: BufRead> ArrayElements<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, at: 0, element: 0, place: Place::BeforeArray }
    }

    fn wrong(&self, what: &'static str) -> CutError {
        CutError::NotAnArray { what, at: self.at }
    }

    /// The next byte, not taken yet; `None` at the end of the input.
    fn peek(&mut self) -> Result<Option<u8>, CutError> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn take(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.at += bytes as u64;
    }

    /// Goes on to the next element; `false` where the array ends instead.
    fn find_element(&mut self) -> Result<bool, CutError> {
        if self.place == Place::BeforeArray && self.input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            self.take(3);
        }
        loop {
            let Some(byte) = self.peek()? else {
                return match self.place {
                    Place::AfterArray => Ok(false),
                    Place::BeforeArray => Err(self.wrong("the input is empty")),
                    _ => Err(self.wrong("the input ends before the array does")),
                };
            };
            self.place = match (self.place, byte) {
                (place, b' ' | b'\t' | b'\n' | b'\r') => place,
                (Place::BeforeArray, b'[') => Place::First,
                (Place::BeforeArray, _) => return Err(self.wrong("no `[`")),
                (Place::First | Place::AfterElement, b']') => Place::AfterArray,
                (Place::AfterElement, b',') => Place::Next,
                (Place::AfterElement, _) => return Err(self.wrong("no comma after an element")),
                (Place::AfterArray, _) => return Err(self.wrong("more after the array's end")),
                (Place::First | Place::Next, b',' | b']') => {
                    return Err(self.wrong("a comma without an element"));
                }
                (Place::First | Place::Next, _) => return Ok(true),
            };
            self.take(1);
        }
    }

    /// Appends the element that begins here.
    fn read_element(&mut self, into: &mut Vec<u8>) -> Result<(), CutError> {
        self.element += 1;
        let start = into.len();
        let mut nesting = Nesting::default();
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(self.wrong("the input ends within an element"));
            }
            let mut taken = 0;
            let mut step = Step::Within;
            for &byte in buffer {
                if nesting.in_string && matches!(byte, b'\n' | b'\r') {
                    self.take(taken);
                    return Err(self.wrong("a line break within a string"));
                }
                step = nesting.step(byte, into);
                if step == Step::Beyond {
                    break;
                }
                taken += 1;
                if step == Step::Last {
                    break;
                }
            }
            self.take(taken);
            if into.len() - start > LINE_BYTES_MAX {
                return Err(CutError::ElementTooLong { element: self.element });
            }
            if step != Step::Within {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Lines for ArrayElements<R> {
    fn next_line(&mut self, into: &mut Vec<u8>) -> Result<bool, CutError> {
        if !self.find_element()? {
            return Ok(false);
        }
        self.read_element(into)?;
        into.push(b'\n');
        self.place = Place::AfterElement;
        Ok(true)
    }
}

impl Nesting {
    /// Takes one byte into the element's line, and says whether the element ends.
    fn step(&mut self, byte: u8, line: &mut Vec<u8>) -> Step {
        if self.in_string {
            line.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    return self.end_of_value();
                }
                _ => {}
            }
            return Step::Within;
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            // Within an object or array it stands between tokens; after a bare value, beyond it.
            if self.depth == 0 {
                return Step::Beyond;
            }
            let (from, broken) = self.space.get_or_insert((line.len(), false));
            *broken |= matches!(byte, b'\n' | b'\r');
            if *broken {
                line.truncate(*from);
                line.push(b' ');
            } else {
                line.push(byte);
            }
            return Step::Within;
        }
        self.space = None;
        match byte {
            b',' | b']' | b'}' if self.depth == 0 => return Step::Beyond,
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        line.push(byte);
        if matches!(byte, b'}' | b']') { self.end_of_value() } else { Step::Within }
    }

    fn end_of_value(&self) -> Step {
        if self.depth == 0 { Step::Last } else { Step::Within }
    }
}

#[cfg(test)]
mod tests;
