//! Sorting a body's lines: good records into frames of their scope, the others into quarantine.
//!
//! Pure work on bytes; it runs on a worker thread. The same body gives the same frames.

use std::collections::HashMap;
use std::ops::Range;

use catalog::Grant;
use journal::FrameKind;
use model::record::Lines;
use model::{AccountId, Checker, Scope};

use super::IngestError;
use super::budget::Reserved;
use super::combined;
use super::frames::{FrameBuilder, Gathered};
use super::manifest::{Format, Manifest};
use super::outcome::Outcome;
use super::quarantine::{self, LineError};
use super::sequence::Shape;
use super::zones::ZoneTable;

/// Whose quarantine holds lines that an operator's token sent and that belong to nobody: an
/// account that cannot exist.
pub(crate) const OPERATOR: Scope = Scope::account(AccountId::from_bytes([0; 16]));

/// Whose records they are.
#[derive(Debug)]
pub(super) enum Target<'t> {
    /// All of one scope.
    Scope(Scope),
    /// Each of the zone that it names, among those that the grant covers.
    PerRecord { zones: &'t ZoneTable, grant: Grant },
}

impl Target<'_> {
    /// Whose quarantine holds the lines that have no scope of their own.
    fn quarantine(&self) -> Scope {
        match self {
            Self::Scope(scope) | Self::PerRecord { grant: Grant::Scope(scope), .. } => *scope,
            Self::PerRecord { grant: Grant::Installation, .. } => OPERATOR,
        }
    }
}

/// A body, sorted.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) frames: Vec<Gathered>,
    pub(super) outcome: Outcome,
    /// Bytes of the records that were accepted.
    pub(super) record_bytes: u64,
}

/// The work on one body.
#[derive(Debug)]
pub(super) struct Sorter<'s> {
    target: Target<'s>,
    manifest: &'s Manifest,
    checker: &'s mut Checker,
    reserved: &'s mut Reserved,
    quarantine_bytes_max: u64,
    open: Vec<FrameBuilder>,
    open_of: HashMap<Scope, usize>,
    quarantine: FrameBuilder,
    quarantine_bytes: u64,
    body: &'s [u8],
    /// Room that a frame of records needs at most, by the size of the body.
    room: usize,
    scratch: Vec<u8>,
    sorted: Sorted,
}

impl<'s> Sorter<'s> {
    /// A sorter of records that `checker` checks. What it keeps beyond the body's own size is
    /// reserved in `reserved`.
    pub(super) fn new(
        target: Target<'s>,
        manifest: &'s Manifest,
        checker: &'s mut Checker,
        reserved: &'s mut Reserved,
        quarantine_bytes_max: u64,
    ) -> Self {
        Self {
            quarantine: FrameBuilder::new(FrameKind::Quarantine, target.quarantine()),
            target,
            manifest,
            checker,
            reserved,
            quarantine_bytes_max,
            open: Vec::new(),
            open_of: HashMap::new(),
            quarantine_bytes: 0,
            body: &[],
            room: 0,
            scratch: Vec::new(),
            sorted: Sorted { frames: Vec::new(), outcome: Outcome::default(), record_bytes: 0 },
        }
    }

    /// Sorts the whole body.
    pub(super) fn sort(mut self, body: &'s [u8]) -> Result<Sorted, IngestError> {
        self.body = body;
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        self.room = (body.len() + 1).saturating_mul(self.manifest.format.growth());
        match self.manifest.format {
            Format::Ndjson => self.lines(body)?,
            Format::Combined => self.access_lines(body)?,
            Format::Json => match Shape::of(body).map_err(IngestError::NotRecords)? {
                Shape::Lines => self.lines(body)?,
                Shape::Elements(elements) => {
                    for element in elements {
                        let (number, element) = element.map_err(IngestError::NotRecords)?;
                        self.element(number, element)?;
                    }
                }
            },
        }
        let Self { open, mut quarantine, mut sorted, .. } = self;
        sorted.frames.extend(open.into_iter().filter_map(|mut builder| builder.close()));
        sorted.frames.extend(quarantine.close());
        Ok(sorted)
    }

    fn lines(&mut self, body: &[u8]) -> Result<(), IngestError> {
        let begins_at = self.body.len() - body.len();
        for line in Lines::new(body) {
            let end = line.at + line.bytes.len();
            let stands = matches!(self.target, Target::Scope(_)) && body.get(end) == Some(&b'\n');
            let place = stands.then_some(begins_at + line.at..begins_at + end);
            self.record(line.number, line.bytes, place)?;
        }
        Ok(())
    }

