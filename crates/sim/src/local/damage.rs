//! Files that were damaged while nobody held them: the journal is refused, or says so when it is
//! read, or has lost what cannot be told from a torn tail. It never gives out another frame.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use journal::local::OsDisk;
use journal::{Journal, LocalJournal, OpenError, ReadError};
use model::Partition;

use super::World;
use super::disk::files_of;
use super::witness::plain;
use crate::violation::Rule;

/// Damages a file, looks at what the journal makes of it, and puts all files back.
pub(super) async fn probe(world: &mut World) {
    let before: BTreeMap<PathBuf, Vec<u8>> = files_of(world.folder.path())
        .into_iter()
        .filter_map(|path| Some((path.clone(), fs::read(&path).ok()?)))
        .collect();
    let paths: Vec<&PathBuf> = before.keys().filter(|path| !before[*path].is_empty()).collect();
    if paths.is_empty() {
        return;
    }
    let path = world.rng.pick(&paths);
    let mut content = before[path].clone();
    let at = world.rng.below(content.len() as u64) as usize;
    match world.rng.below(3) {
        0 => content[at] ^= 1 << world.rng.below(8),
        1 => content.truncate(at),
        _ => content[at..].fill(0),
    }
    fs::write(path, content).expect("the folder of the history takes it");
    look(world).await;
    for path in files_of(world.folder.path()) {
        if !before.contains_key(&path) {
            fs::remove_file(path).expect("the file was listed");
        }
    }
    // Written in their places, as the disk knows files by what they are.
    for (path, content) in before {
        fs::write(path, content).expect("the folder of the history takes it");
    }
}

async fn look(world: &mut World) {
    let (path, clock) = (world.folder.path(), Arc::clone(&world.storm.clock));
    let opened = LocalJournal::open_by_hand(Arc::new(OsDisk), path, world.settings, clock);
    let journal = match opened {
        Ok((journal, _)) => journal,
        Err(error) => {
            world.storm.saw("a damaged journal is refused");
            let is_told = matches!(error, OpenError::Damaged { .. } | OpenError::Version { .. });
            if !is_told {
                let what = format!("a damaged journal is refused with: {}", plain(&error));
                world.storm.violated(Rule::FramesAreAsSent, what);
            }
            return;
        }
    };
    for partition in (0..journal.partitions()).map(Partition) {
        let (mut next, end) = (journal.bounds(partition).start, world.witness.end(partition));
        while next < journal.bounds(partition).end.min(end) {
            match journal.read(partition, next, 500).await {
                Ok(frames) => {
                    let known = frames.len().min((end.0 - next.0) as usize);
                    let frames = &frames[..known];
                    world.witness.check_frames(partition, next, frames, &world.storm);
                    next = next.plus(known.max(1) as u64);
                }
                Err(ReadError::Damaged { .. }) => {
                    world.storm.saw("a damaged frame is refused");
                    break;
                }
                Err(error) => {
                    let what = format!("a damaged journal is read to be: {}", plain(&error));
                    world.storm.violated(Rule::FramesAreAsSent, what);
                    break;
                }
            }
        }
        if journal.bounds(partition).end < end {
            world.storm.saw("a damaged tail is cut");
        }
    }
}
