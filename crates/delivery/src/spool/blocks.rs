//! One file without a name, given out in blocks of one size to all spools.
//!
//! A thousand open batches take one file descriptor. The operating system removes the file with
//! the process. Blocks are given out from the file's start, and the end is cut off when it is
//! free, so that the disk gets back what an outage took.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a block.
pub(super) const BLOCK_BYTES: u64 = 64 << 10;
/// Free blocks at the file's end that are worth cutting off.
const CUT_BLOCKS_MIN: u32 = 256;

/// The file of all spools.
#[derive(Debug)]
pub(crate) struct BlockFile {
    dir: PathBuf,
    blocks_max: u32,
    state: Mutex<State>,
    /// Whether it was said that there is no room; said once until there is room again.
    warned: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    file: Option<Arc<File>>,
    /// Blocks before `end` that nobody has.
    free: BTreeSet<u32>,
    /// The first block that was not given out since the file's end was last cut off.
    end: u32,
}

impl BlockFile {
    /// A file in `dir`, made when it is needed, of at most about `bytes_max`.
    pub(super) fn new(dir: PathBuf, bytes_max: u64) -> Self {
        let blocks_max = u32::try_from(bytes_max / BLOCK_BYTES).unwrap_or(u32::MAX);
        Self { dir, blocks_max, state: Mutex::default(), warned: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the blocks that are given out.
    pub(super) fn used_bytes(&self) -> u64 {
        let state = self.state();
        (u64::from(state.end) - state.free.len() as u64) * BLOCK_BYTES
    }

    /// Says that there is no room on the disk, once until there is.
    pub(super) fn warn_of(&self, error: &io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                dir = %self.dir.display(), %error,
                "cannot spool to disk; what does not fit into the memory is encoded again later"
            );
        }
    }

    /// Adds `count` blocks to `blocks`, all or none, and gives the file.
    fn take(&self, count: usize, blocks: &mut Vec<u32>) -> io::Result<Arc<File>> {
        let mut state = self.state();
        let fresh = count.saturating_sub(state.free.len());
        if fresh > (self.blocks_max - state.end) as usize {
            return Err(io::Error::other("the spool's disk budget is used up"));
        }
        let file = match &state.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(state.file.insert(Arc::new(tempfile::tempfile_in(&self.dir)?))),
        };
        for _ in 0..count - fresh {
            blocks.extend(state.free.pop_first());
        }
        blocks.extend(state.end..state.end + fresh as u32);
        state.end += fresh as u32;
        Ok(file)
    }

    fn give_back(&self, blocks: &[u32]) {
        let mut state = self.state();
        state.free.extend(blocks);
        let mut end = state.end;
        while end > 0 && state.free.contains(&(end - 1)) {
            end -= 1;
        }
        if state.end - end < CUT_BLOCKS_MIN && end > 0 {
            return;
        }
        // Within the lock, so that nobody writes beyond the new end in between. An error costs
        // disk space alone.
        let cut = state.file.as_ref().map(|file| file.set_len(u64::from(end) * BLOCK_BYTES));
        if let Some(Ok(())) = cut {
            state.free.split_off(&end);
            state.end = end;
        }
    }
}

/// The part of a spool that lies in the file: bytes from 0 on, which can only grow at the end.
#[derive(Debug)]
pub(super) struct Extent {
    home: Arc<BlockFile>,
    file: Option<Arc<File>>,
    blocks: Vec<u32>,
    len: u64,
}