    fn access_lines(&mut self, body: &[u8]) -> Result<(), IngestError> {
        let mut record = std::mem::take(&mut self.scratch);
        for line in Lines::new(body) {
            record.clear();
            let number = self.manifest.line(line.number);
            match combined::map(number, line.bytes, &mut record) {
                // Such records are good by their making.
                Ok(()) => self.accept(line.number, &record, line.bytes, None)?,
                Err(reason) => self.refuse(line.number, line.bytes, reason)?,
            }
        }
        Ok(())
    }

    /// An element may stand over several lines, which a frame's line may not.
    fn element(&mut self, number: u64, element: &[u8]) -> Result<(), IngestError> {
        if memchr::memchr2(b'\n', b'\r', element).is_none() {
            return self.record(number, element, None);
        }
        // As it came, so that a line break within a string is refused and does not become a space.
        if let Err(refusal) = self.checker.check(element) {
            return self.refuse(number, element, refusal.to_string());
        }
        let mut line = std::mem::take(&mut self.scratch);
        line.clear();
        // In good JSON they are whitespace between tokens.
        line.extend(element.iter().map(|&b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
        let accepted = self.accept(number, &line, &line, None);
        self.scratch = line;
        accepted
    }

    /// Takes a record; `place` is where it stands in the body with a newline behind it, if it does.
    fn record(
        &mut self,
        number: u64,
        record: &[u8],
        place: Option<Range<usize>>,
    ) -> Result<(), IngestError> {
        match self.checker.check(record) {
            Ok(()) => self.accept(number, record, record, place),
            Err(refusal) => self.refuse(number, record, refusal.to_string()),
        }
    }

    /// Takes a good record, which was made of `line`, into the open frame of its scope.
    fn accept(
        &mut self,
        number: u64,
        record: &[u8],
        line: &[u8],
        place: Option<Range<usize>>,
    ) -> Result<(), IngestError> {
        let (scope, room) = match self.target {
            Target::Scope(scope) => (scope, self.room),
            Target::PerRecord { zones, grant } => {
                let host_field = self.checker.dataset().host_field.as_deref();
                match zones.zone_of(record, host_field, grant) {
                    // Many zones may have a frame open: none gets more room than it fills.
                    Ok(scope) => (scope, record.len() + 1),
                    Err(reason) => return self.refuse(number, line, reason),
                }
            }
        };
        let at = self.open_frame(scope);
        let frame = &mut self.open[at];
        self.sorted.frames.extend(match place {
            Some(place) => frame.push_part(self.body, place),
            None => frame.push(self.body, record, room),
        });
        self.sorted.outcome.accepted += 1;
        self.sorted.record_bytes += record.len() as u64 + 1;
        Ok(())
    }

    fn open_frame(&mut self, scope: Scope) -> usize {
        if let (Target::Scope(_), false) = (&self.target, self.open.is_empty()) {
            return 0;
        }
        let Self { open, open_of, .. } = self;
        *open_of.entry(scope).or_insert_with(|| {
            open.push(FrameBuilder::new(FrameKind::Records, scope));
            open.len() - 1
        })
    }

    fn refuse(&mut self, number: u64, line: &[u8], reason: String) -> Result<(), IngestError> {
        let error = LineError { line: self.manifest.line(number), reason };
        let mut kept = Vec::with_capacity(line.len().min(quarantine::CONTENT_BYTES_MAX) + 256);
        quarantine::write(&error, self.manifest.source.as_deref(), line, &mut kept);
        self.quarantine_bytes += kept.len() as u64 + 1;
        self.reserved.grow(kept.len() + 1)?;
        let closed = self.quarantine.push(self.body, &kept, kept.len() + 1);
        self.sorted.frames.extend(closed);
        self.sorted.outcome.refuse(error);
        if self.quarantine_bytes > self.quarantine_bytes_max {
            return Err(self.too_many_refused());
        }
        Ok(())
    }

    fn too_many_refused(&self) -> IngestError {
        let outcome = &self.sorted.outcome;
        let (line, reason) = outcome
            .errors
            .first()
            .map_or((0, String::new()), |first| (first.line, first.reason.clone()));
        IngestError::TooManyRefused {
            refused: outcome.quarantined,
            seen: outcome.accepted + outcome.quarantined,
            max: self.quarantine_bytes_max,
            line,
            reason,
        }
    }
}
