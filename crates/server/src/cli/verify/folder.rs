//! The objects in a folder: a copy of the bucket, or of a part of it.
//!
//! An object is looked for at its key below the folder, and at what is left of the key without its
//! first segments, as copies of a part of a bucket have it.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Component, Path, PathBuf};

use delivery::parse_checksum;
use delivery::verify::{Expected, Window, read_object};
use model::object_key::ObjectName;
use model::output::Newlines;

use super::ledger::{Entry, Service};
use super::report::{Outcome, Report};
use crate::cli::CliError;

/// The folder, and whose objects count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folder<'f> {
    pub(super) dir: &'f Path,
    pub(super) window: Window,
    pub(super) installation: &'f str,
}

/// A batch of the ledger as it is found again: its place, and a hash of what its object is called.
/// There may be millions.
#[derive(Debug)]
struct Known {
    place: (u16, u64),
    name: u64,
    is_given_up: bool,
    /// Whether its object was looked for at its key, in vain.
    is_missing: bool,
    /// Whether its object was met on the walk through the folder.
    is_met: bool,
}

/// Checks that there is such a folder.
pub(super) fn check_is_there(dir: &Path) -> Result<(), CliError> {
    let listed = std::fs::read_dir(dir).map(drop);
    listed.map_err(|source| CliError::File { path: dir.to_owned(), source })
}

impl Folder<'_> {
    /// Reads the objects that the ledger has delivered, and walks through the folder where `lists`
    /// says so.
    pub(super) async fn check(
        self,
        service: &Service,
        lists: bool,
        report: &mut Report,
    ) -> Result<(), CliError> {
        let mut known = Vec::new();
        let mut position: Option<String> = None;
        loop {
            let part = service.entries(position.as_deref()).await?;
            for entry in part.batches {
                let outcome = self.look(&entry).await;
                let is_missing = outcome == Outcome::Missing;
                report.take(&entry, &outcome);
                known.push(Known {
                    place: (entry.partition, entry.first_frame),
                    name: hash(entry.key.rsplit('/').next().unwrap_or_default()),
                    is_given_up: entry.state == "lost",
                    is_missing,
                    is_met: false,
                });
            }
            position = part.next;
            if position.is_none() {
                break;
            }
        }
        if lists {
            known.sort_by_key(|known| known.place);
            self.walk(known, report);
        }
        Ok(())
    }

    async fn look(self, entry: &Entry) -> Outcome {
        match entry.state.as_str() {
            "sealed" => return Outcome::NotDelivered,
            "lost" => return Outcome::GivenUp,
            _ => {}
        }
        let expected = match expected(entry) {
            Ok(expected) => expected,
            Err(why) => return Outcome::Unreadable(why),
        };
        let path = match find(self.dir, &entry.key) {
            Ok(Some(path)) => path,
            Ok(None) => return Outcome::Missing,
            Err(error) => return Outcome::Unreadable(error.to_string()),
        };
        let reading = tokio::task::spawn_blocking(move || {
            let found = read_object(File::open(&path)?, expected.manner())?;
            io::Result::Ok(expected.differences(&found))
        });
        match reading.await {
            Ok(Ok(differences)) if differences.is_empty() => Outcome::Same,
            Ok(Ok(differences)) => {
                Outcome::Altered(differences.iter().map(ToString::to_string).collect())
            }
            Ok(Err(error)) => Outcome::Unreadable(error.to_string()),
            Err(error) => Outcome::Unreadable(error.to_string()),
        }
    }

    /// Walks through the folder for objects of the job that the ledger does not know.
    fn walk(self, mut known: Vec<Known>, report: &mut Report) {
        report.listed(0);
        let mut open = vec![self.dir.to_owned()];
        while let Some(dir) = open.pop() {
            let entries = match std::fs::read_dir(&dir) {
                Ok(entries) => entries,
                Err(error) => {
                    report.unread(dir.display().to_string(), error.to_string());
                    continue;
                }
            };
            for entry in entries {
                let kind = entry.and_then(|entry| Ok((entry.file_type()?, entry)));
                match kind {
                    Ok((kind, entry)) if kind.is_dir() => open.push(entry.path()),
                    Ok((_, entry)) => {
                        report.listed(1);
                        self.meet(&entry.path(), &mut known, report);
                    }
                    Err(error) => {
                        report.unread(dir.display().to_string(), error.to_string());
                    }
                }
            }
        }
    }

    fn meet(self, path: &Path, known: &mut [Known], report: &mut Report) {
        let Some(text) = path.file_name().and_then(|name| name.to_str()) else { return };
        let Some(name) = ObjectName::read(text) else { return };
        let is_ours = name.installation.to_string() == self.installation
            && name.job.0 == report.job
            && self.window.touches(name.start, name.end);
        if !is_ours {
            return;
        }
        let place = (name.partition.0, name.first.0);
        let found = known.binary_search_by_key(&place, |known| known.place);
        let why = match found.ok().and_then(|at| known.get_mut(at)) {
            None => "no batch of the ledger begins where its name says",
            Some(batch) if batch.name != hash(text) => "the ledger calls its object otherwise",
            Some(batch) if batch.is_given_up => "the ledger has given its batch up",
            Some(batch) if batch.is_missing => {
                "it is the object of a batch, but not at its key below the folder"
            }
            Some(batch) if batch.is_met => "its object is in the folder more than once",
            Some(batch) => {
                batch.is_met = true;
                return;
            }
        };
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        report.extra(path.display().to_string(), bytes, why.to_owned());
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// What the ledger says of the object.
fn expected(entry: &Entry) -> Result<Expected, String> {
    let odd = |what: &str| format!("the ledger has no {what} that this program understands");
    let name = ObjectName::read(&entry.key).ok_or_else(|| odd("name of it"))?;
    let checksum = entry.checksum.as_deref();
    let checksum = checksum.map(|text| parse_checksum(text).ok_or_else(|| odd("checksum")));
    let in_quotes_too = entry.newlines_in_quotes;
    Ok(Expected {
        compression: name.compression,
        object_bytes: entry.object_bytes.ok_or_else(|| odd("length of it"))?,
        checksum: checksum.transpose()?,
        raw_bytes: entry.raw_bytes,
        newlines: entry.newlines.map(|count| Newlines { count, in_quotes_too }),
    })
}

/// The file that holds the object of this key, below `dir`.
fn find(dir: &Path, key: &str) -> io::Result<Option<PathBuf>> {
    let mut rest = Some(key);
    while let Some(part) = rest {
        let path = Path::new(part);
        let stays_within = path.components().all(|part| matches!(part, Component::Normal(_)));
        let path = dir.join(path);
        match path.metadata() {
            Ok(metadata) if stays_within && metadata.is_file() => return Ok(Some(path)),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(error),
        }
        rest = part.split_once('/').map(|(_, rest)| rest);
    }
    Ok(None)
}
