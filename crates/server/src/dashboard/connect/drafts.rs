//! The drafts that people are working on, kept in memory.
//!
//! **Rules.** A draft belongs to the bearer of one token and to one scope; for everybody else
//! there is none of that id. How many there are, how large one is and how long one is kept is
//! bounded: the one that was left alone longest goes first.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use catalog::Job;
use model::time::NANOS_PER_SECOND;
use model::{Id, Scope, UnixNanos};

use super::draft::Draft;

/// Most drafts of one bearer.
const PER_OWNER_MAX: usize = 20;
/// Most drafts.
const DRAFTS_MAX: usize = 1_000;
/// Most bytes that are typed into one.
const BYTES_MAX: usize = 160 << 10;
/// How long a draft is kept that nobody touches.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// Whose a draft is: the token, and the scope.
pub(super) type Owner = (Id, Scope);

/// Drafts by their id.
#[derive(Default)]
pub(crate) struct Drafts {
    kept: Mutex<HashMap<Id, Kept>>,
}

struct Kept {
    owner: Owner,
    touched: UnixNanos,
    is_changed: bool,
    draft: Arc<Draft>,
}

/// A draft that became larger than any job can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the draft has {0} bytes; at most {BYTES_MAX} are kept")]
pub(super) struct TooLarge(usize);

impl fmt::Debug for Drafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drafts(…)")
    }
}

impl Drafts {
    /// The draft of that id, where it is this owner's.
    pub(super) fn get(&self, id: Id, owner: Owner, now: UnixNanos) -> Option<Draft> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept, now);
        let found = kept.get_mut(&id).filter(|kept| kept.owner == owner)?;
        found.touched = now;
        Some(Draft::clone(&found.draft))
    }

    /// Keeps a new draft under `id`.
    pub(super) fn begin(&self, id: Id, owner: Owner, draft: Draft, now: UnixNanos) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept, now);
        let mine = |kept: &Kept| kept.owner.0 == owner.0;
        if kept.values().filter(|kept| mine(kept)).count() >= PER_OWNER_MAX {
            forget_oldest(&mut kept, mine);
        }
        if kept.len() >= DRAFTS_MAX {
            forget_oldest(&mut kept, |_| true);
        }
        let draft = Arc::new(draft);
        kept.insert(id, Kept { owner, touched: now, is_changed: false, draft });
    }

    /// Keeps what became of a draft; nothing, where it is gone.
    pub(super) fn put(
        &self,
        id: Id,
        owner: Owner,
        draft: Draft,
        now: UnixNanos,
    ) -> Result<(), TooLarge> {
        let bytes = draft.bytes();
        if bytes > BYTES_MAX {
            return Err(TooLarge(bytes));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get_mut(&id).filter(|kept| kept.owner == owner) {
            (found.draft, found.touched, found.is_changed) = (Arc::new(draft), now, true);
        }
        Ok(())
    }

    /// Forgets a draft.
    pub(super) fn end(&self, id: Id, owner: Owner) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.get(&id).is_some_and(|kept| kept.owner == owner) {
            kept.remove(&id);
        }
    }

    /// The owner's draft of that job in which nothing was changed yet, so that looking at it again
    /// and again does not push out others.
    pub(super) fn untouched(&self, job: &Job, owner: Owner) -> Option<Id> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_job = |kept: &Kept| {
            let before = kept.draft.before.as_ref();
            before.is_some_and(|of| (of.id, of.updated_at) == (job.id, job.updated_at))
        };
        let mut fresh = kept.iter().filter(|(_, kept)| kept.owner == owner && !kept.is_changed);
        fresh.find(|(_, kept)| is_of_job(kept)).map(|(&id, _)| id)
    }
}

fn forget_old(kept: &mut HashMap<Id, Kept>, now: UnixNanos) {
    kept.retain(|_, kept| now.0.saturating_sub(kept.touched.0) < KEPT_SECONDS * NANOS_PER_SECOND);
}

fn forget_oldest(kept: &mut HashMap<Id, Kept>, of: impl Fn(&Kept) -> bool) {
    let oldest = kept.iter().filter(|(_, kept)| of(kept)).min_by_key(|(_, kept)| kept.touched);
    if let Some(id) = oldest.map(|(&id, _)| id) {
        kept.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u16) -> Id {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        Id::from_bytes(bytes)
    }

    fn owner(number: u16) -> Owner {
        (id(number), Scope::zone(id(7)))
    }

    fn draft() -> Draft {
        Draft::new(Scope::zone(id(7)), String::new())
    }

    #[test]
    fn a_draft_is_its_owners_alone() {
        let drafts = Drafts::default();
        drafts.begin(id(1), owner(1), draft(), UnixNanos(0));
        assert!(drafts.get(id(1), owner(1), UnixNanos(1)).is_some());
        assert!(drafts.get(id(1), owner(2), UnixNanos(1)).is_none());
        let other_scope = (id(1), Scope::account(id(7)));
        assert!(drafts.get(id(1), other_scope, UnixNanos(1)).is_none());
        drafts.end(id(1), owner(2));
        let changed = Draft { token: "stolen".to_owned(), ..draft() };
        drafts.put(id(1), owner(2), changed, UnixNanos(2)).unwrap();
        assert_eq!(drafts.get(id(1), owner(1), UnixNanos(3)).unwrap().token, "");
        drafts.end(id(1), owner(1));
        assert!(drafts.get(id(1), owner(1), UnixNanos(4)).is_none());
    }

    #[test]
    fn how_many_drafts_there_are_is_bounded() {
        let drafts = Drafts::default();
        let at = |number: u16| UnixNanos(i64::from(number));
        for number in 0..=PER_OWNER_MAX as u16 {
            drafts.begin(id(number), owner(1), draft(), at(number));
        }
        assert!(drafts.get(id(0), owner(1), at(100)).is_none());
        assert!(drafts.get(id(1), owner(1), at(100)).is_some());
        for number in 0..2 * DRAFTS_MAX as u16 {
            drafts.begin(id(1000 + number), owner(number), draft(), at(1000 + number));
        }
        assert_eq!(drafts.kept.lock().unwrap().len(), DRAFTS_MAX);
        assert!(drafts.get(id(1000 + 2 * DRAFTS_MAX as u16 - 1), owner(1999), at(5000)).is_some());
    }

    #[test]
    fn what_is_left_alone_goes_and_what_is_too_large_is_refused() {
        let drafts = Drafts::default();
        drafts.begin(id(1), owner(1), draft(), UnixNanos(0));
        let large = Draft { token: "x".repeat(BYTES_MAX + 1), ..draft() };
        assert!(drafts.put(id(1), owner(1), large, UnixNanos(0)).is_err());
        let day = UnixNanos(KEPT_SECONDS * NANOS_PER_SECOND);
        assert!(drafts.get(id(1), owner(1), UnixNanos(day.0 - 1)).is_some());
        assert!(drafts.get(id(1), owner(1), UnixNanos(2 * day.0)).is_none());
    }
}
