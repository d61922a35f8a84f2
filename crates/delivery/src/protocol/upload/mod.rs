//! One sealed batch on its way to the store: what is asked of the store next, and what its
//! answers mean.
//!
//! ```text
//!              ┌─ up to the part size ──────────────────────► put ───┐
//!  entered ────┤                                                     ├─► stored
//!              └─ beyond ► compare ► begin ► note ► send ► complete ─┘
//!                            └── abandon ──┘              answers that leave doubt: look
//! ```
//!
//! **Rules.** No error gives up a batch. That the object may be visible is taken down before the
//! request is given out that makes it so, and is taken back only where it certainly failed. Every
//! attempt goes to the same key, guarded where the store knows guarded writes.

use std::ops::Range;
use std::time::Duration;

use catalog::{OpenUpload, UploadedPart};
use model::destination::Conditional;

use super::backoff::backoff;
use crate::RetrySettings;
use crate::store::{Remedy, StoreErrorKind};

/// The most parts of an upload.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PARTS_MAX: u64 = 10_000;

/// What is known of the batch and of its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The bytes of its object.
    pub len: u64,
    /// Up to how many an object is written in one request.
    pub part_bytes: u64,
    /// Which writes the destination wants guarded.
    pub conditional: Conditional,
    /// Whether the store is known not to know guarded writes.
    pub knows_no_guard: bool,
}

impl View {
    /// Whether an object at the key keeps this one from being written.
    const fn is_guarded(&self) -> bool {
        match self.conditional {
            Conditional::Always => true,
            Conditional::Never => false,
            Conditional::Auto => !self.knows_no_guard,
        }
    }
}

/// What stands at the batch's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The batch's object.
    Ours,
    /// Another object.
    Other,
    /// Nothing.
    Nothing,
    /// The bucket's owner does not let us look.
    Unknown,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An attempt may begin: the bytes are there, and the bucket takes requests.
    Entered,
    /// The parts of an upload from before a restart were compared with the bytes.
    Compared {
        /// Whether they are the same.
        is_same: bool,
    },
    /// An upload has begun.
    Begun(OpenUpload),
    /// Whether the ledger has noted the upload.
    Noted(bool),
    /// All parts were sent, and the bucket takes a further request.
    PartsSent,
    /// A part could not be sent; what the store said, where it was the store.
    PartFailed(Option<StoreErrorKind>),
    /// The answer to the request that makes the object visible.
    Answered(Result<(), StoreErrorKind>),
    /// What stands at the key.
    Looked(Sight),
    /// A request or a look failed in a way that tells nothing.
    NotTold,
    /// What was asked for beside the way is done.
    Done,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write the object in one request: [`Event::Answered`].
    Put {
        /// Only where no object stands at the key.
        guarded: bool,
    },
    /// Compare the current upload's parts with the bytes: [`Event::Compared`].
    Compare,
    /// Begin an upload in parts of this size: [`Event::Begun`].
    Begin {
        /// The size of its parts.
        part_bytes: u64,
    },
    /// Note the current upload in the ledger: [`Event::Noted`].
    Note,
    /// Send the parts that the store lacks: [`Event::PartsSent`], [`Event::PartFailed`].
    SendParts,
    /// Make the object of all parts visible: [`Event::Answered`].
    Complete {
        /// Only where no object stands at the key.
        guarded: bool,
    },
    /// Look at what stands at the key: [`Event::Looked`].
    Look,
    /// Try once to abort what is stale: [`Event::Done`].
    Abandon,
    /// Close the upload in the ledger that the store does not know any more: [`Event::Done`].
    Forget,
    /// Remember that the store does not know guarded writes: [`Event::Done`].
    NoteNoGuard,
    /// The object is visible.
    Stored,
    /// The object is visible, and could not be looked at.
    Unseen,
    /// The attempt has failed.
    Fail(Failure),
}

/// How an attempt has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// As the last answer tells.
    AsTold,
    /// Somebody else's object stands at the key.
    Taken,
    /// The destination wants guarded writes, which the store does not know.
    NoGuard,
}

/// In which form an object becomes visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Parts,
}

/// The request that makes the object visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request {
    form: Form,
    guarded: bool,
    /// Whether the object may have been visible before.
    was_tried: bool,
}

/// What to go on with after something beside the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Do(Action),
    Publish(Form),
}

