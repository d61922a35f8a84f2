//! What can go wrong with a call, and whether it passes by itself.

use std::error::Error;
use std::time::Duration;

use thiserror::Error;

/// A call that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The service's address is none.
    #[error(
        "`{address}` is not the address of a service: {reason}; expected one such as \
         `http://127.0.0.1:8080` in LOGPUSH_URL or after --url"
    )]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("no HTTP client could be set up: {0}")]
    Setup(String),
    /// No connection could be made.
    #[error(
        "nothing answers at {address}: {reason}; start the service with `logpush serve`, or set \
         LOGPUSH_URL to where it listens"
    )]
    Unreachable {
        /// The service's address.
        address: String,
        /// What the network said.
        reason: String,
    },
    /// The connection broke, or the answer did not come in time. The call may have been done.
    #[error("the connection to {address} broke before the answer came: {reason}")]
    Interrupted {
        /// The service's address.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The service said no.
    #[error("{message} (HTTP {status}){}", hint(*.status, *.code))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of the first error, where the service gave one.
        code: Option<u32>,
        /// What the service said, all its errors.
        message: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The answer is not one of this API.
    #[error("{url} does not answer as logpush does: {reason}; is LOGPUSH_URL right?")]
    NotUnderstood {
        /// What was asked.
        url: String,
        /// What was wrong with the answer.
        reason: String,
    },
}

impl ClientError {
    /// Whether the same call may succeed later without anyone mending anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 500..),
            Self::Address { .. } | Self::Setup(_) | Self::NotUnderstood { .. } => false,
        }
    }

    /// How long the service asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the service answered that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    pub(super) fn transport(address: &str, error: &reqwest::Error) -> Self {
        let (address, reason) = (address.to_owned(), causes(error));
        if error.is_connect() {
            Self::Unreachable { address, reason }
        } else if error.is_builder() {
            Self::Address { address, reason }
        } else {
            Self::Interrupted { address, reason }
        }
    }

    pub(super) fn not_understood(url: impl Into<String>, error: &dyn Error) -> Self {
        Self::NotUnderstood { url: url.into(), reason: error.to_string() }
    }
}

/// The code of what a token may not do. A 403 of another kind is mended otherwise.
const FORBIDDEN: u32 = 9109;

/// How to mend a refusal, where status and code alone tell.
fn hint(status: u16, code: Option<u32>) -> &'static str {
    match (status, code) {
        (401, _) => "; set LOGPUSH_TOKEN to a valid token",
        (403, Some(FORBIDDEN)) => {
            "; use a token with that permission (`logpush token add` makes one)"
        }
        _ => "",
    }
}

/// The innermost cause of `error`: the outer ones only repeat the address.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> ClientError {
        ClientError::Refused { status, code: None, message: "no".into(), retry_after: None }
    }

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(refused(status).may_pass(), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 409, 413, 415, 422] {
            assert!(!refused(status).may_pass(), "{status}");
        }
        let (address, reason) = (String::new(), String::new());
        assert!(ClientError::Unreachable { address, reason }.may_pass());
    }

    #[test]
    fn a_refusal_for_want_of_a_token_says_how_to_mend_it() {
        assert_eq!(refused(401).to_string(), "no (HTTP 401); set LOGPUSH_TOKEN to a valid token");
        assert_eq!(refused(404).to_string(), "no (HTTP 404)");
        let forbidden = |code| ClientError::Refused {
            status: 403,
            code: Some(code),
            message: "no".into(),
            retry_after: None,
        };
        assert!(forbidden(9109).to_string().ends_with("(`logpush token add` makes one)"));
        assert_eq!(forbidden(1004).to_string(), "no (HTTP 403)", "too many jobs");
    }
}
