//! What objects are called in their bucket.
//!
//! `PATH/START_END_UNIQUE.log.gz`, where UNIQUE is `INSTALLATION-JOB-PARTITION-OFFSET`. Times are
//! for people; UNIQUE makes the key injective: installation ids have no hyphen, numbers are
//! decimal (offsets padded, so that keys sort), and no two batches of a job begin at the same
//! offset of a partition. A key never begins with a slash.

use crate::destination::PathTemplate;
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

/// The key of the object whose records arrived from `start` to `end`. A `{DATE}` in the path
/// becomes the UTC day of `start`.
pub fn object_key(
    path: &PathTemplate,
    start: UnixNanos,
    end: UnixNanos,
    identity: ObjectIdentity<'_>,
) -> String {
    let ObjectIdentity { installation, job, partition, first } = identity;
    let (from, to) = (compact_utc(start), compact_utc(end));
    let name = format!("{from}_{to}_{installation}-{job}-{partition}-{first:012}.log.gz");
    in_folder(path, start, &name)
}

/// The key of the file whose content proves that a bucket is the customer's. `token` tells it
/// from others in the same folder; it must not hold a slash. A `{DATE}` in the path becomes the
/// UTC day of `at`.
pub fn challenge_key(path: &PathTemplate, at: UnixNanos, token: &str) -> String {
    in_folder(path, at, &format!("ownership-challenge-{token}.txt"))
}

fn in_folder(path: &PathTemplate, at: UnixNanos, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{}/{name}", path.resolve(at)) }
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
        assert_eq!(object_key(&path(folder), START, END, identity), expected);
    }

    #[test]
    fn a_key_holds_folder_times_and_identity() {
        const NAME: &str = "20190101T000000Z_20190101T000100Z_e2c0c8f4abcd-7-2-000000012345.log.gz";
        check("", NAME);
        check("logs", &format!("logs/{NAME}"));
        check("logs/{DATE}", &format!("logs/20190101/{NAME}"));
        check("{DATE}/a b/", &format!("20190101/a b/{NAME}"));
        check("dt={DATE}/x/{DATE}", &format!("dt=20190101/x/20190101/{NAME}"));
    }

    #[test]
    fn the_challenge_lies_in_the_same_folder() {
        for (folder, expected) in [
            ("", "ownership-challenge-c0ffee.txt"),
            ("logs/{DATE}", "logs/20190101/ownership-challenge-c0ffee.txt"),
        ] {
            assert_eq!(challenge_key(&path(folder), START, "c0ffee"), expected);
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
        assert!(object_key(&path(&longest), START, END, identity).len() <= 1024);
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
        object_key(&path("logs/{DATE}"), UnixNanos(start), UnixNanos(start), identity)
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
