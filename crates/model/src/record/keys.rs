//! Which field a top-level key names.
//!
//! Records of one feed have their keys in much the same order. So for each field the fields that
//! last came after it are kept, and the next key is compared with those two before it is parsed
//! and looked up: more than twice as fast (`benches/scan.rs`). A guess can only be right or wrong,
//! never mistaken: it is taken only where the bytes of the key, its quotes and its colon are there.

use std::sync::Arc;

use super::block::{BLOCK, block_at, same};
use super::structure::{skip_whitespace, string_end};
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
    /// Indexes of fields by the hash of their names, with linear probing; a power of two long.
    table: Vec<u16>,
}

/// A field's token is `"Name":`.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The first bytes of the token, and zeros.
    token: [u8; BLOCK],
    /// Which of these are the token's; none of a token that is longer.
    token_mask: u32,
    /// Bytes of the token; 0 where there is none.
    token_bytes: u16,
    /// The fields that last came after, the likelier first.
    next: [u16; 2],
}

/// How many absent fields in a row a guess passes over.
const SKIPPED_MAX: usize = 3;
/// In the table: no field. In an entry: no guess.
const NONE: u16 = u16::MAX;

impl Keys {
    pub(super) fn new(dataset: Arc<Dataset>) -> Self {
        let count = dataset.fields.len();
        let mut entries = Vec::with_capacity(count + 2);
        let mut table = vec![NONE; (count * 2).next_power_of_two()];
        for (index, field) in dataset.fields.iter().enumerate() {
            entries.push(Entry::of(&format!("\"{}\":", field.name)));
            let mut slot = hash(field.name.as_bytes()) & (table.len() - 1);
            while table[slot] != NONE {
                slot = (slot + 1) & (table.len() - 1);
            }
            table[slot] = index as u16;
        }
        entries.extend([Entry::of(""), Entry::of("")]);
        Self { dataset, entries, table }
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
        let likelier = self.entries[before].next[0];
        match block_at(line, at).zip(self.entries.get(usize::from(likelier))) {
            Some((block, entry)) if entry.is_at(block) => {
                Some((usize::from(likelier), at + usize::from(entry.token_bytes)))
            }
            _ => self.guess_again(before, line, at),
        }
    }

    /// All that may be guessed besides: the likelier key where it is long or near the line's end,
    /// the other key that came after `before`, and those that come after the likelier one, because
    /// a record that lacks a field goes on with the next.
    #[inline(never)]
    fn guess_again(&mut self, before: Place, line: &[u8], at: usize) -> Option<(Place, usize)> {
        let [likelier, other] = self.entries[before].next;
        if let Some(value) = self.match_token(likelier, line, at) {
            return Some((usize::from(likelier), value));
        }
        if let Some(value) = self.match_token(other, line, at) {
            self.entries[before].next = [other, likelier];
            return Some((usize::from(other), value));
        }
        let mut skipped = likelier;
        for _ in 0..SKIPPED_MAX {
            let next = self.entries.get(usize::from(skipped))?.next[0];
            if let Some(value) = self.match_token(next, line, at) {
                return Some((usize::from(next), value));
            }
            skipped = next;
        }
        None
    }

    /// Where the token of `field` ends, if it stands at `at`.
    fn match_token(&self, field: u16, line: &[u8], at: usize) -> Option<usize> {
        let entry = self.entries.get(usize::from(field)).filter(|entry| entry.token_bytes > 0)?;
        let name = self.dataset.fields[usize::from(field)].name.as_bytes();
        let rest = line.get(at..)?.strip_prefix(b"\"")?.strip_prefix(name)?;
        rest.starts_with(b"\":").then_some(at + usize::from(entry.token_bytes))
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

impl Entry {
    fn of(text: &str) -> Self {
        let mut token = [0; BLOCK];
        let head = text.len().min(BLOCK);
        token[..head].copy_from_slice(&text.as_bytes()[..head]);
        let token_mask = match BLOCK.checked_sub(text.len()) {
            Some(padding) => u32::MAX.checked_shr(padding as u32).unwrap_or(0),
            None => 0,
        };
        Self { token, token_mask, token_bytes: text.len() as u16, next: [NONE; 2] }
    }

    /// Whether the token is short and begins the block.
    #[inline]
    fn is_at(&self, block: &[u8; BLOCK]) -> bool {
        self.token_mask != 0 && same(block, &self.token) & self.token_mask == self.token_mask
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
