//! Buffers for what is read from files, used again: fresh memory costs more than reading.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Most buffers that are kept.
const KEPT_MAX: usize = 4;
/// Largest buffer that is kept.
const KEPT_BYTES_MAX: usize = 5 << 20;

/// Buffers at rest. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Chunks {
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A buffer in use, of which the first `len` bytes count. It goes back when it is dropped.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    len: usize,
    home: Chunks,
}

impl Chunks {
    /// Reads `len` bytes at `position` of the file.
    pub(super) fn read(&self, file: &File, position: u64, len: usize) -> io::Result<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut bytes = kept.unwrap_or_default();
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        let mut chunk = Chunk { bytes, len, home: self.clone() };
        file.read_exact_at(&mut chunk.bytes[..len], position)?;
        Ok(Bytes::from_owner(chunk))
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
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
