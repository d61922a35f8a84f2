//! Compresses members of objects, each on its own: gzip members (RFC 1952, section 2.2) or
//! Zstandard frames (RFC 8878, section 3.1), of which an object holds as many as it needs.
//!
//! The same bytes at the same level always become the same member. A gzip member carries a CRC-32
//! and its length, a Zstandard frame a checksum and its length.

use std::io;

use deflate::{Effort, Encoder};
use libdeflater::{CompressionLvl, Compressor};
use model::output::Compression;
use zstd::zstd_safe::{CCtx, CParameter, compress_bound};

/// The level that stands for the first one of ISA-L, as it is recorded in the ledger. Where the
/// program was built without it, libdeflate's first level takes its place.
pub(crate) const ISAL: u8 = 0;
/// The levels that stand for the encoder of our own, with little effort and with much, as they are
/// recorded in the ledger: numbers that none of libdeflate has, so that a batch of an older version
/// has the same bytes again.
pub(crate) const LINES: u8 = 13;
pub(crate) const LINES_DENSE: u8 = 14;

/// Room that is kept from one member to the next; what is larger is given back.
const KEPT_BYTES: usize = 4 << 20;

/// Compresses members one after the other.
#[derive(Default)]
pub(crate) struct Press {
    gzip: Option<(u8, Compressor)>,
    lines: Option<Encoder>,
    lines_dense: Option<Encoder>,
    zstd: Option<CCtx<'static>>,
    member: Vec<u8>,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Press")
    }
}

impl Press {
    /// Compresses `bytes` to one member at this level: 1 to 12, or [`ISAL`] or [`LINES`], which
    /// stand for the first one of Zstandard, or [`LINES_DENSE`], which stands for its seventh.
    pub(crate) fn member(
        &mut self,
        compression: Compression,
        level: u8,
        bytes: &[u8],
    ) -> io::Result<&[u8]> {
        let len = match (compression, level) {
            #[cfg(feature = "isal")]
            (Compression::Gzip, ISAL) => self.isal(bytes),
            (Compression::Gzip, LINES) => Ok(self.lines(Effort::Fast, bytes)),
            (Compression::Gzip, LINES_DENSE) => Ok(self.lines(Effort::Dense, bytes)),
            (Compression::Gzip, _) => self.gzip(level.clamp(1, 12), bytes),
            (Compression::Zstd, LINES) => self.zstd(1, bytes),
            (Compression::Zstd, LINES_DENSE) => self.zstd(7, bytes),
            (Compression::Zstd, _) => self.zstd(level.clamp(1, 12), bytes),
        }?;
        Ok(&self.member[..len])
    }

    fn gzip(&mut self, level: u8, bytes: &[u8]) -> io::Result<usize> {
        if self.gzip.as_ref().is_none_or(|(current, _)| *current != level) {
            self.gzip = None;
        }
        let make = || {
            let lvl = CompressionLvl::new(i32::from(level)).unwrap_or_default();
            (level, Compressor::new(lvl))
        };
        let (_, compressor) = self.gzip.get_or_insert_with(make);
        grow(&mut self.member, compressor.gzip_compress_bound(bytes.len()));
        compressor.gzip_compress(bytes, &mut self.member).map_err(io::Error::other)
    }

    fn lines(&mut self, effort: Effort, bytes: &[u8]) -> usize {
        let encoder = match effort {
            Effort::Fast => &mut self.lines,
            Effort::Dense => &mut self.lines_dense,
        };
        self.member.clear();
        let encoder = encoder.get_or_insert_with(|| Encoder::with_effort(effort));
        encoder.gzip_member(bytes, &mut self.member);
        self.member.len()
    }

    #[cfg(feature = "isal")]
    fn isal(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use isal::{Codec, CompressionLevel, compress_into};

        // What cannot be compressed is stored in blocks of 64 KiB, with 5 bytes before each.
        grow(&mut self.member, bytes.len() + bytes.len() / 8192 + 512);
        compress_into(bytes, &mut self.member, CompressionLevel::One, Codec::Gzip)
            .map_err(|error| io::Error::other(error.to_string()))
    }

    fn zstd(&mut self, level: u8, bytes: &[u8]) -> io::Result<usize> {
        let name = |code| io::Error::other(zstd::zstd_safe::get_error_name(code));
        let context = self.zstd.get_or_insert_with(CCtx::create);
        for parameter in
            [CParameter::CompressionLevel(i32::from(level)), CParameter::ChecksumFlag(true)]
        {
            context.set_parameter(parameter).map_err(name)?;
        }
        grow(&mut self.member, compress_bound(bytes.len()));
        context.compress2(&mut self.member[..], bytes).map_err(name)
    }

    /// Gives back the memory of an uncommonly large member.
    pub(crate) fn shrink(&mut self) {
        if self.member.capacity() > KEPT_BYTES {
            self.member = Vec::new();
        }
    }
}

fn grow(room: &mut Vec<u8>, bytes: usize) {
    if room.len() < bytes {
        room.resize(bytes, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn unpacked(compression: Compression, object: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = match compression {
            Compression::Gzip => flate2::read::MultiGzDecoder::new(object).read_to_end(&mut bytes),
            Compression::Zstd => zstd::Decoder::new(object).unwrap().read_to_end(&mut bytes),
        };
        assert_eq!(read.unwrap(), bytes.len());
        bytes
    }

    #[test]
    fn members_end_to_end_are_one_object_and_come_out_the_same_each_time() {
        let text = "{\"RayID\":\"7f3a\"}\n".repeat(40_000);
        for compression in Compression::ALL {
            for level in ISAL..=LINES_DENSE {
                let object = |press: &mut Press| -> Vec<u8> {
                    let members = text.as_bytes().chunks(200_000);
                    members
                        .flat_map(|text| press.member(compression, level, text).unwrap().to_vec())
                        .collect()
                };
                let mut used = Press::default();
                used.member(compression, LINES_DENSE - level, b"something else").unwrap();
                let first = object(&mut used);
                assert!(first == object(&mut Press::default()), "{compression:?} {level}");
                assert!(unpacked(compression, &first) == text.as_bytes());
            }
        }
    }

    #[test]
    fn what_cannot_be_compressed_fits_all_the_same() {
        // Multiples of an odd number modulo 2^64: no byte pattern comes twice.
        let noise: Vec<u8> = (0..40_000_u64)
            .flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
            .collect();
        for compression in Compression::ALL {
            for level in [ISAL, 1, 12, LINES, LINES_DENSE] {
                for bytes in [&noise[..], &noise[..1], &[]] {
                    let member =
                        Press::default().member(compression, level, bytes).unwrap().to_vec();
                    assert!(unpacked(compression, &member) == bytes, "{compression:?} {level}");
                }
            }
        }
    }
}
