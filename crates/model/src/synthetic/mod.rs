//! Records that look real, for demonstrations, tests and benchmarks: [`Records`] of any dataset, and
//! the [`traffic`] of a shop.
//!
//! A dataset, a seed and the times decide every byte. Values follow the names and types of the
//! fields. What is hard to carry unchanged comes regularly: integers beyond 2^53, floats such as
//! `1e5` and `-0`, escapes and letters of many scripts, nested objects, fields that are `null` or
//! missing, timestamps in each form. Addresses and hosts are those kept for examples (RFC 2544,
//! RFC 2606, RFC 3849).

mod dice;
#[cfg(test)]
mod tests;
mod text;
pub mod traffic;
mod values;

use std::sync::Arc;

pub use dice::{Dice, Zipf};

use crate::{Dataset, UnixNanos};

/// How many times in a thousand a record lacks a field, and how often it is `null`.
const MISSING_PER_MILLE: u64 = 100;
const NULL_PER_MILLE: u64 = 30;

/// A stream of records of one dataset.
#[derive(Debug, Clone)]
pub struct Records {
    dataset: Arc<Dataset>,
    dice: Dice,
}

impl Records {
    /// Records of `dataset` that `seed` decides.
    pub fn new(dataset: Arc<Dataset>, seed: u64) -> Self {
        Self { dataset, dice: Dice::new(seed) }
    }

    /// Appends one record and a newline. Its timestamps are `at` or up to two seconds earlier.
    pub fn write_record(&mut self, at: UnixNanos, out: &mut Vec<u8>) {
        let Self { dataset, dice } = self;
        let mut separator = b'{';
        for field in &dataset.fields {
            let is_needed = field.name == dataset.timestamp_field
                || dataset.host_field.as_ref() == Some(&field.name);
            if !is_needed && dice.chance(MISSING_PER_MILLE) {
                continue;
            }
            out.push(separator);
            separator = b',';
            out.push(b'"');
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            if !is_needed && dice.chance(NULL_PER_MILLE) {
                out.extend_from_slice(b"null");
            } else {
                values::write(field, at, dice, out);
            }
        }
        out.extend_from_slice(b"}\n");
    }
}
