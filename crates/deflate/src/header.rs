//! How a block tells the lengths of its codes (RFC 1951, section 3.2.7).

use crate::bits::BitWriter;
use crate::huffman;
use crate::symbols::{DISTANCE_SYMBOLS, LITERAL_SYMBOLS};

const SYMBOLS: usize = 19;
/// The order in which the lengths of the code for lengths are told.
const ORDER: [usize; SYMBOLS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_LIMIT: usize = 7;
/// The length before, 3 to 6 times; zeros, 3 to 10 and 11 to 138 times.
const REPEAT: u8 = 16;
const ZEROS: u8 = 17;
const MANY_ZEROS: u8 = 18;

/// The header of a block with codes of its own.
#[derive(Debug)]
pub(crate) struct Header {
    literals: usize,
    distances: usize,
    /// A symbol, and the value of its extra bits.
    steps: Vec<(u8, u8)>,
    lengths: [u8; SYMBOLS],
    /// How many lengths of the code for lengths are told.
    told: usize,
    /// Its length in bits.
    pub(crate) bits: usize,
}

impl Header {
    pub(crate) fn new(
        literals: &[u8; LITERAL_SYMBOLS],
        distances: &[u8; DISTANCE_SYMBOLS],
    ) -> Self {
        let used =
            |lengths: &[u8]| lengths.iter().rposition(|&length| length > 0).map_or(0, |at| at + 1);
        let (literal_count, distance_count) = (used(literals).max(257), used(distances).max(1));
        let all = [&literals[..literal_count], &distances[..distance_count]].concat();
        let steps = steps(&all);
        let mut counts = [0_u32; SYMBOLS];
        steps.iter().for_each(|(symbol, _)| counts[usize::from(*symbol)] += 1);
        let mut lengths = [0; SYMBOLS];
        huffman::code_lengths(&counts, LENGTH_LIMIT, &mut lengths);
        let told =
            ORDER.iter().rposition(|&symbol| lengths[symbol] > 0).map_or(4, |at| at + 1).max(4);
        let length = |(symbol, _): &(u8, u8)| {
            usize::from(lengths[usize::from(*symbol)]) + extra_bits(*symbol) as usize
        };
        let bits = 3 + 14 + 3 * told + steps.iter().map(length).sum::<usize>();
        Self { literals: literal_count, distances: distance_count, steps, lengths, told, bits }
    }

    pub(crate) fn write(&self, is_last: bool, out: &mut BitWriter<'_>) {
        out.add(u64::from(is_last) | 0b10 << 1, 3);
        out.add((self.literals - 257) as u64, 5);
        out.add((self.distances - 1) as u64, 5);
        out.add((self.told - 4) as u64, 4);
        out.flush();
        for &symbol in &ORDER[..self.told] {
            out.add(u64::from(self.lengths[symbol]), 3);
            out.flush();
        }
        let mut codes = [0; SYMBOLS];
        huffman::codes(&self.lengths, &mut codes);
        for &(symbol, extra) in &self.steps {
            out.add(
                u64::from(codes[usize::from(symbol)]),
                u32::from(self.lengths[usize::from(symbol)]),
            );
            out.add(u64::from(extra), extra_bits(symbol));
            out.flush();
        }
    }
}

fn extra_bits(symbol: u8) -> u32 {
    match symbol {
        REPEAT => 2,
        ZEROS => 3,
        MANY_ZEROS => 7,
        _ => 0,
    }
}

/// The lengths as symbols, runs shortened.
fn steps(lengths: &[u8]) -> Vec<(u8, u8)> {
    let mut steps = Vec::with_capacity(lengths.len());
    for run in lengths.chunk_by(|one, other| one == other) {
        let (length, mut left) = (run[0], run.len());
        if length == 0 {
            while left >= 3 {
                let part = left.min(138);
                steps.push(if part < 11 {
                    (ZEROS, part as u8 - 3)
                } else {
                    (MANY_ZEROS, part as u8 - 11)
                });
                left -= part;
            }
        } else {
            steps.push((length, 0));
            left -= 1;
            while left >= 3 {
                let part = left.min(6);
                steps.push((REPEAT, part as u8 - 3));
                left -= part;
            }
        }
        steps.extend(std::iter::repeat_n((length, 0), left));
    }
    steps
}
