//! What a destination's options become in requests.
//!
//! | option | PutObject | CreateMultipartUpload | UploadPart | CompleteMultipartUpload |
//! |---|---|---|---|---|
//! | `acl`, `sse`, `sse-kms-key-id`, `storage-class`, tags, media type | x | x | | |
//! | `expected-bucket-owner` | x | x | x | x |
//! | `checksum`: the algorithm | x | x | x | |
//! | `checksum`: the value | x | | x | of each part |
//! | `If-None-Match: *` of a guarded write | x | | | x |

use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption, StorageClass};
use model::destination::{Acl, Destination, Encryption};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand unencoded in a query, RFC 3986 section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) fn acl(to: &Destination) -> Option<ObjectCannedAcl> {
    to.acl.map(|Acl::BucketOwnerFullControl| ObjectCannedAcl::BucketOwnerFullControl)
}

pub(super) fn encryption(to: &Destination) -> (Option<ServerSideEncryption>, Option<String>) {
    match &to.encryption {
        None => (None, None),
        Some(Encryption::Aes256) => (Some(ServerSideEncryption::Aes256), None),
        Some(Encryption::Kms { key_id }) => (Some(ServerSideEncryption::AwsKms), key_id.clone()),
    }
}

pub(super) fn storage_class(to: &Destination) -> Option<StorageClass> {
    to.storage_class.as_deref().map(StorageClass::from)
}

/// The tags as a query, which is how `x-amz-tagging` holds them.
pub(super) fn tagging(to: &Destination) -> Option<String> {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs: Vec<String> =
        to.tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

pub(super) fn guard(guarded: bool) -> Option<String> {
    guarded.then(|| "*".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_a_query() {
        let mut to = Destination::parse("s3://bucket-name?region=us-east-1").unwrap();
        assert_eq!(tagging(&to), None);
        to.tags = vec![
            ("team".to_owned(), "edge & core".to_owned()),
            ("path".to_owned(), "a/b=ü".to_owned()),
        ];
        assert_eq!(tagging(&to).unwrap(), "team=edge%20%26%20core&path=a%2Fb%3D%C3%BC");
    }
}
