//! What kind of error an answer is: by its code, where that says enough, and by its status.

use model::destination::Checksum;

use super::answer::Answer;
use super::{Asked, Lesson, are_fetched};
use crate::StoreErrorKind as Kind;

pub(super) fn kind_of(asked: &Asked<'_>, answer: &Answer) -> (Kind, Option<Lesson>) {
    if refuses_checksum(asked, answer) {
        return (Kind::Unavailable, Some(Lesson::NoChecksums));
    }
    let kind = kind_of_code(answer.code()).unwrap_or_else(|| kind_of_status(answer.status));
    match kind {
        Kind::AccessDenied if answer.says(&["kms:"]) => (Kind::Encryption, None),
        Kind::BadCredentials if are_fetched(asked.to) && is_expiry(answer.code()) => {
            (Kind::ExpiredCredentials, Some(Lesson::CredentialsExpired))
        }
        _ if asked.guarded && refuses_guard(answer) => (Kind::NotSupported, None),
        // Nothing of the kind was asked for.
        Kind::NotSupported | Kind::AlreadyThere if !asked.guarded => (Kind::Refused, None),
        kind => (kind, None),
    }
}

/// Stores that speak the protocol of before 2022 refuse checksums by name.
fn refuses_checksum(asked: &Asked<'_>, answer: &Answer) -> bool {
    asked.checksum != Checksum::None
        && asked.to.endpoint.is_some()
        && matches!(answer.status, 400 | 501)
        && !matches!(answer.code(), "BadDigest" | "XAmzContentChecksumMismatch")
        && answer.says(&["checksum"])
}

/// Stores that do not know `If-None-Match` on writes say so in different ways.
fn refuses_guard(answer: &Answer) -> bool {
    let by_code = matches!(answer.code(), "NotImplemented" | "MethodNotAllowed");
    let by_words = matches!(answer.status, 400 | 501)
        && answer.says(&["if-none-match", "conditional", "functionality that is not implemented"]);
    by_code || by_words || answer.status == 501
}

/// Codes of credentials that were good once.
fn is_expiry(code: &str) -> bool {
    matches!(
        code,
        "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidToken"
            | "RequestExpired"
            | "TokenRefreshRequired"
    )
}

/// The codes of S3, and of stores like it, that say more than their status does.
const CODES: [(Kind, &[&str]); 15] = [
    (Kind::NoSuchBucket, &["NoSuchBucket"]),
    (
        Kind::AccessDenied,
        &[
            "AccessControlListNotSupported",
            "AccessDenied",
            "AllAccessDisabled",
            "Forbidden",
            "InvalidPayer",
        ],
    ),
    (
        Kind::BadCredentials,
        &[
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidSecurity",
            "InvalidToken",
            "MissingSecurityHeader",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "Unauthorized",
        ],
    ),
    (
        Kind::WrongRegion,
        &[
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "PermanentRedirect",
            "Redirect",
        ],
    ),
    (Kind::ClockSkew, &["RequestTimeTooSkewed"]),
    (
        Kind::Quota,
        &[
            "AccountProblem",
            "NotSignedUp",
            "QuotaExceeded",
            "ServiceQuotaExceededException",
            "StorageQuotaExceeded",
            "XMinioAdminBucketQuotaExceeded",
            "XMinioStorageFull",
        ],
    ),
    (
        Kind::SlowDown,
        &[
            "KMS.LimitExceededException",
            "KMS.ThrottlingException",
            "RequestLimitExceeded",
            "SlowDown",
            "SlowDownRead",
            "SlowDownWrite",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
        ],
    ),
    // What came was not what was sent: another attempt may fare better. So may one when the
    // bucket's name is known everywhere.
    (
        Kind::Unavailable,
        &[
            "BadDigest",
            "IncompleteBody",
            "InvalidDigest",
            "TemporaryRedirect",
            "XAmzContentChecksumMismatch",
        ],
    ),
    (
        Kind::Unavailable,
        &[
            "BucketNotReady",
            "InternalError",
            "InternalFailure",
            "KMS.DependencyTimeoutException",
            "KMS.InternalException",
            "ServerTimeout",
            "ServiceUnavailable",
        ],
    ),
    (Kind::NoSuchUpload, &["InvalidPart", "NoSuchUpload"]),
    (Kind::NoAnswer, &["RequestTimeout"]),
    (Kind::AlreadyThere, &["PreconditionFailed"]),
    (Kind::Conflict, &["ConditionalRequestConflict", "OperationAborted"]),
    (Kind::NotSupported, &["NotImplemented"]),
    (
        Kind::Bug,
        &[
            "EntityTooSmall",
            "InvalidPartOrder",
            "InvalidURI",
            "MalformedXML",
            "MethodNotAllowed",
            "MissingContentLength",
            "MissingRequestBodyError",
            "XAmzContentSHA256Mismatch",
        ],
    ),
];

fn kind_of_code(code: &str) -> Option<Kind> {
    let known = CODES.iter().find(|(_, codes)| codes.contains(&code));
    let of_kms = || code.starts_with("KMS.").then_some(Kind::Encryption);
    known.map(|(kind, _)| *kind).or_else(of_kms)
}

fn kind_of_status(status: u16) -> Kind {
    match status {
        301 | 308 => Kind::WrongRegion,
        307 | 302 | 303 => Kind::Unavailable,
        401 | 403 => Kind::AccessDenied,
        404 => Kind::NoSuchBucket,
        402 | 507 => Kind::Quota,
        // The work may have been done, and what was to be read of it was not.
        408 | 200..=299 => Kind::NoAnswer,
        409 => Kind::Conflict,
        412 => Kind::AlreadyThere,
        429 => Kind::SlowDown,
        405 | 411 => Kind::Bug,
        501 => Kind::NotSupported,
        300..=499 => Kind::Refused,
        _ => Kind::Unavailable,
    }
}

/// By <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>. What STS does not
/// know are the credentials of the service.
pub(super) fn kind_of_sts(answer: &Answer) -> Kind {
    match answer.code() {
        "AccessDenied" | "AccessDeniedException" => Kind::AccessDenied,
        code if is_expiry(code) => Kind::ExpiredCredentials,
        "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "RegionDisabledException" => Kind::NoIdentity,
        "RequestTimeTooSkewed" => Kind::ClockSkew,
        "ValidationError" | "MalformedInput" => Kind::Refused,
        "Throttling" | "ThrottlingException" => Kind::SlowDown,
        _ => match answer.status {
            401 | 403 => Kind::AccessDenied,
            429 => Kind::SlowDown,
            400..=499 => Kind::Refused,
            _ => Kind::Unavailable,
        },
    }
}
