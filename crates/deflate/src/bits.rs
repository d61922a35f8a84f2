//! Bits put end to end, the first in the lowest place of the first byte (RFC 1951, section 3.1.1).

/// Writes bits into room that its owner has made large enough.
#[derive(Debug)]
pub(crate) struct BitWriter<'a> {
    room: &'a mut [u8],
    at: usize,
    bits: u64,
    count: u32,
}

/// Bytes beyond what was written that a writer may touch.
pub(crate) const SLACK: usize = 8;

/// Bits that are not yet a whole byte: fewer than 8.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rest {
    pub(crate) bits: u64,
    pub(crate) count: u32,
}

impl<'a> BitWriter<'a> {
    /// Goes on after `rest`, at the beginning of `room`.
    pub(crate) fn new(room: &'a mut [u8], rest: Rest) -> Self {
        Self { room, at: 0, bits: rest.bits, count: rest.count }
    }

    /// Adds the lowest `count` bits of `bits`; those above are 0. Between two calls of
    /// [`Self::flush`] there is room for 56 bits.
    #[inline(always)]
    pub(crate) fn add(&mut self, bits: u64, count: u32) {
        self.bits |= bits << (self.count & 63);
        self.count += count;
    }

    /// Puts whole bytes into the room.
    #[inline(always)]
    pub(crate) fn flush(&mut self) {
        if let Some(room) = self.room.get_mut(self.at..).and_then(|room| room.first_chunk_mut()) {
            *room = self.bits.to_le_bytes();
        }
        self.at += (self.count >> 3) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Fills the last byte with zeros.
    pub(crate) fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Adds whole bytes. The bits before them are [aligned](Self::align).
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.room[self.at..][..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// How many bytes were written, and the bits beyond them.
    pub(crate) fn finish(mut self) -> (usize, Rest) {
        self.flush();
        (self.at, Rest { bits: self.bits, count: self.count })
    }
}
