//! Deliberate mistakes, to prove that the oracle finds them.

/// A mistake in one of the simulated parts, of the kind that loses or doubles records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flaw {
    /// None: the parts keep their promises.
    #[default]
    None,
    /// The journal acknowledges an append some time before it has stored it, so that a crash in
    /// between loses it: an acknowledgement before the fsync.
    AcknowledgesBeforeStoring,
    /// The catalogue forgets its newest seal in a crash: a commit without a flush.
    ForgetsTheLastSeal,
    /// The catalogue answers some time before the seal is done: publishing before sealing.
    AnswersBeforeTheSeal,
    /// The store writes an object a second time, with one record less.
    RewritesObjects,
    /// A sample is drawn anew each time that a batch is encoded, by chance instead of by position.
    /// In the bare world only.
    SamplesByChance,
    /// The journal lets frames be read before they are on the disk. In the bare world only.
    ReadsUnsynced,
}
