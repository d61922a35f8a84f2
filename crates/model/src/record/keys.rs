//! Which field a top-level key names.
//!
//! Records of one feed have their keys in much the same order. So for each field the fields that
//! last came after it are kept, and the next key is compared with those two before it is parsed
//! and looked up: more than twice as fast (`benches/scan.rs`). A guess can only be right or wrong, never mistaken: it is taken only where the
//! bytes of the key, its quotes and its colon are there.

use std::sync::Arc;

use super::structure::{WORD, skip_whitespace, string_end};
use crate::Dataset;
use crate::json_text::unescape;

/// A place in the order of keys: a field, by its index, or one of the two places after them.
pub(super) type Place = usize;

/// The fields of a dataset by their keys, with what is known about the keys' order.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    dataset: Arc<Dataset>,
    /// For each field, for keys that name none, and for the record's start.
    entries: Vec<Entry>,
    /// The words of all tokens, end to end. A field's token is `"Name":`.
    tokens: Vec<u64>,
    /// Indexes of fields by the hash of their names, with linear probing; a power of two long.
    table: Vec<u16>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The fields that last came after, the likelier first.
    next: [u16; 2],
    /// Bytes of the token; 0 where there is none.
    token_bytes: u16,
    /// The token's first word.
    token: u32,
    /// Which bits of the token's last word count.
    last_mask: u64,
}

/// In the table: no field. In an entry: no guess.
const NONE: u16 = u16::MAX;

