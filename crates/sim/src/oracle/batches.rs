//! Do the ledger's batches stand end to end, by the revisions and limits that were in force, and
//! lies nothing between them that their job wanted?

use catalog::BatchRecord;
use model::{Batch, JobId, Offset, OffsetRange, Partition, Revision, time};

use super::Findings;
use super::evidence::{Evidence, Stored};
use crate::violation::Rule;
use crate::world::JobStory;

pub(super) fn check(evidence: &Evidence, findings: &mut Findings) {
    for (&job, story) in &evidence.jobs {
        for partition in (0..evidence.partitions).map(Partition) {
            let mine = evidence.batches.iter().map(|record| &record.batch);
            let mine = mine.filter(|batch| (batch.job, batch.partition) == (job, partition));
            let lane = Lane { evidence, job, story, partition, batches: mine.collect() };
            lane.check(findings);
        }
    }
    for BatchRecord { batch, .. } in &evidence.batches {
        if let Some(story) = evidence.jobs.get(&batch.job) {
            check_one(evidence, story, batch, findings);
        }
    }
}

/// A job on a partition.
struct Lane<'e> {
    evidence: &'e Evidence,
    job: JobId,
    story: &'e JobStory,
    partition: Partition,
    /// In the order of their ranges.
    batches: Vec<&'e Batch>,
}

impl Lane<'_> {
    fn check(&self, findings: &mut Findings) {
        let mut at = self.story.begin[usize::from(self.partition.0)];
        let mut revision = Revision(1);
        for batch in &self.batches {
            findings.check(batch.range.first >= at, Rule::BatchesAreLawful, || {
                format!("the batch {} begins before {at}", batch.key)
            });
            findings.check(batch.revision >= revision, Rule::BatchesAreLawful, || {
                format!("the batch {} goes back behind revision {revision}", batch.key)
            });
            self.check_gap(
                OffsetRange::new(at, batch.range.first),
                (revision, batch.revision),
                findings,
            );
            (at, revision) = (batch.range.next, batch.revision);
        }
        let cursor = self.evidence.cursors.get(&(self.job, self.partition));
        let cursor = cursor.copied().unwrap_or(Offset(0));
        findings.check(cursor >= at, Rule::BatchesAreLawful, || {
            format!("job {} stands at {cursor}, before its batches' end {at}", self.job)
        });
        let last = Revision(u32::MAX);
        self.check_gap(OffsetRange::new(at, cursor), (revision, last), findings);
    }

    /// Frames that no batch holds may hold nothing that a revision between these wanted.
    fn check_gap(
        &self,
        gap: OffsetRange,
        (least, most): (Revision, Revision),
        findings: &mut Findings,
    ) {
        for (offset, frame) in self.evidence.frames(self.partition, gap) {
            if !frame.is_of(self.story) || self.evidence.is_lost(self.job, self.partition, offset) {
                continue;
            }
            let at = (self.partition, offset);
            let mut readings =
                self.story.possible(frame).filter(|one| (least..=most).contains(&one.revision));
            let is_empty = readings.any(|one| frame.wanted(at, &one.wish).is_empty());
            findings.check(is_empty, Rule::NothingMissing, || {
                let partition = self.partition;
                format!("job {} passed over {partition}/{offset}, which it wanted", self.job)
            });
        }
    }
}

fn check_one(evidence: &Evidence, story: &JobStory, batch: &Batch, findings: &mut Findings) {
    let name = &batch.key;
    let Some(revision) = story.revisions.iter().find(|one| one.revision == batch.revision) else {
        let what = format!("the batch {name} is of an unknown revision {}", batch.revision);
        return findings.add(Rule::BatchesAreLawful, what);
    };
    let wish = &revision.wish;
    let wanted = |(offset, frame): &(Offset, &Stored)| {
        frame.is_of(story) && !frame.wanted((batch.partition, *offset), wish).is_empty()
    };
    let frames: Vec<_> = evidence.frames(batch.partition, batch.range).filter(wanted).collect();
    for (offset, frame) in &frames {
        let is_possible = story.possible(frame).any(|one| one.revision == batch.revision);
        findings.check(is_possible, Rule::BatchesAreLawful, || {
            format!("the batch {name} reads {offset} by a revision that was replaced long before")
        });
    }
    let times = frames.first().zip(frames.last());
    let times = times.map(|((_, first), (_, last))| (first.arrival, last.arrival));
    findings.check(times == Some((batch.start, batch.end)), Rule::BatchesAreLawful, || {
        format!("the batch {name} holds frames of {times:?}")
    });
    let records_max = wish.max_records.unwrap_or(u64::MAX);
    findings.check(batch.records <= records_max, Rule::BatchesAreLawful, || {
        format!("the batch {name} has {} records, more than {records_max}", batch.records)
    });
    let is_one_day = time::day(batch.start) == time::day(batch.end);
    findings.check(is_one_day || !wish.splits_days(), Rule::BatchesAreLawful, || {
        format!("the batch {name} crosses midnight")
    });
    let folder = wish.folder_at(batch.start);
    let is_there = name.strip_prefix(&folder).is_some_and(|name| !name.contains('/'));
    findings.check(is_there, Rule::BatchesAreLawful, || {
        format!("the batch {name} does not stand in the folder `{folder}`")
    });
}
