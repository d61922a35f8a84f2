//! The option `merge_subrequests`: what a Worker requested stands on the record of the request
//! that the Worker answered.
//!
//! In `http_requests` the `ParentRayID` of a subrequest is the `RayID` of the request that caused
//! it; others have `00` there, or nothing.
//!
//! - Records are joined within a frame, which is what a batch is made of: so the same batch always
//!   becomes the same bytes, wherever it begins and ends, and nothing waits for what may come.
//! - Every record goes to one place: on its own, or into the `Subrequests` of one other.
//! - A request takes the first [`SUBREQUESTS_MAX`](crate::limits::SUBREQUESTS_MAX) records that it
//!   caused, in the order of the frame, those that its subrequests caused among them.
//! - Where a record comes with `Subrequests` of its own, they stay, before those that are joined to
//!   it.
//! - What comes out is a record again. What chooses and writes records need not know of any of this.

mod family;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::json_text::text_of;
use crate::output::{Encoder, OutputOptions};
use crate::record::ScanError;
use crate::{Dataset, Scanner};

use family::{Kin, families};

/// The dataset whose records can be merged.
pub const DATASET: &str = "http_requests";
/// The field that holds what a request caused.
pub const SUBREQUESTS: &str = "Subrequests";

const OWN_ID: &str = "RayID";
const PARENT_ID: &str = "ParentRayID";
/// The `ParentRayID` of a request that nobody caused.
const NO_PARENT: &[u8] = b"00";

/// Room that stays for merged records between two frames: a job that merges is not to hold what its
/// largest record took.
const KEPT_BYTES: usize = 16 << 10;

/// Whether records of the dataset can be merged: whether they tell which of them caused them.
pub fn is_possible(dataset: &Dataset) -> bool {
    dataset.name == DATASET
}

/// Joins subrequests to their requests for one job, frame after frame.
#[derive(Debug, Clone)]
pub struct Merger {
    scanner: Scanner,
    own_id: usize,
    parent_id: usize,
    subrequests: usize,
    /// Writes subrequests as elements of an array.
    elements: Encoder,
    /// The record that was merged last.
    merged: Vec<u8>,
}

/// A record of a frame.
struct Member<'p> {
    place: u32,
    line: &'p [u8],
    /// The elements of the `Subrequests` that it came with, as they are.
    brought: &'p [u8],
}

impl Merger {
    /// A merger by these options, made for this dataset, for one that looks at the `wanted` fields
    /// of merged records; `None` where the options do not ask for it.
    pub fn new(
        options: &OutputOptions,
        dataset: &Arc<Dataset>,
        wanted: impl Iterator<Item = usize>,
    ) -> Option<Self> {
        if !options.merges_subrequests {
            return None;
        }
        let subrequests = dataset.field_index(SUBREQUESTS)?;
        let (own_id, parent_id) = (dataset.field_index(OWN_ID)?, dataset.field_index(PARENT_ID)?);
        let elements = Encoder::new(&element_options(options, subrequests, dataset), dataset);
        let own = [own_id, parent_id, subrequests];
        let wanted: Vec<usize> = wanted.chain(elements.fields()).chain(own).collect();
        let scanner = Scanner::new(Arc::clone(dataset), wanted);
        Some(Self { scanner, own_id, parent_id, subrequests, elements, merged: Vec::new() })
    }

    /// Gives the records of a frame to `take`, in order, merged: each with the scanner that holds
    /// its values, and with the place in the frame of the record that it was. Returns the lines
    /// that cannot be read, which are left out.
    pub fn merge<'p>(
        &mut self,
        lines: impl Iterator<Item = &'p [u8]>,
        mut take: impl FnMut(&Scanner, &[u8], u32),
    ) -> Vec<(u32, ScanError)> {
        let (mut members, mut kin, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for (place, line) in (0..).zip(lines) {
            match self.scanner.scan(line) {
                Ok(()) => {
                    members.push(Member { place, line, brought: self.brought(line) });
                    kin.push(self.kin(line));
                }
                Err(error) => unread.push((place, error)),
            }
        }
        for (member, family) in members.iter().zip(families(&kin)) {
            let Some(family) = family else { continue };
            self.write(member, family.iter().map(|&place| &members[place]));
            match self.scanner.scan(&self.merged) {
                Ok(()) => take(&self.scanner, &self.merged, member.place),
                Err(error) => unread.push((member.place, error)),
            }
        }
        self.merged.clear();
        self.merged.shrink_to(KEPT_BYTES);
        unread
    }

    /// Who the record that was scanned last is, and who caused it.
    fn kin<'l>(&self, line: &'l [u8]) -> Kin<'l> {
        let id = |field| self.scanner.value(line, field).and_then(text_of);
        let id = |field| id(field).filter(|id: &Cow<'_, [u8]>| !id.is_empty());
        Kin { own: id(self.own_id), parent: id(self.parent_id).filter(|id| **id != *NO_PARENT) }
    }

    /// The elements of the array that the record that was scanned last has already.
    fn brought<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        let array = self.scanner.value(line, self.subrequests);
        let inner = array.and_then(|raw| raw.strip_prefix(b"[")?.strip_suffix(b"]"));
        inner.unwrap_or_default().trim_ascii()
    }

    /// Writes the record, which is a JSON object, with its subrequests as its last member: of two
    /// members of one name the last one counts.
    fn write<'p: 'f, 'f>(
        &mut self,
        request: &Member<'p>,
        subrequests: impl Iterator<Item = &'f Member<'p>>,
    ) {
        let Self { scanner, elements, merged, .. } = self;
        merged.clear();
        let members = request.line.trim_ascii_end();
        let members = members.strip_suffix(b"}").unwrap_or(members).trim_ascii_end();
        merged.extend_from_slice(members);
        if !members.ends_with(b"{") {
            merged.push(b',');
        }
        merged.push(b'"');
        merged.extend_from_slice(SUBREQUESTS.as_bytes());
        merged.extend_from_slice(b"\":[");
        let start = merged.len();
        merged.extend_from_slice(request.brought);
        for &Member { line, brought, .. } in subrequests {
            // It was scanned before.
            if scanner.scan(line).is_ok() {
                let is_first = merged.len() == start;
                elements.record(|field| scanner.value(line, field), is_first, merged);
            }
            if !brought.is_empty() {
                merged.push(b',');
                merged.extend_from_slice(brought);
            }
        }
        merged.extend_from_slice(b"]}");
    }
}

/// The options by which subrequests are written: with the job's fields and its timestamps, but
/// always as JSON objects. They are redacted with the record that they stand in.
fn element_options(options: &OutputOptions, own: usize, dataset: &Dataset) -> OutputOptions {
    OutputOptions {
        fields: options.fields.iter().copied().filter(|field| *field != own).collect(),
        record_suffix: "}".to_owned(),
        record_delimiter: ",".to_owned(),
        timestamp_format: options.timestamp_format,
        ..OutputOptions::unset(dataset)
    }
}
