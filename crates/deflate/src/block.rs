//! Writes a block in the way that takes the fewest bits: stored, with the fixed codes, or with
//! codes of its own.

use crate::bits::{BitWriter, Rest, SLACK};
use crate::header::Header;
use crate::huffman;
use crate::plan::{Plan, Sequence};
use crate::symbols::{
    DISTANCE_BITS, DISTANCE_FIRST, DISTANCE_SYMBOLS, END_OF_BLOCK, LENGTH_BITS, LENGTH_FIRST,
    LENGTH_MIN, LENGTH_SYMBOL, LENGTH_SYMBOLS, LITERAL_SYMBOLS,
};

/// Longest code of a literal: four of them fit between two flushes.
const LITERAL_LIMIT: usize = 14;
const DISTANCE_LIMIT: usize = 15;
/// Most bytes of a stored block.
const STORED_MAX: usize = 0xffff;

/// The lengths of a block's codes.
struct Lengths {
    literals: [u8; LITERAL_SYMBOLS],
    distances: [u8; DISTANCE_SYMBOLS],
}

impl Lengths {
    fn best(literals: &[u32; LITERAL_SYMBOLS], distances: &[u32; DISTANCE_SYMBOLS]) -> Self {
        let mut lengths = Self { literals: [0; LITERAL_SYMBOLS], distances: [0; DISTANCE_SYMBOLS] };
        huffman::code_lengths(literals, LITERAL_LIMIT, &mut lengths.literals);
        huffman::code_lengths(distances, DISTANCE_LIMIT, &mut lengths.distances);
        lengths
    }

    /// The lengths of RFC 1951, section 3.2.6.
    fn fixed() -> Self {
        let mut literals = [8; LITERAL_SYMBOLS];
        literals[144..256].fill(9);
        literals[256..280].fill(7);
        Self { literals, distances: [5; DISTANCE_SYMBOLS] }
    }

    /// Bits of all symbols, without what is the same for all codes.
    fn bits(
        &self,
        literals: &[u32; LITERAL_SYMBOLS],
        distances: &[u32; DISTANCE_SYMBOLS],
    ) -> usize {
        let sum = |counts: &[u32], lengths: &[u8]| -> usize {
            counts
                .iter()
                .zip(lengths)
                .map(|(&count, &length)| count as usize * usize::from(length))
                .sum()
        };
        sum(literals, &self.literals) + sum(distances, &self.distances)
    }
}

/// Bits beside the codes.
fn extra_bits(literals: &[u32; LITERAL_SYMBOLS], distances: &[u32; DISTANCE_SYMBOLS]) -> usize {
    let sum = |counts: &[u32], bits: &[u8]| -> usize {
        counts.iter().zip(bits).map(|(&count, &bits)| count as usize * usize::from(bits)).sum()
    };
    sum(&literals[END_OF_BLOCK + 1..], &LENGTH_BITS) + sum(distances, &DISTANCE_BITS)
}

/// Appends the block of `plan`, which stands for `text`, after the bits that the one before left.
pub(crate) fn write(
    plan: &Plan,
    text: &[u8],
    is_last: bool,
    rest: Rest,
    out: &mut Vec<u8>,
) -> Rest {
    let (literals, distances) = plan.counts();
    let best = Lengths::best(&literals, &distances);
    let header = Header::new(&best.literals, &best.distances);
    let fixed = Lengths::fixed();
    let extra = extra_bits(&literals, &distances);
    let own_bits = header.bits + best.bits(&literals, &distances) + extra;
    let fixed_bits = 3 + fixed.bits(&literals, &distances) + extra;
    let stored_bits = (text.len() + 5 * text.len().div_ceil(STORED_MAX).max(1)) * 8 + 8;
    let begin = out.len();
    let bits = own_bits.min(fixed_bits).min(stored_bits);
    out.resize(begin + bits / 8 + 2 * SLACK, 0);
    let mut writer = BitWriter::new(&mut out[begin..], rest);
    if bits == stored_bits {
        write_stored(text, is_last, &mut writer);
    } else if bits == fixed_bits {
        writer.add(u64::from(is_last) | 0b01 << 1, 3);
        writer.flush();
        Codes::new(&fixed).write(plan, &mut writer);
    } else {
        header.write(is_last, &mut writer);
        Codes::new(&best).write(plan, &mut writer);
    }
    let (written, rest) = writer.finish();
    out.truncate(begin + written);
    rest
}

