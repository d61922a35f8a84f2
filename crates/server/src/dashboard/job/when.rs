//! An instant on a page: for programs, and in UTC for people, which scripts show in the viewer's
//! own zone.

use model::UnixNanos;

use crate::instant::rfc3339;

/// An instant on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    /// As `datetime` has it.
    pub(super) machine: String,
    /// `2026-11-24 02:40:11 UTC`.
    pub(super) text: String,
}

impl When {
    pub(super) fn at(at: UnixNanos) -> Self {
        let machine = rfc3339(at);
        let text = machine.trim_end_matches('Z').replace('T', " ") + " UTC";
        Self { machine, text }
    }
}
