//! What a block will say: literals and matches in their order, and how often each occurs.

use std::ops::Range;

use crate::symbols::{
    DISTANCE_SYMBOLS, END_OF_BLOCK, LENGTH_MAX, LENGTH_MIN, LENGTH_SYMBOL, LITERAL_SYMBOLS,
    distance_symbol,
};

/// Sequences after which a block ends.
const SEQUENCES_MAX: usize = 16 << 10;
/// Bytes of text after which a block ends.
const TEXT_MAX: usize = 512 << 10;
/// Literals after which a block ends, and most literals of one sequence.
pub(crate) const LITERALS_MAX: usize = 0xffff;
/// Literals that are copied at once.
const COPIED: usize = 16;
/// The symbol that stands for no distance.
const NO_DISTANCE: u8 = 31;

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
    /// All literals, and more bytes that do not count.
    literals: Box<[u8]>,
    literal_count: usize,
    lengths: [u32; 512],
    distances: [u32; 32],
}

impl Plan {
    pub(crate) fn new() -> Self {
        Self {
            sequences: Vec::with_capacity(SEQUENCES_MAX + 8),
            text_bytes: 0,
            literals: vec![0; 2 * LITERALS_MAX + COPIED].into_boxed_slice(),
            literal_count: 0,
            lengths: [0; 512],
            distances: [0; 32],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.sequences.clear();
        self.text_bytes = 0;
        self.literal_count = 0;
        self.lengths = [0; 512];
        self.distances = [0; 32];
    }

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.sequences.len() >= SEQUENCES_MAX
            || self.text_bytes >= TEXT_MAX
            || self.literal_count >= LITERALS_MAX
    }

    /// The literals of all sequences, and more bytes after them.
    pub(crate) fn literals(&self) -> &[u8] {
        &self.literals
    }

    /// Adds the literals of this range and the match after them, of any length from 3 on. The
    /// literals of one call are at most [`LITERALS_MAX`].
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        text: &[u8],
        literals: Range<usize>,
        length: usize,
        distance: usize,
    ) {
        let count = literals.len();
        self.text_bytes += count + length;
        self.copy(text, literals);
        if length > LENGTH_MAX {
            self.push_long(count, length, distance);
        } else {
            self.push_one(count, length, distance);
        }
    }

    #[inline(always)]
    fn copy(&mut self, text: &[u8], literals: Range<usize>) {
        let room = self.literals.get_mut(self.literal_count..).unwrap_or_default();
        if literals.len() <= COPIED
            && let Some(room) = room.first_chunk_mut::<COPIED>()
            && let Some(bytes) = text.get(literals.start..).and_then(|text| text.first_chunk())
        {
            *room = *bytes;
        } else {
            room[..literals.len()].copy_from_slice(&text[literals.clone()]);
        }
        self.literal_count += literals.len();
    }

    #[inline(always)]
    fn push_one(&mut self, literals: usize, length: usize, distance: usize) {
        let symbol = distance_symbol(distance);
        self.lengths[length & 511] += 1;
        self.distances[usize::from(symbol & 31)] += 1;
        self.sequences.push(Sequence::new(literals, length, distance, symbol));
    }

    #[inline(never)]
    fn push_long(&mut self, mut literals: usize, mut length: usize, distance: usize) {
        while length > 0 {
            // What is left over has to be long enough for a match of its own.
            let part = match length - length.min(LENGTH_MAX) {
                1..LENGTH_MIN => LENGTH_MAX - LENGTH_MIN,
                _ => length.min(LENGTH_MAX),
            };
            self.push_one(literals, part, distance);
            literals = 0;
            length -= part;
        }
    }

    /// Adds literals that no match follows, at most [`LITERALS_MAX`].
    pub(crate) fn push_literals(&mut self, literals: &[u8]) {
        self.text_bytes += literals.len();
        self.copy(literals, 0..literals.len());
        self.sequences.push(Sequence::new(literals.len(), 0, 0, NO_DISTANCE));
    }

    /// How often each symbol of literals and lengths occurs, and each of distances.
    pub(crate) fn counts(&self) -> ([u32; LITERAL_SYMBOLS], [u32; DISTANCE_SYMBOLS]) {
        let mut counts = [0; LITERAL_SYMBOLS];
        self.literals[..self.literal_count].iter().for_each(|&byte| counts[usize::from(byte)] += 1);
        counts[END_OF_BLOCK] = 1;
        for (symbol, count) in LENGTH_SYMBOL.iter().zip(self.lengths).skip(LENGTH_MIN) {
            counts[END_OF_BLOCK + 1 + usize::from(*symbol)] += count;
        }
        let mut distances = [0; DISTANCE_SYMBOLS];
        distances.copy_from_slice(&self.distances[..DISTANCE_SYMBOLS]);
        (counts, distances)
    }
}
