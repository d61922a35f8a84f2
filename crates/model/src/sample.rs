//! Which records a sampling job keeps.
//!
//! The choice hashes a record's position and nothing else: a batch that is encoded again keeps
//! the same records, and all jobs agree. The sample of a rate contains every record that a
//! smaller rate keeps.

use crate::{Offset, Partition};

/// Where a record stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordPosition {
    /// The partition of its frame.
    pub partition: Partition,
    /// The offset of its frame.
    pub offset: Offset,
    /// Its number among the records of the frame, from 0.
    pub index: u32,
}

/// A share of all records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Hashes below it are kept; `None` keeps all.
    threshold: Option<u64>,
}

impl Sample {
    /// The sample that keeps everything.
    pub const ALL: Self = Self { threshold: None };

    /// The sample that keeps that share, above 0 and at most 1; `None` for another number.
    pub fn new(rate: f64) -> Option<Self> {
        let is_share = rate > 0.0 && rate <= 1.0;
        // 2^64 is a power of two: the product is exact, and less than 2^64 for a rate below 1.
        let threshold = (rate < 1.0).then_some((rate * 2_f64.powi(64)) as u64);
        is_share.then_some(Self { threshold })
    }

    /// Whether the sample holds the record at that position.
    pub fn keeps(self, at: RecordPosition) -> bool {
        self.threshold.is_none_or(|threshold| hash(at) < threshold)
    }
}

/// 64 bits that look random, from a position. Two rounds, because the positions of a frame differ
/// in a few low bits only.
fn hash(at: RecordPosition) -> u64 {
    let within = u64::from(at.partition.0) << 32 | u64::from(at.index);
    mix(mix(at.offset.0.wrapping_add(GOLDEN)).wrapping_add(mix(within)))
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of SplitMix64: a bijection in which each input bit flips each output bit with
/// a probability close to one half. <https://prng.di.unimi.it/splitmix64.c>
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions() -> impl Iterator<Item = RecordPosition> {
        let partitions = (0..4).map(Partition);
        partitions.flat_map(|partition| {
            (1_000..1_100).map(Offset).flat_map(move |offset| {
                (0..250).map(move |index| RecordPosition { partition, offset, index })
            })
        })
    }

    #[test]
    fn a_sample_has_the_size_of_its_rate() {
        let all = positions().count() as f64;
        for rate in [0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.999] {
            let sample = Sample::new(rate).unwrap();
            let kept = positions().filter(|&at| sample.keeps(at)).count() as f64;
            // Five standard deviations of a binomial distribution.
            let slack = 5.0 * (all * rate * (1.0 - rate)).sqrt();
            assert!((kept - all * rate).abs() < slack, "{rate}: {kept} of {all}");
        }
    }

    #[test]
    fn a_sample_is_spread_evenly_over_partitions_offsets_and_places() {
        let keys: [fn(RecordPosition) -> u64; 4] = [
            |at| u64::from(at.partition.0),
            |at| at.offset.0,
            |at| u64::from(at.index),
            |at| at.offset.0 ^ u64::from(at.index),
        ];
        for rate in [0.01, 0.1, 0.5, 0.9] {
            let sample = Sample::new(rate).unwrap();
            for (number, key) in keys.iter().enumerate() {
                let mut cells = std::collections::BTreeMap::<u64, (f64, f64)>::new();
                for at in positions() {
                    let (all, kept) = cells.entry(key(at) % 50).or_default();
                    *all += 1.0;
                    *kept += f64::from(u8::from(sample.keeps(at)));
                }
                let chi_square: f64 = cells
                    .values()
                    .map(|(all, kept)| (kept - all * rate).powi(2) / (all * rate * (1.0 - rate)))
                    .sum();
                // Its mean is the number of cells and its variance twice that.
                let freedom = cells.len() as f64;
                let slack = 5.0 * (2.0 * freedom).sqrt();
                assert!((chi_square - freedom).abs() < slack, "{rate} {number}: {chi_square}");
            }
        }
    }

    #[test]
    fn the_choices_for_neighbours_are_independent() {
        let steps: [fn(&mut RecordPosition); 7] = [
            |at| at.index += 1,
            |at| at.index += 2,
            |at| at.index += 256,
            |at| at.offset = at.offset.next(),
            |at| at.partition.0 += 1,
            |at| (at.offset, at.index) = (at.offset.next(), at.index + 1),
            |at| (at.offset, at.index) = (Offset(u64::from(at.index)), at.offset.0 as u32),
        ];
        for rate in [0.01, 0.1, 0.5, 0.9] {
            let sample = Sample::new(rate).unwrap();
            for (number, step) in steps.iter().enumerate() {
                // How often both, one and none of two neighbours are kept.
                let mut found = [[0.0_f64; 2]; 2];
                for at in positions() {
                    let mut next = at;
                    step(&mut next);
                    found[usize::from(sample.keeps(at))][usize::from(sample.keeps(next))] += 1.0;
                }
                let all = positions().count() as f64;
                let share = |kept: usize| if kept == 1 { rate } else { 1.0 - rate };
                let cells = [(0, 0), (0, 1), (1, 0), (1, 1)];
                let chi_square: f64 = cells
                    .iter()
                    .map(|&(one, other)| {
                        let expected = all * share(one) * share(other);
                        (found[one][other] - expected).powi(2) / expected
                    })
                    .sum();
                // At most three degrees of freedom: beyond 30 once in a million.
                assert!(chi_square < 30.0, "{rate} {number}: {chi_square} {found:?}");
            }
        }
    }

    #[test]
    fn a_sample_contains_every_smaller_one() {
        let rates = [0.01, 0.1, 0.5, 0.75, 1.0].map(|rate| Sample::new(rate).unwrap());
        for at in positions() {
            let kept = rates.map(|sample| sample.keeps(at));
            assert!(kept.is_sorted(), "{at:?}: {kept:?}");
        }
    }

    #[test]
    fn the_choice_never_changes() {
        let sample = Sample::new(0.5).unwrap();
        let kept: Vec<u32> = (0..20)
            .filter(|&index| {
                sample.keeps(RecordPosition { partition: Partition(3), offset: Offset(77), index })
            })
            .collect();
        assert_eq!(kept, [0, 1, 2, 3, 4, 6, 9, 11, 14, 15, 16, 19]);
    }

    #[test]
    fn a_rate_of_one_keeps_all_and_what_is_no_rate_is_refused() {
        assert_eq!(Sample::new(1.0), Some(Sample::ALL));
        assert!(positions().all(|at| Sample::ALL.keeps(at)));
        for rate in [0.0, -0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(Sample::new(rate), None, "{rate}");
        }
    }
}
