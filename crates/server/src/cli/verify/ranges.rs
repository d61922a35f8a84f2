//! The frames between batches: passed over, given up, or in two batches at once.

use std::collections::BTreeMap;

use model::{Offset, OffsetRange};

use super::ledger::{Cursor, Entry, Loss};

/// A range of frames of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frames {
    pub(super) partition: u16,
    pub(super) range: OffsetRange,
}

/// What lies between the batches that were walked through.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    between: Vec<Frames>,
    /// What was walked through, by partition.
    walked: BTreeMap<u16, OffsetRange>,
    /// Where the last batch ends that can never be taken back, by partition.
    settled_to: BTreeMap<u16, u64>,
}

/// What became of the frames that are in no batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Between {
    /// Held nothing for the job, as the ledger says.
    pub(super) passed_over: Vec<Frames>,
    /// Expired before they could be delivered.
    pub(super) given_up: Vec<Frames>,
    pub(super) given_up_records: u64,
}

fn range(first: u64, next: u64) -> OffsetRange {
    OffsetRange::new(Offset(first), Offset(next))
}

impl Ranges {
    /// Walks over a batch; gives the frames that the one before it holds as well.
    pub(super) fn walk(&mut self, entry: &Entry) -> Option<Frames> {
        let Entry { partition, first_frame: first, next_frame: next, .. } = *entry;
        let before = entry.previous_next_frame;
        let walked = self.walked.entry(partition);
        let walked = walked.or_insert_with(|| range(before.unwrap_or(first).min(first), next));
        walked.next = Offset(next.max(walked.next.0));
        if entry.state != "sealed" {
            self.settled_to.insert(partition, next);
        }
        let before = before?;
        if before < first {
            self.between.push(Frames { partition, range: range(before, first) });
        }
        (before > first).then(|| Frames { partition, range: range(first, before.min(next)) })
    }

    /// Walks from each partition's last batch to where the job stands; gives the partitions in
    /// which it stands before the end of a batch.
    pub(super) fn walk_to(&mut self, cursors: &[Cursor]) -> Vec<(u16, u64, u64)> {
        let mut behind = Vec::new();
        for &Cursor { partition, next_frame: cursor } in cursors {
            let settled_to = self.settled_to.get(&partition).copied().unwrap_or_default();
            if cursor < settled_to {
                behind.push((partition, cursor, settled_to));
                continue;
            }
            let Some(walked) = self.walked.get_mut(&partition) else { continue };
            if walked.next.0 < cursor {
                self.between.push(Frames { partition, range: range(walked.next.0, cursor) });
                walked.next = Offset(cursor);
            }
        }
        behind
    }

    /// What became of the frames between batches; of the losses those that were walked over, or
    /// all of them.
    pub(super) fn between(&self, losses: &[Loss], all_losses: bool) -> Between {
        let mut between = Between::default();
        for loss in losses {
            let lost = range(loss.first_frame, loss.next_frame);
            let walked = self.walked.get(&loss.partition);
            let is_walked = walked.is_some_and(|walked| overlap(*walked, lost).is_some());
            if all_losses || is_walked {
                between.given_up.push(Frames { partition: loss.partition, range: lost });
                between.given_up_records += loss.records;
            }
        }
        between.given_up.sort_by_key(|frames| (frames.partition, frames.range.first));
        for &Frames { partition, range: gap } in &self.between {
            let of_partition = between.given_up.iter().filter(|lost| lost.partition == partition);
            let mut from = gap.first;
            for lost in of_partition.filter_map(|lost| overlap(gap, lost.range)) {
                if from < lost.first {
                    let range = OffsetRange::new(from, lost.first);
                    between.passed_over.push(Frames { partition, range });
                }
                from = from.max(lost.next);
            }
            if from < gap.next {
                let range = OffsetRange::new(from, gap.next);
                between.passed_over.push(Frames { partition, range });
            }
        }
        between.passed_over.sort_by_key(|frames| (frames.partition, frames.range.first));
        between
    }
}

fn overlap(one: OffsetRange, other: OffsetRange) -> Option<OffsetRange> {
    let both = OffsetRange::new(one.first.max(other.first), one.next.min(other.next));
    (both.first < both.next).then_some(both)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(partition: u16, (first, next): (u64, u64), before: Option<u64>) -> Entry {
        let entry = json!({
            "partition": partition, "first_frame": first, "next_frame": next,
            "previous_next_frame": before, "revision": 1, "key": "k", "records": 1,
            "state": "delivered", "object_bytes": 1, "checksum": null, "raw_bytes": 1,
            "newlines": 1, "newlines_in_quotes": true,
        });
        serde_json::from_value(entry).unwrap()
    }

    fn loss(partition: u16, first_frame: u64, next_frame: u64) -> Loss {
        Loss { partition, first_frame, next_frame, records: next_frame - first_frame }
    }

    fn frames(partition: u16, first: u64, next: u64) -> Frames {
        Frames { partition, range: range(first, next) }
    }

    #[test]
    fn what_lies_between_batches_was_passed_over_or_given_up() {
        let mut ranges = Ranges::default();
        for entry in [
            entry(0, (0, 5), None),
            entry(0, (5, 9), Some(5)),
            entry(0, (20, 21), Some(9)),
            entry(1, (3, 4), Some(1)),
        ] {
            assert_eq!(ranges.walk(&entry), None);
        }
        let at = |partition, next_frame| Cursor { partition, next_frame };
        assert_eq!(ranges.walk_to(&[at(0, 30), at(1, 4), at(2, 7)]), []);
        let losses = [loss(0, 25, 28), loss(0, 11, 13), loss(0, 10, 12), loss(7, 0, 9)];
        let between = ranges.between(&losses, false);
        let passed_over = [(0, 9, 10), (0, 13, 20), (0, 21, 25), (0, 28, 30), (1, 1, 3)];
        let passed_over =
            passed_over.map(|(partition, first, next)| frames(partition, first, next));
        assert_eq!(between.passed_over, passed_over);
        assert_eq!(between.given_up, [frames(0, 10, 12), frames(0, 11, 13), frames(0, 25, 28)]);
        assert_eq!(between.given_up_records, 7);
        assert_eq!(ranges.between(&losses, true).given_up_records, 16);
    }

    #[test]
    fn frames_in_two_batches_and_a_cursor_before_a_batch_are_told() {
        let mut ranges = Ranges::default();
        ranges.walk(&entry(0, (0, 5), None));
        assert_eq!(ranges.walk(&entry(0, (3, 9), Some(5))), Some(frames(0, 3, 5)));
        let cursors = [Cursor { partition: 0, next_frame: 8 }];
        assert_eq!(ranges.walk_to(&cursors), [(0, 8, 9)]);
        assert_eq!(ranges.between(&[], true), Between::default());
    }
}
