//! What trying a destination tells: step by step, from the name to the object.

use crate::StoreError;

/// One step of trying a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckStep {
    /// One of `resolve`, `connect`, `tls`, `region`, `credentials`, `write`, `guarded`, `abort`.
    pub name: &'static str,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What was seen, in words for the customer, without secrets.
    pub detail: String,
    /// How to mend it, where it failed and there is something to do.
    pub mend: Option<String>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// It works.
    Ok,
    /// It does not, and nothing can be delivered before it does.
    Failed,
    /// It was not tried, or delivery does without it.
    Skipped,
}

impl CheckOutcome {
    /// `ok`, `failed` or `skipped`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl CheckStep {
    /// The step as its result tells.
    pub(crate) fn of(name: &'static str, result: Result<String, StoreError>) -> Self {
        match result {
            Ok(detail) => Self { name, outcome: CheckOutcome::Ok, detail, mend: None },
            Err(StoreError { message: detail, mend, .. }) => {
                Self { name, outcome: CheckOutcome::Failed, detail, mend }
            }
        }
    }
}
