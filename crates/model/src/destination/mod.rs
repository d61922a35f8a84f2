//! Where a job pushes to: the meaning of its destination string.
//!
//! | form | store | identity |
//! |---|---|---|
//! | `s3://BUCKET[/PATH]?region=R` | Amazon S3 | the service's own |
//! | the same with `&role-arn=ARN[&external-id=ID]` | Amazon S3 | a role of the customer's |
//! | the same with KEYS | Amazon S3 | the customer's |
//! | the same with KEYS and `&endpoint=[http(s)://]HOST[:PORT]` | S3-compatible | the customer's |
//! | `r2://BUCKET[/PATH]?account-id=A` with KEYS | Cloudflare R2 | the customer's |
//!
//! KEYS are `&access-key-id=K&secret-access-key=S`, for `s3` also `&session-token=T`. All
//! parameters stand in [`PARAMETERS`], and are explained to people in `docs/destinations.md`.
//!
//! A secret is never shown: not by `Debug`, not in a finding, not by [`redacted`]. The service's
//! own identity goes to Amazon only, never to an endpoint that a customer names.

mod boundary;
mod endpoint;
mod identity;
mod names;
mod options;
mod parameters;
mod path;
pub mod policy;
mod principal;
mod read;
mod redact;
mod tags;

#[cfg(test)]
mod tests;

use std::fmt;

pub use boundary::Boundary;
pub use endpoint::{Endpoint, Scheme};
pub use names::{AMAZON_REGIONS, partition_of_region};
pub use parameters::{PARAMETERS, Parameter};
pub use path::{PathTemplate, PathValues, Placeholder};
pub use principal::{InvalidPrincipal, Principal};
pub use redact::{MASK, redacted, restore_secrets};

use crate::Issue;

/// The JSON pointer of a job's destination string.
pub const POINTER: &str = "/destination_conf";
/// Longest destination string, in bytes.
pub const TEXT_BYTES_MAX: usize = 4096;

/// A place in an S3 bucket, and how to write there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The bucket's name.
    pub bucket: String,
    /// The folder within it.
    pub path: PathTemplate,
    /// The region that requests are signed for.
    pub region: String,
    /// The encryption at rest to ask for; `None` leaves it to the bucket.
    pub encryption: Option<Encryption>,
    /// The canned ACL to ask for; `None` sends none.
    pub acl: Option<Acl>,
    /// The store's address; `None` for Amazon S3 in `region`.
    pub endpoint: Option<Endpoint>,
    /// Where the bucket's name stands in a request.
    pub addressing: Addressing,
    /// Whose identity requests are signed with.
    pub access: Access,
    /// The storage class to ask for, a word of the store's such as `STANDARD_IA`; `None` leaves
    /// it to the bucket.
    pub storage_class: Option<String>,
    /// The AWS account, 12 digits, that the bucket has to belong to: the store refuses where it
    /// is another's. `None` asks for no such check.
    pub expected_bucket_owner: Option<String>,
    /// The checksum that the store is to check each request's body by.
    pub checksum: Checksum,
    /// Whether an object is written only where none stands at its key.
    pub conditional: Conditional,
    /// Tags of each object, key and value, in the order given; keys are unique.
    pub tags: Vec<(String, String)>,
}

/// A checksum that a store checks a body by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// CRC-64/NVME, which Amazon S3 computes for each object anyway: its default.
    Crc64Nvme,
    /// CRC-32C, which S3-compatible stores have known for longer: their default.
    Crc32c,
    /// None is sent.
    None,
}

/// Whether an object is written only where none stands at its key (`If-None-Match: *`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conditional {
    /// Where the store supports it.
    Auto,
    /// Always: a store that does not support it fails.
    Always,
    /// Never.
    Never,
}

/// Encryption at rest, asked for with each object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With keys that S3 keeps: `AES256`.
    Aes256,
    /// With a key in KMS: `aws:kms`.
    Kms {
        /// The key's id or ARN; `None` for the one that AWS manages.
        key_id: Option<String>,
    },
}

/// A canned ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acl {
    /// `bucket-owner-full-control`.
    BucketOwnerFullControl,
}

/// Where the bucket's name stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// In the host: `https://bucket.host/key`.
    VirtualHost,
    /// In the path: `https://host/bucket/key`.
    Path,
}

/// Whose identity requests are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The service's own; the bucket's policy lets it in.
    ServiceIdentity,
    /// A role of the customer's, which the service's own identity assumes.
    Role {
        /// `arn:PARTITION:iam::ACCOUNT:role/NAME`.
        role_arn: String,
        /// The external id of the string, as STS takes it. The service makes one per account;
        /// whoever accepts a string compares the two.
        external_id: Option<String>,
    },
    /// The customer's keys.
    Keys {
        /// The public half.
        access_key_id: String,
        /// The secret half.
        secret_access_key: Secret,
        /// The token of temporary keys.
        session_token: Option<Secret>,
    },
}

/// A text that only requests may carry.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, to sign with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Destination {
    /// The destination written as `text`, or all that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Issue>> {
        read::read(text)
    }

    /// Whether the customer has to prove that the bucket is theirs: there are no keys of theirs.
    /// A role does not prove it: that the service may assume it says nothing about the bucket.
    pub fn needs_ownership_proof(&self) -> bool {
        !matches!(self.access, Access::Keys { .. })
    }

    /// Whether both write to one folder of one bucket, whatever else they differ in.
    pub fn same_place(&self, other: &Self) -> bool {
        (&self.endpoint, &self.bucket, &self.path) == (&other.endpoint, &other.bucket, &other.path)
    }
}
