//! Whether the catalogue's word on the jobs is believed.
//!
//! A catalogue that suddenly lists no jobs, or fewer, or others, does not mean that customers have
//! gone: somebody has put another file in its place, or damaged it. What was deleted has left its
//! row, and numbers of changes only grow, so that the two can be told apart.
//!
//! | the catalogue | the jobs |
//! |---|---|
//! | lists fewer, each of the others with a deleted one's row | follow it |
//! | has lost rows, has gone back, is another installation's, or cannot be read | stay as they were known last; nothing is trimmed |
//! | works, but is no longer found at its place | follow it; nothing is trimmed |

use std::fmt;

use catalog::Testimony;
use model::{InstallationId, JobId};

/// Why the catalogue's word is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It cannot be read.
    Unreadable(String),
    /// It is another installation's, or names none.
    OtherInstallation(Option<InstallationId>),
    /// Its newest change is older than one that was read before.
    WentBack {
        /// The number of its newest change.
        version: u64,
        /// The number that was read.
        known: u64,
    },
    /// Jobs have no row, not even a deleted one's.
    Vanished {
        /// Which.
        jobs: Vec<JobId>,
        /// Of how many that are known.
        of: usize,
    },
    /// Its file was moved, removed or replaced while it was open.
    Displaced,
}

impl Doubt {
    /// The doubt of a reader who knows the catalogue of `installation` up to `version`, with so
    /// many jobs; `None` where there is no reason for one.
    pub fn of(
        installation: &InstallationId,
        version: u64,
        known: usize,
        testimony: &Testimony,
    ) -> Option<Self> {
        if testimony.installation.as_ref() != Some(installation) {
            return Some(Self::OtherInstallation(testimony.installation.clone()));
        }
        if !testimony.unknown.is_empty() {
            return Some(Self::Vanished { jobs: testimony.unknown.clone(), of: known });
        }
        if testimony.version < version {
            return Some(Self::WentBack { version: testimony.version, known: version });
        }
        (!testimony.is_in_place).then_some(Self::Displaced)
    }

    /// Whether what the catalogue says of jobs is followed all the same.
    pub const fn follows(&self) -> bool {
        matches!(self, Self::Displaced)
    }

    /// The doubt in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::OtherInstallation(_) => "other_installation",
            Self::WentBack { .. } => "went_back",
            Self::Vanished { .. } => "vanished",
            Self::Displaced => "displaced",
        }
    }

    /// The jobs that it is about, where it is about some only.
    pub fn jobs(&self) -> &[JobId] {
        match self {
            Self::Vanished { jobs, .. } => jobs,
            _ => &[],
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the catalogue cannot be read: {why}"),
            Self::OtherInstallation(Some(found)) => {
                write!(f, "the catalogue is another installation's, {found}")
            }
            Self::OtherInstallation(None) => f.write_str("the catalogue names no installation"),
            Self::WentBack { version, known } => write!(
                f,
                "the catalogue has gone back: its newest change of a job is number {version}, and \
                 number {known} was read before"
            ),
            Self::Vanished { jobs, of } => {
                let first = jobs.first().copied().unwrap_or(JobId(0));
                let count = jobs.len();
                write!(
                    f,
                    "the catalogue has lost {count} of {of} jobs that nobody has deleted; job \
                     {first} is the first"
                )
            }
            Self::Displaced => f.write_str(
                "the catalogue's file was moved, removed or replaced while it was open; what is \
                 decided now is in the file that was taken away",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(text: &str) -> InstallationId {
        text.parse().unwrap()
    }

    fn testimony(change: impl FnOnce(&mut Testimony)) -> Testimony {
        let mut testimony = Testimony {
            installation: Some(installation("e2c0c8f4abcd")),
            version: 7,
            unknown: Vec::new(),
            is_in_place: true,
        };
        change(&mut testimony);
        testimony
    }

    fn name(change: impl FnOnce(&mut Testimony)) -> Option<&'static str> {
        let own = installation("e2c0c8f4abcd");
        Doubt::of(&own, 7, 9, &testimony(change)).map(|doubt| doubt.name())
    }

    #[test]
    fn a_catalogue_is_doubted_for_what_nobody_can_have_decided() {
        assert_eq!(name(|_| {}), None);
        assert_eq!(name(|now| now.version = 8), None);
        assert_eq!(name(|now| now.version = 6), Some("went_back"));
        assert_eq!(name(|now| now.unknown = vec![JobId(3)]), Some("vanished"));
        assert_eq!(name(|now| now.is_in_place = false), Some("displaced"));
        assert_eq!(name(|now| now.installation = None), Some("other_installation"));
        let other = |now: &mut Testimony| now.installation = Some(installation("000000000000"));
        assert_eq!(name(other), Some("other_installation"));
    }

    #[test]
    fn only_a_catalogue_that_works_is_followed_in_doubt() {
        assert!(Doubt::Displaced.follows());
        assert!(!Doubt::Unreadable(String::new()).follows());
        assert!(!Doubt::Vanished { jobs: vec![JobId(1)], of: 1 }.follows());
    }

    #[test]
    fn a_doubt_tells_what_is_the_matter() {
        let doubt = Doubt::Vanished { jobs: vec![JobId(3), JobId(4)], of: 9 };
        assert!(doubt.to_string().contains("lost 2 of 9 jobs"), "{doubt}");
        assert_eq!(doubt.jobs(), [JobId(3), JobId(4)]);
    }
}
