//! Looking at 32 bytes at a time.
//!
//! Most values of a record end within 32 bytes, so that one look finds their end without a loop
//! whose length nobody can guess. Each function gives one bit a byte, the first byte's lowest.

use wide::u8x32;

/// Bytes of a block.
pub(super) const BLOCK: usize = 32;

/// The block at `at`; `None` so near the text's end that there is no whole one.
#[inline]
pub(super) fn block_at(text: &[u8], at: usize) -> Option<&[u8; BLOCK]> {
    text.get(at..)?.first_chunk()
}

/// Where `block` has the same bytes as `other`.
#[inline]
pub(super) fn same(block: &[u8; BLOCK], other: &[u8; BLOCK]) -> u32 {
    u8x32::new(*block).simd_eq(u8x32::new(*other)).to_bitmask()
}

/// Where a quote or a backslash stands.
#[inline]
pub(super) fn quotes_and_backslashes(block: &[u8; BLOCK]) -> u32 {
    let bytes = u8x32::new(*block);
    (is(bytes, b'"') | is(bytes, b'\\')).to_bitmask()
}

/// Where a quote, a backslash or a control character stands.
#[inline]
pub(super) fn ends_of_plain_text(block: &[u8; BLOCK]) -> u32 {
    let bytes = u8x32::new(*block);
    (is(bytes, b'"') | is(bytes, b'\\') | is_at_most(bytes, 0x1f)).to_bitmask()
}

/// Where a comma, a closing brace, whitespace or a control character stands.
#[inline]
pub(super) fn ends_of_scalar(block: &[u8; BLOCK]) -> u32 {
    let bytes = u8x32::new(*block);
    (is(bytes, b',') | is(bytes, b'}') | is_at_most(bytes, b' ')).to_bitmask()
}

/// Where a byte of something else than ASCII stands.
#[inline]
pub(super) fn non_ascii(block: &[u8; BLOCK]) -> u32 {
    u8x32::new(*block).to_bitmask()
}

/// Where something else than a digit stands.
#[inline]
pub(super) fn non_digits(block: &[u8; BLOCK]) -> u32 {
    // Digits become 0 to 9, what stands before them wraps around to what is more.
    let shifted = u8x32::new(*block) - u8x32::splat(b'0');
    !is_at_most(shifted, 9).to_bitmask()
}

#[inline]
fn is(bytes: u8x32, byte: u8) -> u8x32 {
    bytes.simd_eq(u8x32::splat(byte))
}

#[inline]
fn is_at_most(bytes: u8x32, bound: u8) -> u8x32 {
    bytes.min(u8x32::splat(bound)).simd_eq(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a function against what it should say of each byte at each place.
    #[track_caller]
    fn check(mask: fn(&[u8; BLOCK]) -> u32, holds: fn(u8) -> bool) {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                for rest in [b'a', b'5', b'"', 0, 0xff] {
                    let mut block = [rest; BLOCK];
                    block[at] = byte;
                    let expected =
                        (0..BLOCK).fold(0, |mask, at| mask | u32::from(holds(block[at])) << at);
                    assert_eq!(mask(&block), expected, "{byte:#x} at {at} among {rest:#x}");
                }
            }
        }
    }

    #[test]
    fn each_byte_is_told_for_what_it_is() {
        check(quotes_and_backslashes, |byte| matches!(byte, b'"' | b'\\'));
        check(ends_of_plain_text, |byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        check(ends_of_scalar, |byte| matches!(byte, b',' | b'}' | 0..=b' '));
        check(non_ascii, |byte| !byte.is_ascii());
        check(non_digits, |byte| !byte.is_ascii_digit());
        check(|block| same(block, &[b'a'; BLOCK]), |byte| byte == b'a');
    }

    #[test]
    fn there_is_no_block_beyond_the_end() {
        let text = [0; BLOCK + 1];
        assert!(block_at(&text, 1).is_some());
        assert_eq!(block_at(&text, 2), None);
        assert_eq!(block_at(&text, usize::MAX), None);
    }
}
