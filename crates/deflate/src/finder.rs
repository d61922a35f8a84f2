//! Finds what a text repeats, in the way of log lines: fields in the same order, line after line.
//!
//! A match goes on until the values of a field differ. From there two places are looked at: where
//! the same value ended before, and where the field ends in the line that the match came from. So
//! most of a line needs one look a field that differs, and none for what is the same. Text that is
//! not made of lines is searched place by place.

use crate::marks::{Shape, ends};
use crate::plan::Plan;
use crate::symbols::DISTANCE_MAX;
use crate::text::{same_before, same_from, word};

const VALUE_BITS: u32 = 13;
const KEY_BITS: u32 = 12;
const PLACE_BITS: u32 = 14;
/// Shortest match that is taken at a field's end, and at any other place.
const FIELD_MATCH_MIN: usize = 4;
const PLACE_MATCH_MIN: usize = 6;
/// What is left of a field is searched from so many bytes on.
const SEARCHED_MIN: usize = 8;
/// Literals after which a block may end.
const LITERALS_MAX: usize = 32 << 10;

/// Places where things were seen last, the lowest 16 bits of each. What is found there is always
/// compared, so that a place that is meant otherwise does no harm.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Ends of values, by the 16 bytes before them.
    values: [u16; 1 << VALUE_BITS],
    /// Ends of fields, by the 16 bytes from there on.
    keys: [u16; 1 << KEY_BITS],
    /// Any places, by the 6 bytes from there on.
    places: [u16; 1 << PLACE_BITS],
}

impl Memory {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            values: [0; 1 << VALUE_BITS],
            keys: [0; 1 << KEY_BITS],
            places: [0; 1 << PLACE_BITS],
        })
    }

    pub(crate) fn clear(&mut self) {
        self.values.fill(0);
        self.keys.fill(0);
        self.places.fill(0);
    }
}

#[derive(Debug, Clone, Copy)]
struct Match {
    at: usize,
    source: usize,
    length: usize,
}

