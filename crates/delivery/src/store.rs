//! The interface to the place where objects go, and what its errors mean.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use model::destination::Destination;
use thiserror::Error;

use crate::check::CheckStep;

/// A place for objects: S3, or a stand-in for it in the simulator.
///
/// No call is retried within; each is one attempt.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Writes an object in one request: visible as a whole when it succeeds.
    async fn put(&self, to: &Destination, object: PutObject<'_>) -> Result<Stored, StoreError>;

    /// Begins an upload in parts. Nothing is visible before it is completed.
    async fn begin_upload(
        &self,
        to: &Destination,
        key: &str,
        content: Content,
    ) -> Result<UploadId, StoreError>;

    /// Uploads part `number`, from 1, and gives its tag. Parts may go up in any order and at the
    /// same time; a number that is sent again replaces what it held.
    async fn put_part(
        &self,
        to: &Destination,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<PartTag, StoreError>;

    /// Makes the object of these parts' tags, in order from part 1, visible. With `guarded`, only
    /// where no object stands at the key.
    async fn complete_upload(
        &self,
        to: &Destination,
        upload: &UploadId,
        parts: &[PartTag],
        guarded: bool,
    ) -> Result<Stored, StoreError>;

    /// Gives up an upload and its parts.
    async fn abort_upload(&self, to: &Destination, upload: &UploadId) -> Result<(), StoreError>;

    /// What stands at the key; `None` where nothing does. Needs `s3:GetObject`, which a bucket's
    /// owner need not give: [`StoreErrorKind::AccessDenied`] says nothing about the object.
    async fn head(&self, to: &Destination, key: &str) -> Result<Option<Stored>, StoreError>;

    /// Opens the object at the key; `None` where nothing stands there and the store says so. Needs
    /// `s3:GetObject`; who lacks `s3:ListBucket` is told [`StoreErrorKind::AccessDenied`] of an
    /// object that is missing as well.
    async fn get(&self, to: &Destination, key: &str) -> Result<Option<Reading>, StoreError> {
        let _ = (to, key);
        Err(StoreError::new(StoreErrorKind::Refused, "this store cannot be read"))
    }

    /// The next objects whose keys begin with `prefix`, in the order of their keys, behind the key
    /// `after`. Needs `s3:ListBucket`.
    async fn list(
        &self,
        to: &Destination,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Listing, StoreError> {
        let _ = (to, prefix, after);
        Err(StoreError::new(StoreErrorKind::Refused, "this store cannot be listed"))
    }

    /// Tries whether objects can be written, with a small one at `key`, and says what was tried.
    /// The first step that fails is the one to mend.
    async fn check(&self, to: &Destination, key: &str) -> Vec<CheckStep> {
        let written = self.put(to, PutObject::probe(key)).await;
        vec![CheckStep::of("write", written.map(|_| format!("wrote `{key}`")))]
    }
}

/// An object to write.
#[derive(Debug, Clone)]
pub struct PutObject<'a> {
    /// Where it is to stand.
    pub key: &'a str,
    /// Its bytes.
    pub body: Bytes,
    /// What its bytes are.
    pub content: Content,
    /// Write it only where no object stands at the key (`If-None-Match: *`).
    pub guarded: bool,
}

impl<'a> PutObject<'a> {
    /// A text file that tells those who find it that it only tried whether it could be written.
    pub fn probe(key: &'a str) -> Self {
        const PROBE: &str =
            "Written by logpush to try whether it can write here. It may be deleted.\n";
        let body = Bytes::from_static(PROBE.as_bytes());
        Self { key, body, content: Content::Text, guarded: false }
    }
}

/// What an object's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Members of gzip, RFC 1952.
    Gzip,
    /// Frames of zstd, RFC 8878.
    Zstd,
    /// Text in UTF-8.
    Text,
}

impl Content {
    /// The media type of an object with this content: RFC 6713 for gzip, RFC 8878 for zstd.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/gzip",
            Self::Zstd => "application/zstd",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What a store says of an object that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its ETag, in the quotes that it came in; empty where the store gave none.
    pub etag: String,
    /// Its checksum of the whole object by the destination's algorithm, in base64, where the
    /// store told it.
    pub checksum: Option<String>,
    /// Its length, where the store told it.
    pub bytes: Option<u64>,
}

impl Stored {
    /// An object that could not be looked at.
    pub(crate) const fn unseen() -> Self {
        Self { etag: String::new(), checksum: None, bytes: None }
    }
}

/// An object's bytes as they come.
pub struct Reading(BoxStream<'static, Result<Bytes, StoreError>>);

impl Reading {
    /// The bytes that this stream gives; it ends with the object, or with an error.
    pub fn new(pieces: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static) -> Self {
        Self(pieces.boxed())
    }

    /// The next bytes.
    pub async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        self.0.next().await
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The objects, in the order of their keys.
    pub objects: Vec<ListedObject>,
    /// Whether there are no more.
    pub is_last: bool,
}

/// An object as a listing names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: u64,
}

