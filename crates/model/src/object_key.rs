//! What objects are called in their bucket.
//!
//! `PATH/START_END_UNIQUE.log.gz` (or `.log.zst`), where UNIQUE is
//! `INSTALLATION-JOB-PARTITION-OFFSET`. Times are for people; UNIQUE makes the key injective:
//! installation ids have no hyphen, numbers are decimal (offsets padded, so that keys sort), and
//! no two batches of a job begin at the same offset of a partition. A key never begins with a
//! slash. A sealed batch's key stands in the ledger: no later change of a name moves it.

use crate::destination::{PathTemplate, PathValues};
use crate::output::Compression;
use crate::time::{compact_utc, parse_compact_utc};
use crate::{InstallationId, JobId, Offset, Partition, UnixNanos};

/// Who writes an object, and what makes it the only one of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectIdentity<'i> {
    /// The installation that writes it.
    pub installation: &'i InstallationId,
    /// The job that it belongs to.
    pub job: JobId,
    /// The partition that its records were read from.
    pub partition: Partition,
    /// The first offset of its batch.
    pub first: Offset,
}

/// What an object is named after, besides its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectNaming<'n> {
    /// Arrival of the first frame that gave a record; names the folder, too.
    pub start: UnixNanos,
    /// Arrival of the last frame that gave a record.
    pub end: UnixNanos,
    /// The name of the job's dataset.
    pub dataset: &'n str,
    /// The name of the job's zone, where it is known and the job is one of a zone.
    pub zone: Option<&'n str>,
    /// How its records are compressed.
    pub compression: Compression,
}

/// The key of an object in the folder of `path`.
pub fn object_key(
    path: &PathTemplate,
    naming: &ObjectNaming<'_>,
    identity: ObjectIdentity<'_>,
) -> String {
    let &ObjectNaming { start, end, dataset, zone, compression } = naming;
    let (from, to) = (compact_utc(start), compact_utc(end));
    let name = format!("{from}_{to}_{}.{}", unique(&identity), ending(compression));
    let values = PathValues { at: start, dataset: Some(dataset), zone, job: Some(identity.job) };
    file_key(path, &values, &name)
}

/// The key of a file of that name in the folder that `path` is for these values: a challenge, or
/// the file that tries a destination. The name must not hold a slash.
pub fn file_key(path: &PathTemplate, values: &PathValues<'_>, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{}/{name}", path.resolve(values)) }
}

/// What the name of an object tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The second in which the first frame arrived that gave a record.
    pub start: UnixNanos,
    /// The second in which the last frame arrived that gave a record.
    pub end: UnixNanos,
    /// The installation that wrote it.
    pub installation: InstallationId,
    /// The job that it belongs to.
    pub job: JobId,
    /// The partition that its records were read from.
    pub partition: Partition,
    /// The first offset of its batch.
    pub first: Offset,
    /// How its records are compressed.
    pub compression: Compression,
}

impl ObjectName {
    /// What the last segment of a key, or of a file's path, tells; `None` where it is not the name
    /// of an object.
    pub fn read(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next()?;
        let (compression, name) = Compression::ALL.into_iter().find_map(|compression| {
            let rest = name.strip_suffix(ending(compression))?.strip_suffix('.')?;
            Some((compression, rest))
        })?;
        let mut parts = name.split('_');
        let (start, end, unique) = (parts.next()?, parts.next()?, parts.next()?);
        let mut unique_parts = unique.split('-');
        let mut next = || unique_parts.next();
        let (installation, job, partition, first) = (next()?, next()?, next()?, next()?);
        let read = Self {
            start: parse_compact_utc(start)?,
            end: parse_compact_utc(end)?,
            installation: installation.parse().ok()?,
            job: JobId(job.parse().ok()?),
            partition: Partition(partition.parse().ok()?),
            first: Offset(first.parse().ok()?),
            compression,
        };
        // Numbers have more than one way to be written, and names only one.
        let is_whole = next().is_none() && parts.next().is_none();
        (is_whole && read.unique() == unique).then_some(read)
    }

    fn unique(&self) -> String {
        let Self { installation, job, partition, first, .. } = self;
        unique(&ObjectIdentity { installation, job: *job, partition: *partition, first: *first })
    }
}

fn unique(identity: &ObjectIdentity<'_>) -> String {
    let ObjectIdentity { installation, job, partition, first } = identity;
    format!("{installation}-{job}-{partition}-{first:012}")
}

