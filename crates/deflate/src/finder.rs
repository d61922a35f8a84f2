//! Finds what a text repeats.
//!
//! Lines of one kind repeat long texts: names of fields, and whatever values are the same. Between
//! them stand short ones that are new. So each look takes in several places at once, without a
//! branch, and asks for no less than eight bytes that are the same: what is shorter is mostly
//! chance, and costs about as much as its literals. At the first place a longer key is tried too,
//! since where a value begins, the line that goes on for longest is wanted.
//!
//! What a match covers is not remembered, but for the places that were looked at.

use crate::plan::Plan;
use crate::symbols::DISTANCE_MAX;
use crate::text::{same_before, same_from, word};

const LONG_BITS: u32 = 12;
const SHORT_BITS: u32 = 13;
/// How many places are looked at together. Their distances fit into one word.
const LOOK: usize = 4;
/// Bytes that a look takes, of which fewer are left only near the end of a text.
const WINDOW: usize = 32;
/// Where the second half of a long key lies: its first half are the eight bytes at the place.
const FAR: usize = 16;
/// Bytes that are the same in every match, before it is measured.
const KEY_BYTES: usize = 8;
/// The farther behind the last match is, the more places are left out: one of so many.
const HASTE_SHIFT: usize = 5;
/// Literals without a match after which they become a sequence of their own.
const UNMATCHED_MAX: usize = 32 << 10;

/// Places where keys were seen last, the lowest 16 bits of each. What is found there is always
/// compared, so that a place that is meant otherwise does no harm.
#[derive(Debug)]
pub(crate) struct Memory {
    long: [u16; 1 << LONG_BITS],
    short: [u16; 1 << SHORT_BITS],
}

impl Memory {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self { long: [0; 1 << LONG_BITS], short: [0; 1 << SHORT_BITS] })
    }

    pub(crate) fn clear(&mut self) {
        self.long.fill(0);
        self.short.fill(0);
    }

    /// How far before `at` this key was seen last, which is now seen there.
    #[inline(always)]
    fn short(&mut self, at: usize, key: u64) -> usize {
        let hash = key.wrapping_mul(0x9e37_79b1_85eb_ca87);
        distance(at, &mut self.short[(hash >> (64 - SHORT_BITS)) as usize])
    }

    /// The same for a key of two words.
    #[inline(always)]
    fn long(&mut self, at: usize, key: [u64; 2]) -> usize {
        let mixed = key[0].wrapping_mul(0x9e37_79b1_85eb_ca87) ^ key[1];
        let hash = mixed.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        distance(at, &mut self.long[(hash >> (64 - LONG_BITS)) as usize])
    }
}

/// How far back `seen` is, which becomes `at`; what is farther than 16 bits tell seems nearer.
#[inline(always)]
fn distance(at: usize, seen: &mut u16) -> usize {
    let distance = (at as u16).wrapping_sub(*seen);
    *seen = at as u16;
    usize::from(distance)
}

#[derive(Debug, Clone, Copy)]
struct Match {
    at: usize,
    distance: usize,
    length: usize,
}

/// Goes through a text once.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    text: &'a [u8],
    memory: &'a mut Memory,
    /// The end of what the plans say so far.
    written: usize,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(text: &'a [u8], memory: &'a mut Memory) -> Self {
        Self { text, memory, written: 0 }
    }

    /// Whether all of the text was gone through.
    pub(crate) fn is_done(&self) -> bool {
        self.written == self.text.len()
    }

    /// Fills the plan of the next block.
    pub(crate) fn fill(&mut self, plan: &mut Plan) {
        while !plan.is_full() && !self.is_done() {
            let begin = self.written;
            match self.next() {
                Ok(found) => {
                    plan.push(self.text, begin..found.at, found.length, found.distance);
                    self.written = found.at + found.length;
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
        while let Some(window) = self.text.get(at..).and_then(|rest| rest.first_chunk()) {
            if let Some(found) = self.look(at, window) {
                return Ok(found);
            }
            let literals = at - self.written;
            if literals > UNMATCHED_MAX {
                return Err(at);
            }
            at += LOOK + (literals >> HASTE_SHIFT);
        }
        Err(self.text.len())
    }

    /// The first match of those that begin at one of the next places.
    #[inline(always)]
    fn look(&mut self, at: usize, window: &[u8; WINDOW]) -> Option<Match> {
        let far_most = at.min(DISTANCE_MAX);
        let mut hits = 0_u32;
        let mut distances = 0_u64;
        for step in 0..LOOK {
            let here = key(window, step);
            let distance = self.memory.short(at + step, here);
            let there = word(self.text, (at + step).saturating_sub(distance));
            let is_near = distance.wrapping_sub(1) < far_most;
            hits |= (u32::from(is_near) & u32::from(there == here)) << step;
            distances |= (distance as u64) << (16 * step);
        }
        let here = [key(window, 0), key(window, FAR)];
        let distance = self.memory.long(at, here);
        let source = at.saturating_sub(distance);
        let differs =
            (word(self.text, source) ^ here[0]) | (word(self.text, source + FAR) ^ here[1]);
        let is_near = distance.wrapping_sub(1) < far_most;
        let hit = u32::from(is_near) & u32::from(differs == 0);
        let mask = u64::from(hit).wrapping_neg() & 0xffff;
        distances = (distance as u64 & mask) | (distances & !mask);
        hits |= hit;
        if hits == 0 {
            return None;
        }
        let step = hits.trailing_zeros() as usize;
        let distance = (distances >> (16 * step)) as usize & 0xffff;
        Some(self.measure(at + step, distance))
    }

    /// The whole match around the key at `at`, which was there `distance` before too.
    #[inline(always)]
    fn measure(&self, at: usize, distance: usize) -> Match {
        let source = at - distance;
        let after = same_from(self.text, at + KEY_BYTES, source + KEY_BYTES);
        let before = same_before(self.text, at, source, at - self.written);
        Match { at: at - before, distance, length: before + KEY_BYTES + after }
    }
}

#[inline(always)]
fn key(window: &[u8; WINDOW], at: usize) -> u64 {
    window[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
