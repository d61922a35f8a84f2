//! What objects are called in their bucket.
//!
//! `PATH/START_END_UNIQUE.log.gz` (or `.log.zst`), where UNIQUE is
//! `INSTALLATION-JOB-PARTITION-OFFSET`. Times are for people; UNIQUE makes the key injective:
//! installation ids have no hyphen, numbers are decimal (offsets padded, so that keys sort), and
//! no two batches of a job begin at the same offset of a partition. A key never begins with a
//! slash. A sealed batch's key stands in the ledger: no later change of a name moves it.

use crate::destination::{PathTemplate, PathValues};
use crate::output::Compression;
use crate::time::compact_utc;
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
    let ObjectIdentity { installation, job, partition, first } = identity;
    let &ObjectNaming { start, end, dataset, zone, compression } = naming;
    let (from, to) = (compact_utc(start), compact_utc(end));
    let ending = match compression {
        Compression::Gzip => "log.gz",
        Compression::Zstd => "log.zst",
    };
    let name = format!("{from}_{to}_{installation}-{job}-{partition}-{first:012}.{ending}");
    let values = PathValues { at: start, dataset: Some(dataset), zone, job: Some(job) };
    file_key(path, &values, &name)
}

/// The key of a file of that name in the folder that `path` is for these values: a challenge, or
/// the file that tries a destination. The name must not hold a slash.
pub fn file_key(path: &PathTemplate, values: &PathValues<'_>, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{}/{name}", path.resolve(values)) }
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

    /// The identity that a key was made from.
    fn read_back(key: &str) -> Option<Identity> {
        let unique = key.strip_suffix(".log.gz")?.rsplit('_').next()?;
        let mut parts = unique.split('-');
        let mut number = || parts.next();
        let installation = number()?.parse().ok()?;
        let job = JobId(number()?.parse().ok()?);
        let partition = Partition(number()?.parse().ok()?);
        Some((installation, job, partition, Offset(number()?.parse().ok()?)))
    }

    proptest! {
        #[test]
        fn the_identity_reads_back_from_the_key(identity in identities(), start in 0..i64::MAX) {
            let key = key_of(&identity, start);
            prop_assert!(!key.starts_with('/'));
            prop_assert_eq!(read_back(&key), Some(identity));
        }

        #[test]
        fn two_identities_never_share_a_key(one in identities(), other in identities()) {
            prop_assert_eq!(key_of(&one, 0) == key_of(&other, 0), one == other);
        }
    }
}
