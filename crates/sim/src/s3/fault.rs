//! What can go wrong with one request.

use std::time::Duration;

use hyper::StatusCode;
use s3s::{Body, HttpResponse};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, without effect.
    Refuses(Refusal),
    /// It is refused without effect, under the status 200: S3 begins some answers before it knows
    /// how they end.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
    SaysOk(Refusal),
    /// The connection is cut before anything is done.
    CutsBefore,
    /// What is asked for is done, and the connection is cut instead of an answer.
    CutsAfter,
    /// After this time what is asked for is done, whether the client waits or not, and answered.
    StallsBefore(Duration),
    /// What is asked for is done at once, and answered after this time.
    StallsAfter(Duration),
    /// What is asked for is done, and the answer breaks off in its middle.
    Truncates,
}

impl Fault {
    /// Its name, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refuses(refusal) => refusal.code,
            Self::SaysOk(_) => "200 with an error",
            Self::CutsBefore => "cut before",
            Self::CutsAfter => "cut after",
            Self::StallsBefore(_) => "stall before",
            Self::StallsAfter(_) => "stall after",
            Self::Truncates => "truncated answer",
        }
    }
}

/// An error of S3. <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// S3's code.
    pub code: &'static str,
    /// Headers that come with it.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// One without headers.
    pub const fn new(status: u16, code: &'static str) -> Self {
        Self { status, code, headers: Vec::new() }
    }

    /// The store failed.
    pub const fn internal_error() -> Self {
        Self::new(500, "InternalError")
    }

    /// The store wants fewer requests.
    pub const fn slow_down() -> Self {
        Self::new(503, "SlowDown")
    }

    /// The bucket's owner does not let us in.
    pub const fn access_denied() -> Self {
        Self::new(403, "AccessDenied")
    }

    /// The client's clock is off.
    pub const fn skewed_clock() -> Self {
        Self::new(403, "RequestTimeTooSkewed")
    }

    /// A temporary key has run out.
    pub const fn expired_token() -> Self {
        Self::new(400, "ExpiredToken")
    }

    /// Another request for the same key is under way.
    pub const fn conflict() -> Self {
        Self::new(409, "ConditionalRequestConflict")
    }

    /// Something stands at the key.
    pub const fn already_there() -> Self {
        Self::new(412, "PreconditionFailed")
    }

    /// The store does not know what it is asked for.
    pub const fn not_implemented() -> Self {
        Self::new(501, "NotImplemented")
    }

    /// The same with `Retry-After`.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.headers.push(("retry-after", seconds.to_string()));
        self
    }

    /// The answer, with this status.
    pub(super) fn answer(&self, status: u16) -> HttpResponse {
        let code = self.code;
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
             <Message>a fault of the test: {code}</Message>\
             <RequestId>TESTREQUEST</RequestId></Error>"
        );
        let mut answer = HttpResponse::new(Body::from(xml));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in headers.chain([("content-type", "application/xml")]) {
            if let Ok(value) = value.parse() {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}
