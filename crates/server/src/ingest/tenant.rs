//! For whom a request is counted.

use model::AccountId;

/// For whom a request is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tenant {
    /// An account, with all its zones.
    Account(AccountId),
    /// The operator, who sends what is of many accounts by one token.
    Operator,
}
