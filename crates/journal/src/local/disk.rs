//! What the journal asks of the file system when it writes, as a part that can be exchanged.
//!
//! Each operation does the real thing by default; a simulation or a test overrides those that
//! it wants to count, to fail or to cut short.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{direct, layout};

/// The writing operations on files.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Makes a file, or empties it where it exists; what is written to it goes to its end.
    fn create(&self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        file.set_len(0)?;
        Ok(file)
    }

    /// Writes all of `slices` to the end of the file. It may fail after having written a part.
    fn write(&self, mut file: &File, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes `blocks`, which is aligned in memory, to the end of the file, which is aligned too, both
    /// by the largest block of disks in use (4 KiB). It may fail after having written a part.
    fn write_blocks(&self, file: &File, blocks: &[u8]) -> io::Result<()> {
        self.write(file, &mut [IoSlice::new(blocks)])
    }

    /// Makes the file's content and length durable (fdatasync).
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Cuts the file off after `bytes`.
    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Makes it durable which files are in the directory.
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    /// Bytes that this process may still use in the file system of `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let space = rustix::fs::statvfs(dir)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}

/// Whether a file in `dir` can be written and made durable, tried with one that is removed again.
pub(super) fn probe(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    let path = layout::probe_path(dir);
    let file = disk.create(&path)?;
    let tried = disk.write(&file, &mut [IoSlice::new(&[0; 4096])]).and_then(|()| disk.sync(&file));
    disk.remove(&path)?;
    tried
}

/// The operating system's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn write_blocks(&self, file: &File, blocks: &[u8]) -> io::Result<()> {
        direct::write(file, blocks)
    }
}
