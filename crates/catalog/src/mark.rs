//! The mark: what the data directory remembers of its catalogue, in a small file beside it.
//!
//! A catalogue can be another one tomorrow: an old backup, another installation's, one that lost
//! its jobs. The mark tells. It holds the installation, the catalogue's *generation* (a count of
//! what was decided and delivered), and the live part of the ledger: where every lane stands and
//! what is sealed and not delivered. So an older catalogue is not only known by it, but can be
//! brought forward too.
//!
//! **Rules.** It is read from what is committed, so that it is never ahead of its catalogue. It
//! appears whole or not at all, and carries a checksum.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use model::{Batch, InstallationId, JobId, Offset, OffsetRange, Partition, Revision, UnixNanos};
use serde::{Deserialize, Serialize};

use crate::publish::{create_private, discard, replace, unfinished};
use crate::{CatalogError, Cursor, Result};

/// The form of the file. One of another form was written by another version.
const FORMAT: u32 = 1;

/// What the data directory remembers of its catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose catalogue it is.
    pub installation: InstallationId,
    /// How much had been decided and delivered.
    pub generation: u64,
    /// When it was made.
    pub at: UnixNanos,
    /// Whether nothing was decided or delivered after it: the program stopped in order.
    pub is_final: bool,
    /// The highest number that a job ever had.
    pub last_job: JobId,
    /// The jobs that are not deleted, by number.
    pub jobs: Vec<MarkedJob>,
    /// Their batches that are sealed and neither delivered nor lost, by job, partition and range.
    pub sealed: Vec<Batch>,
}

/// A job as the mark knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedJob {
    /// Its number.
    pub id: JobId,
    /// Its newest revision.
    pub revision: Revision,
    /// Whether it pushed.
    pub enabled: bool,
    /// Where it stood, by partition.
    pub cursors: Vec<Cursor>,
}

impl Mark {
    /// Where the mark of the catalogue at `path` is.
    pub fn path_of(path: &Path) -> PathBuf {
        path.with_extension("mark")
    }

    /// Reads the mark in the file at `path`; `None` where there is no file.
    ///
    /// # Errors
    /// [`CatalogError::Mark`] where the file is damaged or of another version.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(unusable(path, "it is no text"));
            }
            Err(error) => return Err(CatalogError::io("read", path)(error)),
        };
        parse(&text).map(Some).map_err(|why| unusable(path, &why))
    }

    /// Writes the mark to the file at `path`, durably, in place of what was there.
    pub fn write(&self, path: &Path) -> Result<()> {
        let unfinished = unfinished(path);
        discard(&unfinished)?;
        let mut file = create_private(&unfinished)?;
        file.write_all(self.text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(CatalogError::io("write", &unfinished))?;
        replace(&unfinished, path)
    }

    /// One line of JSON, and one with its checksum.
    fn text(&self) -> String {
        let content = serde_json::to_string(&Content::of(self))
            .expect("texts and numbers can always be written as JSON");
        let checksum = checksum(&content);
        format!("{content}\n{checksum}\n")
    }

    /// The job of that number.
    pub fn job(&self, id: JobId) -> Option<&MarkedJob> {
        let found = self.jobs.binary_search_by_key(&id, |job| job.id).ok()?;
        self.jobs.get(found)
    }

    /// The sealed batches of a lane, in order.
    pub fn sealed_of(&self, job: JobId, partition: Partition) -> impl Iterator<Item = &Batch> {
        self.sealed.iter().filter(move |batch| (batch.job, batch.partition) == (job, partition))
    }
}

fn parse(text: &str) -> std::result::Result<Mark, String> {
    let mut lines = text.lines();
    let (Some(content), Some(found)) = (lines.next(), lines.next()) else {
        return Err("its end is missing".to_owned());
    };
    if found != checksum(content) {
        return Err("its checksum is wrong".to_owned());
    }
    let content: Content = serde_json::from_str(content).map_err(|error| error.to_string())?;
    content.mark()
}

