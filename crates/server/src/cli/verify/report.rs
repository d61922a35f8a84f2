//! What was found, and the verdict.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ledger::{Entry, Summary, Totals};
use super::progress::Progress;
use super::ranges::{Between, Frames, Ranges};
use crate::cli::{CliError, count, line};

/// Findings, and reasons why something could not be read, that are kept for programs; all are
/// counted.
const KEPT_MAX: usize = 10_000;
/// Objects that may not be read, with none that may, after which no further one is tried.
const DENIED_MAX: u64 = 20;

/// What came of looking at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Same,
    Altered(Vec<String>),
    Missing,
    Denied(String),
    Unreadable(String),
    NotDelivered,
    GivenUp,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Missing,
    Altered,
    Extra,
    Overlap,
    Ledger,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Extra => "extra",
            Self::Overlap => "overlap",
            Self::Ledger => "ledger",
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// The object's key, where it is about one.
    pub(super) key: Option<String>,
    pub(super) details: Vec<String>,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unread {
    /// The object's key, or the place.
    pub(super) what: String,
    pub(super) why: String,
}

/// How many objects came out how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Objects {
    /// Delivered, as the ledger says.
    pub(super) delivered: u64,
    pub(super) same: u64,
    pub(super) altered: u64,
    pub(super) missing: u64,
    pub(super) unread: u64,
    /// Sealed and not delivered yet: not looked at.
    pub(super) not_delivered: u64,
    /// Batches that were given up: not looked at.
    pub(super) given_up: u64,
    /// Of those that were read: without a checksum in the ledger, so compared by lines and bytes
    /// alone.
    pub(super) without_checksum: u64,
    /// Of those that were read: whose records are no lines, so not compared by lines.
    pub(super) without_lines: u64,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) job: u64,
    pub(super) progress: Progress,
    pub(super) as_json: bool,
    pub(super) objects: Objects,
    /// Sums over the objects that are as the ledger says.
    pub(super) same: Totals,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: BTreeMap<Kind, u64>,
    pub(super) unread: Vec<Unread>,
    unread_count: u64,
    /// Keys that were listed; `None` where none were.
    pub(super) keys: Option<u64>,
    pub(super) between: Between,
    /// Those whose batches were delivered.
    pub(super) revisions: BTreeSet<u32>,
    is_bounded: bool,
    has_given_up: bool,
    ranges: Ranges,
    /// Sums over all delivered batches.
    delivered: Totals,
    broken_pipe: Option<CliError>,
}

impl Report {
    pub(super) fn new(job: u64, is_bounded: bool, as_json: bool, progress: Progress) -> Self {
        Self {
            job,
            progress,
            as_json,
            objects: Objects::default(),
            same: Totals::default(),
            findings: Vec::new(),
            counts: BTreeMap::new(),
            unread: Vec::new(),
            unread_count: 0,
            keys: None,
            between: Between::default(),
            revisions: BTreeSet::new(),
            is_bounded,
            has_given_up: false,
            ranges: Ranges::default(),
            delivered: Totals::default(),
            broken_pipe: None,
        }
    }

    /// Takes down a batch of the ledger, and what came of its object.
    pub(super) fn take(&mut self, entry: &Entry, outcome: &Outcome) {
        if let Some(Frames { partition, range }) = self.ranges.walk(entry) {
            let what = format!(
                "frames {range} of partition {partition} are in this batch and in the one before it"
            );
            self.find(Kind::Overlap, Some(entry.key.clone()), vec![what]);
        }
        match outcome {
            Outcome::NotDelivered => {
                self.objects.not_delivered += 1;
                return;
            }
            Outcome::GivenUp => {
                self.objects.given_up += 1;
                return;
            }
            Outcome::Same => {
                self.objects.same += 1;
                add(&mut self.same, entry);
            }
            Outcome::Altered(details) => {
                self.objects.altered += 1;
                self.find(Kind::Altered, Some(entry.key.clone()), details.clone());
            }
            Outcome::Missing => {
                self.objects.missing += 1;
                let records = format!("the ledger says {} records", count(entry.records));
                self.find(Kind::Missing, Some(entry.key.clone()), vec![records]);
            }
            Outcome::Denied(why) | Outcome::Unreadable(why) => {
                self.objects.unread += 1;
                self.unread(entry.key.clone(), why.clone());
            }
        }
        self.objects.delivered += 1;
        self.revisions.insert(entry.revision);
        add(&mut self.delivered, entry);
        if matches!(outcome, Outcome::Same | Outcome::Altered(_)) {
            self.objects.without_checksum += u64::from(entry.checksum.is_none());
            self.objects.without_lines += u64::from(entry.newlines.is_none());
        }
        self.progress.checked(self.objects.delivered);
    }

    /// Whether no object may be read, so that trying the rest is in vain.
    pub(super) fn is_hopeless(&self) -> bool {
        let Objects { same, altered, missing, unread, .. } = self.objects;
        same + altered + missing == 0 && unread >= DENIED_MAX
    }

