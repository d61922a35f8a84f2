//! Compresses members of objects, each on its own: gzip members (RFC 1952, section 2.2) or
//! Zstandard frames (RFC 8878, section 3.1), of which an object holds as many as it needs.
//!
//! The same bytes at the same level always become the same member. A gzip member carries a CRC-32
//! and its length, a Zstandard frame a checksum and its length.

use libdeflater::{CompressionLvl, Compressor};

/// Kept from one member to the next; what is larger is given back.
const KEPT_BYTES: usize = 4 << 20;

/// Compresses members one after the other.
#[derive(Default)]
pub(crate) struct Press {
    gzip: Option<(u8, Compressor)>,
    member: Vec<u8>,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Press")
    }
}

impl Press {
    /// Compresses `bytes` to one gzip member at this level, 1 to 12, and gives it to `take`.
    pub(crate) fn gzip<T>(&mut self, level: u8, bytes: &[u8], take: impl FnOnce(&[u8]) -> T) -> T {
        let level = level.clamp(1, 12);
        if self.gzip.as_ref().is_none_or(|(current, _)| *current != level) {
            self.gzip = None;
        }
        let make = || {
            let lvl = CompressionLvl::new(i32::from(level)).unwrap_or_default();
            (level, Compressor::new(lvl))
        };
        let (_, compressor) = self.gzip.get_or_insert_with(make);
        let bound = compressor.gzip_compress_bound(bytes.len());
        if self.member.len() < bound {
            self.member.resize(bound, 0);
        }
        let written = compressor
            .gzip_compress(bytes, &mut self.member)
            .expect("the buffer has the size that libdeflate asks for");
        take(&self.member[..written])
    }

    /// Gives back the memory of an uncommonly large member.
    pub(crate) fn shrink(&mut self) {
        if self.member.capacity() > KEPT_BYTES {
            self.member = Vec::new();
        }
    }
}
