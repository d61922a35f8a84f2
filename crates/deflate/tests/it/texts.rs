//! Texts that look like logs, decided by a seed.

use model::synthetic::{Dice, Records};
use model::{Datasets, UnixNanos};

/// Records of a dataset, one a line.
pub(crate) fn records(dataset: &str, seed: u64, count: usize) -> Vec<u8> {
    let dataset = Datasets::builtin().get(dataset).unwrap().clone();
    let mut records = Records::new(dataset, seed);
    let at = UnixNanos::from_seconds(1_767_225_600).unwrap();
    let mut text = Vec::new();
    (0..count).for_each(|_| records.write_record(at, &mut text));
    text
}

/// Bytes without any pattern.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    (0..bytes).map(|_| dice.below(256) as u8).collect()
}

/// Bytes of which each is half as common as the one before.
pub(crate) fn skewed(seed: u64, bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    (0..bytes).map(|_| dice.roll().trailing_zeros() as u8).collect()
}
