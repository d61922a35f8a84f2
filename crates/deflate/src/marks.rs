//! Where in a line something begins or ends: every place but those inside of words and numbers.
//!
//! Lines that have the same fields agree on these places, whatever the values are, so that what is
//! remembered of one line is what is asked for in the next.

use wide::u8x32;

use crate::text::block;

/// Marks where 32 places have none, such as in a long hash.
const FEW: u32 = 0x0001_0001;

/// Which of the 32 places from `at` on are marks, as bits.
#[inline(always)]
pub(crate) fn marks(text: &[u8], at: usize) -> u32 {
    let (Some(here), Some(before)) = (block(text, at), block(text, at.wrapping_sub(1))) else {
        return u32::MAX;
    };
    let marks = !(words(here) & words(before));
    if marks == 0 { FEW } else { marks }
}

/// Whether a place is inside of a word or a number.
#[inline(always)]
pub(crate) fn is_inside(text: &[u8], at: usize) -> bool {
    is_word(text, at) & is_word(text, at.saturating_sub(1))
}

/// Whether the byte at a place is a part of a word or a number.
#[inline(always)]
pub(crate) fn is_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&byte| WORD[usize::from(byte)])
}

const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    word
};

/// Which bytes are parts of words or numbers, as bits.
#[inline(always)]
fn words(block: &[u8; 32]) -> u32 {
    let bytes = u8x32::new(*block);
    let from_a = (bytes | u8x32::splat(0x20)) - u8x32::splat(b'a');
    let from_0 = bytes - u8x32::splat(b'0');
    let letters = from_a.min(u8x32::splat(25)).simd_eq(from_a);
    let digits = from_0.min(u8x32::splat(9)).simd_eq(from_0);
    (letters | digits).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_is_not_inside_of_a_word_is_a_mark() {
        let bytes: Vec<u8> =
            (0..=255).flat_map(|byte| [b'a', byte, b'0', byte, byte, b':']).collect();
        for at in 1..bytes.len() - 32 {
            let found = marks(&bytes, at);
            if found == FEW {
                continue;
            }
            for step in 0..32 {
                let is_mark = found >> step & 1 == 1;
                assert_eq!(is_mark, !is_inside(&bytes, at + step), "{at} {step}");
            }
        }
        assert_eq!(marks(&[b'x'; 64], 10), FEW);
    }
}