fn checksum(content: &str) -> String {
    digest(&SHA256, content.as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unusable(path: &Path, what: &str) -> CatalogError {
    CatalogError::Mark { path: path.to_owned(), what: what.to_owned() }
}

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    format: u32,
    installation: String,
    generation: u64,
    at: i64,
    is_final: bool,
    last_job: u64,
    jobs: Vec<JobLine>,
    sealed: Vec<BatchLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct JobLine {
    id: u64,
    revision: u32,
    enabled: bool,
    /// Partitions, and the first frame of each that is not decided.
    cursors: Vec<(u16, u64)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BatchLine {
    job: u64,
    revision: u32,
    partition: u16,
    first: u64,
    next: u64,
    key: String,
    start: i64,
    end: i64,
    records: u64,
    raw_bytes: u64,
    gzip_level: u8,
}

impl Content {
    fn of(mark: &Mark) -> Self {
        let job = |job: &MarkedJob| JobLine {
            id: job.id.0,
            revision: job.revision.0,
            enabled: job.enabled,
            cursors: job.cursors.iter().map(|at| (at.partition.0, at.next.0)).collect(),
        };
        let batch = |batch: &Batch| BatchLine {
            job: batch.job.0,
            revision: batch.revision.0,
            partition: batch.partition.0,
            first: batch.range.first.0,
            next: batch.range.next.0,
            key: batch.key.clone(),
            start: batch.start.0,
            end: batch.end.0,
            records: batch.records,
            raw_bytes: batch.raw_bytes,
            gzip_level: batch.gzip_level,
        };
        Self {
            format: FORMAT,
            installation: mark.installation.to_string(),
            generation: mark.generation,
            at: mark.at.0,
            is_final: mark.is_final,
            last_job: mark.last_job.0,
            jobs: mark.jobs.iter().map(job).collect(),
            sealed: mark.sealed.iter().map(batch).collect(),
        }
    }

    fn mark(self) -> std::result::Result<Mark, String> {
        if self.format != FORMAT {
            return Err(format!("its form is {}, not {FORMAT}", self.format));
        }
        let installation = self.installation.parse::<InstallationId>();
        let installation = installation.map_err(|error| error.to_string())?;
        let cursor =
            |(partition, next)| Cursor { partition: Partition(partition), next: Offset(next) };
        let job = |line: JobLine| MarkedJob {
            id: JobId(line.id),
            revision: Revision(line.revision),
            enabled: line.enabled,
            cursors: line.cursors.into_iter().map(cursor).collect(),
        };
        let batch = |line: BatchLine| Batch {
            job: JobId(line.job),
            revision: Revision(line.revision),
            partition: Partition(line.partition),
            range: OffsetRange::new(Offset(line.first), Offset(line.next)),
            key: line.key,
            start: UnixNanos(line.start),
            end: UnixNanos(line.end),
            records: line.records,
            raw_bytes: line.raw_bytes,
            gzip_level: line.gzip_level,
        };
        Ok(Mark {
            installation,
            generation: self.generation,
            at: UnixNanos(self.at),
            is_final: self.is_final,
            last_job: JobId(self.last_job),
            jobs: self.jobs.into_iter().map(job).collect(),
            sealed: self.sealed.into_iter().map(batch).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        let batch = Batch {
            job: JobId(7),
            revision: Revision(2),
            partition: Partition(1),
            range: OffsetRange::new(Offset(5), Offset(9)),
            key: "a \"b\"/c\nd.log.gz".to_owned(),
            start: UnixNanos(-1),
            end: UnixNanos(2),
            records: 3,
            raw_bytes: 40,
            gzip_level: 6,
        };
        let cursors = vec![Cursor { partition: Partition(1), next: Offset(9) }];
        let job = |id, revision, cursors| MarkedJob {
            id: JobId(id),
            revision: Revision(revision),
            enabled: true,
            cursors,
        };
        Mark {
            installation: "e2c0c8f4abcd".parse().unwrap(),
            generation: 12,
            at: UnixNanos(3),
            is_final: false,
            last_job: JobId(8),
            jobs: vec![job(3, 1, vec![]), job(7, 2, cursors)],
            sealed: vec![batch],
        }
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.mark");
        assert_eq!(Mark::read(&path).unwrap(), None);
        for is_final in [false, true] {
            let mark = Mark { is_final, ..mark() };
            mark.write(&path).unwrap();
            assert_eq!(Mark::read(&path).unwrap(), Some(mark));
        }
        assert_eq!(mark().job(JobId(7)).unwrap().revision, Revision(2));
        assert_eq!(mark().job(JobId(4)), None);
    }

    #[test]
    fn a_damaged_one_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.mark");
        let whole = mark().text();
        let other = whole.replacen("\"generation\":12", "\"generation\":11", 1);
        let newer = Content { format: 2, ..Content::of(&mark()) };
        let newer = serde_json::to_string(&newer).unwrap();
        let newer = format!("{newer}\n{}\n", checksum(&newer));
        for text in ["", "{}", &whole[..whole.len() / 2], &other, &newer] {
            fs::write(&path, text).unwrap();
            let error = Mark::read(&path).unwrap_err().to_string();
            assert!(error.contains("catalog.mark") && error.contains("remove"), "{error}");
        }
    }
}