fn write_stored(text: &[u8], is_last: bool, out: &mut BitWriter<'_>) {
    let mut rest = text;
    loop {
        let (part, beyond) = rest.split_at(rest.len().min(STORED_MAX));
        out.add(u64::from(is_last && beyond.is_empty()), 3);
        out.align();
        let length = part.len() as u16;
        out.bytes(&length.to_le_bytes());
        out.bytes(&(!length).to_le_bytes());
        out.bytes(part);
        rest = beyond;
        if rest.is_empty() {
            return;
        }
    }
}

/// A code with its length in the highest byte.
type Code = u32;

fn joined(code: u32, length: u32) -> Code {
    code | length << 24
}

/// Codes, those of lengths together with their extra bits.
struct Codes {
    /// The last one has no bits.
    literals: [Code; 257],
    end: Code,
    lengths: [Code; 512],
    distances: [Code; 32],
}

impl Codes {
    fn new(lengths: &Lengths) -> Self {
        let mut literal_codes = [0; LITERAL_SYMBOLS];
        huffman::codes(&lengths.literals, &mut literal_codes);
        let code =
            |symbol: usize| (u32::from(literal_codes[symbol]), u32::from(lengths.literals[symbol]));
        let mut codes = Self { literals: [0; 257], end: 0, lengths: [0; 512], distances: [0; 32] };
        for (symbol, joint) in codes.literals.iter_mut().enumerate().take(256) {
            let (code, length) = code(symbol);
            *joint = joined(code, length);
        }
        let (end, length) = code(END_OF_BLOCK);
        codes.end = joined(end, length);
        for (length, &symbol) in LENGTH_SYMBOL.iter().enumerate().skip(LENGTH_MIN) {
            let symbol = usize::from(symbol) % LENGTH_SYMBOLS;
            let (code, code_length) = code(END_OF_BLOCK + 1 + symbol);
            let extra = length as u32 - u32::from(LENGTH_FIRST[symbol]);
            let bits = code | extra << code_length;
            codes.lengths[length] = joined(bits, code_length + u32::from(LENGTH_BITS[symbol]));
        }
        let mut distance_codes = [0; DISTANCE_SYMBOLS];
        huffman::codes(&lengths.distances, &mut distance_codes);
        for (joint, (code, &length)) in
            codes.distances.iter_mut().zip(distance_codes.iter().zip(&lengths.distances))
        {
            *joint = joined(u32::from(*code), u32::from(length));
        }
        codes
    }

    fn write(&self, plan: &Plan, out: &mut BitWriter<'_>) {
        let literals = plan.literals();
        let mut at = 0;
        for &sequence in &plan.sequences {
            let mut left = sequence.literals();
            while left > 4 {
                self.write_literals(literals, at, 4, out);
                at += 4;
                left -= 4;
            }
            self.write_literals(literals, at, left, out);
            at += left;
            self.write_match(sequence, out);
        }
        add(out, self.end);
        out.flush();
    }

    /// Up to four literals. What is beyond them takes no bits, which is faster than to ask for the
    /// end of each run.
    #[inline(always)]
    fn write_literals(&self, literals: &[u8], at: usize, count: usize, out: &mut BitWriter<'_>) {
        let four = literals.get(at..).and_then(|rest| rest.first_chunk()).unwrap_or(&[0_u8; 4]);
        for (number, &byte) in four.iter().enumerate() {
            let index = if number < count { usize::from(byte) } else { 256 };
            add(out, self.literals[index]);
        }
        out.flush();
    }

    /// At most 19 bits for the length and 28 for the distance.
    #[inline(always)]
    fn write_match(&self, sequence: Sequence, out: &mut BitWriter<'_>) {
        add(out, self.lengths[sequence.length() & 511]);
        let symbol = sequence.distance_symbol() & 31;
        add(out, self.distances[symbol]);
        let extra = sequence.distance() as u64 - u64::from(DISTANCE_FIRST[symbol]);
        out.add(extra, u32::from(DISTANCE_BITS[symbol]));
        out.flush();
    }
}

#[inline(always)]
fn add(out: &mut BitWriter<'_>, code: Code) {
    out.add(u64::from(code & 0xff_ffff), code >> 24);
}
