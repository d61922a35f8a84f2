//! Was nothing given up that had not expired, and everything counted that was?

use catalog::{BatchState, Loss};
use model::Offset;

use super::Findings;
use super::evidence::{Evidence, Stored};
use crate::violation::Rule;
use crate::world::JobStory;

pub(super) fn check(evidence: &Evidence, findings: &mut Findings) {
    for loss in &evidence.losses {
        let Some(story) = evidence.jobs.get(&loss.job) else { continue };
        let mine = evidence.frames(loss.partition, loss.range);
        let mine: Vec<_> = mine.filter(|(_, frame)| frame.is_of(story)).collect();
        for (offset, frame) in &mine {
            let is_due =
                has_expired(evidence, loss, frame) || is_in_lost_batch(evidence, loss, *offset);
            findings.check(is_due, Rule::LossesAreTrue, || {
                format!("{offset} is given up before it has expired: {loss:?}")
            });
        }
        check_count(evidence, loss, story, &mine, findings);
    }
}

fn has_expired(evidence: &Evidence, loss: &Loss, frame: &Stored) -> bool {
    let latest = loss.at.0.saturating_add(evidence.set_back);
    evidence.expires_after.is_some_and(|age| frame.arrival.0.saturating_add(age) < latest)
}

/// Whether the frame is in a batch that lost an earlier frame, and with it all.
fn is_in_lost_batch(evidence: &Evidence, loss: &Loss, offset: Offset) -> bool {
    evidence.batches.iter().any(|record| {
        let batch = &record.batch;
        let is_hit = (batch.job, batch.partition) == (loss.job, loss.partition)
            && record.state == BatchState::Lost
            && batch.range.contains(offset);
        let first = || evidence.frames.get(&(batch.partition, batch.range.first));
        is_hit && first().is_some_and(|first| has_expired(evidence, loss, first))
    })
}

/// No more is counted than the frames held, and no less than is missing.
fn check_count(
    evidence: &Evidence,
    loss: &Loss,
    story: &JobStory,
    frames: &[(Offset, &Stored)],
    findings: &mut Findings,
) {
    let held: u64 = frames.iter().map(|(_, frame)| frame.records.len() as u64).sum();
    let is_delivered = |offset: Offset| {
        evidence.batches.iter().any(|record| {
            let batch = &record.batch;
            (batch.job, batch.partition) == (loss.job, loss.partition)
                && matches!(record.state, BatchState::Delivered(_))
                && batch.range.contains(offset)
        })
    };
    let missing = frames.iter().filter(|(offset, _)| !is_delivered(*offset));
    let least = |(offset, frame): &(Offset, &Stored)| {
        frame.readings((loss.partition, *offset), story).map(|lines| lines.len()).min()
    };
    let missing: usize = missing.filter_map(least).sum();
    let is_counted = (missing as u64..=held).contains(&loss.records);
    findings.check(is_counted, Rule::LossesAreTrue, || {
        format!("{loss:?} stands for at least {missing} and at most {held} records")
    });
}
