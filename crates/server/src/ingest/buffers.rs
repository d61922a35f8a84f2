//! Buffers that are used again, so that a busy door does not ask the system for fresh pages with
//! every request.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// Most buffers that are kept.
const KEPT_MAX: usize = 8;
/// Largest buffer that is kept: memory that only a rare large request needed is given back.
pub(super) const KEPT_BYTES_MAX: usize = 4 << 20;

/// Buffers at rest. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers {
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A buffer in use. It goes back to where it came from when it is dropped.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// An empty buffer with room for `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Buffer {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = kept.unwrap_or_default();
        buffer.reserve(bytes);
        Buffer { bytes: buffer, home: self.clone() }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() == 0 || bytes.capacity() > KEPT_BYTES_MAX {
            return;
        }
        bytes.clear();
        let mut kept = self.home.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(bytes);
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_a_huge_one_does_not_come_back() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(1000);
        buffer.extend_from_slice(b"old");
        let at = buffer.as_ptr();
        let huge = buffers.take(KEPT_BYTES_MAX + 1);
        drop(buffer);
        drop(huge);
        let again = buffers.take(10);
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        assert_eq!(buffers.take(0).capacity(), 0);
    }

    #[test]
    fn what_is_shared_comes_back_when_the_last_has_gone() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(1000);
        buffer.extend_from_slice(b"shared");
        let at = buffer.as_ptr();
        let shared = bytes::Bytes::from_owner(buffer);
        let part = shared.slice(..3);
        drop(shared);
        assert_eq!(buffers.take(0).capacity(), 0);
        drop(part);
        assert_eq!(buffers.take(0).as_ptr(), at);
    }
}
