//! Checksums of bodies: made here, checked by the store, and compared with what it answers.

use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, Digest};
use model::destination::Checksum;

/// The checksum of these bytes as S3 writes it: big-endian, in base64. `None` by
/// [`Checksum::None`].
pub(crate) fn of(algorithm: Checksum, bytes: &[u8]) -> Option<String> {
    match algorithm {
        Checksum::Crc64Nvme => {
            Some(BASE64.encode(crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes()))
        }
        Checksum::Crc32c => {
            let sum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32;
            Some(BASE64.encode(sum.to_be_bytes()))
        }
        Checksum::None => None,
    }
}

/// A checksum of bytes that come piece by piece.
#[derive(Debug)]
pub(crate) struct Running {
    algorithm: Checksum,
    digest: Digest,
}

impl Running {
    /// A checksum of nothing yet. `None` by [`Checksum::None`].
    pub(crate) fn new(algorithm: Checksum) -> Option<Self> {
        let digest = match algorithm {
            Checksum::Crc64Nvme => Digest::new(CrcAlgorithm::Crc64Nvme),
            Checksum::Crc32c => Digest::new(CrcAlgorithm::Crc32Iscsi),
            Checksum::None => return None,
        };
        Some(Self { algorithm, digest })
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// The checksum as S3 writes it.
    pub(crate) fn text(&self) -> String {
        let sum = self.digest.finalize();
        match self.algorithm {
            Checksum::Crc32c => BASE64.encode((sum as u32).to_be_bytes()),
            _ => BASE64.encode(sum.to_be_bytes()),
        }
    }
}

/// The algorithm's name in requests.
pub(super) fn name(algorithm: Checksum) -> Option<ChecksumAlgorithm> {
    match algorithm {
        Checksum::Crc64Nvme => Some(ChecksumAlgorithm::Crc64Nvme),
        Checksum::Crc32c => Some(ChecksumAlgorithm::Crc32C),
        Checksum::None => None,
    }
}

/// What a request or an answer holds for each algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) crc64_nvme: Option<String>,
    pub(super) crc32c: Option<String>,
}

impl Sums {
    pub(super) fn of(algorithm: Checksum, sum: Option<String>) -> Self {
        match algorithm {
            Checksum::Crc64Nvme => Self { crc64_nvme: sum, crc32c: None },
            Checksum::Crc32c => Self { crc64_nvme: None, crc32c: sum },
            Checksum::None => Self::default(),
        }
    }

    /// The sum of all bytes by this algorithm. One that is made of the sums of parts, which ends
    /// with their number, is none.
    pub(super) fn whole(self, algorithm: Checksum) -> Option<String> {
        let sum = match algorithm {
            Checksum::Crc64Nvme => self.crc64_nvme,
            Checksum::Crc32c => self.crc32c,
            Checksum::None => None,
        };
        sum.filter(|sum| !sum.contains('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of <https://reveng.sourceforge.io/crc-catalogue/>.
    #[test]
    fn sums_are_those_of_the_catalogue() {
        let decoded = |sum: Option<String>| BASE64.decode(sum.unwrap()).unwrap();
        let crc64 = decoded(of(Checksum::Crc64Nvme, b"123456789"));
        assert_eq!(crc64, 0xae8b_1486_0a79_9888_u64.to_be_bytes());
        assert_eq!(decoded(of(Checksum::Crc32c, b"123456789")), 0xe306_9283_u32.to_be_bytes());
        assert_eq!(of(Checksum::None, b"123456789"), None);
    }

    #[test]
    fn a_sum_of_pieces_is_that_of_the_whole() {
        for algorithm in [Checksum::Crc64Nvme, Checksum::Crc32c] {
            let mut running = Running::new(algorithm).unwrap();
            running.add(b"12345");
            running.add(b"6789");
            assert_eq!(Some(running.text()), of(algorithm, b"123456789"));
        }
        assert!(Running::new(Checksum::None).is_none());
    }

    #[test]
    fn a_sum_of_parts_is_not_the_sum_of_the_whole() {
        let sums = |text: &str| Sums::of(Checksum::Crc32c, Some(text.to_owned()));
        assert_eq!(sums("4waSgw==").whole(Checksum::Crc32c).as_deref(), Some("4waSgw=="));
        assert_eq!(sums("4waSgw==-3").whole(Checksum::Crc32c), None);
    }
}
