//! What a job still needs of the journal, what it loses when frames expire, and how far the
//! journal may forget.

use model::{Offset, OffsetRange};

/// What a job has not delivered of a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// Where the ledger's cursor stands.
    pub cursor: Offset,
    /// What is sealed and not delivered, with its records.
    pub sealed: Vec<(OffsetRange, u64)>,
}

impl Undelivered {
    /// The first frame that the job still needs.
    pub fn needs(&self) -> Offset {
        let sealed = self.sealed.iter().map(|(range, _)| range.first).min();
        sealed.map_or(self.cursor, |first| first.min(self.cursor))
    }

    /// What is lost when everything before `expired` goes: the range to give up, and the records
    /// of the sealed batches in it. A batch that loses a frame is lost as a whole.
    pub fn lost(&self, expired: Offset) -> (OffsetRange, u64) {
        let lost = || self.sealed.iter().filter(|(range, _)| range.first < expired);
        let next = lost().map(|(range, _)| range.next).max().unwrap_or(expired).max(expired);
        let records = lost().map(|(_, records)| records).sum();
        (OffsetRange::new(self.needs(), next), records)
    }
}

/// Up to where the journal may forget: what has expired, but nothing that some job still needs.
pub fn forgets_before(expired: Offset, needs: impl Iterator<Item = Offset>) -> Offset {
    needs.min().map_or(expired, |needed| needed.min(expired))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, next: u64) -> OffsetRange {
        OffsetRange::new(Offset(first), Offset(next))
    }

    #[test]
    fn a_job_needs_its_oldest_undelivered_frame() {
        let mut undelivered = Undelivered { cursor: Offset(30), sealed: Vec::new() };
        assert_eq!(undelivered.needs(), Offset(30));
        undelivered.sealed = vec![(range(20, 30), 5), (range(10, 15), 7)];
        assert_eq!(undelivered.needs(), Offset(10));
    }

    #[test]
    fn a_batch_that_loses_a_frame_is_lost_as_a_whole() {
        let sealed = vec![(range(10, 20), 7), (range(20, 30), 5)];
        let undelivered = Undelivered { cursor: Offset(30), sealed };
        assert_eq!(undelivered.lost(Offset(15)), (range(10, 20), 7));
        assert_eq!(undelivered.lost(Offset(25)), (range(10, 30), 12));
        assert_eq!(undelivered.lost(Offset(40)), (range(10, 40), 12));
    }

    #[test]
    fn the_journal_forgets_nothing_that_is_needed() {
        let needs = |needs: &[u64]| forgets_before(Offset(9), needs.iter().copied().map(Offset));
        assert_eq!(needs(&[]), Offset(9));
        assert_eq!(needs(&[12, 30]), Offset(9));
        assert_eq!(needs(&[12, 4]), Offset(4));
    }
}
