//! Where words and fields end.

use wide::u8x32;

const BLOCK: usize = 32;
/// How far ends are looked for: what is longer is cut there.
const REACH: usize = 96;

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

/// The ends of the word and of the field that a place lies in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) word: usize,
    pub(crate) field: usize,
}

/// Bits of a block for ends of words (whitespace, quotes, commas and what else is below them in
/// ASCII) and of fields.
#[inline(always)]
fn look(text: &[u8], at: usize, shape: Shape) -> Option<(u32, u32)> {
    let bytes = u8x32::new(*text.get(at..)?.first_chunk::<BLOCK>()?);
    let words = bytes.min(u8x32::splat(b',')).simd_eq(bytes);
    let lines = bytes.simd_eq(u8x32::splat(b'\n'));
    let fields = match shape {
        Shape::Json => {
            let next = u8x32::new(*text.get(at + 1..)?.first_chunk::<BLOCK>()?);
            bytes.simd_eq(u8x32::splat(b',')) & next.simd_eq(u8x32::splat(b'"'))
        }
        Shape::Separated(byte) => bytes.simd_eq(u8x32::splat(byte)),
    };
    Some((words.to_bitmask(), (fields | lines).to_bitmask()))
}

/// The first ends from `at` on.
#[inline(always)]
pub(crate) fn ends(text: &[u8], at: usize, shape: Shape) -> Ends {
    match look(text, at, shape) {
        Some((words, fields)) if fields != 0 => Ends {
            word: at + words.trailing_zeros() as usize,
            field: at + fields.trailing_zeros() as usize,
        },
        _ => far_ends(text, at, shape),
    }
}

#[inline(never)]
fn far_ends(text: &[u8], begin: usize, shape: Shape) -> Ends {
    let last = text.len().min(begin + REACH);
    let mut word = None;
    let mut at = begin;
    while at < last {
        let Some((words, fields)) = look(text, at, shape) else { break };
        if words != 0 {
            word.get_or_insert(at + words.trailing_zeros() as usize);
        }
        if fields != 0 {
            let field = at + fields.trailing_zeros() as usize;
            return Ends { word: word.unwrap_or(field), field };
        }
        at += BLOCK;
    }
    Ends { word: word.unwrap_or(last), field: last }
}
