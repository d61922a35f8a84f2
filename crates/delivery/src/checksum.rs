//! The checksum by which the ledger knows an object again: the CRC-64/NVME of its bytes, which S3
//! computes of an object as well.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, Digest};

/// The checksum of bytes that come piece by piece.
#[derive(Debug, Clone)]
pub(crate) struct ObjectChecksum(Digest);

impl ObjectChecksum {
    /// The checksum of nothing yet.
    pub(crate) fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of what was added.
    pub(crate) fn value(&self) -> u64 {
        self.0.finalize()
    }
}

/// A checksum as S3 writes it: big-endian, in base64.
pub fn checksum_text(checksum: u64) -> String {
    BASE64.encode(checksum.to_be_bytes())
}

/// The checksum that S3 writes so; `None` where the text is none.
pub fn parse_checksum(text: &str) -> Option<u64> {
    Some(u64::from_be_bytes(BASE64.decode(text).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of <https://reveng.sourceforge.io/crc-catalogue/>.
    #[test]
    fn a_checksum_is_that_of_the_catalogue_and_reads_back() {
        let mut sum = ObjectChecksum::new();
        sum.add(b"1234");
        sum.add(b"56789");
        assert_eq!(sum.value(), 0xae8b_1486_0a79_9888);
        assert_eq!(checksum_text(sum.value()), "rosUhgp5mIg=");
        assert_eq!(parse_checksum("rosUhgp5mIg="), Some(sum.value()));
        for other in ["", "rosUhgp5mIg", "AAAA", "rosUhgp5mIgA"] {
            assert_eq!(parse_checksum(other), None, "{other}");
        }
    }
}
