//! A disk for the real local journal: real files, and beside them what of them would last if the
//! power failed now.
//!
//! An operation may fail, after a part of its work too. After so many operations the power goes:
//! nothing works any more until the machine is started again.

use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::local::{Disk, OsDisk};

use super::image::Image;
use crate::flaw::Flaw;
use crate::rng::Rng;

/// A disk that forgets, and fails.
#[derive(Debug)]
pub(super) struct RoughDisk {
    state: Mutex<State>,
    root: PathBuf,
    flaw: Flaw,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    image: Image,
    /// Operations until the power goes.
    left: Option<u64>,
    is_off: bool,
    /// After a failed fsync nobody knows what is on the disk: it takes nothing before a restart.
    is_broken: bool,
    /// Of a thousand operations, so many fail.
    failing: u32,
    operations: u64,
}

fn failed(what: &str) -> io::Error {
    io::Error::other(format!("the storm: {what}"))
}

/// What becomes of an operation.
enum Fate {
    Works,
    Fails,
    PowerGoes,
}

impl State {
    fn draw(&mut self) -> io::Result<Fate> {
        if self.is_off {
            return Err(failed("the power is gone"));
        }
        if self.is_broken {
            return Err(failed("the disk is broken"));
        }
        self.operations += 1;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.is_off = true;
                return Ok(Fate::PowerGoes);
            }
        }
        Ok(if self.rng.per_mille(self.failing) { Fate::Fails } else { Fate::Works })
    }

    /// Does `work`, which may be left undone where the operation does not work.
    fn operate<T>(
        &mut self,
        what: &str,
        work: impl FnOnce(&mut Image) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.draw()? {
            Fate::Works => work(&mut self.image),
            Fate::Fails => Err(failed(what)),
            Fate::PowerGoes => {
                if self.rng.per_mille(500) {
                    let _done = work(&mut self.image);
                }
                Err(failed("the power goes"))
            }
        }
    }
}

impl RoughDisk {
    pub(super) fn new(root: &Path, rng: Rng, flaw: Flaw) -> Self {
        let state = State {
            rng,
            image: Image::default(),
            left: None,
            is_off: false,
            is_broken: false,
            failing: 0,
            operations: 0,
        };
        Self { state: Mutex::new(state), root: root.to_owned(), flaw }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on so many of a thousand operations fail.
    pub(super) fn fail(&self, per_mille: u32) {
        self.state().failing = per_mille;
    }

    /// The power goes in the operation that comes after so many others.
    pub(super) fn arm(&self, operations: u64) {
        self.state().left = Some(operations.max(1));
    }

    /// Whether the machine has to be started again: the power went, or the disk is broken.
    pub(super) fn is_down(&self) -> bool {
        let state = self.state();
        state.is_off || state.is_broken
    }

    /// How many operations there were.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The machine starts again after a power failure. Says whether something was lost by it.
    pub(super) fn restart(&self) -> bool {
        let mut state = self.state();
        (state.left, state.is_off, state.is_broken) = (None, false, false);
        let State { rng, image, .. } = &mut *state;
        let (found, has_lost) = image.crash(rng);
        for path in files_of(&self.root) {
            fs::remove_file(path).expect("the file was listed");
        }
        for (path, content) in found {
            fs::write(path, content).expect("the folder of the history takes it");
        }
        has_lost
    }

    /// The name of an open file.
    fn path_of(&self, file: &File) -> io::Result<PathBuf> {
        let inode = file.metadata()?.ino();
        let is_it = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.ino() == inode);
        files_of(&self.root).into_iter().find(is_it).ok_or_else(|| failed("a file without a name"))
    }
}

/// The files in all partitions' folders.
pub(super) fn files_of(root: &Path) -> Vec<PathBuf> {
    let entries = |dir: &Path| {
        let listed = fs::read_dir(dir).into_iter().flatten();
        listed.flatten().map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    };
    let folders = entries(root).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = folders.flat_map(|folder| entries(&folder)).collect();
    files.sort();
    files
}

impl Disk for RoughDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        let mut state = self.state();
        state.operate("cannot make a file", |image| {
            image.make(path);
            OsDisk.create(path)
        })
    }

    fn write(&self, file: &File, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        let path = self.path_of(file)?;
        let mut state = self.state();
        let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let fate = state.draw()?;
        if !matches!(fate, Fate::Works) {
            let written = state.rng.below(bytes.len() as u64 + 1) as usize;
            bytes.truncate(written);
        }
        state.image.write(&path, &bytes);
        if !bytes.is_empty() {
            OsDisk.write(file, &mut [IoSlice::new(&bytes)])?;
        }
        match fate {
            Fate::Works => Ok(()),
            Fate::Fails => Err(failed("cannot write")),
            Fate::PowerGoes => Err(failed("the power goes")),
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let path = self.path_of(file)?;
        let mut state = self.state();
        let lies = self.flaw == Flaw::AcknowledgesBeforeStoring;
        let synced = state.operate("cannot sync", |image| {
            if !lies {
                image.sync(&path);
            }
            Ok(())
        });
        state.is_broken |= synced.is_err() && !state.is_off;
        synced
    }

    fn truncate(&self, file: &File, bytes: u64) -> io::Result<()> {
        let path = self.path_of(file)?;
        let mut state = self.state();
        state.operate("cannot cut", |image| {
            image.cut(&path, bytes as usize);
            OsDisk.truncate(file, bytes)
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate("cannot remove", |image| {
            // A file that is not there is nothing to remove, and no fault of the disk.
            OsDisk.remove(path)?;
            image.remove(path);
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        let lies = self.flaw == Flaw::ForgetsNames;
        let synced = state.operate("cannot sync a folder", |image| {
            if !lies {
                image.sync_dir(dir);
            }
            Ok(())
        });
        state.is_broken |= synced.is_err() && !state.is_off;
        synced
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        let State { rng, failing, .. } = &mut *self.state();
        Ok(if rng.per_mille(*failing) { 0 } else { u64::MAX })
    }
}
