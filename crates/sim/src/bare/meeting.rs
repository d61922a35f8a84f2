//! How two processes come to believe at a time to be the owner.
//!
//! Either another one takes over out of the blue, or for a reason: buckets let the first one in no
//! more. After a while another one takes over and uploads what the first has sealed in vain, and
//! customers who waited for it change their jobs, so that the first takes back what is under way to
//! their buckets. That is the moment that fencing is there for, and chance alone hardly hits it.

use delivery::StoreErrorKind;

use crate::rng::Rng;

/// How long the first process is in trouble before another takes over, in turns.
const TROUBLE: (u64, u64) = (10, 40);
/// How long customers wait then before they change their jobs, in turns.
const PATIENCE: (u64, u64) = (0, 3);
/// Of a thousand histories, in so many the first process comes into trouble.
const TROUBLED: u32 = 500;
/// Of a thousand turns of a process alone, in so many it does there.
const TROUBLES: u32 = 40;

/// How it stands between two owners.
#[derive(Debug)]
pub(super) struct Meeting {
    /// Its own: histories without trouble are not changed by what is drawn here.
    rng: Rng,
    /// Whether the first process comes into trouble in this history.
    is_troubled: bool,
    trouble: Option<Trouble>,
    /// Whether it is the first process's turn.
    is_turn_of_first: bool,
}

/// What comes next of the first process's trouble, in so many turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    AnotherTakesOver(u64),
    CustomersChangeJobs(u64),
    Nothing,
}

/// What happens in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happens {
    Nothing,
    AnotherTakesOver,
    CustomersChangeJobs,
}

impl Meeting {
    /// How the history of this seed has it.
    pub(super) fn draw(seed: u64) -> Self {
        let mut rng = Rng::of_part(seed, "owners meet");
        let is_troubled = rng.per_mille(TROUBLED);
        Self { rng, is_troubled, trouble: None, is_turn_of_first: false }
    }

    /// A turn begins in which there is one process alone; it may come into trouble.
    pub(super) fn alone(&mut self) {
        if self.is_troubled && self.rng.per_mille(TROUBLES) {
            self.trouble = Some(Trouble::AnotherTakesOver(self.draw_turns(TROUBLE)));
        }
    }

    fn draw_turns(&mut self, (least, most): (u64, u64)) -> u64 {
        self.rng.between(least, most)
    }

    /// Whether the first process is in trouble.
    pub(super) const fn is_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// A turn passes.
    pub(super) fn pass(&mut self) -> Happens {
        let (next, happens) = match self.trouble {
            Some(Trouble::AnotherTakesOver(0)) => {
                let wait = self.draw_turns(PATIENCE);
                (Trouble::CustomersChangeJobs(wait), Happens::AnotherTakesOver)
            }
            Some(Trouble::CustomersChangeJobs(0)) => {
                (Trouble::Nothing, Happens::CustomersChangeJobs)
            }
            Some(Trouble::AnotherTakesOver(turns)) => {
                (Trouble::AnotherTakesOver(turns - 1), Happens::Nothing)
            }
            Some(Trouble::CustomersChangeJobs(turns)) => {
                (Trouble::CustomersChangeJobs(turns - 1), Happens::Nothing)
            }
            Some(Trouble::Nothing) | None => return Happens::Nothing,
        };
        self.trouble = Some(next);
        happens
    }

    /// The turn of the first process, or of another one, begins.
    pub(super) const fn begin_turn(&mut self, is_first: bool) {
        self.is_turn_of_first = is_first;
    }

    /// The first process is gone, or buckets let it in again.
    pub(super) const fn end(&mut self) {
        self.trouble = None;
    }

    /// What every bucket answers the process whose turn it is.
    pub(super) fn refusal(&self) -> Option<StoreErrorKind> {
        (self.is_trouble() && self.is_turn_of_first).then_some(StoreErrorKind::AccessDenied)
    }
}