/// One sealed batch on its way to the store.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    maybe_visible: bool,
    failed: bool,
    attempts: u32,
    /// Attempts that failed on end without getting anywhere.
    failures: u32,
    /// The upload in parts to go on with.
    current: Option<OpenUpload>,
    /// Whether its parts are known to hold the bytes of the batch as it is encoded now.
    is_verified: bool,
    /// Uploads that are to be abandoned.
    stale: Vec<OpenUpload>,
    /// An upload that the store does not know any more.
    gone: Option<OpenUpload>,
    request: Option<Request>,
    /// The refusal that a look at the key is to explain, and the form of what was refused, where a
    /// request was.
    doubt: Option<(StoreErrorKind, Option<Form>)>,
    /// Looks of this attempt that were denied.
    denied_looks: u32,
    then: Option<Then>,
}

impl Upload {
    /// A batch that was sealed now: nobody has tried to upload it.
    pub fn fresh() -> Self {
        Self::default()
    }

    /// A batch that was sealed in an earlier life, with the uploads that the ledger knows, the
    /// newest last. Its object may be visible.
    pub fn recovered(mut open: Vec<OpenUpload>) -> Self {
        Self { maybe_visible: true, current: open.pop(), stale: open, ..Self::default() }
    }

    /// Whether an attempt was made, or may have been, of which it is not certain that it failed.
    pub const fn maybe_visible(&self) -> bool {
        self.maybe_visible
    }

    /// Whether an attempt has failed.
    pub const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Attempts so far.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The upload in parts to go on with.
    pub const fn current(&self) -> Option<&OpenUpload> {
        self.current.as_ref()
    }

    /// The parts that the store lacks of the current upload, by number, with their bytes.
    pub fn missing_parts(&self, len: u64) -> Vec<(u32, Range<u64>)> {
        let Some(open) = &self.current else { return Vec::new() };
        let parts = u32::try_from(len.div_ceil(open.part_bytes)).unwrap_or(u32::MAX);
        let is_missing = |number: &u32| !open.parts.iter().any(|part| part.number == *number);
        let missing = (1..=parts).filter(is_missing);
        missing.map(|number| (number, range_of(number, open.part_bytes, len))).collect()
    }

    /// The store has taken a part.
    pub fn part_taken(&mut self, part: UploadedPart) {
        self.failures = 0;
        if let Some(open) = &mut self.current {
            open.parts.push(part);
        }
    }

    /// The uploads to abandon; those that stay open are to be given back.
    pub fn take_stale(&mut self) -> Vec<OpenUpload> {
        std::mem::take(&mut self.stale)
    }

    /// An upload that could not be abandoned.
    pub fn stays_stale(&mut self, open: OpenUpload) {
        self.stale.push(open);
    }

    /// The upload to forget.
    pub fn take_gone(&mut self) -> Option<OpenUpload> {
        self.gone.take()
    }

    /// The current upload is not gone on with.
    pub fn retire(&mut self) {
        self.stale.extend(self.current.take());
    }

    /// The attempt was held back because the bucket is known to fail.
    pub fn held(&mut self) {
        self.failed = true;
    }

    /// The attempt has failed: the wait before the next one. `seed` decides how waits are spread.
    pub fn failed(&mut self, retry: RetrySettings, remedy: Remedy, seed: u64) -> Duration {
        self.failed = true;
        self.failures = self.failures.saturating_add(1);
        backoff(retry, remedy, self.failures, seed)
    }

    /// What is to be done next.
    pub fn on(&mut self, event: Event, view: View) -> Action {
        match event {
            Event::Entered => self.enter(view),
            Event::Compared { is_same } => {
                self.is_verified = true;
                if is_same {
                    return Action::SendParts;
                }
                self.retire();
                self.after(Action::Abandon, Then::Do(begin(view)))
            }
            Event::Begun(open) => {
                self.current = Some(open);
                self.is_verified = true;
                Action::Note
            }
            Event::Noted(true) => Action::SendParts,
            Event::Noted(false) => {
                self.retire();
                self.after(Action::Abandon, Then::Do(Action::Fail(Failure::AsTold)))
            }
            Event::PartsSent => self.publish(Form::Parts, view),
            Event::PartFailed(Some(StoreErrorKind::NoSuchUpload)) => {
                // It may be gone because it was completed by a request whose answer was lost.
                let verdict = self.verdict(StoreErrorKind::NoSuchUpload, None, self.maybe_visible);
                self.forget(verdict)
            }
            Event::PartFailed(_) | Event::NotTold => Action::Fail(Failure::AsTold),
            Event::Answered(Ok(())) => {
                if self.request.take().is_some_and(|request| request.form == Form::Parts) {
                    // The ledger closes it with the batch.
                    self.current = None;
                }
                Action::Stored
            }
            Event::Answered(Err(kind)) => self.refused(kind, view),
            Event::Looked(sight) => self.saw(sight, view),
            Event::Done => match self.then.take() {
                Some(Then::Do(action)) => action,
                Some(Then::Publish(form)) => self.publish(form, view),
                None => Action::Fail(Failure::AsTold),
            },
        }
    }

