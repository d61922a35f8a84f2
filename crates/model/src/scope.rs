//! Whose something is: accounts, zones, and the scope that names one of them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A 128-bit identifier, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 16]);

/// The id of an account.
pub type AccountId = Id;
/// The id of a zone.
pub type ZoneId = Id;

/// A string that is not 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an id: expected 32 lower-case hex digits")]
pub struct InvalidId(pub String);

/// How much of a text that is no id is told.
const SHOWN_CHARS_MAX: usize = 40;

impl InvalidId {
    fn of(text: &str) -> Self {
        Self(text.chars().take(SHOWN_CHARS_MAX).collect())
    }
}

impl Id {
    /// An id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(InvalidId::of(text));
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            match (hex_digit(pair[0]), hex_digit(pair[1])) {
                (Some(high), Some(low)) => *byte = high << 4 | low,
                _ => return Err(InvalidId::of(text)),
            }
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Whether a scope is an account or a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKind {
    /// An account: what belongs to the customer as a whole.
    Account,
    /// A zone: what belongs to one domain.
    Zone,
}

impl ScopeKind {
    /// `account` or `zone`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Zone => "zone",
        }
    }

    /// `an account` or `a zone`.
    pub const fn one(self) -> &'static str {
        match self {
            Self::Account => "an account",
            Self::Zone => "a zone",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "account" => Some(Self::Account),
            "zone" => Some(Self::Zone),
            _ => None,
        }
    }
}

/// One account or one zone: the owner of records and of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// Account or zone.
    pub kind: ScopeKind,
    /// Its id.
    pub id: Id,
}

impl Scope {
    /// The scope of a zone.
    pub const fn zone(id: ZoneId) -> Self {
        Self { kind: ScopeKind::Zone, id }
    }

    /// The scope of an account.
    pub const fn account(id: AccountId) -> Self {
        Self { kind: ScopeKind::Account, id }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let text = "023e105f4ecef8ad9ca31a8372d0c353";
        assert_eq!(text.parse::<Id>().unwrap().to_string(), text);
    }

    #[test]
    fn what_is_not_an_id_is_refused_by_name() {
        for text in
            ["", "023e", "023E105F4ECEF8AD9CA31A8372D0C353", "é23e105f4ecef8ad9ca31a8372d0c35"]
        {
            assert_eq!(text.parse::<Id>(), Err(InvalidId(text.to_owned())));
        }
        let long = "é".repeat(100_000).parse::<Id>();
        assert_eq!(long, Err(InvalidId("é".repeat(SHOWN_CHARS_MAX))));
    }
}
