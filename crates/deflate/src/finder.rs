//! Finds what a text repeats, in the way of log lines: fields in the same order, line after line.
//!
//! A match goes on until the values of a field differ. From there two places are looked at: where
//! the same value ended before, and where the field ends in the line that the match came from. So
//! most of a line needs one look a field that differs, and none for what is the same. Text that is
//! not made of lines is searched place by place.

use crate::marks::{Shape, field_ends, word_ends};
use crate::plan::Plan;
use crate::symbols::DISTANCE_MAX;
use crate::text::{same_before, same_from, word};

const VALUE_BITS: u32 = 13;
const KEY_BITS: u32 = 12;
const PLACE_BITS: u32 = 13;
/// Shortest match that is taken.
const FIELD_MATCH_MIN: usize = 4;
/// How many places are searched at once, and how many bytes that takes.
const LOOK: usize = 5;
const WINDOW: usize = 64;
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
    source: usize,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(text: &'a [u8], memory: &'a mut Memory) -> Self {
        Self { text, shape: Shape::of(text), memory, written: 0, source: 0 }
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
                    plan.push(self.text, begin..found.at, found.length, distance);
                    self.written = found.at + found.length;
                    self.source = found.source + found.length;
                }
                Err(end) => {
                    plan.push_literals(&self.text[begin..end]);
                    self.written = end;
                }
            }
        }
    }

    /// The next match, or the end of literals that none follows.
    #[inline(always)]
    fn next(&mut self) -> Result<Match, usize> {
        let mut at = self.written;
        while let Some(window) = window(self.text, at) {
            if let Some(found) = self.look(at, window) {
                return Ok(found);
            }
            let literals = at - self.written;
            at += LOOK + (literals >> 5);
            if literals > LITERALS_MAX {
                return Err(at);
            }
        }
        Err(self.text.len())
    }

    /// A match that begins within the next bytes.
    #[inline(always)]
    fn look(&mut self, at: usize, window: &[u8; WINDOW]) -> Option<Match> {
        let field_ends = field_ends(window, self.shape);
        let left = field_ends.trailing_zeros() as usize;
        if true
            && let Some(found) = self.search(at, window)
        {
            return Some(found);
        }
        if field_ends == 0 { None } else { self.same_field(at + left) }
    }

    /// What went on after the same value before.
    #[inline(always)]
    fn same_value(&mut self, at: usize, end: usize) -> Option<Match> {
        if end < 16 {
            return None;
        }
        let (one, other) = (word(self.text, end - 16), word(self.text, end - 8));
        let hash = hash(one, other);
        let distance = distance(end, &mut self.memory.values[(hash >> (64 - VALUE_BITS)) as usize]);
        if distance.wrapping_sub(1) >= at.min(DISTANCE_MAX) {
            return None;
        }
        let source = at - distance;
        let length = same_from(self.text, at, source);
        (length > (end - at).max(FIELD_MATCH_MIN)).then_some(Match { at, source, length })
    }

    /// The match from the end of a field on, with the end of the same field in another line.
    #[inline(always)]
    fn same_field(&mut self, end: usize) -> Option<Match> {
        let here = word(self.text, end);
        let hash = hash(here, word(self.text, end + 8));
        let known = distance(end, &mut self.memory.keys[(hash >> (64 - KEY_BITS)) as usize]);
        let left = window(self.text, self.source)
            .map_or(32, |there| field_ends(there, self.shape).trailing_zeros() as usize);
        let source = self.source + left;
        if source < end
            && end - source <= DISTANCE_MAX
            && (word(self.text, source) ^ here) as u32 == 0
        {
            return self.around(end, source);
        }
        if known.wrapping_sub(1) >= end.min(DISTANCE_MAX) {
            return None;
        }
        self.around(end, end - known)
    }

    /// The first match of those that begin within [`LOOK`] bytes.
    #[inline(always)]
    fn search(&mut self, at: usize, window: &[u8; WINDOW]) -> Option<Match> {
        let mut hits = 0_u32;
        let mut distances = [0; LOOK];
        for (step, kept) in distances.iter_mut().enumerate() {
            let here = window[step..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let hash = (here << 0).wrapping_mul(0x9e37_79b1_85eb_ca87);
            let seen = &mut self.memory.places[(hash >> (64 - PLACE_BITS)) as usize];
            let distance = distance(at + step, seen);
            let is_near = distance.wrapping_sub(1) < at.min(DISTANCE_MAX);
            let there = word(self.text, (at + step).wrapping_sub(distance).min(at));
            let is_same = (there ^ here) << 0 == 0;
            hits |= u32::from(is_near & is_same) << step;
            *kept = distance;
        }
        let (one, other) = (word(self.text, at), word(self.text, at + 16));
        let seen = &mut self.memory.values[(hash(one, other) >> (64 - VALUE_BITS)) as usize];
        let d = distance(at, seen);
        let n = d.wrapping_sub(1) < at.min(DISTANCE_MAX);
        let source = at.wrapping_sub(d).min(at);
        let s = n & ((word(self.text, source) ^ one) | (word(self.text, source + 16) ^ other) == 0);
        if s { distances[0] = d; hits |= 1; }
        if hits == 0 {
            return None;
        }
        let step = hits.trailing_zeros() as usize;
        let at = at + step;
        self.around(at, at - distances[step % LOOK])
    }

    /// The match at `at`, with what is the same before it and not yet written.
    #[inline(always)]
    fn around(&self, at: usize, source: usize) -> Option<Match> {
        let after = same_from(self.text, at, source);
        let before = same_before(self.text, at, source, at - self.written);
        let length = before + after;
        (length >= FIELD_MATCH_MIN).then_some(Match {
            at: at - before,
            source: source - before,
            length,
        })
    }
}

/// The bytes that are looked at together.
#[inline(always)]
fn window(text: &[u8], at: usize) -> Option<&[u8; WINDOW]> {
    text.get(at..)?.first_chunk()
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
