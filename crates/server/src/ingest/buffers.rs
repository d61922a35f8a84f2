//! Buffers that are used again, so that a busy door does not ask the system for fresh pages with
//! every request.

use std::sync::{Mutex, PoisonError};

/// Most buffers that are kept.
const KEPT_MAX: usize = 8;
/// Largest buffer that is kept: memory that only a rare large request needed is given back.
pub(super) const KEPT_BYTES_MAX: usize = 4 << 20;

/// Buffers at rest.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    kept: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// An empty buffer with room for `bytes`.
    pub(super) fn take(&self, bytes: usize) -> Vec<u8> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = kept.unwrap_or_default();
        buffer.reserve(bytes);
        buffer
    }

    /// Takes a buffer back.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() == 0 || buffer.capacity() > KEPT_BYTES_MAX {
            return;
        }
        buffer.clear();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(buffer);
        }
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
        buffers.give_back(buffer);
        buffers.give_back(Vec::with_capacity(KEPT_BYTES_MAX + 1));
        let again = buffers.take(10);
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        assert_eq!(buffers.take(0).capacity(), 0);
    }
}
