//! Buffers for what is read from files, used again: fresh memory costs more than reading.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::direct::{self, BLOCK_BYTES};

/// Most buffers that are kept.
const KEPT_MAX: usize = 4;
/// Largest buffer that is kept.
const KEPT_BYTES_MAX: usize = 5 << 20;
/// Fewer bytes are not worth going past the page cache for.
const DIRECT_BYTES_MIN: usize = 256 << 10;

/// Buffers at rest. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunks {
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A buffer in use, of which the bytes `held` count. It goes back when it is dropped.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    held: Range<usize>,
    home: Chunks,
}

impl Chunks {
    /// Reads `len` bytes at `position` of the file.
    pub(super) fn read(&self, file: &File, position: u64, len: usize) -> io::Result<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut chunk = Chunk { bytes: kept.unwrap_or_default(), held: 0..len, home: self.clone() };
        if len < DIRECT_BYTES_MIN {
            chunk.make_room(len);
            file.read_exact_at(&mut chunk.bytes[..len], position)?;
        } else {
            chunk.read_blocks(file, position, len)?;
        }
        Ok(Bytes::from_owner(chunk))
    }
}

impl Chunk {
    fn make_room(&mut self, bytes: usize) {
        if self.bytes.len() < bytes {
            self.bytes.resize(bytes, 0);
        }
    }

    /// Reads the whole blocks in which the wanted bytes stand.
    fn read_blocks(&mut self, file: &File, position: u64, len: usize) -> io::Result<()> {
        let before = (position % BLOCK_BYTES as u64) as usize;
        let bytes = (before + len).next_multiple_of(BLOCK_BYTES);
        self.make_room(bytes + BLOCK_BYTES);
        let first = self.bytes.as_ptr().align_offset(BLOCK_BYTES);
        let blocks = &mut self.bytes[first..first + bytes];
        let read = direct::read(file, position - before as u64, blocks)?;
        if read < before + len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.held = first + before..first + before + len;
        Ok(())
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.held.clone()]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            return;
        }
        let mut kept = self.home.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn any_part_of_a_file_can_be_read() {
        let wanted: Vec<u8> = (0..900_000_u32).map(|at| (at / 3) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&wanted).unwrap();
        let chunks = Chunks::default();
        let ends = wanted.len();
        for (from, to) in [(0, 300_000), (4096, 804_096), (5000, ends), (ends - 262_144, ends)] {
            let read = chunks.read(&file, from as u64, to - from).unwrap();
            assert!(read == wanted[from..to], "{from} to {to}");
        }
        let beyond = chunks.read(&file, 500_000, 400_001).unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_buffer_that_nobody_looks_at_any_more_is_read_into_again() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let chunks = Chunks::default();
        let first = chunks.read(&file, 0, 8).unwrap();
        let part = first.slice(6..);
        drop(first);
        let second = chunks.read(&file, 2, 4).unwrap();
        assert_eq!((&part[..], &second[..]), (&b"67"[..], &b"2345"[..]));
        let at = part.as_ptr().wrapping_sub(6);
        drop(part);
        let third = chunks.read(&file, 1, 3).unwrap();
        assert_eq!((third.as_ptr(), &third[..]), (at, &b"123"[..]));
        assert!(chunks.read(&file, 8, 3).is_err());
    }
}
