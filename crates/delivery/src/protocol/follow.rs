//! What a running lane does when its job has changed, was paused, or was deleted.

use model::Revision;

use super::seal::Order;

/// What a lane does after a look at its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// It goes on.
    Stays,
    /// It seals its open batch under the old revision, and starts anew; what certainly never
    /// became visible is unsealed and follows the job.
    Changes,
    /// It ends; what is open is read again when the job goes on.
    Ends,
}

impl Follow {
    /// What a lane does that runs by the revision `runs`, where the job wants `wanted`; `None`
    /// where it is paused or deleted.
    pub fn of(runs: Revision, has_died: bool, wanted: Option<Revision>) -> Self {
        match wanted {
            Some(wanted) if wanted != runs => Self::Changes,
            Some(_) if !has_died => Self::Stays,
            Some(_) | None => Self::Ends,
        }
    }

    /// The order that ends the lane; `None` where it stays.
    pub const fn order(self) -> Option<Order> {
        match self {
            Self::Stays => None,
            Self::Changes => Some(Order::Seal),
            Self::Ends => Some(Order::Drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_follows_its_job() {
        let (one, two) = (Revision(1), Revision(2));
        for (has_died, wanted, expected) in [
            (false, Some(one), Follow::Stays),
            (true, Some(one), Follow::Ends),
            (false, Some(two), Follow::Changes),
            (true, Some(two), Follow::Changes),
            (false, None, Follow::Ends),
        ] {
            assert_eq!(Follow::of(one, has_died, wanted), expected);
        }
    }
}
