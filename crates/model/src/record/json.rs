//! Strict JSON: RFC 8259 to the letter, read forward in one pass and without recursion.

use super::block::{BLOCK, block_at, ends_of_plain_text};
use super::refusal::{Found, Refusal};
use super::structure::{WORD, bytes_below, repeat, skip_whitespace, word_at, zero_bytes};
use crate::limits::RECORD_DEPTH_MAX;

/// What a value is, as its type's check wants to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    /// A number without fraction and exponent.
    Int,
    /// A number with fraction or exponent.
    Fraction,
    Bool,
    Null,
    Object,
    Array,
}

impl Kind {
    /// The kind with its article, for messages.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Int => "an int",
            Self::Fraction => "a number with a fraction or an exponent",
            Self::Bool => "a bool",
            Self::Null => "null",
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }
}

/// A result whose refusal is boxed: refusals are large and rare, and all else fits in a register.
pub(super) type Checked<T> = Result<T, Box<Refusal>>;

/// A place in a text that is UTF-8, with all before it found to be good JSON.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    pub(super) at: usize,
    /// Where the arrays and objects began that are open at `at`, the outermost first.
    open: &'t mut Vec<u32>,
}

impl<'t> Cursor<'t> {
    /// At the start of `text`; `open` lends its memory.
    pub(super) fn new(text: &'t [u8], open: &'t mut Vec<u32>) -> Self {
        open.clear();
        Self { text, at: 0, open }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn skip_whitespace(&mut self) {
        self.at = skip_whitespace(self.text, self.at);
    }

    /// What stands here.
    pub(super) fn found(&self) -> Found {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let character = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        character.map_or(Found::End, Found::Character)
    }

    /// Refuses what stands here: cut off, or something else than expected.
    pub(super) fn unexpected<T>(&self, expected: &'static str) -> Checked<T> {
        let refusal = match (self.found(), self.open.last()) {
            (Found::End, Some(&began)) => {
                let is_array = self.text.get(began as usize) == Some(&b'[');
                let within = if is_array { "an array" } else { "an object" };
                Refusal::Ends { within, began: began as usize }
            }
            (found, _) => Refusal::NotJson { found, expected, at: self.at },
        };
        Err(Box::new(refusal))
    }

    /// Takes `byte`, if it stands here.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let stands_here = self.peek() == Some(byte);
        self.at += usize::from(stands_here);
        stands_here
    }

