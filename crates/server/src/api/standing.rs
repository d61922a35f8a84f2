//! How the journal and the catalogue stand: whether records are taken in, and deliveries noted.
//!
//! What everybody may know is a word for each. The reasons name files of the operator's, and are
//! for the operator.

use journal::Health;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiResult, envelope};
use crate::app::App;
use crate::http::Call;

/// How the two rooms stand that keep everything.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Whether records are taken in.
    pub(crate) journal: Health,
    /// Why the catalogue does not take what delivery has to note there, where it does not.
    pub(crate) ledger: Option<String>,
}

/// What is the matter, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matter {
    /// What it means.
    pub(crate) text: &'static str,
    /// The cause, for the operator.
    pub(crate) reason: String,
}

impl Standing {
    /// How they stand now.
    pub(crate) fn of(app: &App) -> Self {
        Self { journal: app.journal.health(), ledger: app.delivery.ledger_trouble() }
    }

    /// `ok`, `refusing`, `poisoned`.
    pub(crate) const fn journal_word(&self) -> &'static str {
        match self.journal {
            Health::Writable => "ok",
            Health::Refusing(_) => "refusing",
            Health::Poisoned(_) => "poisoned",
        }
    }

    /// `ok`, `refusing`.
    pub(crate) const fn catalog_word(&self) -> &'static str {
        if self.ledger.is_some() { "refusing" } else { "ok" }
    }

    /// What is the matter; nothing where all is well.
    pub(crate) fn matters(&self) -> Vec<Matter> {
        let journal = match &self.journal {
            Health::Writable => None,
            Health::Refusing(reason) => Some((REFUSING, reason)),
            Health::Poisoned(reason) => Some((POISONED, reason)),
        };
        let ledger = self.ledger.as_ref().map(|reason| (LEDGER_REFUSING, reason));
        let matters = journal.into_iter().chain(ledger);
        matters.map(|(text, reason)| Matter { text, reason: reason.clone() }).collect()
    }
}

const REFUSING: &str = "No records are taken in now: the service's disk takes nothing more. What \
                        was acknowledged is safe, and senders are told to try again. It goes on \
                        by itself when the disk works again.";
const POISONED: &str = "No records are taken in before the service is restarted: its disk failed \
                        to make them durable. What was acknowledged before is safe, and senders \
                        are told to try again.";
const LEDGER_REFUSING: &str = "Deliveries wait: the service cannot write its catalogue. Nothing \
                               is lost, and it goes on by itself when the disk works again.";

/// How the service stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ServiceHealth")]
pub(super) struct Shown {
    /// Takes records in: `ok`, `refusing` (until the cause is gone), `poisoned` (until a restart).
    journal: Part,
    /// Takes down what is delivered: `ok`, `refusing` (until the cause is gone).
    catalog: Part,
}

/// How a part of it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PartHealth")]
struct Part {
    state: &'static str,
    /// What that means, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// Why; told to tokens of the whole installation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `GET /logpush/health`.
pub(super) fn show(call: &mut Call) -> ApiResult {
    let standing = Standing::of(&call.app);
    let is_operator = call.caller()?.is_operator();
    let (journal, catalog) = (standing.journal_word(), standing.catalog_word());
    let mut matters = standing.matters().into_iter();
    let mut part = |state: &'static str| {
        let matter = if state == "ok" { None } else { matters.next() };
        Part {
            state,
            message: matter.as_ref().map(|matter| matter.text),
            reason: matter.map(|matter| matter.reason).filter(|_| is_operator),
        }
    };
    Ok(envelope::result(Shown { journal: part(journal), catalog: part(catalog) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_matter_is_told_with_its_reason() {
        let well = Standing { journal: Health::Writable, ledger: None };
        assert_eq!((well.journal_word(), well.catalog_word()), ("ok", "ok"));
        assert!(well.matters().is_empty());
        let ledger = Some("disk I/O error".to_owned());
        let ill = Standing { journal: Health::Poisoned("fdatasync".to_owned()), ledger };
        assert_eq!((ill.journal_word(), ill.catalog_word()), ("poisoned", "refusing"));
        let expected = [(POISONED, "fdatasync"), (LEDGER_REFUSING, "disk I/O error")];
        let expected = expected.map(|(text, reason)| Matter { text, reason: reason.to_owned() });
        assert_eq!(ill.matters(), expected);
    }
}