    /// Takes down that the rest was not tried.
    pub(super) fn gave_up(&mut self) {
        self.has_given_up = true;
        let why = format!("none of the first {DENIED_MAX} could be read");
        self.unread("the other objects".to_owned(), why);
    }

    /// Takes down that so many keys more were listed.
    pub(super) fn listed(&mut self, keys: u64) {
        *self.keys.get_or_insert(0) += keys;
    }

    /// Takes down an object that should not be there.
    pub(super) fn extra(&mut self, key: String, bytes: u64, why: String) {
        let size = format!("{} bytes", count(bytes));
        self.find(Kind::Extra, Some(key), vec![why, size]);
    }

    /// Takes down a place where extra objects could not be looked for.
    pub(super) fn unlisted(&mut self, place: &str, why: &str) {
        self.unread(format!("extra objects in {place}"), why.to_owned());
    }

    fn find(&mut self, kind: Kind, key: Option<String>, details: Vec<String>) {
        *self.counts.entry(kind).or_default() += 1;
        if self.as_json {
            if self.findings.len() < KEPT_MAX {
                self.findings.push(Finding { kind, key, details });
            }
            return;
        }
        let key = key.map_or_else(String::new, |key| format!("{key}: "));
        self.say(kind.name(), &format!("{key}{}", details.join("; ")));
    }

    /// Takes down what could not be read.
    pub(super) fn unread(&mut self, what: String, why: String) {
        self.unread_count += 1;
        if !self.as_json && self.unread_count <= DENIED_MAX {
            self.say("unread", &format!("{what}: {why}"));
        }
        if self.unread.len() < KEPT_MAX {
            self.unread.push(Unread { what, why });
        }
    }

    fn say(&mut self, kind: &str, what: &str) {
        let said = self.progress.aside(|| line(format_args!("{kind:7}  {what}")));
        if let Err(error) = said {
            self.broken_pipe.get_or_insert(error);
        }
    }

    /// Takes down what can be said at the end: what lies between batches, and whether the ledger
    /// agrees with its own sums, which were asked for before and after.
    pub(super) fn close(&mut self, before: &Summary, after: &Summary) -> Result<(), CliError> {
        let is_whole = !self.is_bounded && !self.has_given_up;
        if is_whole {
            for (partition, cursor, settled_to) in self.ranges.walk_to(&after.cursors) {
                let what = format!(
                    "the job stands at frame {cursor} of partition {partition}, before the end of \
                     its last batch at {settled_to}: frames would be delivered twice"
                );
                self.find(Kind::Ledger, None, vec![what]);
            }
            let sum = self.delivered;
            if !is_between(before.totals, sum, after.totals) {
                let (told, found) = (totals_text(after.totals), totals_text(sum));
                let what = format!("the job's sums are {told}, and those of its batches {found}");
                self.find(Kind::Ledger, None, vec![what]);
            }
        }
        self.between = self.ranges.between(&after.losses, is_whole);
        self.broken_pipe.take().map_or(Ok(()), Err)
    }

    /// Whether everything was read.
    pub(super) fn is_complete(&self) -> bool {
        self.unread_count == 0
    }

    /// Whether all is as it should be, and all was read.
    pub(super) fn is_ok(&self) -> bool {
        self.counts.is_empty() && self.is_complete()
    }

    /// The verdict, as the command ends with it.
    pub(super) fn verdict(&self) -> Result<(), CliError> {
        let unread = self.unread.first().map(|Unread { what, why }| {
            let others = match self.unread_count - 1 {
                0 => String::new(),
                others => format!("; and {} more", count(others)),
            };
            format!("could not read {what}: {why}{others}")
        });
        let found: Vec<String> = self
            .counts
            .iter()
            .map(|(kind, number)| format!("{} {}", count(*number), kind.name()))
            .collect();
        let found = found.join(", ");
        match (found.is_empty(), unread) {
            (true, None) => Ok(()),
            (true, Some(unread)) => Err(CliError::Unverified(unread)),
            (false, None) => Err(CliError::Differs(format!("job {} differs: {found}", self.job))),
            (false, Some(unread)) => {
                Err(CliError::Differs(format!("job {} differs: {found}; and {unread}", self.job)))
            }
        }
    }

    /// Things that could not be read.
    pub(super) fn unread_count(&self) -> u64 {
        self.unread_count
    }
}

fn add(totals: &mut Totals, entry: &Entry) {
    totals.objects += 1;
    totals.records += entry.records;
    totals.raw_bytes += entry.raw_bytes;
    totals.object_bytes += entry.object_bytes.unwrap_or_default();
}

fn is_between(before: Totals, sum: Totals, after: Totals) -> bool {
    let parts = |of: Totals| [of.objects, of.records, of.raw_bytes, of.object_bytes];
    let bounds = parts(before).into_iter().zip(parts(after));
    bounds.zip(parts(sum)).all(|((least, most), sum)| (least..=most).contains(&sum))
}

fn totals_text(totals: Totals) -> String {
    let Totals { objects, records, raw_bytes, object_bytes } = totals;
    format!(
        "{} objects with {} records in {} bytes, {} before compression",
        count(objects),
        count(records),
        count(object_bytes),
        count(raw_bytes)
    )
}
