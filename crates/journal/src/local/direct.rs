//! Reading and writing past the page cache, in whole blocks.
//!
//! That is half the work for the processor, and what others have in the page cache stays there. It is
//! Linux's `O_DIRECT` (`open(2)`), set for the moment of the call. Where the system or the file system
//! does not do it, the bytes go through the page cache.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

/// What the operating system wants addresses, positions and lengths to be multiples of. 4 KiB is
/// the largest block that disks and file systems have on Linux in common use.
pub(super) const BLOCK_BYTES: usize = 4096;

#[cfg(target_os = "linux")]
const DIRECT: OFlags = OFlags::DIRECT;
#[cfg(not(target_os = "linux"))]
const DIRECT: OFlags = OFlags::empty();

/// Writes whole blocks to the end of the file.
pub(super) fn write(mut file: &File, blocks: &[u8]) -> io::Result<()> {
    let mut written = 0;
    directly(file, || {
        match file.write(&blocks[written..])? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            bytes => written += bytes,
        }
        Ok(written < blocks.len())
    })?;
    file.write_all(&blocks[written..])
}

/// Reads at `position` of the file what `blocks` holds, or up to the file's end; gives how much.
pub(super) fn read(file: &File, position: u64, blocks: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    directly(file, || {
        let bytes = file.read_at(&mut blocks[read..], position + read as u64)?;
        read += bytes;
        // What is less than a block long ends with the file.
        Ok(bytes > 0 && read % BLOCK_BYTES == 0 && read < blocks.len())
    })?;
    loop {
        match file.read_at(&mut blocks[read..], position + read as u64) {
            Ok(0) => return Ok(read),
            Ok(bytes) => read += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Does a step after the other past the page cache, as long as there are more.
fn directly(file: &File, mut step: impl FnMut() -> io::Result<bool>) -> io::Result<()> {
    let flags = fcntl_getfl(file)?;
    if DIRECT.is_empty() || fcntl_setfl(file, flags | DIRECT).is_err() {
        return Ok(());
    }
    let done = loop {
        match step() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Larger blocks are asked for, or it is not to be had after all.
            Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    fcntl_setfl(file, flags)?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(room: &mut [u8]) -> &mut [u8] {
        let first = room.as_ptr().align_offset(BLOCK_BYTES);
        let bytes = (room.len() - first) / BLOCK_BYTES * BLOCK_BYTES;
        &mut room[first..first + bytes]
    }

    #[test]
    fn what_was_written_is_read_up_to_the_end_of_the_file() {
        let mut room = vec![0; 5 * BLOCK_BYTES];
        let blocks = aligned(&mut room);
        blocks.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 7 / 3) as u8);
        let mut file = tempfile::tempfile().unwrap();
        write(&file, blocks).unwrap();
        file.write_all(b"the end").unwrap();
        let mut found = vec![0; 8 * BLOCK_BYTES];
        let found = aligned(&mut found);
        let bytes = read(&file, 0, found).unwrap();
        assert_eq!(bytes, blocks.len() + 7);
        assert!(found[..blocks.len()] == *blocks);
        assert_eq!(&found[blocks.len()..bytes], b"the end");
        let bytes = read(&file, BLOCK_BYTES as u64, found).unwrap();
        assert_eq!(bytes, blocks.len() + 7 - BLOCK_BYTES);
        assert!(found[..blocks.len() - BLOCK_BYTES] == blocks[BLOCK_BYTES..]);
        assert_eq!(read(&file, 64 * BLOCK_BYTES as u64, found).unwrap(), 0);
    }

    #[test]
    fn a_file_that_cannot_be_written_gives_its_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let reading = File::open(file.path()).unwrap();
        let mut room = vec![0; 2 * BLOCK_BYTES];
        let blocks = aligned(&mut room);
        assert!(write(&reading, blocks).is_err());
    }
}
