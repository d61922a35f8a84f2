//! The interface to the place where objects go, and what its errors mean.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use model::destination::Destination;
use thiserror::Error;

/// A place for objects: S3, or a stand-in for it in the simulator.
///
/// No call is retried within; each is one attempt.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Writes an object in one request: visible as a whole when it succeeds.
    async fn put(&self, to: &Destination, key: &str, body: Bytes) -> Result<Stored, StoreError>;

    /// Begins an upload in parts. Nothing is visible before it is completed.
    async fn begin_upload(&self, to: &Destination, key: &str) -> Result<UploadId, StoreError>;

    /// Uploads part `number`, from 1, and gives its tag.
    async fn put_part(
        &self,
        to: &Destination,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<PartTag, StoreError>;

    /// Makes the object of these parts' tags, in order, visible.
    async fn complete_upload(
        &self,
        to: &Destination,
        upload: &UploadId,
        parts: &[PartTag],
    ) -> Result<Stored, StoreError>;

    /// Gives up an upload and its parts.
    async fn abort_upload(&self, to: &Destination, upload: &UploadId) -> Result<(), StoreError>;
}

/// What a store says of an object that it has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its ETag; empty where the store gave none.
    pub etag: String,
}

/// What a store says of a part that it has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTag {
    /// Its ETag.
    pub etag: String,
    /// Its checksum, by the destination's algorithm, as the store gave it.
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
    /// The bucket's owner does not let us in.
    AccessDenied,
    /// The keys are wrong, unknown or expired.
    BadCredentials,
    /// The bucket is in another region.
    WrongRegion,
    /// The clock of this machine is too far off.
    ClockSkew,
    /// The request was refused for another reason that lies in the destination's settings.
    Refused,
    /// The store asks for fewer requests.
    SlowDown,
    /// The store failed or is not available.
    Unavailable,
    /// The upload in parts is unknown to the store.
    NoSuchUpload,
    /// Nothing answers at the address, or the address may not be used.
    Unreachable,
    /// No secure connection could be made.
    Tls,
    /// No answer came in time, or the connection broke before it came.
    NoAnswer,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Try again soon: it passes by itself.
    Retry,
    /// Keep trying, slowly, and tell the customer what to mend.
    WaitForCustomer,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct StoreError {
    /// What went wrong.
    pub kind: StoreErrorKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// In words for the customer: what happened and how to mend it, without secrets.
    pub message: String,
}

impl StoreError {
    /// What to do about it.
    pub const fn remedy(&self) -> Remedy {
        match self.kind {
            StoreErrorKind::NoSuchBucket
            | StoreErrorKind::AccessDenied
            | StoreErrorKind::BadCredentials
            | StoreErrorKind::WrongRegion
            | StoreErrorKind::ClockSkew
            | StoreErrorKind::Refused => Remedy::WaitForCustomer,
            StoreErrorKind::SlowDown
            | StoreErrorKind::Unavailable
            | StoreErrorKind::NoSuchUpload
            | StoreErrorKind::Unreachable
            | StoreErrorKind::Tls
            | StoreErrorKind::NoAnswer => Remedy::Retry,
        }
    }

    /// Whether the object may have become visible all the same: the store may have done its work
    /// and only the answer was lost.
    pub const fn may_have_happened(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::NoAnswer | StoreErrorKind::Unavailable | StoreErrorKind::NoSuchUpload
        )
    }
}
