//! The checksum of an object or a part, as S3 writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest};
use model::destination::{Checksum, Destination};

/// A checksum to be computed by the destination's algorithm; `None` where it uses none.
pub(crate) fn digest(to: &Destination) -> Option<Digest> {
    match to.checksum {
        Checksum::Crc64Nvme => Some(Digest::new(CrcAlgorithm::Crc64Nvme)),
        Checksum::Crc32c => Some(Digest::new(CrcAlgorithm::Crc32Iscsi)),
        Checksum::None => None,
    }
}

/// A computed checksum in base64 of its bytes, the most significant first.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
pub(crate) fn text(digest: &Digest) -> String {
    let bytes = digest.finalize().to_be_bytes();
    let width = match digest.get_algorithm() {
        CrcAlgorithm::Crc32Iscsi => 4,
        _ => 8,
    };
    STANDARD.encode(&bytes[8 - width..])
}
