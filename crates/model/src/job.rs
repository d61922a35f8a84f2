//! Who pushes: the identity of an installation, a job and a job's revision.

use std::fmt;
use std::str::FromStr;

use crate::{BatchLimits, limits};

/// One installation of logpush, told apart from every other by 12 random base-36 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstallationId(String);

/// A text that is no installation id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an installation id: expected 12 digits of 0-9a-z")]
pub struct InvalidInstallationId(pub String);

impl InstallationId {
    /// Number of digits of an id.
    pub const DIGITS: usize = 12;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id whose digits are made from `random`, taken modulo 36.
    pub fn from_random(random: [u8; Self::DIGITS]) -> Self {
        const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        Self(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 36)])).collect())
    }
}

impl FromStr for InstallationId {
    type Err = InvalidInstallationId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text.len() == Self::DIGITS
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidInstallationId(text.to_owned())) }
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a job, unique within its installation and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a job's revision: 1 at its creation, one more with each change of what it pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(pub u32);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a job pushes where it sets no bounds of its own: small objects soon, or fewer and
/// larger ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frequency {
    /// After 30 seconds or 100,000 records.
    High,
    /// After 300 seconds or 1,000,000 records.
    Low,
}

impl Frequency {
    /// The frequency that the API calls so; `high` is what it is without a word.
    pub fn named(name: &str) -> Self {
        if name == "low" { Self::Low } else { Self::High }
    }
}

/// What a job pushes, as its customer wrote it: one revision's content.
///
/// Texts are kept as they came in, so that they read back verbatim; `CompiledJob` gives them
/// their meaning.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct JobSpec {
    /// The dataset's name.
    pub dataset: String,
    /// The destination string, with its secrets.
    pub destination: String,
    /// Fields and format: a JSON object of the API's `output_options`, or nothing.
    pub output_options: Option<String>,
    /// Fields and format the older way, a query string of the API's `logpull_options`; empty for
    /// nothing. `output_options` win over it.
    pub logpull_options: String,
    /// Which records: the API's `filter`, JSON in a string. Empty for all.
    pub filter: String,
    /// Which records: whether those of DDoS attacks are left out.
    pub filter_attack_traffic: bool,
    /// When a batch closes: uncompressed bytes; `None` or 0 for no bound.
    pub max_upload_bytes: Option<u64>,
    /// When a batch closes: seconds; `None` or 0 for no bound.
    pub max_upload_interval_seconds: Option<u64>,
    /// When a batch closes: records; `None` or 0 for no bound.
    pub max_upload_records: Option<u64>,
}

impl fmt::Debug for JobSpec {
    /// Without the destination, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSpec")
            .field("dataset", &self.dataset)
            .field("output_options", &self.output_options)
            .field("logpull_options", &self.logpull_options)
            .field("filter", &self.filter)
            .field("filter_attack_traffic", &self.filter_attack_traffic)
            .field("max_upload_bytes", &self.max_upload_bytes)
            .field("max_upload_interval_seconds", &self.max_upload_interval_seconds)
            .field("max_upload_records", &self.max_upload_records)
            .finish_non_exhaustive()
    }
}

impl JobSpec {
    /// The bounds of this spec's batches. Without an interval a batch closes after 30 seconds, at
    /// low frequency after 300; with neither a number of records nor of bytes, at 100,000
    /// records, at low frequency at 1,000,000.
    pub fn batch_limits(&self, frequency: Frequency) -> BatchLimits {
        let (records, seconds) = match frequency {
            Frequency::High => (limits::DEFAULT_BATCH_RECORDS, limits::DEFAULT_BATCH_SECONDS),
            Frequency::Low => {
                (limits::LOW_FREQUENCY_BATCH_RECORDS, limits::LOW_FREQUENCY_BATCH_SECONDS)
            }
        };
        let set = |limit: Option<u64>| limit.filter(|&value| value > 0);
        let max_bytes = set(self.max_upload_bytes);
        let default_records = max_bytes.is_none().then_some(records);
        BatchLimits {
            max_records: set(self.max_upload_records).or(default_records),
            max_bytes,
            interval_seconds: set(self.max_upload_interval_seconds).unwrap_or(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_set_has_its_default() {
        let of = |frequency, bytes, seconds, records| {
            let spec = JobSpec {
                max_upload_bytes: bytes,
                max_upload_interval_seconds: seconds,
                max_upload_records: records,
                ..JobSpec::default()
            };
            let limits = spec.batch_limits(frequency);
            (limits.max_bytes, limits.interval_seconds, limits.max_records)
        };
        let high = |bytes, seconds, records| of(Frequency::High, bytes, seconds, records);
        assert_eq!(high(None, None, None), (None, 30, Some(100_000)));
        assert_eq!(high(Some(0), Some(0), Some(0)), (None, 30, Some(100_000)));
        assert_eq!(high(None, None, Some(1_000)), (None, 30, Some(1_000)));
        assert_eq!(high(Some(5_000_000), Some(300), None), (Some(5_000_000), 300, None));
        let low = |bytes, seconds, records| of(Frequency::Low, bytes, seconds, records);
        assert_eq!(low(None, None, None), (None, 300, Some(1_000_000)));
        assert_eq!(low(None, Some(30), Some(1_000)), (None, 30, Some(1_000)));
        assert_eq!(low(Some(5_000_000), None, None), (Some(5_000_000), 300, None));
    }
}
