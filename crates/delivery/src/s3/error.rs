//! One place that says what each answer of S3, and each missing answer, means.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use model::destination::Destination;

use crate::{StoreError, StoreErrorKind as Kind};

/// The meaning of a failed request to `to`.
pub(super) fn meaning<E>(to: &Destination, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let response = answer.raw();
            let region = response.headers().get("x-amz-bucket-region");
            of_answer(
                to,
                response.status().as_u16(),
                answer.err().meta().code(),
                &Detail { message: answer.err().meta().message(), region },
            )
        }
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status().as_u16();
            let message = format!(
                "the store at {} gave an answer with status {status} that is not S3's",
                place(to)
            );
            StoreError { status: Some(status), ..StoreError::new(kind_of_status(status), message) }
        }
        SdkError::TimeoutError(_) => {
            StoreError::new(Kind::NoAnswer, format!("no answer from {} in time", place(to)))
        }
        other => of_broken_request(to, &causes(other)),
    }
}

/// What an answer says beyond its code.
struct Detail<'a> {
    message: Option<&'a str>,
    region: Option<&'a str>,
}

fn of_answer(to: &Destination, status: u16, code: Option<&str>, detail: &Detail<'_>) -> StoreError {
    let kind = code.and_then(kind_of_code).unwrap_or_else(|| kind_of_status(status));
    let bucket = &to.bucket;
    let message = match kind {
        Kind::NoSuchBucket => format!("the bucket `{bucket}` does not exist; create it"),
        Kind::AccessDenied => format!(
            "access to the bucket `{bucket}` was denied; its policy must allow `s3:PutObject` on \
             the destination's path"
        ),
        Kind::BadCredentials => {
            format!("the store does not accept the credentials for `{bucket}`; check the keys")
        }
        Kind::WrongRegion => match detail.region {
            Some(region) => format!(
                "the bucket `{bucket}` is in the region `{region}`, not in `{}`; change `region`",
                to.region
            ),
            None => format!("the bucket `{bucket}` is not in the region `{}`", to.region),
        },
        Kind::ClockSkew => "the clock of this machine is too far off for S3; set it right".into(),
        Kind::SlowDown => format!("the store asks for fewer requests to `{bucket}`"),
        Kind::Unavailable => format!("the store is not available (status {status})"),
        _ => format!("the store refused the object (status {status})"),
    };
    let said = match (code, detail.message) {
        (Some(code), Some(message)) => format!("; it said {code}: {message}"),
        (Some(code), None) => format!("; it said {code}"),
        (None, _) => String::new(),
    };
    let code = code.map(str::to_owned);
    StoreError { status: Some(status), code, ..StoreError::new(kind, message + &said) }
}

/// The error codes of <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn kind_of_code(code: &str) -> Option<Kind> {
    Some(match code {
        "NoSuchBucket" => Kind::NoSuchBucket,
        "AccessDenied"
        | "AllAccessDisabled"
        | "AccountProblem"
        | "AccessControlListNotSupported" => Kind::AccessDenied,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "NotSignedUp" => Kind::BadCredentials,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => Kind::WrongRegion,
        "RequestTimeTooSkewed" => Kind::ClockSkew,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "RequestLimitExceeded" => Kind::SlowDown,
        "InternalError" | "ServiceUnavailable" | "BadDigest" | "IncompleteBody" => {
            Kind::Unavailable
        }
        "NoSuchUpload" | "InvalidPart" => Kind::NoSuchUpload,
        "PreconditionFailed" => Kind::AlreadyThere,
        "ConditionalRequestConflict" | "OperationAborted" => Kind::Conflict,
        "NotImplemented" => Kind::NotSupported,
        "RequestTimeout" => Kind::NoAnswer,
        _ => return None,
    })
}

fn kind_of_status(status: u16) -> Kind {
    match status {
        301 | 307 => Kind::WrongRegion,
        401 | 403 => Kind::AccessDenied,
        404 => Kind::NoSuchBucket,
        409 => Kind::Conflict,
        412 => Kind::AlreadyThere,
        429 => Kind::SlowDown,
        501 => Kind::NotSupported,
        // A time-out, or a 2xx whose body cannot be read: the work may have been done.
        408 | 200..=299 => Kind::NoAnswer,
        300..=499 => Kind::Refused,
        _ => Kind::Unavailable,
    }
}

/// A request that got no answer: what broke decides whether it can have been served.
fn of_broken_request(to: &Destination, causes: &str) -> StoreError {
    let text = causes.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (kind, what) = if says(&["not a public address"]) {
        (Kind::Unreachable, "the address may not be used")
    } else if says(&["credential", "identity"]) {
        (Kind::BadCredentials, "the service has no AWS credentials of its own; configure them")
    } else if says(&["certificate", "handshake", "tls", "corrupt message"]) {
        (Kind::Tls, "no secure connection could be made")
    } else if says(&["dns error", "connect error", "connection refused", "unreachable"]) {
        (Kind::Unreachable, "nothing answers there")
    } else {
        (Kind::NoAnswer, "the connection broke before the answer came")
    };
    StoreError::new(kind, format!("{}: {what} ({causes})", place(to)))
}

/// An error's causes in one line, each once.
fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

fn place(to: &Destination) -> String {
    match &to.endpoint {
        Some(endpoint) => format!("`{endpoint}`"),
        None => format!("S3 in `{}`", to.region),
    }
}
