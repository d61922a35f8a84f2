//! Finds what a text repeats, in the way of log lines: fields in the same order, line after line.
//!
//! A match goes on until the values of a field differ. From there two places are looked at: where
//! the same value ended before, and where the field ends in the line that the match came from. So
//! most of a line needs one look a field that differs, and none for what is the same. Text that is
//! not made of lines is searched place by place.

use crate::plan::Plan;
use crate::symbols::DISTANCE_MAX;
use crate::text::{same_before, same_from, word};

const VALUE_BITS: u32 = 12;
const KEY_BITS: u32 = 12;
const PLACE_BITS: u32 = 13;
/// Shortest match that is taken.
const FIELD_MATCH_MIN: usize = 4;
/// How many places are searched at once, and how many bytes that takes.
const LOOK: usize = 4;
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
    memory: &'a mut Memory,
    /// The end of what the plans say so far.
    written: usize,
    /// Where the last match came from, right after it.
    source: usize,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(text: &'a [u8], memory: &'a mut Memory) -> Self {
        Self { text, memory, written: 0, source: 0 }
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

    /// The first match of those that begin within [`LOOK`] bytes.
    #[inline(always)]
    fn look(&mut self, at: usize, window: &[u8; WINDOW]) -> Option<Match> {
        let nearest = at.min(DISTANCE_MAX);
        let mut hits = 0_u32;
        let mut distances = 0_u64;
        for step in 0..LOOK {
            let here = window_word(window, step);
            let hash = here.wrapping_mul(0x9e37_79b1_85eb_ca87);
            let seen = &mut self.memory.places[(hash >> (64 - PLACE_BITS)) as usize];
            let distance = distance(at + step, seen);
            let is_near = distance.wrapping_sub(1) < nearest;
            let there = word(self.text, (at + step).wrapping_sub(distance).min(at));
            hits |= u32::from(is_near & (there == here)) << step;
            distances |= (distance as u64) << (16 * step);
        }
        let (one, other) = (window_word(window, 0), window_word(window, 16));
        let seen = &mut self.memory.values[(hash(one, other) >> (64 - VALUE_BITS)) as usize];
        let long = distance(at, seen);
        let is_near = long.wrapping_sub(1) < nearest;
        let source = at.wrapping_sub(long).min(at);
        let difference = (word(self.text, source) ^ one) | (word(self.text, source + 16) ^ other);
        let is_long = is_near & (difference == 0);
        let mask = u64::from(is_long).wrapping_neg() & 0xffff;
        distances = (long as u64 & mask) | (distances & !mask);
        hits |= u32::from(is_long);
        if hits == 0 {
            return None;
        }
        let step = hits.trailing_zeros() as usize;
        let distance = (distances >> (16 * step)) as usize & 0xffff;
        let at = at + step;
        let source = at - distance;
        let after = 8 + same_from(self.text, at + 8, source + 8);
        let before = same_before(self.text, at, source, at - self.written);
        Some(Match { at: at - before, source: source - before, length: before + after })
    }
}

#[inline(always)]
fn window<'a>(text: &'a [u8], at: usize) -> Option<&'a [u8; WINDOW]> {
    text.get(at..)?.first_chunk()
}

#[inline(always)]
fn window_word(window: &[u8; WINDOW], at: usize) -> u64 {
    window[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
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
