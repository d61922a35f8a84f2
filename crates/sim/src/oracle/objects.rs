//! Does every object hold just what its batch says, and every delivered batch have its object?

use catalog::{BatchRecord, BatchState, Totals};
use model::{Batch, JobId};

use super::Findings;
use super::evidence::{Evidence, Seen};
use crate::history::Line;
use crate::store::{Guard, Manners};
use crate::violation::Rule;
use crate::world::JobStory;

pub(super) fn check(evidence: &Evidence, findings: &mut Findings) {
    for seen in &evidence.objects {
        match evidence.batch_of(&seen.place) {
            Some(record) => check_object(evidence, seen, &record.batch, findings),
            None => {
                let what = format!("{} belongs to no batch of the ledger", seen.place);
                findings.add(Rule::LedgerAndBucketAgree, what);
            }
        }
    }
    for record in &evidence.batches {
        check_delivered(evidence, record, findings);
    }
    for (job, totals) in &evidence.totals {
        check_totals(evidence, *job, totals, findings);
    }
}

fn check_object(evidence: &Evidence, seen: &Seen, batch: &Batch, findings: &mut Findings) {
    let place = &seen.place;
    let Some(story) = evidence.jobs.get(&batch.job) else {
        return findings.add(Rule::ObjectIsItsBatch, format!("{place} is of an unknown job"));
    };
    let Some(revision) = story.revisions.iter().find(|one| one.revision == batch.revision) else {
        return;
    };
    let wish = &revision.wish;
    let lines = lines_of(evidence, story, batch, wish);
    let expected = wish.object(&lines);
    findings.check(
        seen.content.as_deref() == Some(expected.as_bytes()),
        Rule::ObjectIsItsBatch,
        || {
            let found = seen.content.as_deref().map(String::from_utf8_lossy);
            format!("{place} holds {found:?} and should hold {expected:?}")
        },
    );
    let counts = (lines.len() as u64, expected.len() as u64);
    findings.check(counts == (batch.records, batch.raw_bytes), Rule::ObjectIsItsBatch, || {
        let told = (batch.records, batch.raw_bytes);
        format!("{place} has {counts:?} records and bytes, and the ledger says {told:?}")
    });
    findings.check(place.bucket == wish.bucket, Rule::ObjectIsItsBatch, || {
        format!("{place} was wanted in the bucket {}", wish.bucket)
    });
}

fn lines_of(
    evidence: &Evidence,
    story: &JobStory,
    batch: &Batch,
    wish: &crate::history::Wish,
) -> Vec<Line> {
    let frames = evidence.frames(batch.partition, batch.range);
    let mine = frames.filter(|(_, frame)| frame.is_of(story));
    mine.flat_map(|(offset, frame)| frame.wanted((batch.partition, offset), wish)).collect()
}

fn check_delivered(evidence: &Evidence, record: &BatchRecord, findings: &mut Findings) {
    let BatchRecord { batch, state: BatchState::Delivered(delivered), .. } = record else { return };
    let name = &batch.key;
    let Some(seen) = evidence.objects.iter().find(|seen| seen.place.key == *name) else {
        let what = format!("the batch {name} is delivered and has no object");
        return findings.add(Rule::LedgerAndBucketAgree, what);
    };
    let object = &seen.object;
    // Where delivery found the object there and could not look at it, at that moment or ever, it
    // knows no tag.
    let guards = |manners: &Manners| manners.guard == Guard::Known || !manners.lets_look;
    let may_be_untold = evidence.manners.get(&*seen.place.bucket).is_none_or(guards);
    let is_untold = delivered.etag.is_empty() && may_be_untold;
    let told = (delivered.object_bytes, &delivered.etag);
    let found = (object.body.len() as u64, if is_untold { told.1 } else { &object.etag });
    findings.check(told == found, Rule::LedgerAndBucketAgree, || {
        format!("the ledger says of {name} {told:?}, and the store {found:?}")
    });
}

fn check_totals(evidence: &Evidence, job: JobId, totals: &Totals, findings: &mut Findings) {
    let mut sums = Totals::default();
    for BatchRecord { batch, state, .. } in &evidence.batches {
        if let BatchState::Delivered(delivered) = state
            && batch.job == job
        {
            sums.batches += 1;
            sums.records += batch.records;
            sums.raw_bytes += batch.raw_bytes;
            sums.object_bytes += delivered.object_bytes;
        }
    }
    findings.check(sums == *totals, Rule::LedgerAndBucketAgree, || {
        format!("the totals of job {job} are {totals:?}, and its batches' sums {sums:?}")
    });
}
