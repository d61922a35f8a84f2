//! The checksums that S3 knows, of bodies and of uploads in parts.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::Checksum;
use s3s::{S3Result, s3_error};

/// A way to sum up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

const ALGORITHMS: [(Algorithm, &str); 5] = [
    (Algorithm::Crc32, "crc32"),
    (Algorithm::Crc32c, "crc32c"),
    (Algorithm::Crc64Nvme, "crc64nvme"),
    (Algorithm::Sha1, "sha1"),
    (Algorithm::Sha256, "sha256"),
];

impl Algorithm {
    /// By the name that S3 has for it, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = ALGORITHMS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name))?;
        Some(found.0)
    }

    fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Default::default()),
            Self::Crc32c => hasher.crc32c = Some(Default::default()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Default::default()),
            Self::Sha1 => hasher.sha1 = Some(s3s::crypto::Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(s3s::crypto::Sha256::new()),
        }
        hasher
    }

    /// The sum of some bytes.
    pub(super) fn sum(self, bytes: &[u8]) -> Checksum {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finalize()
    }

    /// The sum of an upload in parts: over the whole object for CRC-64/NVME, over the sums of its
    /// parts for the others.
    pub(super) fn sum_of_parts(self, parts: &[&[u8]]) -> Checksum {
        if self == Self::Crc64Nvme {
            let mut hasher = self.hasher();
            parts.iter().for_each(|part| hasher.update(part));
            return hasher.finalize();
        }
        let sums: Vec<u8> = parts
            .iter()
            .filter_map(|part| STANDARD.decode(value(&self.sum(part))?).ok())
            .flatten()
            .collect();
        suffixed(self.sum(&sums), parts.len())
    }
}

fn suffixed(sum: Checksum, parts: usize) -> Checksum {
    let suffix = |sum: Option<String>| sum.map(|sum| format!("{sum}-{parts}"));
    Checksum {
        checksum_crc32: suffix(sum.checksum_crc32),
        checksum_crc32c: suffix(sum.checksum_crc32c),
        checksum_sha1: suffix(sum.checksum_sha1),
        checksum_sha256: suffix(sum.checksum_sha256),
        ..sum
    }
}

/// The one sum in it.
pub(super) fn value(sum: &Checksum) -> Option<&String> {
    sum.checksum_crc32
        .as_ref()
        .or(sum.checksum_crc32c.as_ref())
        .or(sum.checksum_crc64nvme.as_ref())
        .or(sum.checksum_sha1.as_ref())
        .or(sum.checksum_sha256.as_ref())
}

/// Checks a body against what its headers say of it; gives its sum, where they do.
pub(super) fn check(headers: &HeaderMap, body: &[u8]) -> S3Result<Option<(Algorithm, Checksum)>> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("content-md5").is_some_and(|said| said != STANDARD.encode(md5(body))) {
        return Err(s3_error!(BadDigest, "the body is not what Content-MD5 says"));
    }
    let in_trailer = header("x-amz-trailer").is_some();
    let announced = header("x-amz-sdk-checksum-algorithm").filter(|_| !in_trailer);
    let announced = announced.and_then(Algorithm::named);
    for (algorithm, name) in ALGORITHMS {
        let said = header(&format!("x-amz-checksum-{name}"));
        let Some(said) = said else {
            if announced == Some(algorithm) {
                return Err(s3_error!(
                    InvalidRequest,
                    "the checksum that was announced is missing"
                ));
            }
            continue;
        };
        let sum = algorithm.sum(body);
        if value(&sum).is_none_or(|found| found != said) {
            return Err(s3_error!(BadDigest, "the body is not what its checksum says"));
        }
        return Ok(Some((algorithm, sum)));
    }
    Ok(None)
}

/// The ETag of an object that came in one request.
pub(super) fn etag(body: &[u8]) -> String {
    hex(&md5(body))
}

/// The ETag of an object that came in parts.
pub(super) fn etag_of_parts(parts: &[&[u8]]) -> String {
    let sums: Vec<u8> = parts.iter().flat_map(|part| md5(part)).collect();
    format!("{}-{}", hex(&md5(&sums)), parts.len())
}

fn md5(bytes: &[u8]) -> [u8; 16] {
    let mut md5 = Md5::new();
    md5.update(bytes);
    md5.finalize()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_that_others_compute() {
        // The check values of the CRC catalogue for "123456789", in base64.
        let sum = |name: &str| {
            let sum = Algorithm::named(name).unwrap().sum(b"123456789");
            value(&sum).unwrap().clone()
        };
        assert_eq!(sum("CRC32"), STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        assert_eq!(sum("CRC32C"), STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        assert_eq!(sum("CRC64NVME"), STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(etag(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn parts_sum_up_as_a_whole_or_by_their_sums() {
        let parts = [&b"hello "[..], b"world"];
        let whole = Algorithm::Crc64Nvme.sum(b"hello world");
        assert_eq!(value(&Algorithm::Crc64Nvme.sum_of_parts(&parts)), value(&whole));
        assert!(value(&Algorithm::Crc32.sum_of_parts(&parts)).unwrap().ends_with("-2"));
        assert!(etag_of_parts(&parts).ends_with("-2"));
    }

    #[test]
    fn a_body_that_was_damaged_is_refused() {
        let mut headers = HeaderMap::new();
        let sum = Algorithm::Crc32.sum(b"body");
        headers.insert("x-amz-checksum-crc32", value(&sum).unwrap().parse().unwrap());
        assert!(check(&headers, b"body").unwrap().is_some());
        assert!(check(&headers, b"bodY").is_err());
    }
}
