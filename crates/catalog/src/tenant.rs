//! Accounts and zones, and how lists of things are paged.

use model::{AccountId, Scope, UnixNanos, ZoneId};

use crate::{CatalogError, Result};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// A text that the service names when it takes on a role of the customer's, so that nobody
    /// else can have it do so (the `sts:ExternalId` of a role's trust policy).
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
    pub external_id: String,
    /// When it was added.
    pub created_at: UnixNanos,
}

/// A domain of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// The account that owns it.
    pub account: AccountId,
    /// The domain's name, in lower case.
    pub name: String,
    /// When it was added.
    pub created_at: UnixNanos,
}

/// [`CatalogError::Conflict`] where anything depends on the account or zone that is to be deleted:
/// zones, jobs, and tokens that are not revoked.
pub fn refuse_dependents(scope: Scope, zones: u64, jobs: u64, tokens: u64) -> Result<()> {
    if zones + jobs + tokens == 0 {
        return Ok(());
    }
    let (kind, id) = (scope.kind.name(), scope.id);
    Err(CatalogError::Conflict(format!(
        "{kind} {id} is in use (zones: {zones}, jobs: {jobs}, tokens: {tokens}): delete its zones \
         and jobs and revoke its tokens first"
    )))
}

/// Which part of a list: `number` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The page's number, from 1.
    pub number: u32,
    /// Most items on a page, at least 1.
    pub size: u32,
}

impl Page {
    /// Everything, for callers within the program.
    pub const ALL: Self = Self { number: 1, size: u32::MAX };
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}
