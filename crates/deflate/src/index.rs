//! Remembers where keys were seen: for each the newest few places.
//!
//! A place is told by its lowest 16 bits. What is found there is always compared, so that a place
//! that is meant otherwise does no harm.

use wide::u8x16;

/// Rows of short keys, with four places each.
const SHORT_BITS: u32 = 12;
/// Rows of long keys, with sixteen places each.
const LONG_BITS: u32 = 12;
const LONG_PLACES: usize = 16;

/// Places of long keys, each with a tag, which says which keys it is not of.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Row {
    tags: [u8; LONG_PLACES],
    places: [u16; LONG_PLACES],
    /// Where the newest one is; the older ones follow.
    newest: u8,
}

impl Row {
    #[inline(always)]
    fn push(&mut self, place: u16, tag: u8) {
        let newest = usize::from(self.newest.wrapping_sub(1)) % LONG_PLACES;
        self.tags[newest] = tag;
        self.places[newest] = place;
        self.newest = newest as u8;
    }

    /// The places that have this tag, as bits; the newest is the first.
    #[inline(always)]
    fn hits(&self, tag: u8) -> u16 {
        let hits = u8x16::new(self.tags).simd_eq(u8x16::splat(tag)).to_bitmask();
        (hits as u16).rotate_right(u32::from(self.newest))
    }
}

/// Places where a long key may have been seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) hits: u16,
    newest: u8,
    places: [u16; LONG_PLACES],
}

impl Seen {
    /// The place of this bit of the hits.
    #[inline(always)]
    pub(crate) fn place(&self, bit: u32) -> u16 {
        self.places[(bit as usize + usize::from(self.newest)) % LONG_PLACES]
    }
}

#[derive(Debug)]
pub(crate) struct Index {
    /// The newest place lowest.
    short: Box<[u64; 1 << SHORT_BITS]>,
    long: Box<[Row; 1 << LONG_BITS]>,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { short: zeros(), long: zeros() }
    }

    pub(crate) fn clear(&mut self) {
        self.short.fill(0);
        self.long.fill(Row::default());
    }

    /// Where these keys were seen before, and that they are seen at `at` now.
    #[inline(always)]
    pub(crate) fn look(&mut self, at: usize, key: [u64; 2]) -> (u64, Seen) {
        let short = &mut self.short[short_hash(key)];
        let hash = long_hash(key);
        let row = &mut self.long[hash >> 8];
        let seen = Seen { hits: row.hits(hash as u8), newest: row.newest, places: row.places };
        let short_seen = *short;
        *short = *short << 16 | u64::from(at as u16);
        row.push(at as u16, hash as u8);
        (short_seen, seen)
    }

    /// Remembers that these keys are seen at `at`.
    #[inline(always)]
    pub(crate) fn remember(&mut self, at: usize, key: [u64; 2]) {
        let short = &mut self.short[short_hash(key)];
        *short = *short << 16 | u64::from(at as u16);
        let hash = long_hash(key);
        self.long[hash >> 8].push(at as u16, hash as u8);
    }
}

#[inline(always)]
fn short_hash(key: [u64; 2]) -> usize {
    ((key[0] << 32).wrapping_mul(0x9e37_79b1_85eb_ca87) >> (64 - SHORT_BITS)) as usize
}

/// The number of the row, and a tag in the lowest byte.
#[inline(always)]
fn long_hash(key: [u64; 2]) -> usize {
    let mixed = key[0].wrapping_mul(0x9e37_79b1_85eb_ca87) ^ key[1];
    (mixed.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) >> (56 - LONG_BITS)) as usize
}

/// An array that is made on the heap, where it stays.
#[expect(clippy::unnecessary_box_returns, reason = "it is too large for the stack")]
pub(crate) fn zeros<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    match vec![T::default(); N].into_boxed_slice().try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("it has N of them"),
    }
}
