//! What a bucket knows and allows beyond the writing of objects.

use crate::rng::Rng;

/// What a store makes of a guarded write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// It writes only where no object stands.
    Known,
    /// It refuses the request.
    Refused,
    /// It writes in any case.
    Ignored,
}

/// What a bucket knows and allows beyond the writing of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// What it makes of a guarded write.
    pub guard: Guard,
    /// Whether uploads in parts may be aborted.
    pub lets_abort: bool,
    /// Whether objects may be looked at.
    pub lets_look: bool,
}

impl Manners {
    /// Manners of any kind.
    pub fn draw(rng: &mut Rng) -> Self {
        Self {
            guard: rng.pick(&[Guard::Known, Guard::Known, Guard::Refused, Guard::Ignored]),
            lets_abort: rng.per_mille(700),
            lets_look: rng.per_mille(600),
        }
    }

    /// Whether another writer's object is safe here: it is neither written over nor taken for
    /// one's own.
    pub fn protect(self) -> bool {
        self.guard == Guard::Known && self.lets_look
    }
}
