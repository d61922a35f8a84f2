//! What is asked of a store to verify a job: an object as it comes, and the keys that there are.
//!
//! Delivery needs neither; each has a permission of its own, which the bucket's owner may give.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::stream::unfold;
use model::destination::Destination;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use super::error::{of_body, of_reading, without};
use super::requests::S3Store;
use crate::store::{ListedObject, Listing, Reading, StoreError, StoreErrorKind};

/// How long an object's bytes may stand still.
const STALL: Duration = Duration::from_secs(30);

/// Opens an object.
pub(super) async fn get(
    store: &S3Store,
    to: &Destination,
    key: &str,
) -> Result<Option<Reading>, StoreError> {
    let call = store
        .connections
        .client(to)?
        .get_object()
        .bucket(&to.bucket)
        .key(key)
        .set_expected_bucket_owner(to.expected_bucket_owner.clone());
    match store.ask(to, Box::pin(call.send())).await {
        Ok(found) => Ok(Some(pieces(to.clone(), found.body))),
        // A bucket that is gone is told in the same status.
        Err(StoreError { code: Some(code), .. }) if code == "NoSuchKey" => Ok(None),
        Err(error) => Err(of_reading(to, error, "s3:GetObject")),
    }
}

/// The bytes of an answer. A connection that stands still is an error, as is one that breaks.
fn pieces(to: Destination, body: ByteStream) -> Reading {
    let next = |(to, body): (Destination, Option<ByteStream>)| async move {
        let mut body = body?;
        let error = match timeout(STALL, body.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(piece))) => return Some((Ok(piece), (to, Some(body)))),
            Ok(Some(Err(error))) => of_body(&to, &error),
            Err(_) => {
                let message = format!("the object's bytes stood still for {STALL:?}");
                StoreError::new(StoreErrorKind::NoAnswer, message)
            }
        };
        Some((Err(error), (to, None)))
    };
    Reading::new(unfold((to, Some(body)), next))
}

/// Lists objects.
pub(super) async fn list(
    store: &S3Store,
    to: &Destination,
    prefix: &str,
    after: Option<&str>,
) -> Result<Listing, StoreError> {
    let call = store
        .connections
        .client(to)?
        .list_objects_v2()
        .bucket(&to.bucket)
        .prefix(prefix)
        .set_start_after(after.map(str::to_owned))
        // Others may have keys that XML cannot hold.
        .encoding_type(EncodingType::Url)
        .set_expected_bucket_owner(to.expected_bucket_owner.clone());
    let answer = store.ask(to, Box::pin(call.send())).await;
    let answer = answer.map_err(|error| of_reading(to, error, "s3:ListBucket"))?;
    let is_encoded = answer.encoding_type == Some(EncodingType::Url);
    let is_last = !answer.is_truncated.unwrap_or(false);
    let listed = |object: Object| {
        let key = object.key?;
        let key = if is_encoded { decoded(&key) } else { key };
        let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        Some(ListedObject { key, bytes })
    };
    let objects: Vec<ListedObject> =
        answer.contents.unwrap_or_default().into_iter().filter_map(listed).collect();
    if !is_last && objects.is_empty() {
        return Err(without(to, "the keys of the list's page"));
    }
    Ok(Listing { objects, is_last })
}

/// A key as a list encodes it.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}
