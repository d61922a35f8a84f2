//! What a disk holds: what lasts for certain, and what was done since and may not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::rng::Rng;

/// Bytes that come through a power failure together, or not at all. Small, as files are here.
const SECTOR_BYTES: usize = 32;

/// Something that was done to a file and is not synced.
#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut { to: usize },
}

/// A file's content.
#[derive(Debug, Clone, Default)]
struct Content {
    durable: Vec<u8>,
    pending: Vec<Change>,
    length: usize,
}

/// Something that was done to a directory and is not synced.
#[derive(Debug, Clone)]
enum NameChange {
    Made(PathBuf, u64),
    Removed(PathBuf),
}

/// All files, by name; what a name stands for outlives the name.
#[derive(Debug, Default)]
pub(super) struct Image {
    contents: BTreeMap<u64, Content>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    pending_names: Vec<NameChange>,
    made: u64,
}

/// Leaves of `bytes` the sectors that come through; the others are as they were in `content`, or,
/// beyond its end, zeroes or what stood on the disk before.
fn tear(content: &mut Vec<u8>, at: usize, bytes: &[u8], rng: &mut Rng) {
    for (number, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
        let at = at + number * SECTOR_BYTES;
        if rng.per_mille(500) {
            put(content, at, sector);
        } else if content.len() <= at && rng.per_mille(200) {
            let noise: Vec<u8> = sector.iter().map(|_| rng.draw() as u8).collect();
            put(content, at, &noise);
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(content, *at, bytes),
            Self::Cut { to } => content.truncate(*to),
        }
    }
}

impl Content {
    /// What a power failure leaves: any of the changes, whole, torn, or not at all.
    fn survives(&self, rng: &mut Rng) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.pending {
            match (rng.below(3), change) {
                (0, _) => {}
                (1, Change::Write { at, bytes }) => tear(&mut content, *at, bytes, rng),
                _ => change.apply(&mut content),
            }
        }
        content
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            change.apply(&mut self.durable);
        }
    }
}

impl Image {
    /// A file is made, or emptied where there is one of that name.
    pub(super) fn make(&mut self, path: &Path) {
        if let Some(content) = self.names.get(path).and_then(|id| self.contents.get_mut(id)) {
            content.pending.push(Change::Cut { to: 0 });
            content.length = 0;
            return;
        }
        self.made += 1;
        self.contents.insert(self.made, Content::default());
        self.names.insert(path.to_owned(), self.made);
        self.pending_names.push(NameChange::Made(path.to_owned(), self.made));
    }

    fn content(&mut self, path: &Path) -> Option<&mut Content> {
        self.contents.get_mut(self.names.get(path)?)
    }

    /// Bytes are written to the end of a file.
    pub(super) fn write(&mut self, path: &Path, bytes: &[u8]) {
        if let Some(content) = self.content(path) {
            let at = content.length;
            content.pending.push(Change::Write { at, bytes: bytes.to_vec() });
            content.length += bytes.len();
        }
    }

    /// A file is cut off.
    pub(super) fn cut(&mut self, path: &Path, to: usize) {
        if let Some(content) = self.content(path) {
            content.pending.push(Change::Cut { to });
            content.length = to;
        }
    }

    /// What was done to a file lasts.
    pub(super) fn sync(&mut self, path: &Path) {
        if let Some(content) = self.content(path) {
            content.sync();
        }
    }

    /// A file loses its name.
    pub(super) fn remove(&mut self, path: &Path) {
        if self.names.remove(path).is_some() {
            self.pending_names.push(NameChange::Removed(path.to_owned()));
        }
    }

    /// The names of a directory's files last.
    pub(super) fn sync_dir(&mut self, dir: &Path) {
        let is_of = |change: &NameChange| match change {
            NameChange::Made(path, _) | NameChange::Removed(path) => path.parent() == Some(dir),
        };
        let (synced, left) = std::mem::take(&mut self.pending_names).into_iter().partition(is_of);
        self.pending_names = left;
        let synced: Vec<NameChange> = synced;
        synced.into_iter().for_each(|change| self.keep(change));
    }

    fn keep(&mut self, change: NameChange) {
        match change {
            NameChange::Made(path, id) => _ = self.durable_names.insert(path, id),
            NameChange::Removed(path) => _ = self.durable_names.remove(&path),
        }
    }

    /// The power fails: gives what is found after it, which lasts. Says whether something is lost.
    pub(super) fn crash(&mut self, rng: &mut Rng) -> (BTreeMap<PathBuf, Vec<u8>>, bool) {
        for change in std::mem::take(&mut self.pending_names) {
            if rng.per_mille(500) {
                self.keep(change);
            }
        }
        let mut has_lost = self.durable_names != self.names;
        let (names, contents) =
            (std::mem::take(&mut self.durable_names), std::mem::take(&mut self.contents));
        let mut found = BTreeMap::new();
        for (path, id) in names {
            let Some(content) = contents.get(&id) else { continue };
            let durable = content.survives(rng);
            has_lost |= durable.len() != content.length;
            found.insert(path.clone(), durable.clone());
            let length = durable.len();
            self.contents.insert(id, Content { durable, pending: Vec::new(), length });
            self.durable_names.insert(path, id);
        }
        self.names = self.durable_names.clone();
        (found, has_lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crashed(image: &mut Image, seed: u64) -> BTreeMap<PathBuf, Vec<u8>> {
        image.crash(&mut Rng::new(seed)).0
    }

    #[test]
    fn what_was_synced_lasts_and_of_the_rest_anything_may() {
        let (dir, path) = (Path::new("p"), Path::new("p/a"));
        let mut seen = Vec::new();
        for seed in 0..200 {
            let mut image = Image::default();
            image.make(path);
            image.write(path, b"durable");
            image.sync(path);
            image.sync_dir(dir);
            image.write(path, &[1; SECTOR_BYTES]);
            image.write(path, &[2; SECTOR_BYTES]);
            let found = crashed(&mut image, seed).remove(path).unwrap();
            assert!(found.starts_with(b"durable"), "{found:?}");
            assert_eq!(crashed(&mut image, seed + 1).remove(path).unwrap(), found, "it lasts");
            seen.push(found.len() - 7);
            let later_alone = found.get(7) == Some(&0) && found.last() == Some(&2);
            seen.push(if later_alone { usize::MAX } else { 0 });
        }
        for expected in [0, SECTOR_BYTES, 2 * SECTOR_BYTES, usize::MAX] {
            assert!(seen.contains(&expected), "{expected} never came");
        }
    }

    #[test]
    fn a_name_that_was_not_synced_may_go_or_come_back() {
        let (dir, path) = (Path::new("p"), Path::new("p/a"));
        let is_there = |seed: u64, removes: bool| {
            let mut image = Image::default();
            image.make(path);
            if removes {
                image.sync_dir(dir);
                image.remove(path);
            }
            crashed(&mut image, seed).contains_key(path)
        };
        for removes in [false, true] {
            let there = (0..50).filter(|&seed| is_there(seed, removes)).count();
            assert!((1..50).contains(&there), "{there}");
        }
    }
}
