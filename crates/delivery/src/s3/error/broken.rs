//! Requests that got no answer: what broke decides whether one can have been served.

use std::error::Error;
use std::io;

use super::words::{Place, causes, chain};
use crate::s3::guard::{NotPublic, Unresolved};
use crate::{StoreError, StoreErrorKind as Kind};

/// The meaning of an error without an answer.
pub(super) fn of_causes(place: Place<'_>, error: &(dyn Error + 'static)) -> StoreError {
    let known = chain(error).find_map(|cause| of_cause(place, cause));
    known.unwrap_or_else(|| {
        let text = causes(error);
        let (kind, what) = if speaks_of_tls(&text) {
            (Kind::Tls, "no secure connection could be made")
        } else if text.contains("construction failure") || text.contains("failed to construct") {
            (Kind::Refused, "no request can be made of this destination")
        } else {
            (Kind::NoAnswer, "the connection broke before the answer came")
        };
        StoreError::new(kind, format!("{place}: {what} ({text})"))
    })
}

/// What a single cause tells, where it tells enough.
fn of_cause(place: Place<'_>, cause: &(dyn Error + 'static)) -> Option<StoreError> {
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        // The identity's own trouble, told where it was met.
        return Some(error.clone());
    }
    if let Some(refused) = cause.downcast_ref::<NotPublic>() {
        return Some(StoreError::new(Kind::Unreachable, refused.to_string()));
    }
    if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
        let mend = "check the name of the host, or of the bucket, in the destination".to_owned();
        let error = StoreError::new(Kind::Unreachable, unresolved.to_string());
        return Some(StoreError { mend: Some(mend), ..error });
    }
    of_io(place, cause.downcast_ref::<io::Error>()?)
}

fn of_io(place: Place<'_>, error: &io::Error) -> Option<StoreError> {
    let text = causes(error);
    let (kind, what) = match error.kind() {
        _ if speaks_of_tls(&text) => (Kind::Tls, "no secure connection could be made"),
        io::ErrorKind::ConnectionRefused => (Kind::Unreachable, "nothing answers there"),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => (Kind::Unreachable, "the address cannot be reached"),
        io::ErrorKind::TimedOut
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => {
            (Kind::NoAnswer, "the connection broke before the answer came")
        }
        _ => return None,
    };
    let mend = (kind == Kind::Tls).then(|| {
        "check the store's certificate, and whether it speaks TLS there at all".to_owned()
    });
    Some(StoreError { mend, ..StoreError::new(kind, format!("{place}: {what} ({text})")) })
}

/// TLS hands its errors on as texts.
fn speaks_of_tls(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["certificate", "handshake", "tls", "corrupt message", "fatal alert"]
        .iter()
        .any(|word| text.contains(word))
}
