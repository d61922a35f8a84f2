//! Room in which what is written past the page cache is gathered.
//!
//! **Rules.** A byte that is to stand at the position `p` of the file stands in memory at an
//! address that leaves the same rest when it is divided by [`BLOCK_BYTES`]: the operating system
//! takes whole blocks from there without copying them. What does not fill a block at either end is
//! written as ever, so that nothing but the segment's bytes is in its file.

use std::io::{self, IoSlice};

use super::direct::BLOCK_BYTES;
use super::disk::Disk;

/// Fewer bytes are not worth going past the page cache for.
const DIRECT_BYTES_MIN: usize = 64 << 10;

/// The room, kept from one write to the next.
#[derive(Debug, Default)]
pub(super) struct Staging {
    room: Vec<u8>,
}

impl Staging {
    /// Writes `parts` to the end of `file`, which is the position `position`.
    pub(super) fn write(
        &mut self,
        (disk, file): (&dyn Disk, &std::fs::File),
        position: u64,
        parts: &mut [IoSlice<'_>],
    ) -> io::Result<()> {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        if bytes < DIRECT_BYTES_MIN {
            return disk.write(file, parts);
        }
        let gathered = self.gather(position, parts, bytes);
        let before = (BLOCK_BYTES - position as usize % BLOCK_BYTES) % BLOCK_BYTES;
        let (before, rest) = gathered.split_at(before);
        let (blocks, after) = rest.split_at(rest.len() - rest.len() % BLOCK_BYTES);
        if !before.is_empty() {
            disk.write(file, &mut [IoSlice::new(before)])?;
        }
        disk.write_blocks(file, blocks)?;
        if !after.is_empty() {
            disk.write(file, &mut [IoSlice::new(after)])?;
        }
        Ok(())
    }

    fn gather(&mut self, position: u64, parts: &[IoSlice<'_>], bytes: usize) -> &[u8] {
        let room = 2 * BLOCK_BYTES + bytes;
        if self.room.len() < room {
            self.room = vec![0; room.next_multiple_of(BLOCK_BYTES)];
        }
        let first = self.room.as_ptr().align_offset(BLOCK_BYTES) + position as usize % BLOCK_BYTES;
        let mut rest = &mut self.room[first..];
        for part in parts {
            let (place, behind) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = behind;
        }
        &self.room[first..first + bytes]
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::sync::Mutex;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::disk::OsDisk;
    use super::*;

    /// Notes how many bytes of each write went past the page cache.
    #[derive(Debug, Default)]
    struct Watched {
        blocks: Mutex<Vec<usize>>,
    }

    impl Disk for Watched {
        fn write_blocks(&self, file: &File, blocks: &[u8]) -> io::Result<()> {
            assert_eq!(blocks.as_ptr().align_offset(BLOCK_BYTES), 0);
            assert_eq!(file.metadata()?.len() as usize % BLOCK_BYTES, 0);
            self.blocks.lock().unwrap().push(blocks.len());
            OsDisk.write_blocks(file, blocks)
        }
    }

    fn written(dir: &Path, groups: &[Vec<usize>]) -> (Vec<u8>, Vec<u8>, Vec<usize>) {
        let (path, disk) = (dir.join("file"), Watched::default());
        let file = disk.create(&path).unwrap();
        let mut staging = Staging::default();
        let (mut wanted, mut next) = (Vec::new(), 0_u32);
        for group in groups {
            let parts: Vec<Vec<u8>> = group
                .iter()
                .map(|&bytes| {
                    next = next.wrapping_mul(31).wrapping_add(7);
                    (0..bytes).map(|at| (at as u32).wrapping_mul(next) as u8).collect()
                })
                .collect();
            let mut slices: Vec<IoSlice<'_>> =
                parts.iter().map(|part| IoSlice::new(part)).collect();
            let position = wanted.len() as u64;
            staging.write((&disk, &file), position, &mut slices).unwrap();
            wanted.extend(parts.concat());
        }
        let blocks = disk.blocks.into_inner().unwrap();
        (fs::read(path).unwrap(), wanted, blocks)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_file_holds_all_parts_end_to_end(
            groups in vec(vec(prop_oneof![1..300_usize, 4000..4200_usize, 1..200_000_usize], 1..5), 1..6),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let (found, wanted, _) = written(dir.path(), &groups);
            prop_assert!(found == wanted);
        }
    }

    #[test]
    fn whole_blocks_of_large_groups_go_past_the_page_cache() {
        let dir = tempfile::tempdir().unwrap();
        let (found, wanted, blocks) =
            written(dir.path(), &[vec![64], vec![100, 200_000], vec![10], vec![BLOCK_BYTES * 32]]);
        assert!(found == wanted);
        assert_eq!(blocks, [47 * BLOCK_BYTES, 31 * BLOCK_BYTES]);
    }
}
