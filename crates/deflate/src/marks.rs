//! Where words and fields end.

use wide::u8x32;

/// How far is looked at once.
pub(crate) const REACH: usize = 32;

/// What stands between the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Members of JSON objects: a comma and a quote.
    Json,
    /// Anything else: this byte.
    Separated(u8),
}

impl Shape {
    /// The shape of a text, by how it begins.
    pub(crate) fn of(text: &[u8]) -> Self {
        if text.first() == Some(&b'{') { Self::Json } else { Self::Separated(b',') }
    }
}

/// Where words end in the first 32 bytes: one bit a byte, the first byte's lowest. Words end at
/// whitespace, quotes, commas and what else is not above them in ASCII.
#[inline(always)]
pub(crate) fn word_ends(window: &[u8; 64]) -> u32 {
    let bytes = first(window);
    bytes.min(u8x32::splat(b',')).simd_eq(bytes).to_bitmask()
}

/// Where fields end in the first 32 bytes.
#[inline(always)]
pub(crate) fn field_ends(window: &[u8; 64], shape: Shape) -> u32 {
    let bytes = first(window);
    let lines = bytes.simd_eq(u8x32::splat(b'\n'));
    let fields = match shape {
        Shape::Json => {
            let next = window[1..].first_chunk().map_or(u8x32::ZERO, |next| u8x32::new(*next));
            bytes.simd_eq(u8x32::splat(b',')) & next.simd_eq(u8x32::splat(b'"'))
        }
        Shape::Separated(byte) => bytes.simd_eq(u8x32::splat(byte)),
    };
    (fields | lines).to_bitmask()
}

#[inline(always)]
fn first(window: &[u8; 64]) -> u8x32 {
    window.first_chunk().map_or(u8x32::ZERO, |block| u8x32::new(*block))
}
