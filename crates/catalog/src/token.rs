//! Tokens: what their bearer may do, and where.

use aws_lc_rs::digest::{SHA256, digest};
use model::{Id, Scope, UnixNanos};

/// SHA-256 of a token's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token's text. Tokens are long and random, so that a fast hash is enough.
    pub fn of(token: &str) -> Self {
        let hash = digest(&SHA256, token.as_bytes());
        Self(hash.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// What a token's bearer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See jobs and their state.
    LogsRead,
    /// See and change jobs.
    LogsWrite,
    /// Send records in.
    LogsIngest,
    /// Everything within the grant, tokens included.
    Admin,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 4] = [Self::LogsRead, Self::LogsWrite, Self::LogsIngest, Self::Admin];

    /// `logs:read`, `logs:write`, `logs:ingest` or `admin`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogsRead => "logs:read",
            Self::LogsWrite => "logs:write",
            Self::LogsIngest => "logs:ingest",
            Self::Admin => "admin",
        }
    }

    /// The permission of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }

    /// Whether a bearer of this permission may do what needs `needed`.
    pub fn covers(self, needed: Self) -> bool {
        self == needed
            || self == Self::Admin
            || (self == Self::LogsWrite && needed == Self::LogsRead)
    }
}

/// Where a token holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grant {
    /// In the whole installation: the operator's.
    Installation,
    /// In one account with all its zones, or in one zone.
    Scope(Scope),
}

/// A token, without its text, which is shown once and stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// What its bearer may do; not empty.
    pub permissions: Vec<Permission>,
    /// Where.
    pub grant: Grant,
    /// When it was made.
    pub created_at: UnixNanos,
    /// When it stops being valid, if ever.
    pub expires_at: Option<UnixNanos>,
    /// When it was last used.
    pub last_used_at: Option<UnixNanos>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixNanos>,
}
