//! Is every record stored once, and in the bucket of every job that wanted it, once?

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use super::evidence::Evidence;
use crate::history::numbers_in;
use crate::violation::Rule;

pub(super) fn check_stored(evidence: &Evidence, findings: &mut Findings) {
    let mut stored = BTreeSet::new();
    for ((partition, offset), frame) in &evidence.frames {
        for record in &frame.records {
            findings.check(stored.insert(record.number), Rule::StoredOnce, || {
                format!("record {} stands in {partition}/{offset} again", record.number)
            });
        }
    }
    for number in &evidence.acknowledged {
        findings.check(stored.contains(number), Rule::AcknowledgedIsStored, || {
            format!("record {number} was acknowledged and is not in the journal")
        });
    }
}

pub(super) fn check_arrived(evidence: &Evidence, findings: &mut Findings) {
    let mut arrived = BTreeMap::new();
    for seen in &evidence.objects {
        let content = seen.content.as_deref().unwrap_or_default();
        for number in numbers_in(content) {
            if let Some(before) = arrived.insert((seen.job, number), &seen.place) {
                let what = format!("record {number} is in {before} and in {}", seen.place);
                findings.add(Rule::NothingTwice, what);
            }
        }
    }
    for (&job, story) in evidence.jobs.iter().filter(|(_, story)| !story.is_deleted) {
        for (partition, offset, frame) in evidence.frames_of(story) {
            if evidence.is_lost(job, partition, offset) {
                continue;
            }
            for number in frame.wanted_by_all((partition, offset), story) {
                let has_arrived = arrived.contains_key(&(Some(job), number));
                findings.check(has_arrived, Rule::NothingMissing, || {
                    format!("job {job} lacks record {number} of {partition}/{offset}")
                });
            }
        }
    }
}
