//! Where in a line something begins or ends: every place but those inside of words and numbers, of
//! which only some are marks.
//!
//! Lines that have the same fields agree on these places, whatever the values are, so that what is
//! remembered of one line is what is asked for in the next.

use wide::u8x32;

use crate::text::block;

/// Every eighth place is a mark too, such as in a long hash: some texts have the same words at other
/// places of their lines.
const EVERY_EIGHTH: u32 = 0x0101_0101;

/// Which of the 32 places from `at` on are marks, as bits.
#[inline(always)]
pub(crate) fn marks(text: &[u8], at: usize) -> u32 {
    let (Some(here), Some(before)) = (block(text, at), block(text, at.wrapping_sub(1))) else {
        return u32::MAX;
    };
    !(words(here) & words(before)) | EVERY_EIGHTH
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
    fn marks_are_outside_of_words_and_every_eighth_place() {
        let bytes: Vec<u8> =
            (0..=255).flat_map(|byte| [b'a', byte, b'0', byte, byte, b':']).collect();
        for at in 1..bytes.len() - 32 {
            let found = marks(&bytes, at);
            for step in 0..32 {
                let is_mark = found >> step & 1 == 1;
                let is_wanted = step % 8 == 0 || !is_inside(&bytes, at + step);
                assert_eq!(is_mark, is_wanted, "{at} {step}");
            }
        }
    }
}