/// Goes through a text once.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    text: &'a [u8],
    shape: Shape,
    memory: &'a mut Memory,
    /// The end of what the plans say so far.
    written: usize,
    /// Where the last match came from, right after it.
    source: Option<usize>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(text: &'a [u8], memory: &'a mut Memory) -> Self {
        Self { text, shape: Shape::of(text), memory, written: 0, source: None }
    }

    /// Whether all of the text was gone through.
    pub(crate) fn is_done(&self) -> bool {
        self.written == self.text.len()
    }

    /// Fills the plan of the next block.
    pub(crate) fn fill(&mut self, plan: &mut Plan) {
        while !plan.is_full() && self.written < self.text.len() {
            let begin = self.written;
            match self.next() {
                Ok(found) => {
                    let distance = found.at - found.source;
                    plan.push(&self.text[begin..found.at], found.length, distance);
                    self.written = found.at + found.length;
                    self.source = Some(found.source + found.length);
                }
                Err(end) => {
                    plan.push_literals(&self.text[begin..end]);
                    self.written = end;
                    self.source = None;
                }
            }
        }
    }

    /// The next match, or the end of literals that none follows.
    #[inline(always)]
    fn next(&mut self) -> Result<Match, usize> {
        let mut at = self.written;
        if let Some(source) = self.source {
            match self.after_difference(at, source) {
                Ok(found) => return Ok(found),
                Err(end) => at = end,
            }
        }
        self.look_around(at)
    }

    /// The match after the first byte that differs, or the end of its field.
    #[inline(always)]
    fn after_difference(&mut self, at: usize, source: usize) -> Result<Match, usize> {
        let ends = ends(self.text, at, self.shape);
        if let Some(found) = self.same_value(at, ends.word) {
            return Ok(found);
        }
        if ends.field - at >= SEARCHED_MIN
            && let Some(found) = self.search(at, ends.field)
        {
            return Ok(found);
        }
        let source = crate::marks::ends(self.text, source, self.shape).field;
        self.same_field(at, ends.field, source).ok_or(ends.field)
    }

    /// What went on after the same value before.
    #[inline(always)]
    fn same_value(&mut self, at: usize, end: usize) -> Option<Match> {
        if end < 16 {
            return None;
        }
        let hash = hash(word(self.text, end - 16), word(self.text, end - 8));
        let seen = &mut self.memory.values[(hash >> (64 - VALUE_BITS)) as usize];
        let distance = distance(end, seen);
        if distance > at.min(DISTANCE_MAX) || distance == 0 {
            return None;
        }
        let source = at - distance;
        let length = same_from(self.text, at, source);
        (length >= (end - at + 1).max(FIELD_MATCH_MIN)).then_some(Match { at, source, length })
    }

    /// The match from the end of a field on, with the end of the same field in another line.
    #[inline(always)]
    fn same_field(&mut self, begin: usize, end: usize, source: usize) -> Option<Match> {
        if source >= end || end - source > DISTANCE_MAX {
            return None;
        }
        let after = same_from(self.text, end, source);
        let before = same_before(self.text, end, source, end - begin);
        self.remember_key(end);
        let length = before + after;
        (length >= FIELD_MATCH_MIN).then_some(Match {
            at: end - before,
            source: source - before,
            length,
        })
    }

    #[inline(always)]
    fn remember_key(&mut self, at: usize) -> usize {
        let hash = hash(word(self.text, at), word(self.text, at + 8));
        distance(at, &mut self.memory.keys[(hash >> (64 - KEY_BITS)) as usize])
    }

    /// The next match from `at` on, wherever it comes from.
    #[inline(never)]
    fn look_around(&mut self, mut at: usize) -> Result<Match, usize> {
        while at < self.text.len() {
            if at - self.written > LITERALS_MAX {
                return Err(at);
            }
            if let Some(found) = self.same_key(at) {
                return Ok(found);
            }
            let end = ends(self.text, at + 1, self.shape).field.min(self.text.len());
            if let Some(found) = self.search(at, end) {
                return Ok(found);
            }
            at = end;
        }
        Err(self.text.len())
    }

    /// The match at the end of a field with where the same name followed before.
    #[inline(always)]
    fn same_key(&mut self, at: usize) -> Option<Match> {
        let distance = self.remember_key(at);
        if distance > at.min(DISTANCE_MAX) || distance == 0 {
            return None;
        }
        self.around(at, at - distance)
    }

    /// The first match from `at` on that begins before `end`.
    #[inline(always)]
    fn search(&mut self, mut at: usize, end: usize) -> Option<Match> {
        while at < end {
            let here = word(self.text, at);
            let hash = (here << 16).wrapping_mul(0x9e37_79b1_85eb_ca87);
            let seen = &mut self.memory.places[(hash >> (64 - PLACE_BITS)) as usize];
            let distance = distance(at, seen);
            if distance.wrapping_sub(1) < at.min(DISTANCE_MAX)
                && (word(self.text, at - distance) ^ here) << 16 == 0
                && let Some(found) = self.around(at, at - distance)
            {
                return Some(found);
            }
            at += 1;
        }
        None
    }

    /// The match at `at`, with what is the same before it and not yet written.
    #[inline(always)]
    fn around(&self, at: usize, source: usize) -> Option<Match> {
        let after = same_from(self.text, at, source);
        let before = same_before(self.text, at, source, at - self.written);
        let length = before + after;
        (after > 0 && length >= PLACE_MATCH_MIN).then_some(Match {
            at: at - before,
            source: source - before,
            length,
        })
    }
}

/// A number of 64 bits, the highest of which tell most texts apart.
#[inline(always)]
fn hash(one: u64, other: u64) -> u64 {
    (one.wrapping_mul(0x9e37_79b1_85eb_ca87) ^ other).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
}

/// How far back `seen` is, which becomes `at`: beyond [`DISTANCE_MAX`], nobody knows.
#[inline(always)]
fn distance(at: usize, seen: &mut u16) -> usize {
    let distance = (at as u16).wrapping_sub(*seen);
    *seen = at as u16;
    usize::from(distance)
}
