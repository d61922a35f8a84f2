//! Where the members of a well-formed JSON object end, without judging what is in them.
//!
//! Text that is not well-formed gives some end or none; it never gives one beyond the text.

use super::block::{BLOCK, block_at, ends_of_scalar, quotes_and_backslashes};

/// The first place from `at` on that holds no whitespace.
#[inline]
pub(super) fn skip_whitespace(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(0..=b' ') => beyond_whitespace(text, at),
        _ => at,
    }
}

fn beyond_whitespace(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// The end of the member's value that begins at `at`; `None` where none begins or where it has no end.
#[inline]
pub(super) fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at + 1),
        b'{' => container_end(text, at, b'{', b'}'),
        b'[' => container_end(text, at, b'[', b']'),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Some(scalar_end(text, at + 1)),
        _ => None,
    }
}

/// The end, past the closing quote, of the string whose inside begins at `at`.
#[inline]
pub(super) fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = quote_or_backslash(text, at)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The first quote or backslash from `at` on.
#[inline]
fn quote_or_backslash(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = block_at(text, at) {
        let found = quotes_and_backslashes(block);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += BLOCK;
    }
    near_the_end(text, at)
}

/// As [`quote_or_backslash`], where no whole block is left.
fn near_the_end(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(word) = word_at(text, at) {
        let found = zero_bytes(word ^ repeat(b'"')) | zero_bytes(word ^ repeat(b'\\'));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += WORD;
    }
    let rest = text.get(at..)?;
    Some(at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?)
}

/// Bytes of a word.
pub(super) const WORD: usize = size_of::<u64>();

/// The eight bytes at `at`, the first of them lowest.
#[inline]
pub(super) fn word_at(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|&word| u64::from_le_bytes(word))
}

/// A word of eight times the same byte.
pub(super) const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}

/// The high bit of each byte of `word` that is zero. Bits above the lowest one may be wrong.
///
/// See "Determine if a word has a zero byte" in Sean Eron Anderson's Bit Twiddling Hacks
/// (<https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>).
pub(super) const fn zero_bytes(word: u64) -> u64 {
    bytes_below::<1>(word)
}

/// The high bit of each byte of `word` that is less than `BOUND`, which is at most 128. Bits above
/// the lowest one may be wrong.
pub(super) const fn bytes_below<const BOUND: u8>(word: u64) -> u64 {
    word.wrapping_sub(repeat(BOUND)) & !word & repeat(0x80)
}

/// The end of the number or literal that goes on at `at` and is a member's value: where a comma, a
/// closing brace or whitespace stands.
#[inline]
fn scalar_end(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = block_at(text, at) {
        let found = ends_of_scalar(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += BLOCK;
    }
    let is_inside = |byte: &&u8| !matches!(byte, b',' | b'}' | 0..=b' ');
    at + text.get(at..).unwrap_or_default().iter().take_while(is_inside).count()
}

/// The end of the object or array at `at`: where as many have closed as have opened. Containers of
/// the other kind are closed within it, so they need not be counted.
fn container_end(text: &[u8], mut at: usize, opening: u8, closing: u8) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        if byte == b'"' {
            at = string_end(text, at)?;
        } else if byte == opening {
            depth += 1;
        } else if byte == closing {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, end: Option<usize>) {
        assert_eq!(value_end(text.as_bytes(), 0), end, "{text}");
    }

    #[test]
    fn a_value_ends_where_it_ends() {
        check("1", Some(1));
        check("-12.5e3,", Some(7));
        check("true}", Some(4));
        check("1506702504433000200}", Some(19));
        check("1506702504433000200\t", Some(19));
        check("1506702504 ,\"a\":1", Some(10));
        check(r#""","#, Some(2));
        check(r#""a\"b","#, Some(6));
        check(r#""0123456789\\","#, Some(14));
        check(r#""01234567890123456\"89"]"#, Some(23));
        check(r#"{"a":"}","b":{}},"#, Some(16));
        check(r#"[[1,"]"],{"a":[]}]x"#, Some(18));
    }

    #[test]
    fn what_does_not_end_has_no_end() {
        for text in ["", "x", "\"", "\"a", "\"a\\", "\"a\\\"", "{", "[[]", "{\"}", "}", ","] {
            check(text, None);
        }
    }
}
