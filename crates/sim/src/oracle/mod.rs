//! Counts what arrived, and says which promises were broken.
//!
//! It looks at what lasts when a history is over: what the journal ever held, the objects, the
//! ledger; and at what clients were told and customers wanted. It knows nothing of how delivery
//! works, and reads no spec: what an object has to hold is worked out from wishes.

mod batches;
pub(crate) mod evidence;
mod losses;
mod objects;
mod records;

use crate::violation::{Rule, Violation};

use evidence::Evidence;

/// What is found.
#[derive(Debug, Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, rule: Rule, what: String) {
        self.0.push(Violation { rule, what });
    }

    /// Takes down a violation unless `holds`.
    fn check(&mut self, holds: bool, rule: Rule, what: impl FnOnce() -> String) {
        if !holds {
            self.add(rule, what());
        }
    }
}

/// The promises that are broken by what lasts.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Violation> {
    let mut findings = Findings::default();
    records::check_stored(evidence, &mut findings);
    records::check_arrived(evidence, &mut findings);
    batches::check(evidence, &mut findings);
    objects::check(evidence, &mut findings);
    losses::check(evidence, &mut findings);
    findings.0
}
