//! The rules that no history may break.

use std::fmt;

/// A rule that no history may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// What was acknowledged is in the journal.
    AcknowledgedIsStored,
    /// The journal holds a record once.
    StoredOnce,
    /// An append is in the journal whole or not at all, its frames as they were sent, in order and
    /// at one place; and what was refused is not there.
    FramesAreAsSent,
    /// An append whose key was stored within a day is not stored again.
    KeysAreRemembered,
    /// The journal gives up only what it was told to, and only whole segments that have expired
    /// are proposed to it.
    TrimsAreAsked,
    /// Every record is in the bucket of every job that wanted it.
    NothingMissing,
    /// No record is in a job's objects twice.
    NothingTwice,
    /// An object holds just what its batch says, in the order of positions.
    ObjectIsItsBatch,
    /// No object ever changes.
    ObjectsNeverChange,
    /// A batch is sealed before its object becomes visible.
    SealThenPublish,
    /// Batches do not overlap, keep their job's limits and go by a revision that was in force.
    BatchesAreLawful,
    /// The ledger's entries and the objects belong together, one to one.
    LedgerAndBucketAgree,
    /// What is given up has expired, and is counted.
    LossesAreTrue,
    /// An object that somebody else has written is not written over, where the store guards it.
    OthersAreLeftAlone,
    /// No upload in parts that the ledger knew is left open where it can be aborted.
    UploadsAreClosed,
    /// A clean stop goes on with its uploads until its time is up.
    StopsUseTheirTime,
    /// With all faults gone, everything is delivered after a while.
    EndsDelivered,
}

/// A rule that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)
    }
}