/// What a store says of a part that it has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTag {
    /// Its ETag.
    pub etag: String,
    /// Its checksum by the destination's algorithm, in base64; `None` where none is used.
    pub checksum: Option<String>,
}

/// An upload in parts that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadId {
    /// The object's key.
    pub key: String,
    /// The store's name for the upload.
    pub id: String,
}

/// What kind of thing went wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// The bucket does not exist.
    NoSuchBucket,
    /// The bucket's owner, or the role's, does not let us in.
    AccessDenied,
    /// The customer's keys are wrong, unknown or expired.
    BadCredentials,
    /// The service's own credentials, or those of a role, have run out. They are fetched anew for
    /// the next attempt.
    ExpiredCredentials,
    /// The service has no identity of its own, or cannot fetch its credentials now.
    NoIdentity,
    /// The bucket is in another region.
    WrongRegion,
    /// The clock of this machine is too far off.
    ClockSkew,
    /// The key of KMS that encrypts the bucket is disabled, gone, or may not be used.
    Encryption,
    /// The store has no more room, or its account is not in order.
    Quota,
    /// The request was refused for another reason that lies in the destination's settings.
    Refused,
    /// The store asks for fewer requests.
    SlowDown,
    /// The store failed or is not available.
    Unavailable,
    /// The upload in parts, or one of the parts, is unknown to the store: begin it anew.
    NoSuchUpload,
    /// Nothing answers at the address, or the address may not be used.
    Unreachable,
    /// No secure connection could be made.
    Tls,
    /// No answer came in time, or the connection broke before it came.
    NoAnswer,
    /// An object stands at the key of a guarded write.
    AlreadyThere,
    /// Another request for the same key is under way.
    Conflict,
    /// The store does not know guarded writes, or another thing that was asked for.
    NotSupported,
    /// The store cannot make sense of the request: a bug of this program.
    Bug,
}

impl StoreErrorKind {
    /// The kind in one word of lower case, for records and programs: `access_denied`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSuchBucket => "no_such_bucket",
            Self::AccessDenied => "access_denied",
            Self::BadCredentials => "bad_credentials",
            Self::ExpiredCredentials => "expired_credentials",
            Self::NoIdentity => "no_identity",
            Self::WrongRegion => "wrong_region",
            Self::ClockSkew => "clock_skew",
            Self::Encryption => "encryption",
            Self::Quota => "quota",
            Self::Refused => "refused",
            Self::SlowDown => "slow_down",
            Self::Unavailable => "unavailable",
            Self::NoSuchUpload => "no_such_upload",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::NoAnswer => "no_answer",
            Self::AlreadyThere => "already_there",
            Self::Conflict => "conflict",
            Self::NotSupported => "not_supported",
            Self::Bug => "bug",
        }
    }

    /// Whether the object may have become visible all the same: the store may have done its work
    /// and only the answer was lost, or an earlier request did it.
    pub const fn may_have_happened(self) -> bool {
        matches!(
            self,
            Self::NoAnswer
                | Self::Unavailable
                | Self::NoSuchUpload
                | Self::AlreadyThere
                | Self::Conflict
        )
    }

    /// What to do about it.
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::NoSuchBucket
            | Self::AccessDenied
            | Self::BadCredentials
            | Self::WrongRegion
            | Self::ClockSkew
            | Self::Encryption
            | Self::Quota
            | Self::Refused => Remedy::WaitForCustomer,
            Self::ExpiredCredentials
            | Self::NoIdentity
            | Self::SlowDown
            | Self::Unavailable
            | Self::NoSuchUpload
            | Self::Unreachable
            | Self::Tls
            | Self::NoAnswer
            | Self::AlreadyThere
            | Self::Conflict
            | Self::NotSupported => Remedy::Retry,
            Self::Bug => Remedy::ReportBug,
        }
    }
}

/// What to do about an error. None of them gives up a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Try again soon: it passes by itself, or the attempt after it goes another way.
    Retry,
    /// Keep trying, slowly, and tell the customer what to mend.
    WaitForCustomer,
    /// Keep trying, slowly, and tell the operator: no setting mends it.
    ReportBug,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}{}", mend.as_ref().map(|mend| format!("; {mend}")).unwrap_or_default())]
pub struct StoreError {
    /// What went wrong.
    pub kind: StoreErrorKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The store's own code for it, such as `AccessDenied`, where it gave one.
    pub code: Option<String>,
    /// How long the store asks to wait, where it says so (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// In words for the customer: what happened, and what the store said; without secrets.
    pub message: String,
    /// How to mend it, where somebody can.
    pub mend: Option<String>,
}

impl StoreError {
    /// An error without an answer of the store.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, status: None, code: None, retry_after: None, message, mend: None }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> Remedy {
        self.kind.remedy()
    }

    /// As [`StoreErrorKind::may_have_happened`].
    pub const fn may_have_happened(&self) -> bool {
        self.kind.may_have_happened()
    }
}
