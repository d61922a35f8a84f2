//! Every error that an answer can hold: its code, its status, its words. The only place that
//! knows which error of the house becomes which answer. docs/errors.md lists the codes.
//!
//! What the operator has to look into is logged and told to the client without its cause.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use catalog::CatalogError;
use journal::{AppendError, ReadError};
use model::Issue;
use model::issue::ISSUES_MAX;
use schemars::JsonSchema;
use serde::Serialize;

use super::envelope;
use crate::ingest::IngestError;
use crate::random::NoRandomness;

/// After how many seconds a client may try again, where nothing better is known.
const RETRY_AFTER_SECONDS: u64 = 2;

/// What kind of thing went wrong, in a number that clients can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// No, unknown, expired or revoked credentials.
    Unauthenticated,
    /// The token that `/user/tokens/verify` was asked about is none.
    InvalidToken,
    /// The token may not do this.
    Forbidden,
    /// More than is allowed of something.
    QuotaExceeded,
    /// No such route, or an id in it that can be none.
    NoRoute,
    /// The route has other methods.
    MethodNotAllowed,
    /// No such thing.
    NotFound,
    /// A value that cannot be.
    BadRequest,
    /// A value of a job that cannot be; the pointer tells which.
    InvalidField,
    /// It contradicts what is there.
    Conflict,
    /// The body did not arrive in time.
    TimedOut,
    /// More bytes than are taken.
    TooLarge,
    /// A content type or encoding that is not taken.
    UnsupportedMedia,
    /// The idempotency key was used with another body.
    KeyReused,
    /// More than the token or the account may: wait.
    TooManyRequests,
    /// Too much at a time: try again.
    Overloaded,
    /// Nothing more is taken for now.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Code {
    /// Every code.
    pub(crate) const ALL: [Self; 18] = [
        Self::Unauthenticated,
        Self::InvalidToken,
        Self::Forbidden,
        Self::QuotaExceeded,
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::BadRequest,
        Self::InvalidField,
        Self::Conflict,
        Self::TimedOut,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::KeyReused,
        Self::TooManyRequests,
        Self::Overloaded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The number.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::InvalidToken => 1000,
            Self::NotFound => 1001,
            Self::BadRequest => 1002,
            Self::InvalidField => 1003,
            Self::QuotaExceeded => 1004,
            Self::TimedOut => 1008,
            Self::Conflict => 1009,
            Self::TooLarge => 1013,
            Self::UnsupportedMedia => 1015,
            Self::KeyReused => 1022,
            Self::TooManyRequests => 1029,
            Self::Internal => 1050,
            Self::Overloaded => 1052,
            Self::Unavailable => 1053,
            Self::MethodNotAllowed => 7001,
            Self::NoRoute => 7003,
            Self::Forbidden => 9109,
            Self::Unauthenticated => 10000,
        }
    }

    /// The status of answers with this code.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::QuotaExceeded => StatusCode::FORBIDDEN,
            Self::NoRoute | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest | Self::InvalidField => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An answer that says what went wrong.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: Code,
    issues: Vec<Issue>,
    message: String,
    retry_after_seconds: u64,
    /// For the log, not for the client.
    cause: Option<String>,
}

impl ApiError {
    /// An error with this message.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            issues: Vec::new(),
            message: message.into(),
            retry_after_seconds: RETRY_AFTER_SECONDS,
            cause: None,
        }
    }

    /// The error, with after how many seconds to try again.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: seconds, ..self }
    }

    /// What kind of thing went wrong.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// All that is wrong, each with where; empty where it is no matter of values.
    pub(crate) fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// What went wrong, for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// After how many seconds to try again, where that helps.
    pub(crate) fn wait_seconds(&self) -> Option<u64> {
        let passes =
            matches!(self.code, Code::TooManyRequests | Code::Overloaded | Code::Unavailable);
        passes.then_some(self.retry_after_seconds)
    }

    /// That there is no such route.
    pub(crate) fn no_route(uri: &Uri) -> Self {
        let shown: String = uri.path().chars().take(200).collect();
        let message =
            format!("could not route to {shown}, perhaps your object identifier is invalid?");
        Self::new(Code::NoRoute, message)
    }

    /// That there is no such thing, or none that this caller may know of.
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let shown: String = id.chars().take(100).collect();
        Self::new(Code::NotFound, format!("no such {what}: {shown}"))
    }

    /// Our fault; `cause` goes to the log.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let message = "the service failed to answer; its log tells why";
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal, message) }
    }

    fn unavailable(cause: impl Into<String>) -> Self {
        let message = "the service cannot do this now; try again";
        Self { cause: Some(cause.into()), ..Self::new(Code::Unavailable, message) }
    }

    /// Logs what a person has to look into.
    pub(crate) fn log(&self, method: &Method, path: &str) {
        match (&self.cause, self.code) {
            (Some(cause), Code::Internal) => tracing::error!(%method, path, cause, "failed"),
            (Some(cause), _) => tracing::warn!(%method, path, cause, "refused"),
            (None, _) => {}
        }
    }
}