    /// Takes the opening bracket or brace that stands here.
    pub(super) fn open(&mut self) -> Checked<()> {
        if self.open.len() == RECORD_DEPTH_MAX {
            return Err(Refusal::TooDeep { at: self.at }.into());
        }
        self.open.push(self.at as u32);
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// Takes the closing bracket or brace that stands here.
    pub(super) fn close(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    /// Takes a key, escapes and all, its colon and the whitespace around that.
    pub(super) fn key(&mut self) -> Checked<&'t [u8]> {
        if self.peek() != Some(b'"') {
            return self.unexpected("a key in double quotes");
        }
        let start = self.at + 1;
        self.string()?;
        let raw = &self.text[start..self.at - 1];
        self.skip_whitespace();
        if !self.take(b':') {
            return self.unexpected("`:`");
        }
        self.skip_whitespace();
        Ok(raw)
    }

    /// Takes the value that stands here.
    #[inline]
    pub(super) fn value(&mut self) -> Checked<Kind> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Kind::Bool),
            Some(b'f') => self.literal("false", Kind::Bool),
            Some(b'n') => self.literal("null", Kind::Null),
            Some(b'{') => self.container(Kind::Object),
            Some(b'[') => self.container(Kind::Array),
            _ => self.unexpected("a value"),
        }
    }

    /// Takes the array or object that stands here, with all that is in it.
    fn container(&mut self, kind: Kind) -> Checked<Kind> {
        let outside = self.open.len();
        self.open_nested()?;
        while self.open.len() > outside {
            self.skip_whitespace();
            match (self.peek(), self.is_in_object()) {
                (Some(b'}'), true) | (Some(b']'), false) => self.close(),
                (Some(b','), _) => {
                    self.at += 1;
                    self.skip_whitespace();
                    self.member()?;
                }
                (_, true) => return self.unexpected("`,` or `}`"),
                (_, false) => return self.unexpected("`,` or `]`"),
            }
        }
        Ok(kind)
    }

    fn is_in_object(&self) -> bool {
        let began = self.open.last().copied().unwrap_or_default();
        self.text.get(began as usize) == Some(&b'{')
    }

    /// Takes a member of the object or an element of the array that is open.
    fn member(&mut self) -> Checked<()> {
        if self.is_in_object() {
            self.key()?;
        }
        if let Some(b'{' | b'[') = self.peek() {
            self.open_nested()
        } else {
            self.value().map(drop)
        }
    }

    /// Takes opening brackets and braces for as long as a first member begins with one.
    fn open_nested(&mut self) -> Checked<()> {
        loop {
            self.open()?;
            match (self.peek(), self.is_in_object()) {
                (Some(b'}'), true) | (Some(b']'), false) => return Ok(()),
                (_, true) => drop(self.key()?),
                (_, false) => {}
            }
            if !matches!(self.peek(), Some(b'{' | b'[')) {
                return self.value().map(drop);
            }
        }
    }

    /// Takes the string that stands here.
    #[inline]
    fn string(&mut self) -> Checked<Kind> {
        let began = self.at;
        self.at += 1;
        loop {
            self.at = end_of_plain_text(self.text, self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(began)?,
                Some(_) => {
                    let found = self.found();
                    let expected = "an escape such as `\\n` instead";
                    return Err(Refusal::NotJson { found, expected, at: self.at }.into());
                }
                None => {
                    return Err(Refusal::Ends { within: "a string", began }.into());
                }
            }
        }
        self.at += 1;
        Ok(Kind::String)
    }

    /// Takes the escape that stands here, in the string that began there.
    fn escape(&mut self, began: usize) -> Checked<()> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.peek() {
                        Some(digit) if digit.is_ascii_hexdigit() => self.at += 1,
                        None => {
                            return Err(Refusal::Ends { within: "a string", began }.into());
                        }
                        Some(_) => return self.unexpected("four hex digits after `\\u`"),
                    }
                }
            }
            None => {
                return Err(Refusal::Ends { within: "a string", began }.into());
            }
            Some(_) => {
                let expected = "one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u` after `\\`";
                return self.unexpected(expected);
            }
        }
        Ok(())
    }

    /// Takes the number that stands here.
    #[inline]
    fn number(&mut self) -> Checked<Kind> {
        let began = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits(began)?;
        }
        let mut kind = Kind::Int;
        if self.take(b'.') {
            kind = Kind::Fraction;
            self.digits(began)?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            kind = Kind::Fraction;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits(began)?;
        }
        Ok(kind)
    }

    /// Takes digits, at least one, of the number that began there.
    #[inline]
    fn digits(&mut self, began: usize) -> Checked<()> {
        let first = self.at;
        let rest = self.text.get(first..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match self.peek() {
            _ if self.at > first => Ok(()),
            None => Err(Refusal::Ends { within: "a number", began }.into()),
            Some(_) => self.unexpected("a digit"),
        }
    }

    /// Takes the literal that stands here by its first letter.
    fn literal(&mut self, literal: &'static str, kind: Kind) -> Checked<Kind> {
        let rest = &self.text[self.at..];
        if rest.starts_with(literal.as_bytes()) {
            self.at += literal.len();
            return Ok(kind);
        }
        if literal.as_bytes().starts_with(rest) {
            return Err(Refusal::Ends { within: kind.noun(), began: self.at }.into());
        }
        self.unexpected(match literal {
            "true" => "`true`",
            "false" => "`false`",
            _ => "`null`",
        })
    }
}

/// The first quote, backslash or control character from `at` on, or the text's end.
#[inline]
fn end_of_plain_text(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = block_at(text, at) {
        let found = ends_of_plain_text(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += BLOCK;
    }
    near_the_end(text, at)
}

/// As [`end_of_plain_text`], where no whole block is left.
fn near_the_end(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(text, at) {
        // With that bit turned over a quote is 0x20, next to the control characters, and these
        // stay among themselves: one comparison finds both.
        let quote_or_control = bytes_below::<0x21>(word ^ repeat(b'"' ^ 0x20));
        let found = quote_or_control | zero_bytes(word ^ repeat(b'\\'));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += WORD;
    }
    let is_plain = |byte: &&u8| !matches!(byte, 0..0x20 | b'"' | b'\\');
    at + text.get(at..).unwrap_or_default().iter().take_while(is_plain).count()
}
