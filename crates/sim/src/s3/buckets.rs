//! What stands in the buckets, and what ever stood there.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::HeaderMap;
use s3s::dto::Checksum;
use s3s::{S3Result, s3_error};

use super::checksum::{self, Algorithm};
use super::policy::Policy;

/// The smallest part that S3 takes, but for the last.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PART_BYTES_MIN: u64 = 5 << 20;

/// How a bucket is set up.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    /// The region where it stands.
    pub region: String,
    /// How it answers who looks for it in another region.
    pub wrong_region: WrongRegion,
    /// The account of its owner.
    pub owner: String,
    /// Who may do what; without one, whoever has keys may do everything.
    pub policy: Option<Policy>,
    /// Whether its access control lists are in use; new buckets have none since April 2023.
    pub has_acls: bool,
    /// What becomes of `If-None-Match`.
    pub conditions: Conditions,
    /// The smallest part but for the last, in bytes.
    pub part_bytes_min: u64,
    /// Most keys of a page of a listing.
    pub list_max: usize,
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            wrong_region: WrongRegion::Redirect,
            owner: super::ACCOUNT.to_owned(),
            policy: None,
            has_acls: false,
            conditions: Conditions::Honoured,
            part_bytes_min: PART_BYTES_MIN,
            list_max: 1_000,
        }
    }
}

/// How a store answers a request that was signed for another region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongRegion {
    /// 301 `PermanentRedirect`, with the region in `x-amz-bucket-region`.
    Redirect,
    /// 400 `AuthorizationHeaderMalformed`, with the region in the same header.
    Malformed,
}

/// What a store does with conditional writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditions {
    /// It writes only where nothing stands.
    Honoured,
    /// It says 501 `NotImplemented`.
    Refused,
    /// It overwrites all the same.
    Ignored,
}

/// A visible object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub body: Bytes,
    /// Its ETag, without quotes.
    pub etag: String,
    /// The headers of the request that made it: `x-amz-…`, `content-…` and `if-none-match`.
    pub headers: BTreeMap<String, String>,
    /// How often it was written.
    pub writes: u32,
    /// How often it was written with other bytes than those that stood there.
    pub changes: u32,
    pub(super) checksum: Option<Checksum>,
}

impl Object {
    /// What the request that made it said in a header, such as `x-amz-acl`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An upload in parts that was begun, and neither completed nor aborted.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The object's key.
    pub key: String,
    /// The headers of the request that began it.
    pub headers: BTreeMap<String, String>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) parts: BTreeMap<i32, Part>,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) body: Bytes,
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
}

/// A part as a completion names it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) number: i32,
    pub(super) etag: String,
    pub(super) checksum: Option<String>,
}

/// A bucket.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) settings: BucketSettings,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

impl Bucket {
    /// Makes an object visible.
    pub(super) fn write(&mut self, made: Object, unless_there: bool) -> S3Result<()> {
        let there = self.objects.get(&made.key);
        if unless_there && there.is_some() && self.settings.conditions == Conditions::Honoured {
            return Err(s3_error!(PreconditionFailed, "an object stands at the key"));
        }
        let (writes, changes) = there.map_or((0, 0), |there| {
            (there.writes, there.changes + u32::from(there.body != made.body))
        });
        self.objects.insert(made.key.clone(), Object { writes: writes + 1, changes, ..made });
        Ok(())
    }

    /// Puts the parts of an upload together, in the order that the completion names.
    pub(super) fn assemble(&self, id: &str, named: &[Named]) -> S3Result<Object> {
        let upload = self.uploads.get(id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        if named.is_empty() || !named.is_sorted_by(|one, next| one.number < next.number) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let parts = named.iter().map(|named| upload.part(named)).collect::<S3Result<Vec<_>>>()?;
        let least = self.settings.part_bytes_min;
        if parts[..parts.len() - 1].iter().any(|part| (part.body.len() as u64) < least) {
            return Err(s3_error!(EntityTooSmall));
        }
        let bodies: Vec<&[u8]> = parts.iter().map(|part| &part.body[..]).collect();
        Ok(Object {
            key: upload.key.clone(),
            etag: checksum::etag_of_parts(&bodies),
            checksum: upload.algorithm.map(|algorithm| algorithm.sum_of_parts(&bodies)),
            body: bodies.concat().into(),
            headers: upload.headers.clone(),
            writes: 0,
            changes: 0,
        })
    }
}

impl Upload {
    /// The part that a completion names, where it is as the completion says.
    fn part(&self, named: &Named) -> S3Result<&Part> {
        let part = self.parts.get(&named.number).filter(|part| part.etag == named.etag);
        let part = part.ok_or_else(|| s3_error!(InvalidPart))?;
        let held = part.checksum.as_ref().and_then(checksum::value);
        if named.checksum.is_some() && named.checksum.as_ref() != held {
            return Err(s3_error!(InvalidPart, "a part's checksum differs"));
        }
        Ok(part)
    }
}

/// The headers that say what is to become of an object.
pub(super) fn telling(headers: &HeaderMap) -> BTreeMap<String, String> {
    let tells = |name: &str| {
        let unsaid = ["x-amz-date", "x-amz-security-token", "x-amz-user-agent"];
        let prefixes = ["x-amz-", "content-", "if-none-match"];
        prefixes.iter().any(|prefix| name.starts_with(prefix)) && !unsaid.contains(&name)
    };
    let said = headers.iter().filter(|(name, _)| tells(name.as_str()));
    said.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    })
    .collect()
}
