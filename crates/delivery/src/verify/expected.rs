//! What the ledger says of an object, and in what an object differs from it.

use std::fmt;

use model::output::{Compression, Newlines};

use super::contents::{Contents, Manner};
use crate::checksum::checksum_text;

/// What the ledger says of an object that was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// How it is compressed.
    pub compression: Compression,
    /// Its bytes.
    pub object_bytes: u64,
    /// Their CRC-64/NVME, where the ledger has kept it.
    pub checksum: Option<u64>,
    /// What they decompress to.
    pub raw_bytes: u64,
    /// The newlines in it, where they tell how many records there are.
    pub newlines: Option<Newlines>,
}

/// One thing in which an object is not what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It has fewer bytes.
    Shorter {
        /// The bytes that it has.
        found: u64,
        /// The bytes that the ledger says.
        expected: u64,
    },
    /// It has more bytes, and was not read beyond those that the ledger says.
    Longer {
        /// The bytes that the ledger says.
        expected: u64,
    },
    /// Its bytes have another checksum.
    Checksum {
        /// That of its bytes.
        found: u64,
        /// That of the ledger.
        expected: u64,
    },
    /// It cannot be decompressed to its end.
    Damaged(String),
    /// It decompresses to another number of bytes.
    RawBytes {
        /// What it decompresses to; where that is more than expected, as far as was looked.
        found: u64,
        /// What the ledger says.
        expected: u64,
    },
    /// It has another number of lines.
    Lines {
        /// The newlines in it.
        found: u64,
        /// Those that as many records as the ledger says would have.
        expected: u64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { found, expected } => {
                write!(f, "it has {found} bytes, and the ledger says {expected}")
            }
            Self::Longer { expected } => {
                write!(f, "it has more than the ledger's {expected} bytes")
            }
            Self::Checksum { found, expected } => {
                let (found, expected) = (checksum_text(*found), checksum_text(*expected));
                write!(f, "its CRC-64/NVME is {found}, and the ledger says {expected}")
            }
            Self::Damaged(why) => write!(f, "it cannot be decompressed: {why}"),
            Self::RawBytes { found, expected } if found > expected => {
                write!(f, "it decompresses to more than the ledger's {expected} bytes")
            }
            Self::RawBytes { found, expected } => {
                write!(f, "it decompresses to {found} bytes, and the ledger says {expected}")
            }
            Self::Lines { found, expected } => {
                write!(f, "it has {found} lines, and the ledger says {expected}")
            }
        }
    }
}

impl Expected {
    /// How to read an object that is to be compared.
    pub fn manner(&self) -> Manner {
        Manner {
            compression: self.compression,
            in_quotes_too: self.newlines.is_none_or(|newlines| newlines.in_quotes_too),
            object_bytes_max: self.object_bytes.saturating_add(1),
            raw_bytes_max: self.raw_bytes,
        }
    }

    /// All in which an object differs; nothing where it is as the ledger says.
    pub fn differences(&self, found: &Contents) -> Vec<Difference> {
        if found.object_bytes > self.object_bytes {
            return vec![Difference::Longer { expected: self.object_bytes }];
        }
        let mut differences = Vec::new();
        if found.object_bytes < self.object_bytes {
            let (found, expected) = (found.object_bytes, self.object_bytes);
            differences.push(Difference::Shorter { found, expected });
        }
        if let Some(expected) = self.checksum.filter(|&expected| expected != found.checksum) {
            differences.push(Difference::Checksum { found: found.checksum, expected });
        }
        differences.extend(found.damage.clone().map(Difference::Damaged));
        if found.raw_bytes != self.raw_bytes {
            let (found, expected) = (found.raw_bytes, self.raw_bytes);
            differences.push(Difference::RawBytes { found, expected });
        }
        // Where more was decompressed than there should be, not all lines were seen.
        let newlines = self.newlines.filter(|_| found.raw_bytes <= self.raw_bytes);
        if let Some(Newlines { count: expected, .. }) = newlines
            && expected != found.newlines
        {
            differences.push(Difference::Lines { found: found.newlines, expected });
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected = Expected {
        compression: Compression::Gzip,
        object_bytes: 100,
        checksum: Some(7),
        raw_bytes: 1_000,
        newlines: Some(Newlines { count: 10, in_quotes_too: true }),
    };
    const SAME: Contents =
        Contents { object_bytes: 100, checksum: 7, raw_bytes: 1_000, newlines: 10, damage: None };

    #[test]
    fn each_difference_is_told() {
        assert_eq!(EXPECTED.differences(&SAME), []);
        let cut = Contents {
            object_bytes: 90,
            checksum: 8,
            raw_bytes: 900,
            newlines: 9,
            damage: Some("unexpected end of file".to_owned()),
        };
        let told: Vec<String> =
            EXPECTED.differences(&cut).iter().map(ToString::to_string).collect();
        let expected = [
            "it has 90 bytes, and the ledger says 100",
            "its CRC-64/NVME is AAAAAAAAAAg=, and the ledger says AAAAAAAAAAc=",
            "it cannot be decompressed: unexpected end of file",
            "it decompresses to 900 bytes, and the ledger says 1000",
            "it has 9 lines, and the ledger says 10",
        ];
        assert_eq!(told, expected);
        let longer = Contents { object_bytes: 101, checksum: 8, ..SAME };
        assert_eq!(EXPECTED.differences(&longer), [Difference::Longer { expected: 100 }]);
        let swollen = Contents { raw_bytes: 1_001, newlines: 8, ..SAME };
        let only_bytes = Difference::RawBytes { found: 1_001, expected: 1_000 };
        assert_eq!(EXPECTED.differences(&swollen), [only_bytes]);
    }

    #[test]
    fn what_the_ledger_does_not_know_is_not_compared() {
        let older = Expected { checksum: None, newlines: None, ..EXPECTED };
        let other = Contents { checksum: 8, newlines: 9, ..SAME };
        assert_eq!(older.differences(&other), []);
        assert_eq!(EXPECTED.differences(&other).len(), 2);
    }
}
