//! Reads the bucket back and counts what is in it: the proof at the end of the demo.
//!
//! Records of this run are told by their ray ids. The bucket may hold those of earlier runs in the
//! same data directory as well; they are counted apart.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use model::synthetic::traffic::parse_ray_id;
use serde::Deserialize;

use super::DemoError;

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 128 << 10;

/// What the bucket holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Audit {
    /// Lines of this run.
    pub(super) lines: u64,
    /// Different records of this run.
    pub(super) distinct: u64,
    /// Objects with lines of this run.
    pub(super) objects: u64,
    /// Bytes of these objects, uncompressed.
    pub(super) raw_bytes: u64,
    /// Bytes of these objects as they are stored.
    pub(super) stored_bytes: u64,
    /// Lines of earlier runs.
    pub(super) earlier_lines: u64,
    /// One of the objects of this run.
    pub(super) example: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    #[serde(rename = "RayID")]
    ray_id: String,
}

/// Counts the objects under `folder`, for records of the run `run`.
pub(super) fn audit(folder: &Path, run: u32) -> Result<Audit, DemoError> {
    let mut audit = Audit::default();
    let mut seen = Seen::default();
    let mut objects = Vec::new();
    find_objects(folder, &mut objects)
        .map_err(|source| DemoError::Bucket { path: folder.to_owned(), source })?;
    objects.sort();
    for path in objects {
        audit
            .add_object(&path, run, &mut seen)
            .map_err(|source| DemoError::Object { path: path.clone(), source })?;
    }
    audit.distinct = seen.count;
    Ok(audit)
}

impl Audit {
    fn add_object(&mut self, path: &Path, run: u32, seen: &mut Seen) -> io::Result<()> {
        let file = File::open(path)?;
        let stored_bytes = file.metadata()?.len();
        // An object is gzip of many members, one after the other.
        let packed = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut text = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(packed));
        let (mut line, mut raw_bytes, mut lines) = (Vec::new(), 0, 0);
        while text.read_until(b'\n', &mut line)? > 0 {
            raw_bytes += line.len() as u64;
            let record: Record = serde_json::from_slice(&line)?;
            let (of_run, sequence) = parse_ray_id(&record.ray_id).ok_or_else(|| {
                io::Error::other(format!("it holds a foreign record: `{}`", record.ray_id))
            })?;
            if of_run == run {
                lines += 1;
                seen.insert(sequence);
            } else {
                self.earlier_lines += 1;
            }
            line.clear();
        }
        if lines > 0 {
            self.lines += lines;
            self.objects += 1;
            self.raw_bytes += raw_bytes;
            self.stored_bytes += stored_bytes;
            self.example = Some(path.to_owned());
        }
        Ok(())
    }
}

/// The files under `folder` whose names are those of objects with records.
fn find_objects(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find_objects(&path, found)?;
        } else if path.to_string_lossy().ends_with(".log.gz") {
            found.push(path);
        }
    }
    Ok(())
}

/// A set of numbers, one bit each.
#[derive(Debug, Default)]
struct Seen {
    words: Vec<u64>,
    count: u64,
}

impl Seen {
    fn insert(&mut self, number: u32) {
        let (word, bit) = ((number / 64) as usize, 1_u64 << (number % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.count += u64::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use model::synthetic::traffic::ray_id;

    use super::*;

    fn write_object(path: &Path, members: &[&[(u32, u32)]]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut object = Vec::new();
        for member in members {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            for &(run, sequence) in *member {
                writeln!(encoder, "{{\"RayID\":\"{}\"}}", ray_id(run, sequence)).unwrap();
            }
            object.extend(encoder.finish().unwrap());
        }
        std::fs::write(path, object).unwrap();
    }

    #[test]
    fn lines_of_all_members_are_counted_and_those_of_earlier_runs_apart() {
        let dir = tempfile::tempdir().unwrap();
        write_object(&dir.path().join("logs/20260101/a.log.gz"), &[&[(1, 0), (1, 1)], &[(2, 0)]]);
        write_object(&dir.path().join("logs/20260102/b.log.gz"), &[&[(2, 1), (2, 900)]]);
        write_object(&dir.path().join("logs/20260102/c.log.gz"), &[&[(1, 2)]]);
        std::fs::write(dir.path().join("logs/ownership-challenge-x.txt"), "x").unwrap();
        let found = audit(dir.path(), 2).unwrap();
        assert_eq!((found.lines, found.distinct, found.objects), (3, 3, 2));
        assert_eq!(found.earlier_lines, 3);
        assert_eq!(found.raw_bytes, 5 * 29);
        assert_eq!(found.example, Some(dir.path().join("logs/20260102/b.log.gz")));
    }

    #[test]
    fn a_record_that_came_twice_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        write_object(&dir.path().join("a.log.gz"), &[&[(2, 5), (2, 6)]]);
        write_object(&dir.path().join("b.log.gz"), &[&[(2, 6)]]);
        let found = audit(dir.path(), 2).unwrap();
        assert_eq!((found.lines, found.distinct), (3, 2));
    }

    #[test]
    fn a_cut_off_object_and_a_foreign_line_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log.gz");
        write_object(&path, &[&[(2, 5), (2, 6)]]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        assert!(audit(dir.path(), 2).unwrap_err().to_string().contains("a.log.gz"));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{\"RayID\":\"zz\"}\n").unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        assert!(audit(dir.path(), 2).unwrap_err().to_string().contains("`zz`"));
    }
}
