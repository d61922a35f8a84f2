//! Looking at a text many bytes at a time.

use wide::u8x32;

/// The eight bytes at `at`, the first one lowest; zeros stand for those beyond the text.
#[inline(always)]
pub(crate) fn word(text: &[u8], at: usize) -> u64 {
    match text.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => last_word(text, at),
    }
}

#[cold]
#[inline(never)]
fn last_word(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The 32 bytes at `at`.
#[inline(always)]
pub(crate) fn block(text: &[u8], at: usize) -> Option<&[u8; 32]> {
    text.get(at..)?.first_chunk()
}

/// How many bytes from `at` on are the same as those from `source` on, which lies before it.
#[inline(always)]
pub(crate) fn same_from(text: &[u8], at: usize, source: usize) -> usize {
    let mut same = 0;
    while let Some(block_here) = block(text, at + same)
        && let Some(block_there) = block(text, source + same)
    {
        let equal = u8x32::new(*block_here).simd_eq(u8x32::new(*block_there)).to_bitmask();
        if equal != u32::MAX {
            return same + equal.trailing_ones() as usize;
        }
        same += 32;
    }
    same + same_to_the_end(text, at + same, source + same)
}

#[cold]
#[inline(never)]
fn same_to_the_end(text: &[u8], at: usize, source: usize) -> usize {
    let pairs = text[at..].iter().zip(&text[source..]);
    pairs.take_while(|(one, other)| one == other).count()
}

/// How many of the bytes before `at` are the same as those before `source`, at most `most` and 8.
#[inline(always)]
pub(crate) fn same_before(text: &[u8], at: usize, source: usize, most: usize) -> usize {
    if source < 8 {
        return 0;
    }
    let difference = word(text, at - 8) ^ word(text, source - 8);
    (difference.leading_zeros() as usize / 8).min(most)
}
