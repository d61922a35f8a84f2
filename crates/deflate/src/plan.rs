//! What a block will say: literals and matches in their order, and how often each occurs.

use crate::symbols::{
    DISTANCE_SYMBOLS, END_OF_BLOCK, LENGTH_MAX, LENGTH_MIN, LENGTH_SYMBOL, LITERAL_SYMBOLS,
    distance_symbol,
};

/// Sequences after which a block ends.
const SEQUENCES_MAX: usize = 16 << 10;
/// Bytes of text after which a block ends.
const TEXT_MAX: usize = 512 << 10;
/// Most literals of one sequence.
const LITERALS_MAX: usize = 0xffff;

/// Literals, and the match that follows them; a length of 0 says that none does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sequence(u64);

impl Sequence {
    #[inline(always)]
    fn new(literals: usize, length: usize, distance: usize, symbol: u8) -> Self {
        let [literals, length, distance] = [literals, length, distance].map(|part| part as u64);
        Self(literals | length << 16 | distance << 32 | u64::from(symbol) << 56)
    }

    #[inline(always)]
    pub(crate) fn literals(self) -> usize {
        (self.0 & 0xffff) as usize
    }

    #[inline(always)]
    pub(crate) fn length(self) -> usize {
        (self.0 >> 16 & 0x1ff) as usize
    }

    #[inline(always)]
    pub(crate) fn distance(self) -> usize {
        (self.0 >> 32 & 0xffff) as usize
    }

    #[inline(always)]
    pub(crate) fn distance_symbol(self) -> usize {
        (self.0 >> 56) as usize
    }
}

/// The sequences of one block.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) sequences: Vec<Sequence>,
    /// Bytes of the text that the sequences stand for.
    pub(crate) text_bytes: usize,
    literals: [u32; 256],
    lengths: [u32; 512],
    distances: [u32; 32],
}

impl Plan {
    pub(crate) fn new() -> Self {
        Self {
            sequences: Vec::with_capacity(SEQUENCES_MAX + 8),
            text_bytes: 0,
            literals: [0; 256],
            lengths: [0; 512],
            distances: [0; 32],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.sequences.clear();
        self.text_bytes = 0;
        self.literals = [0; 256];
        self.lengths = [0; 512];
        self.distances = [0; 32];
    }

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.sequences.len() >= SEQUENCES_MAX || self.text_bytes >= TEXT_MAX
    }

    /// Adds literals and the match after them, of any length from 3 on.
    #[inline(always)]
    pub(crate) fn push(&mut self, literals: &[u8], length: usize, distance: usize) {
        self.text_bytes += literals.len() + length;
        if length > LENGTH_MAX || literals.len() > LITERALS_MAX {
            self.push_long(literals, length, distance);
            return;
        }
        self.push_one(literals, length, distance);
    }

    #[inline(always)]
    fn push_one(&mut self, literals: &[u8], length: usize, distance: usize) {
        self.count(literals);
        let symbol = distance_symbol(distance);
        self.lengths[length & 511] += 1;
        self.distances[usize::from(symbol & 31)] += 1;
        self.sequences.push(Sequence::new(literals.len(), length, distance, symbol));
    }

    #[inline(always)]
    fn count(&mut self, literals: &[u8]) {
        for &byte in literals {
            self.literals[usize::from(byte)] += 1;
        }
    }

    #[inline(never)]
    fn push_long(&mut self, literals: &[u8], mut length: usize, distance: usize) {
        let rest = self.push_whole_runs(literals);
        let mut literals = rest;
        while length > 0 {
            // What is left over has to be long enough for a match of its own.
            let part = match length - length.min(LENGTH_MAX) {
                1..LENGTH_MIN => LENGTH_MAX - LENGTH_MIN,
                _ => length.min(LENGTH_MAX),
            };
            self.push_one(literals, part, distance);
            literals = &[];
            length -= part;
        }
    }

    /// Adds literals that no match follows.
    pub(crate) fn push_literals(&mut self, literals: &[u8]) {
        self.text_bytes += literals.len();
        let rest = self.push_whole_runs(literals);
        self.count(rest);
        self.sequences.push(Sequence::new(rest.len(), 0, 0, 0));
    }

    fn push_whole_runs<'a>(&mut self, literals: &'a [u8]) -> &'a [u8] {
        let mut runs = literals.chunks_exact(LITERALS_MAX);
        for run in &mut runs {
            self.count(run);
            self.sequences.push(Sequence::new(run.len(), 0, 0, 0));
        }
        runs.remainder()
    }

    /// How often each symbol of literals and lengths occurs, and each of distances.
    pub(crate) fn counts(&self) -> ([u32; LITERAL_SYMBOLS], [u32; DISTANCE_SYMBOLS]) {
        let mut counts = [0; LITERAL_SYMBOLS];
        counts[..256].copy_from_slice(&self.literals);
        counts[END_OF_BLOCK] = 1;
        for (symbol, count) in LENGTH_SYMBOL.iter().zip(self.lengths).skip(LENGTH_MIN) {
            counts[END_OF_BLOCK + 1 + usize::from(*symbol)] += count;
        }
        let mut distances = [0; DISTANCE_SYMBOLS];
        distances.copy_from_slice(&self.distances[..DISTANCE_SYMBOLS]);
        (counts, distances)
    }
}
