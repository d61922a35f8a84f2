//! Names of the journal's directories and files: one place makes them and reads them back.
//!
//! ```text
//! <dir>/LOCK
//! <dir>/p0000/00000000000000000000.seg    a segment, named after its first frame
//!             00000000000000000000.idx    what its index remembers, once it is sealed
//!             00000000000000001742.seg
//!             probe                       while it is tried whether the disk can be written again
//! ```
//!
//! **Rules.** A name that would not be written like this is not one of ours, and is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use model::{Offset, Partition};

/// The name of the lock file.
pub(super) const LOCK: &str = "LOCK";

const SEGMENT_SUFFIX: &str = ".seg";
const INDEX_SUFFIX: &str = ".idx";
const PROBE: &str = "probe";

/// The directory of `partition`.
pub(super) fn partition_dir(dir: &Path, partition: Partition) -> PathBuf {
    dir.join(partition_name(partition))
}

fn partition_name(partition: Partition) -> String {
    format!("p{:04}", partition.0)
}

/// The segment file that begins with the frame `base`.
pub(super) fn segment_path(partition_dir: &Path, base: Offset) -> PathBuf {
    partition_dir.join(file_name(base, SEGMENT_SUFFIX))
}

/// The index file of that segment.
pub(super) fn index_path(partition_dir: &Path, base: Offset) -> PathBuf {
    partition_dir.join(file_name(base, INDEX_SUFFIX))
}

/// The file by which it is tried whether a partition's directory can be written to.
pub(super) fn probe_path(partition_dir: &Path) -> PathBuf {
    partition_dir.join(PROBE)
}

fn file_name(base: Offset, suffix: &str) -> String {
    format!("{:020}{suffix}", base.0)
}

/// How many partitions have a directory in `dir`, counted up to the highest number.
pub(super) fn count_partitions(dir: &Path) -> io::Result<u16> {
    let names = file_names(dir)?;
    let numbers = names.iter().filter_map(|name| parse_partition(name));
    Ok(numbers.map(|partition| partition.0.saturating_add(1)).max().unwrap_or(0))
}

fn parse_partition(name: &str) -> Option<Partition> {
    let partition = Partition(name.strip_prefix('p')?.parse().ok()?);
    (partition_name(partition) == name).then_some(partition)
}

/// What stands in a partition's directory, each list in ascending order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// First frames of the segment files.
    pub(super) segments: Vec<Offset>,
    /// First frames of the index files.
    pub(super) indexes: Vec<Offset>,
}

/// Lists a partition's directory. What is not the journal's is passed over.
pub(super) fn list(partition_dir: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for name in file_names(partition_dir)? {
        if let Some(base) = parse_file(&name, SEGMENT_SUFFIX) {
            listing.segments.push(base);
        } else if let Some(base) = parse_file(&name, INDEX_SUFFIX) {
            listing.indexes.push(base);
        } else {
            tracing::debug!(dir = %partition_dir.display(), name, "passing over a foreign file");
        }
    }
    listing.segments.sort_unstable();
    listing.indexes.sort_unstable();
    Ok(listing)
}

fn parse_file(name: &str, suffix: &str) -> Option<Offset> {
    let base = Offset(name.strip_suffix(suffix)?.parse().ok()?);
    (file_name(base, suffix) == name).then_some(base)
}

/// The names in `dir` that are valid UTF-8; the journal makes no others.
fn file_names(dir: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_it_was_written() {
        for base in [0, 1_742, u64::MAX] {
            let name = file_name(Offset(base), SEGMENT_SUFFIX);
            assert_eq!(parse_file(&name, SEGMENT_SUFFIX), Some(Offset(base)), "{name}");
        }
        for number in [0, 9_999, u16::MAX] {
            let name = partition_name(Partition(number));
            assert_eq!(parse_partition(&name), Some(Partition(number)), "{name}");
        }
    }

    #[test]
    fn names_sort_like_their_offsets() {
        assert!(file_name(Offset(99), SEGMENT_SUFFIX) < file_name(Offset(100), SEGMENT_SUFFIX));
    }

    #[test]
    fn foreign_names_are_passed_over() {
        let too_short = "0000000000000000001.seg";
        let signed = "+0000000000000000001.seg";
        let copy = "00000000000000000001.seg.bak";
        for name in [too_short, signed, copy, "", ".seg", "notes.txt"] {
            assert_eq!(parse_file(name, SEGMENT_SUFFIX), None, "{name}");
        }
        for name in ["p1", "p00001", "p+001", "p70000", "q0001", "p"] {
            assert_eq!(parse_partition(name), None, "{name}");
        }
    }
}
