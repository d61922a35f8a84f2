//! Deliberate mistakes, to prove that the oracle finds them.

/// A mistake in one of the simulated parts, of the kind that loses or doubles records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flaw {
    /// None: the parts keep their promises.
    #[default]
    None,
    /// The journal acknowledges an append some time before it has stored it, so that a crash in
    /// between loses it: an acknowledgement before the fsync. In the local journal's world it is
    /// the disk that answers to an fsync without having done it.
    AcknowledgesBeforeStoring,
    /// The catalogue forgets its newest seal in a crash: a commit without a flush.
    ForgetsTheLastSeal,
    /// The catalogue answers some time before the seal is done: publishing before sealing.
    AnswersBeforeTheSeal,
    /// The store writes an object a second time, with one record less.
    RewritesObjects,
    /// A sample is drawn anew each time that a batch is encoded, by chance instead of by position;
    /// in the room, where the real code samples, it is the share that is another one each time
    /// that the job is read.
    SamplesByChance,
    /// The ledger does not compare its owners: one that another has taken over from goes on.
    FencesNobody,
    /// The disk answers to the fsync of a directory without having done it. In the local journal's
    /// world only.
    ForgetsNames,
    /// The journal lets frames be read before they are on the disk. In the bare world only.
    ReadsUnsynced,
}
