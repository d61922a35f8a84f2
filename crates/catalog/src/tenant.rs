//! Accounts and zones, and how lists of things are paged.

use model::{AccountId, UnixNanos, ZoneId};

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
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
