//! An account's settings: its domains, its API tokens, and who changed what.

pub(super) mod audit;
pub(super) mod tokens;
pub(super) mod zones;
