//! Whether a catalogue is still the one that its reader knows.
//!
//! What is deleted leaves its row as a tombstone, and the numbers of changes only grow. So a job
//! that has no row, a number that went back, or another installation's name prove that the
//! catalogue is not the one that was read before: nobody has decided that.

use model::{InstallationId, JobId};

/// What a catalogue says of itself, to a reader who knows some of its jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Testimony {
    /// Whose it is; `None` where it does not say.
    pub installation: Option<InstallationId>,
    /// The number of the newest change of a job.
    pub version: u64,
    /// Of the jobs that the reader knows those that have no row, not even a deleted one's.
    pub unknown: Vec<JobId>,
    /// Whether what is found at the catalogue's place is still what was opened there.
    pub is_in_place: bool,
}