impl Extent {
    pub(super) fn new(home: &Arc<BlockFile>) -> Self {
        Self { home: Arc::clone(home), file: None, blocks: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends bytes, all or none.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let had = self.blocks.len();
        let wanted = (self.len + bytes.len() as u64).div_ceil(BLOCK_BYTES) as usize;
        let file = self.home.take(wanted - had, &mut self.blocks)?;
        let written = pieces(&self.blocks, self.len, bytes.len()).try_for_each(|piece| {
            file.write_all_at(&bytes[piece.at..piece.at + piece.bytes], piece.position)
        });
        if let Err(error) = written {
            self.home.give_back(&self.blocks[had..]);
            self.blocks.truncate(had);
            return Err(error);
        }
        self.file = Some(file);
        self.len += bytes.len() as u64;
        self.home.warned.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Fills `into` with the bytes from `from` on, which must be there.
    pub(super) fn read(&self, from: u64, into: &mut [u8]) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        pieces(&self.blocks, from, into.len()).try_for_each(|piece| {
            file.read_exact_at(&mut into[piece.at..piece.at + piece.bytes], piece.position)
        })
    }

    /// Forgets the bytes from `len` on.
    pub(super) fn truncate(&mut self, len: u64) {
        self.len = self.len.min(len);
        let kept = self.len.div_ceil(BLOCK_BYTES) as usize;
        if kept < self.blocks.len() {
            self.home.give_back(&self.blocks[kept..]);
            self.blocks.truncate(kept);
        }
    }
}

impl Drop for Extent {
    fn drop(&mut self) {
        self.truncate(0);
    }
}

/// Bytes that lie together in the file.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where they begin in the buffer.
    at: usize,
    bytes: usize,
    /// Where they begin in the file.
    position: u64,
}

/// The pieces of `len` bytes from `from` on: one for each run of blocks that stand together.
fn pieces(blocks: &[u32], from: u64, len: usize) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at == len {
            return None;
        }
        let position = from + at as u64;
        let mut index = (position / BLOCK_BYTES) as usize;
        let in_block = position % BLOCK_BYTES;
        let first = u64::from(blocks[index]);
        let mut room = BLOCK_BYTES - in_block;
        while room < (len - at) as u64 && blocks[index] + 1 == blocks[index + 1] {
            index += 1;
            room += BLOCK_BYTES;
        }
        let bytes = room.min((len - at) as u64) as usize;
        let piece = Piece { at, bytes, position: first * BLOCK_BYTES + in_block };
        at += bytes;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(blocks_max: u64) -> (tempfile::TempDir, Arc<BlockFile>) {
        let dir = tempfile::tempdir().unwrap();
        let file = BlockFile::new(dir.path().to_owned(), blocks_max * BLOCK_BYTES);
        (dir, Arc::new(file))
    }

    fn all(extent: &Extent) -> Vec<u8> {
        let mut bytes = vec![0; extent.len() as usize];
        extent.read(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_full_file_refuses_and_what_is_given_back_serves_again() {
        let (_dir, file) = file(4);
        let mut first = Extent::new(&file);
        let mut second = Extent::new(&file);
        first.append(&vec![1; 3 * BLOCK_BYTES as usize]).unwrap();
        second.append(&[2; 10]).unwrap();
        assert!(second.append(&vec![2; BLOCK_BYTES as usize]).is_err());
        assert_eq!(second.len(), 10);
        first.truncate(1);
        second.append(&vec![3; BLOCK_BYTES as usize]).unwrap();
        assert_eq!(all(&first), [1]);
        assert_eq!(&all(&second)[8..12], [2, 2, 3, 3]);
        drop((first, second));
        assert_eq!(file.used_bytes(), 0);
        assert_eq!(file.state().file.as_ref().unwrap().metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_place_that_is_not_there_is_an_error() {
        let file = Arc::new(BlockFile::new(PathBuf::from("/nonexistent/spool"), 1 << 20));
        assert!(Extent::new(&file).append(b"x").is_err());
        assert_eq!(file.used_bytes(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn extents_that_grow_and_shrink_side_by_side_keep_their_bytes(
            steps in prop::collection::vec((0..3usize, any::<bool>(), 0..200_000usize), 1..24)
        ) {
            let (_dir, file) = file(1 << 10);
            let mut extents: Vec<Extent> = (0..3).map(|_| Extent::new(&file)).collect();
            let mut expected = vec![Vec::new(); 3];
            for (step, (which, grows, bytes)) in steps.into_iter().enumerate() {
                if grows {
                    let added: Vec<u8> = (0..bytes).map(|at| (at / 97 + step) as u8).collect();
                    extents[which].append(&added).unwrap();
                    expected[which].extend(added);
                } else {
                    extents[which].truncate(bytes as u64);
                    expected[which].truncate(bytes);
                }
            }
            for (extent, expected) in extents.iter().zip(&expected) {
                prop_assert!(all(extent) == *expected);
            }
            let blocks: u64 = expected.iter().map(|e| (e.len() as u64).div_ceil(BLOCK_BYTES)).sum();
            prop_assert_eq!(file.used_bytes(), blocks * BLOCK_BYTES);
        }
    }
}
