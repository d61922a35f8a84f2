//! What a request asks for, read from its head: rules are chosen before anything else happens.

use std::fmt;

use hyper::{HeaderMap, Method, Uri};

/// An operation of S3.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "they are named as S3 names them")]
pub enum Operation {
    PutObject,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    ListMultipartUploads,
    HeadObject,
    GetObject,
    HeadBucket,
    ListObjectsV2,
    /// Any other.
    Other,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Operation {
    /// The permission that it needs.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
    pub(super) const fn permission(self) -> &'static str {
        match self {
            Self::PutObject
            | Self::CreateMultipartUpload
            | Self::UploadPart
            | Self::CompleteMultipartUpload => "s3:PutObject",
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::ListParts => "s3:ListMultipartUploadParts",
            Self::ListMultipartUploads => "s3:ListBucketMultipartUploads",
            Self::HeadObject | Self::GetObject => "s3:GetObject",
            Self::HeadBucket | Self::ListObjectsV2 => "s3:ListBucket",
            Self::Other => "s3:Other",
        }
    }

    /// Whether it makes an object visible.
    pub const fn publishes(self) -> bool {
        matches!(self, Self::PutObject | Self::CompleteMultipartUpload)
    }
}

/// The head of a request, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) operation: Operation,
    pub(super) bucket: String,
    pub(super) key: String,
    /// Whether it comes with `If-None-Match`.
    pub(super) is_conditional: bool,
}

impl Asked {
    /// Reads the head of a request that names its bucket in the path.
    pub(super) fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let path = percent_decoded(uri.path());
        let path = path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let asks = |name: &str| {
            let query = uri.query().unwrap_or_default();
            query.split('&').any(|pair| pair.split('=').next() == Some(name))
        };
        Self {
            operation: operation(method, !key.is_empty(), asks),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            is_conditional: headers.contains_key("if-none-match"),
        }
    }
}

fn operation(method: &Method, of_object: bool, asks: impl Fn(&str) -> bool) -> Operation {
    match (method.as_str(), of_object) {
        ("PUT", true) if asks("uploadId") => Operation::UploadPart,
        ("PUT", true) => Operation::PutObject,
        ("POST", true) if asks("uploads") => Operation::CreateMultipartUpload,
        ("POST", true) if asks("uploadId") => Operation::CompleteMultipartUpload,
        ("DELETE", true) if asks("uploadId") => Operation::AbortMultipartUpload,
        ("GET", true) if asks("uploadId") => Operation::ListParts,
        ("GET", true) => Operation::GetObject,
        ("HEAD", true) => Operation::HeadObject,
        ("GET", false) if asks("uploads") => Operation::ListMultipartUploads,
        ("GET", false) if asks("list-type") => Operation::ListObjectsV2,
        ("HEAD", false) => Operation::HeadBucket,
        _ => Operation::Other,
    }
}

/// A path with its `%XX` replaced; keys that are not UTF-8 do not come here.
fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_its_head() {
        let asked = |method: Method, uri: &'static str| {
            let asked = Asked::of(&method, &Uri::from_static(uri), &HeaderMap::new());
            (asked.operation, asked.bucket, asked.key)
        };
        let of = |operation, key: &str| (operation, "bucket".to_owned(), key.to_owned());
        let object = "/bucket/a%20b/c";
        assert_eq!(asked(Method::PUT, object), of(Operation::PutObject, "a b/c"));
        for (method, query, expected) in [
            (Method::POST, "?uploads", Operation::CreateMultipartUpload),
            (Method::PUT, "?partNumber=1&uploadId=x", Operation::UploadPart),
            (Method::POST, "?uploadId=x", Operation::CompleteMultipartUpload),
            (Method::DELETE, "?uploadId=x", Operation::AbortMultipartUpload),
            (Method::HEAD, "", Operation::HeadObject),
        ] {
            let uri: Uri = format!("/bucket/key{query}").parse().unwrap();
            assert_eq!(Asked::of(&method, &uri, &HeaderMap::new()).operation, expected);
        }
        assert_eq!(asked(Method::GET, "/bucket?uploads"), of(Operation::ListMultipartUploads, ""));
        assert_eq!(asked(Method::DELETE, "/bucket"), of(Operation::Other, ""));
    }
}
