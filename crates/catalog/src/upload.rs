//! Uploads in parts that were begun, so that a restart goes on with them or abandons them; and
//! what stores have shown that they can do.

use model::{JobId, Offset, Partition, Revision, UnixNanos};

/// Most capabilities that are remembered: those that were seen longest ago go.
pub const CAPABILITIES_MAX: u32 = 10_000;

/// An upload in parts that is neither completed nor abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUpload {
    /// The job.
    pub job: JobId,
    /// The revision of the batch that is uploaded: it says to which place.
    pub revision: Revision,
    /// The partition of the batch.
    pub partition: Partition,
    /// The first frame of the batch.
    pub first: Offset,
    /// How the store calls the upload.
    pub upload_id: String,
    /// The object's key.
    pub key: String,
    /// Bytes of each part but the last.
    pub part_bytes: u64,
    /// The parts that the store has, by number.
    pub parts: Vec<UploadedPart>,
}

/// A part that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its ETag, as the store gave it.
    pub etag: String,
    /// Its checksum, as the store gave it, where one was asked for.
    pub checksum: Option<String>,
    /// Its length.
    pub bytes: u64,
}

/// What a store has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Which store: endpoint and bucket.
    pub place: String,
    /// What it is about, say `conditional writes`.
    pub what: String,
    /// What it has shown of it.
    pub value: String,
    /// When.
    pub at: UnixNanos,
}