/// What went wrong.
#[derive(Serialize, JsonSchema)]
pub(super) struct Failure<'e> {
    #[schemars(extend("const" = false))]
    success: bool,
    errors: Vec<Problem<'e>>,
    messages: [(); 0],
    result: (),
}

/// One thing to mend.
#[derive(Serialize, JsonSchema)]
struct Problem<'e> {
    code: u32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'e>>,
}

/// Where it stands in the body.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProblemSource")]
struct Source<'e> {
    /// A JSON pointer (RFC 6901).
    pointer: &'e str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.code.number();
        let mut errors: Vec<_> = self
            .issues
            .iter()
            .map(|issue| Problem {
                code,
                message: issue.to_string(),
                source: Some(Source { pointer: &issue.pointer }),
            })
            .collect();
        if errors.is_empty() {
            errors.push(Problem { code, message: self.message.clone(), source: None });
        }
        let failure = Failure { success: false, errors, messages: [], result: () };
        let wait = self.wait_seconds();
        let mut response = envelope::json(self.code.status(), &failure);
        let headers = response.headers_mut();
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Code::Unauthenticated | Code::InvalidToken = self.code {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Vec<Issue>> for ApiError {
    fn from(mut issues: Vec<Issue>) -> Self {
        issues.truncate(ISSUES_MAX);
        Self { issues, ..Self::new(Code::InvalidField, "the request cannot be understood") }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound { what, id } => Self::not_found(what, &id),
            CatalogError::Conflict(message) | CatalogError::Fenced(message) => {
                Self::new(Code::Conflict, message)
            }
            CatalogError::Database { .. } | CatalogError::Io { .. } => {
                Self::unavailable(error.to_string())
            }
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<NoRandomness> for ApiError {
    fn from(error: NoRandomness) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { .. } => Self::unavailable(error.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        let message = error.to_string();
        match error {
            AppendError::KeyReused(_) => Self::new(Code::KeyReused, message),
            AppendError::Refusing(_) | AppendError::Closed => {
                let told = "the log cannot take more now; nothing was stored; try again later";
                Self { cause: Some(message), ..Self::new(Code::Unavailable, told) }
            }
            AppendError::Uncertain(_) | AppendError::Poisoned(_) => {
                let told = "the log cannot take more now, because its disk failed; it may find this \
                            request after a restart all the same; try again later, with the same \
                            `Idempotency-Key` if there was one";
                Self { cause: Some(message), ..Self::new(Code::Unavailable, told) }
            }
            _ => Self::internal(message),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        let message = error.to_string();
        let code = match error {
            IngestError::Parameter { .. }
            | IngestError::WrongScope { .. }
            | IngestError::CombinedElsewhere
            | IngestError::Truncated(_)
            | IngestError::Corrupt { .. }
            | IngestError::NotRecords(_)
            | IngestError::TooManyRefused { .. }
            | IngestError::Interrupted(_) => Code::BadRequest,
            IngestError::NoDataset(_) => Code::NotFound,
            IngestError::UnknownType(_) | IngestError::UnknownCoding(_) => Code::UnsupportedMedia,
            IngestError::BodyTooLarge { .. } | IngestError::DecodedTooLarge { .. } => {
                Code::TooLarge
            }
            IngestError::Silent(_) | IngestError::TooSlow(_) | IngestError::Trickling(_) => {
                Code::TimedOut
            }
            IngestError::TooFast { wait, .. } => {
                return Self::new(Code::TooManyRequests, message).retry_after(wait);
            }
            IngestError::Crowded => Code::TooManyRequests,
            IngestError::Overloaded => Code::Overloaded,
            IngestError::Append(error) => return error.into(),
            IngestError::Catalog(error) => return error.into(),
            IngestError::Worker(cause) => return Self::internal(cause),
        };
        Self::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_documentation_with_its_status() {
        let page = include_str!("../../../../docs/errors.md");
        for code in Code::ALL {
            let row = format!("| {} | {} |", code.number(), code.status().as_u16());
            assert!(page.contains(&row), "docs/errors.md lacks `{row}` ({code:?})");
        }
        let rows = page.lines().filter(|line| {
            line.starts_with("| 1") || line.starts_with("| 7") || line.starts_with("| 9")
        });
        assert_eq!(rows.count(), Code::ALL.len(), "docs/errors.md lists codes that do not exist");
    }

    #[test]
    fn what_failed_inside_is_not_told_to_the_client() {
        let source = std::io::Error::other("secret detail");
        let path = "/var/lib/x".into();
        let error = ApiError::from(CatalogError::Io { action: "open", path, source });
        assert!(!error.message.contains("/var/lib"), "{}", error.message);
        assert!(error.cause.is_some());
    }
}