    fn enter(&mut self, view: View) -> Action {
        self.attempts = self.attempts.saturating_add(1);
        (self.request, self.then, self.denied_looks) = (None, None, 0);
        match &self.current {
            _ if view.len <= view.part_bytes => self.publish(Form::Whole, view),
            None => begin(view),
            Some(_) if self.is_verified => Action::SendParts,
            Some(_) => Action::Compare,
        }
    }

    fn after(&mut self, first: Action, then: Then) -> Action {
        self.then = Some(then);
        first
    }

    fn forget(&mut self, then: Action) -> Action {
        self.gone = self.current.take();
        self.after(Action::Forget, Then::Do(then))
    }

    fn publish(&mut self, form: Form, view: View) -> Action {
        let guarded = view.is_guarded();
        let was_tried = std::mem::replace(&mut self.maybe_visible, true);
        self.request = Some(Request { form, guarded, was_tried });
        match form {
            Form::Whole => Action::Put { guarded },
            Form::Parts => Action::Complete { guarded },
        }
    }

    fn refused(&mut self, kind: StoreErrorKind, view: View) -> Action {
        let Some(Request { form, guarded, was_tried }) = self.request.take() else {
            return Action::Fail(Failure::AsTold);
        };
        if kind == StoreErrorKind::NotSupported && guarded {
            self.maybe_visible = was_tried;
            if view.conditional == Conditional::Always {
                return Action::Fail(Failure::NoGuard);
            }
            return self.after(Action::NoteNoGuard, Then::Publish(form));
        }
        let verdict = self.verdict(kind, Some(form), was_tried);
        match (form, kind) {
            (Form::Parts, StoreErrorKind::NoSuchUpload) => self.forget(verdict),
            // The parts are not what the store wants, or another upload was in the way:
            // everything has to be sent again.
            (Form::Parts, StoreErrorKind::Refused | StoreErrorKind::Conflict) => {
                self.retire();
                self.after(Action::Abandon, Then::Do(verdict))
            }
            _ => verdict,
        }
    }

    /// What the failure of a request means that would have made the object visible.
    fn verdict(&mut self, kind: StoreErrorKind, form: Option<Form>, was_tried: bool) -> Action {
        let is_refused = matches!(kind, StoreErrorKind::AlreadyThere | StoreErrorKind::Conflict);
        if is_refused || !kind.may_have_happened() {
            self.maybe_visible = was_tried;
        }
        self.doubt = Some((kind, form));
        match kind {
            // The upload may be gone because it was completed.
            StoreErrorKind::AlreadyThere | StoreErrorKind::NoSuchUpload if was_tried => {
                Action::Look
            }
            StoreErrorKind::AlreadyThere => Action::Fail(Failure::Taken),
            _ => Action::Fail(Failure::AsTold),
        }
    }

    fn saw(&mut self, sight: Sight, view: View) -> Action {
        let refused = match self.doubt.take() {
            Some((StoreErrorKind::AlreadyThere, form)) => form,
            _ => None,
        };
        match (sight, refused) {
            (Sight::Ours, _) => Action::Stored,
            // The bucket may let nobody in for now, and somebody else's object may stand there. One
            // that only keeps us from looking says again that an object is there.
            (Sight::Unknown, Some(form)) if self.denied_looks == 0 => {
                self.denied_looks += 1;
                self.publish(form, view)
            }
            // Nobody but this job writes at this key, and the ledger knows of an attempt.
            (Sight::Unknown, Some(_)) => Action::Unseen,
            (Sight::Other, Some(_)) => Action::Fail(Failure::Taken),
            (Sight::Nothing | Sight::Unknown | Sight::Other, _) => Action::Fail(Failure::AsTold),
        }
    }
}

fn begin(view: View) -> Action {
    Action::Begin { part_bytes: view.part_bytes.max(view.len.div_ceil(PARTS_MAX)) }
}

/// Whether an upload from before a restart has the key and so few parts that it can be gone on
/// with, as far as that is seen without its bytes.
pub fn may_go_on(upload: &OpenUpload, key: &str, len: u64) -> bool {
    let is_whole = |part: &UploadedPart| {
        let range = range_of(part.number, upload.part_bytes, len);
        range.end - range.start == part.bytes && part.bytes > 0
    };
    upload.key == key
        && len.div_ceil(upload.part_bytes) <= PARTS_MAX
        && upload.parts.iter().all(is_whole)
}

/// The bytes of a part.
pub fn range_of(number: u32, part_bytes: u64, len: u64) -> Range<u64> {
    let first = (u64::from(number.max(1)) - 1).saturating_mul(part_bytes).min(len);
    first..first.saturating_add(part_bytes).min(len)
}

#[cfg(test)]
mod tests;
