//! Looking at a text eight bytes at a time.

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

/// How many bytes from `at` on are the same as those from `source` on, which lies before it.
#[inline(always)]
pub(crate) fn same_from(text: &[u8], at: usize, source: usize) -> usize {
    let mut same = 0;
    loop {
        let difference = word(text, at + same) ^ word(text, source + same);
        if difference != 0 {
            same += difference.trailing_zeros() as usize / 8;
            return same.min(text.len() - at);
        }
        same += 8;
        if at + same >= text.len() {
            return text.len() - at;
        }
    }
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
