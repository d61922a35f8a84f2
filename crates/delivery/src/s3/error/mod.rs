//! One place that says what each answer of a store, and each missing answer, means.
//!
//! ```text
//!  answer of S3 or STS ──► answer.rs: status, code, message, region
//!                                        │
//!                                        ├─► kind.rs: what kind of error that is
//!                                        └─► words.rs: what to tell the customer, and the mend
//!  no answer ────────────► broken.rs: what broke, by the types of the causes
//! ```
//!
//! The kind alone decides what delivery does ([`crate::StoreErrorKind::remedy`]). What a store
//! says is shown to the customer as it came, without secrets, and bounded.

mod answer;
mod broken;
mod kind;
mod words;

use std::error::Error;

use aws_config::Region;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use model::destination::{Access, Checksum, Destination};

use answer::Answer;
use broken::of_causes;
use kind::kind_of;
use words::{Place, Words};

use super::patience::Cut;
use crate::{StoreError, StoreErrorKind as Kind};

/// What was asked for when it failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) to: &'a Destination,
    /// With `If-None-Match: *`.
    pub(super) guarded: bool,
    /// The checksum that was sent.
    pub(super) checksum: Checksum,
}

impl<'a> Asked<'a> {
    /// A request without a body and without conditions.
    pub(super) fn plain(to: &'a Destination) -> Self {
        Self { to, guarded: false, checksum: Checksum::None }
    }
}

/// What an error teaches beside its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lesson {
    /// The credentials that were fetched are not taken any more.
    CredentialsExpired,
    /// The store takes no checksums in headers.
    NoChecksums,
}

/// The meaning of a failed request.
pub(super) fn meaning<E>(
    asked: &Asked<'_>,
    error: &SdkError<E, HttpResponse>,
) -> (StoreError, Option<Lesson>)
where
    E: Error + 'static,
{
    let place = Place::Store(asked.to);
    match error {
        SdkError::ServiceError(context) => of_answer(asked, &Answer::read(context.raw())),
        SdkError::ResponseError(context) => {
            tracing::debug!(error = %words::causes(error), "an answer cannot be read");
            of_answer(asked, &Answer::read(context.raw()))
        }
        SdkError::TimeoutError(_) => {
            (StoreError::new(Kind::NoAnswer, format!("{place}: no answer came in time")), None)
        }
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (StoreError::new(Kind::Unreachable, format!("{place}: no connection in time")), None)
        }
        other => (of_causes(place, other), None),
    }
}

/// The ETag in an answer that completes an upload although the client cannot read it: some servers
/// call its root by another name than S3.
pub(super) fn etag_of_completed<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    let answer = Answer::read(error.raw_response()?);
    if answer.status == 200 && answer.code.is_none() { answer.etag } else { None }
}

/// The meaning of an attempt that was cut.
pub(super) fn of_cut(to: &Destination, cut: Cut) -> StoreError {
    StoreError::new(Kind::NoAnswer, format!("{}: {cut}", Place::Store(to)))
}

/// The meaning of an object that stopped coming.
pub(super) fn of_body(to: &Destination, error: &(dyn Error + 'static)) -> StoreError {
    let message = format!(
        "{}: the object's bytes stopped coming: {}",
        Place::Store(to),
        words::causes(error)
    );
    StoreError::new(Kind::NoAnswer, message)
}

/// An error of a request that reads, with the permission that reading needs.
pub(super) fn of_reading(to: &Destination, error: StoreError, permission: &str) -> StoreError {
    let mend = match error.kind {
        Kind::AccessDenied => words::let_read(to, permission),
        Kind::Encryption => "let the reader use the key: `kms:Decrypt`".to_owned(),
        _ => return error,
    };
    StoreError { mend: Some(mend), ..error }
}

/// The meaning of a checksum that is not the one that was sent.
pub(super) fn of_other_checksum(to: &Destination, sent: &str, stored: &str) -> StoreError {
    let message = format!(
        "{}: the bytes were changed on their way: their checksum was {sent}, and the store says \
         {stored}",
        Place::Store(to)
    );
    StoreError::new(Kind::Unavailable, message)
}

/// The meaning of an answer that lacks what it has to hold: such as an error in a 200, or what is
/// left of a truncated one. The store may have done its work.
pub(super) fn without(to: &Destination, what: &str) -> StoreError {
    let message = format!("{}: the answer came without {what}", Place::Store(to));
    StoreError { status: Some(200), ..StoreError::new(Kind::NoAnswer, message) }
}

/// Why the service has no credentials of its own.
pub(super) fn without_identity(error: &CredentialsError) -> StoreError {
    let message =
        format!("the service has no AWS credentials of its own: {}", words::causes(error));
    let mend = "the operator has to give it some, by environment, profile, or role".to_owned();
    StoreError { mend: Some(mend), ..StoreError::new(Kind::NoIdentity, message) }
}

/// Why a role was not given by STS.
pub(super) fn of_role<E>(role: &str, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: Error + 'static,
{
    let answer = match error {
        SdkError::ServiceError(context) => Answer::read(context.raw()),
        SdkError::ResponseError(context) => Answer::read(context.raw()),
        other => return of_causes(Place::Sts, other),
    };
    let kind = kind::kind_of_sts(&answer);
    Words::of_role(role, kind).error(kind, &answer)
}

fn of_answer(asked: &Asked<'_>, answer: &Answer) -> (StoreError, Option<Lesson>) {
    let (kind, lesson) = kind_of(asked, answer);
    let error = Words::of_store(asked.to, kind, answer).error(kind, answer);
    // Some stores repeat what they were sent.
    let code = error.code.map(|code| words::without_secrets(asked.to, &code));
    let message = words::without_secrets(asked.to, &error.message);
    (StoreError { code, message, ..error }, lesson)
}

/// Whether requests to the destination are signed by credentials that this program fetches.
fn are_fetched(to: &Destination) -> bool {
    !matches!(to.access, Access::Keys { .. })
}

/// The region that a bucket is in, where an answer tells another one than was asked.
pub(super) fn other_region(to: &Destination, told: Option<&str>) -> Option<Region> {
    told.filter(|told| *told != to.region).map(|told| Region::new(told.to_owned()))
}
