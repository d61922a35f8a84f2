//! What literals and matches cost in bits, as far as the text so far tells.

use crate::symbols::{
    DISTANCE_BITS, LENGTH_BITS, LENGTH_MAX, LENGTH_MIN, LENGTH_SYMBOL, LENGTH_SYMBOLS,
    distance_symbol,
};

/// Prices are told in parts of a bit.
pub(crate) const BIT: u32 = 32;
/// Matches after which prices are made anew.
const MATCHES: u32 = 1024;
const FIRST_MATCHES: u32 = 64;

#[derive(Debug)]
pub(crate) struct Prices {
    literals: [u16; 256],
    lengths: [u16; 512],
    distances: [u16; 32],
    counts: Counts,
    /// Matches until the prices are made anew.
    left: u32,
}

#[derive(Debug)]
struct Counts {
    literals: [u32; 256],
    lengths: [u32; 32],
    distances: [u32; 32],
}

impl Prices {
    pub(crate) fn new() -> Self {
        let counts = Counts { literals: [0; 256], lengths: [0; 32], distances: [0; 32] };
        let mut prices =
            Self { literals: [0; 256], lengths: [0; 512], distances: [0; 32], counts, left: 0 };
        prices.clear();
        prices
    }

    pub(crate) fn clear(&mut self) {
        self.counts.literals.fill(2);
        self.counts.lengths.fill(4);
        self.counts.distances.fill(1);
        self.renew();
        self.left = FIRST_MATCHES;
    }

    #[inline(always)]
    pub(crate) fn literal(&self, byte: u8) -> u32 {
        u32::from(self.literals[usize::from(byte)])
    }

    #[inline(always)]
    pub(crate) fn length(&self, length: usize) -> u32 {
        u32::from(self.lengths[length & 511])
    }

    #[inline(always)]
    pub(crate) fn distance(&self, distance: usize) -> u32 {
        u32::from(self.distances[usize::from(distance_symbol(distance)) & 31])
    }

    #[inline(always)]
    pub(crate) fn count_literal(&mut self, byte: u8) {
        self.counts.literals[usize::from(byte)] += 1;
    }

    #[inline(always)]
    pub(crate) fn count_match(&mut self, length: usize, distance: usize) {
        let length = usize::from(LENGTH_SYMBOL[length.min(LENGTH_MAX)]);
        self.counts.lengths[length & 31] += 1;
        self.counts.distances[usize::from(distance_symbol(distance)) & 31] += 1;
        self.left -= 1;
        if self.left == 0 {
            self.renew();
            self.left = MATCHES;
        }
    }

    /// Makes the prices from the counts, which count half from now on.
    #[inline(never)]
    fn renew(&mut self) {
        let counts = &mut self.counts;
        let literals: u32 = counts.literals.iter().map(|count| count + 1).sum();
        let lengths: u32 = counts.lengths[..LENGTH_SYMBOLS].iter().map(|count| count + 1).sum();
        let all = logarithm(literals + lengths);
        for (price, count) in self.literals.iter_mut().zip(&mut counts.literals) {
            *price = (all - logarithm(*count + 1)).max(BIT) as u16;
            *count /= 2;
        }
        for (length, price) in self.lengths.iter_mut().enumerate().skip(LENGTH_MIN) {
            let symbol = usize::from(LENGTH_SYMBOL[length.min(LENGTH_MAX)]) % LENGTH_SYMBOLS;
            let bits = u32::from(LENGTH_BITS[symbol]) * BIT;
            *price = ((all - logarithm(counts.lengths[symbol] + 1)).max(BIT) + bits) as u16;
        }
        let all = logarithm(counts.distances.iter().map(|count| count + 1).sum());
        for (symbol, price) in self.distances.iter_mut().enumerate() {
            let bits = u32::from(DISTANCE_BITS[symbol]) * BIT;
            *price = ((all - logarithm(counts.distances[symbol] + 1)).max(BIT) + bits) as u16;
        }
        counts.lengths.iter_mut().for_each(|count| *count /= 2);
        counts.distances.iter_mut().for_each(|count| *count /= 2);
    }
}

/// The logarithm to base 2 in parts of a [`BIT`], without a fraction's arithmetic, which is not
/// the same on all machines. Between powers of two a parabola comes near enough.
fn logarithm(number: u32) -> u32 {
    let whole = number.max(1).ilog2();
    let beyond = ((u64::from(number.max(1)) << 16) >> whole) as u32 - (1 << 16);
    // x + 0.34 x (1 - x), which is off by less than a hundredth.
    let bend = ((u64::from(beyond) * u64::from((1 << 16) - beyond) * 22_282) >> 32) as u32;
    whole * BIT + (((beyond + bend) * BIT) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_near_enough() {
        for number in (1..5_000).chain([1 << 20, (1 << 20) + 77_777, u32::MAX / 2]) {
            let found = f64::from(logarithm(number)) / f64::from(BIT);
            assert!((found - f64::from(number).log2()).abs() < 0.05, "{number}: {found}");
        }
        assert_eq!([1, 2, 4, 1 << 30].map(logarithm), [0, BIT, 2 * BIT, 30 * BIT]);
    }
}