impl Keys {
    pub(super) fn new(dataset: Arc<Dataset>) -> Self {
        let count = dataset.fields.len();
        let mut tokens = Vec::new();
        let mut entries = Vec::with_capacity(count + 2);
        let mut table = vec![NONE; (count * 2).next_power_of_two()];
        for (index, field) in dataset.fields.iter().enumerate() {
            let mut token = format!("\"{}\":", field.name).into_bytes();
            let token_bytes = token.len();
            let padded_bytes = token_bytes.next_multiple_of(WORD);
            token.resize(padded_bytes, 0);
            entries.push(Entry {
                next: [NONE; 2],
                token_bytes: token_bytes as u16,
                token: tokens.len() as u32,
                last_mask: u64::MAX >> (8 * (padded_bytes - token_bytes)),
            });
            tokens.extend(token.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)));
            let mut slot = hash(field.name.as_bytes()) & (table.len() - 1);
            while table[slot] != NONE {
                slot = (slot + 1) & (table.len() - 1);
            }
            table[slot] = index as u16;
        }
        let no_token = Entry { next: [NONE; 2], token_bytes: 0, token: 0, last_mask: 0 };
        entries.extend([no_token, no_token]);
        Self { dataset, entries, tokens, table }
    }

    /// The number of fields, which is also the place of every key that names none.
    pub(super) fn unknown(&self) -> Place {
        self.entries.len() - 2
    }

    /// The place before the first key.
    pub(super) fn start(&self) -> Place {
        self.entries.len() - 1
    }

    /// If the key at `at` is one of those that came after `before` last: its field, and where its
    /// value or the whitespace before that begins.
    #[inline]
    pub(super) fn guess(
        &mut self,
        before: Place,
        line: &[u8],
        at: usize,
    ) -> Option<(Place, usize)> {
        let [likelier, other] = self.entries[before].next;
        if let Some(value) = self.match_token(likelier, line, at) {
            return Some((usize::from(likelier), value));
        }
        let value = self.match_token(other, line, at)?;
        self.entries[before].next = [other, likelier];
        Some((usize::from(other), value))
    }

    /// Where the token of `field` ends, if it stands at `at`.
    #[inline]
    fn match_token(&self, field: u16, line: &[u8], at: usize) -> Option<usize> {
        let entry = self.entries.get(usize::from(field))?;
        let token_bytes = usize::from(entry.token_bytes);
        let words = token_bytes.div_ceil(WORD);
        let token = self.tokens.get(entry.token as usize..)?.get(..words)?;
        // So near the line's end that no whole word can be read, a key is looked up instead.
        let text = line.get(at..)?.get(..words * WORD)?;
        let mut difference = 0;
        let mut mask = entry.last_mask;
        for (text, token) in text.as_chunks().0.iter().zip(token).rev() {
            difference |= (u64::from_le_bytes(*text) ^ token) & mask;
            mask = u64::MAX;
        }
        (difference == 0).then_some(at + token_bytes)
    }

    /// The field that the key's inside, `raw`, names, or `unknown()`; kept as a guess for what
    /// comes after `before`.
    pub(super) fn look_up(&mut self, before: Place, raw: &[u8]) -> Place {
        let found = match memchr::memchr(b'\\', raw) {
            None => self.find(raw),
            Some(first_escape) => {
                let mut name = Vec::with_capacity(raw.len());
                unescape(raw, first_escape, &mut name);
                self.find(&name)
            }
        };
        let Some(field) = found else {
            return self.unknown();
        };
        self.entries[before].next[1] = field;
        usize::from(field)
    }

    fn find(&self, name: &[u8]) -> Option<u16> {
        let mut slot = hash(name) & (self.table.len() - 1);
        loop {
            let field = self.table[slot];
            if self.dataset.fields.get(usize::from(field))?.name.as_bytes() == name {
                return Some(field);
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
    }
}

/// The inside of the key at `at`, escapes and all, and where its value or the whitespace before
/// that begins.
pub(super) fn key_at(line: &[u8], at: usize) -> Option<(&[u8], usize)> {
    if line.get(at) != Some(&b'"') {
        return None;
    }
    let end = string_end(line, at + 1)?;
    let colon = skip_whitespace(line, end);
    if line.get(colon) != Some(&b':') {
        return None;
    }
    Some((line.get(at + 1..end - 1)?, colon + 1))
}

/// Mixes length, first and last bytes of a name: quick, and spread enough for a schema's names.
fn hash(name: &[u8]) -> usize {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let (first, last) = match (name.first_chunk(), name.last_chunk()) {
        (Some(&first), Some(&last)) => (u64::from_le_bytes(first), u64::from_le_bytes(last)),
        _ => (name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
    };
    let mixed = (first ^ last.rotate_left(23) ^ name.len() as u64).wrapping_mul(MULTIPLIER);
    (mixed >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Datasets;

    #[test]
    fn every_field_is_found_by_its_name_and_by_no_other() {
        for dataset in Datasets::builtin().iter() {
            let keys = Keys::new(Arc::clone(dataset));
            for (index, field) in dataset.fields.iter().enumerate() {
                assert_eq!(keys.find(field.name.as_bytes()), Some(index as u16), "{}", field.name);
                let longer = format!("{}x", field.name);
                assert_eq!(keys.find(longer.as_bytes()), None, "{longer}");
            }
            assert_eq!(keys.find(b""), None);
        }
    }

    #[test]
    fn the_last_two_keys_are_guessed_and_the_latest_first() {
        let datasets = Datasets::builtin();
        let dataset = datasets.get("http_requests").unwrap();
        let mut keys = Keys::new(Arc::clone(dataset));
        let field = |name: &str| dataset.field_index(name).unwrap();
        let line = |name: &str| format!("{{\"{name}\":1,\"padding\":0}}");
        let guess = |keys: &mut Keys, name: &str| {
            keys.guess(keys.start(), line(name).as_bytes(), 1).map(|(field, _)| field)
        };
        let learn = |keys: &mut Keys, name: &str| {
            assert_eq!(guess(keys, name), None, "{name}");
            assert_eq!(keys.look_up(keys.start(), name.as_bytes()), field(name));
        };

        learn(&mut keys, "ClientIP");
        assert_eq!(guess(&mut keys, "ClientIP"), Some(field("ClientIP")));
        learn(&mut keys, "RayID");
        assert_eq!(guess(&mut keys, "ClientIP"), Some(field("ClientIP")));
        assert_eq!(guess(&mut keys, "RayID"), Some(field("RayID")));
        learn(&mut keys, "BotScore");
        assert_eq!(guess(&mut keys, "RayID"), Some(field("RayID")));
        assert_eq!(guess(&mut keys, "ClientIP"), None);
        assert_eq!(guess(&mut keys, "BotScoreSrc"), None);
    }
}
