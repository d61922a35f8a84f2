//! What a lane starts from: where it stands, and what becomes of what was left undelivered.

use std::collections::BTreeSet;

use catalog::OpenUpload;
use model::{Batch, Offset, OffsetRange};

use super::seal::Leftover;

/// Where a job stands in a partition, by the ledger and the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// At its cursor.
    At(Offset),
    /// It begins here, which the ledger does not know yet.
    Begins(Offset),
    /// These frames are gone from the journal before they were delivered: they are given up on
    /// the record, and the job goes on behind them.
    Lost(OffsetRange),
    /// The journal ends before the cursor: it is not the one that the ledger belongs to.
    OtherJournal,
}

impl Stand {
    /// Where a job stands whose cursor is this, in a journal of these bounds. A partition that was
    /// added after the job began is read from its start; a job that has not begun anywhere
    /// begins at the end.
    pub fn of(cursor: Option<Offset>, has_begun: bool, start: Offset, end: Offset) -> Self {
        match cursor {
            None if has_begun => Self::Begins(start),
            None => Self::Begins(end),
            Some(cursor) if cursor > end => Self::OtherJournal,
            Some(cursor) if cursor < start => Self::Lost(OffsetRange::new(cursor, start)),
            Some(cursor) => Self::At(cursor),
        }
    }
}

/// From where on a lane's last batches are unsealed after a change of its job: those that
/// certainly never became visible, where their destination has failed. `left` is in order.
pub fn unseal_from(left: &[Leftover]) -> Option<Offset> {
    let certain = left.iter().rev().take_while(|leftover| !leftover.maybe_visible);
    certain.filter(|leftover| leftover.failed).last().map(|leftover| leftover.range.first)
}

/// The uploads in parts that no batch goes on with: of deleted jobs, and of batches that were
/// given up or follow their job to another place.
///
/// `open` has to be read from the ledger before `undelivered`: an upload that is opened meanwhile
/// is not among them, and its batch is.
pub fn left_over(open: Vec<OpenUpload>, undelivered: &[Batch]) -> Vec<OpenUpload> {
    let wanted: BTreeSet<_> = undelivered
        .iter()
        .map(|batch| (batch.job, batch.partition, batch.range.first, batch.revision))
        .collect();
    let is_left_over = |open: &OpenUpload| {
        !wanted.contains(&(open.job, open.partition, open.first, open.revision))
    };
    open.into_iter().filter(is_left_over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, next: u64) -> OffsetRange {
        OffsetRange::new(Offset(first), Offset(next))
    }

    #[test]
    fn a_job_stands_within_the_journal_or_has_lost_something() {
        let stand = |cursor: Option<u64>, has_begun| {
            Stand::of(cursor.map(Offset), has_begun, Offset(10), Offset(20))
        };
        assert_eq!(stand(None, false), Stand::Begins(Offset(20)));
        assert_eq!(stand(None, true), Stand::Begins(Offset(10)));
        assert_eq!(stand(Some(10), true), Stand::At(Offset(10)));
        assert_eq!(stand(Some(20), true), Stand::At(Offset(20)));
        assert_eq!(stand(Some(7), true), Stand::Lost(range(7, 10)));
        assert_eq!(stand(Some(21), true), Stand::OtherJournal);
    }

    #[test]
    fn what_may_be_visible_is_never_unsealed_nor_what_stands_before_it() {
        let left = |first, maybe_visible, failed| Leftover {
            range: range(first, first + 1),
            maybe_visible,
            failed,
        };
        assert_eq!(unseal_from(&[]), None);
        assert_eq!(unseal_from(&[left(1, false, false)]), None);
        assert_eq!(unseal_from(&[left(1, false, true), left(2, false, false)]), Some(Offset(1)));
        let visible = [left(1, false, true), left(2, true, true), left(3, false, true)];
        assert_eq!(unseal_from(&visible), Some(Offset(3)));
        assert_eq!(unseal_from(&visible[..2]), None);
    }
}