const fn ending(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "log.gz",
        Compression::Zstd => "log.zst",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2019-01-01T00:00:00.9Z.
    const START: UnixNanos = UnixNanos(1_546_300_800_900_000_000);
    const END: UnixNanos = UnixNanos(START.0 + 60_000_000_000);

    fn path(text: &str) -> PathTemplate {
        PathTemplate::parse(text).unwrap()
    }

    #[track_caller]
    fn check(folder: &str, expected: &str) {
        let installation = "e2c0c8f4abcd".parse().unwrap();
        let identity = ObjectIdentity {
            installation: &installation,
            job: JobId(7),
            partition: Partition(2),
            first: Offset(12_345),
        };
        assert_eq!(object_key(&path(folder), &naming(START, END), identity), expected);
    }

    fn naming(start: UnixNanos, end: UnixNanos) -> ObjectNaming<'static> {
        ObjectNaming {
            start,
            end,
            dataset: "http_requests",
            zone: Some("burritobot.example"),
            compression: Compression::Gzip,
        }
    }

    #[test]
    fn a_key_holds_folder_times_and_identity() {
        const NAME: &str = "20190101T000000Z_20190101T000100Z_e2c0c8f4abcd-7-2-000000012345.log.gz";
        check("", NAME);
        check("logs", &format!("logs/{NAME}"));
        check("logs/{DATE}", &format!("logs/20190101/{NAME}"));
        check("{DATE}/a b/", &format!("20190101/a b/{NAME}"));
        check("dt={DATE}/x/{DATE}", &format!("dt=20190101/x/20190101/{NAME}"));
        check("dt={YYYY}-{MM}-{DD}/hour={HH}", &format!("dt=2019-01-01/hour=00/{NAME}"));
        check("{ZONE}/{DATASET}/{JOB}", &format!("burritobot.example/http_requests/7/{NAME}"));
    }

    #[test]
    fn the_ending_tells_the_compression() {
        let installation = "e2c0c8f4abcd".parse().unwrap();
        let identity = ObjectIdentity {
            installation: &installation,
            job: JobId(7),
            partition: Partition(2),
            first: Offset(0),
        };
        let naming = ObjectNaming { compression: Compression::Zstd, ..naming(START, END) };
        assert!(object_key(&path(""), &naming, identity).ends_with("-000000000000.log.zst"));
    }

    #[test]
    fn a_file_lies_in_a_folder_of_the_same_shape_before_there_is_a_job() {
        let values = PathValues { at: START, zone: Some("a.example"), ..PathValues::default() };
        for (folder, expected) in [
            ("", "check.txt"),
            ("logs/{DATE}", "logs/20190101/check.txt"),
            ("{ZONE}/{DATASET}/job={JOB}", "a.example/dataset/job=job/check.txt"),
        ] {
            assert_eq!(file_key(&path(folder), &values, "check.txt"), expected);
        }
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        for (zone, expected) in [("..", "a/_/f"), ("../b", "a/.._b/f"), ("x/{JOB}", "a/x__JOB_/f")]
        {
            let values = PathValues { zone: Some(zone), ..PathValues::default() };
            assert_eq!(file_key(&path("a/{ZONE}"), &values, "f"), expected);
        }
    }

    #[test]
    fn the_longest_key_fits_s3() {
        let installation = "zzzzzzzzzzzz".parse().unwrap();
        let longest = "x".repeat(PathTemplate::BYTES_MAX);
        let identity = ObjectIdentity {
            installation: &installation,
            job: JobId(u64::MAX),
            partition: Partition(u16::MAX),
            first: Offset(u64::MAX),
        };
        let naming = ObjectNaming { compression: Compression::Zstd, ..naming(START, END) };
        assert!(object_key(&path(&longest), &naming, identity).len() <= 1024);
    }

    type Identity = (InstallationId, JobId, Partition, Offset);

    fn identities() -> impl Strategy<Value = Identity> {
        // Small numbers of few digits: where joining them could be ambiguous, these would show it.
        let number = || prop_oneof![0..120_u64, any::<u64>()];
        let installation = "[01]{12}".prop_map(|id| id.parse().unwrap());
        (installation, number(), prop_oneof![0..120_u16, any::<u16>()], number()).prop_map(
            |(installation, job, partition, first)| {
                (installation, JobId(job), Partition(partition), Offset(first))
            },
        )
    }

    fn key_of((installation, job, partition, first): &Identity, start: i64) -> String {
        let identity =
            ObjectIdentity { installation, job: *job, partition: *partition, first: *first };
        object_key(&path("logs/{DATE}"), &naming(UnixNanos(start), UnixNanos(start)), identity)
    }

    #[test]
    fn other_names_are_not_those_of_objects() {
        const NAME: &str = "20190101T000000Z_20190101T000100Z_e2c0c8f4abcd-7-2-000000012345.log.gz";
        assert!(ObjectName::read(NAME).is_some());
        assert!(ObjectName::read(&format!("logs/20190101/{NAME}")).is_some());
        for (from, to) in [
            ("20190101T000000Z_", ""),
            ("20190101T", "20191301T"),
            ("T000000Z", "T0000+0Z"),
            ("-7-", "-07-"),
            ("-7-", "-+7-"),
            ("-7-", "-"),
            ("-2-", "-65536-"),
            ("000000012345", "12345"),
            ("12345.", "12345-1."),
            ("12345.", "12345_1."),
            ("e2c0c8f4abcd", "E2C0"),
            (".log.gz", ".log"),
            (".log.gz", ".log.gz.tmp"),
            (".log.gz", "log.gz"),
            ("Z_2019", "Ü_2019"),
        ] {
            let other = NAME.replacen(from, to, 1);
            assert_ne!(other, NAME);
            assert_eq!(ObjectName::read(&other), None, "{other}");
        }
        for other in ["", "/", "logs/", "logpush-check.txt", "ownership-challenge-1f2e3d4c.txt"] {
            assert_eq!(ObjectName::read(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn the_name_reads_back_from_the_key(identity in identities(), start in 0..i64::MAX) {
            let key = key_of(&identity, start);
            prop_assert!(!key.starts_with('/'));
            let (installation, job, partition, first) = identity;
            let second = UnixNanos::from_seconds(UnixNanos(start).seconds()).unwrap();
            let expected = ObjectName {
                start: second,
                end: second,
                installation,
                job,
                partition,
                first,
                compression: Compression::Gzip,
            };
            prop_assert_eq!(ObjectName::read(&key), Some(expected));
        }

        #[test]
        fn reading_a_name_never_panics(name in ".{0,80}") {
            let _ = ObjectName::read(&name);
        }

        #[test]
        fn two_identities_never_share_a_key(one in identities(), other in identities()) {
            prop_assert_eq!(key_of(&one, 0) == key_of(&other, 0), one == other);
        }
    }
}
