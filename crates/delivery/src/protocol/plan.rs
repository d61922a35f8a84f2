//! What a lane has read, and which ranges its batches have.
//!
//! A lane's batches stand end to end: each begins where the one before it ended, or where the
//! ledger's cursor was passed on to. What lies between two of them held nothing for the job.

use model::{Offset, OffsetRange};

use super::cut::{Cut, Extent};

/// How far a lane has read, and the batch that it fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Where the next batch begins: the ledger's cursor once everything closed is sealed.
    cursor: Offset,
    /// The first frame that was not read.
    position: Offset,
    open: Option<Extent>,
}

impl Reading {
    /// A lane that begins at the ledger's cursor.
    pub const fn new(cursor: Offset) -> Self {
        Self { cursor, position: cursor, open: None }
    }

    /// Where the next batch begins.
    pub const fn cursor(&self) -> Offset {
        self.cursor
    }

    /// The first frame that was not read.
    pub const fn position(&self) -> Offset {
        self.position
    }

    /// How far the open batch reaches, if there is one.
    pub const fn open(&self) -> Option<&Extent> {
        self.open.as_ref()
    }

    /// All frames before `position` have been read.
    pub fn read_to(&mut self, position: Offset) {
        self.position = self.position.max(position);
    }

    /// A frame with something for the job arrives. Gives the range of the batch that has to be
    /// closed before it is taken.
    pub fn arrives(&mut self, cut: Cut, offset: Offset, frame: &Extent) -> Option<OffsetRange> {
        let is_full = self.open.as_ref().is_some_and(|open| cut.before(open, frame));
        if is_full { self.close(offset) } else { None }
    }

    /// The frame was taken, and the open batch reaches so far now. Gives its range where it is
    /// full.
    pub fn takes(&mut self, cut: Cut, offset: Offset, open: &Extent) -> Option<OffsetRange> {
        self.open = Some(*open);
        if cut.after(open) { self.close(offset.next()) } else { None }
    }

    /// Closes the open batch, if there is one, so that it ends before `next`; gives its range.
    pub fn close(&mut self, next: Offset) -> Option<OffsetRange> {
        self.open.take()?;
        let range = OffsetRange::new(self.cursor, next);
        self.cursor = next;
        Some(range)
    }

    /// The frames that hold nothing for the job and that the ledger's cursor can be moved over,
    /// where everything before `read_to` has been read; `None` where a batch is open or not
    /// sealed yet.
    pub fn passes(&self, read_to: Offset, unsealed: usize) -> Option<OffsetRange> {
        let range = OffsetRange::new(self.cursor, self.position.max(read_to));
        (self.open.is_none() && unsealed == 0 && !range.is_empty()).then_some(range)
    }

    /// The ledger's cursor was moved over such frames.
    pub fn passed(&mut self, next: Offset) {
        self.cursor = next;
    }
}

#[cfg(test)]
mod tests {
    use model::destination::Boundary;
    use model::{BatchLimits, UnixNanos};

    use super::*;

    const CUT: Cut = Cut {
        limits: BatchLimits { max_records: Some(10), max_bytes: None, interval_seconds: 30 },
        boundary: Boundary::None,
    };

    fn extent(records: u64) -> Extent {
        let at = UnixNanos(0);
        Extent { start: at, end: at, records, raw_bytes: records }
    }

    fn span(first: u64, next: u64) -> OffsetRange {
        OffsetRange::new(Offset(first), Offset(next))
    }

    #[test]
    fn batches_stand_end_to_end() {
        let mut lane = Reading::new(Offset(3));
        assert_eq!(lane.arrives(CUT, Offset(5), &extent(7)), None);
        assert_eq!(lane.takes(CUT, Offset(5), &extent(7)), None);
        assert_eq!(lane.arrives(CUT, Offset(8), &extent(4)), Some(span(3, 8)));
        assert_eq!(lane.takes(CUT, Offset(8), &extent(4)), None);
        assert_eq!(lane.takes(CUT, Offset(9), &extent(10)), Some(span(8, 10)));
        assert_eq!(lane.close(Offset(12)), None);
        assert_eq!(lane.cursor(), Offset(10));
    }

    #[test]
    fn frames_are_passed_over_only_while_nothing_is_open_or_unsealed() {
        let mut lane = Reading::new(Offset(3));
        assert_eq!(lane.passes(Offset(3), 0), None);
        assert_eq!(lane.passes(Offset(6), 1), None);
        assert_eq!(lane.passes(Offset(6), 0), Some(span(3, 6)));
        lane.passed(Offset(6));
        lane.takes(CUT, Offset(7), &extent(1));
        assert_eq!(lane.passes(Offset(9), 0), None);
        assert_eq!(lane.close(Offset(9)), Some(span(6, 9)));
    }
}
