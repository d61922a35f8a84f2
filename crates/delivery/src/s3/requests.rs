//! The store: one attempt per call, with what the destination asks for in the headers.
//!
//! Requests carry a checksum of their body in a signed header instead of a signed digest of it:
//! SHA-256 over the payload costs several times what all else does. `docs/uploads.md` gives the
//! figures, and says where the digest is signed all the same.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use model::destination::{Checksum, Destination, Endpoint, Scheme};

use super::body::{Progress, watched};
use super::bounded::Bounded;
use super::check;
use super::checksum::{self, Sums};
use super::connections::Connections;
use super::error::{Asked, Lesson, etag_of_completed, meaning, of_cut, of_other_checksum, without};
use super::guard::InvalidAllowance;
use super::options::{acl, encryption, guard, storage_class, tagging};
use super::patience::{Limits, within};
use super::reading;
use super::settings::S3Settings;
use crate::check::CheckStep;
use crate::store::{
    Content, Listing, PartTag, PutObject, Reading, Store, StoreError, Stored, UploadId,
};

/// Endpoints that are remembered for not taking checksums.
const UNCHECKED_MAX: usize = 1_000;

/// Amazon S3, and every store that speaks its protocol.
#[derive(Debug)]
pub struct S3Store {
    pub(super) connections: Connections,
    /// Endpoints that have refused checksums in headers.
    unchecked: Mutex<Bounded<Endpoint, ()>>,
}

/// A body as it is sent: with what vouches for it.
struct Body {
    checksum: Checksum,
    sum: Option<String>,
    signed: bool,
    stream: ByteStream,
    limits: Limits,
    progress: Option<Arc<Progress>>,
}

impl S3Store {
    /// Makes ready; connects to nothing yet.
    pub async fn new(settings: S3Settings) -> Result<Self, InvalidAllowance> {
        let connections = Connections::by(settings).await?;
        Ok(Self { connections, unchecked: Mutex::new(Bounded::new(UNCHECKED_MAX)) })
    }

    /// Lets tenants name these hosts and networks as endpoints from now on, and no other ones that
    /// are private. Requests under way go on.
    pub fn allow(&self, private: &[String]) -> Result<(), InvalidAllowance> {
        self.connections.allow(private)
    }

    /// The checksum that the destination's store takes.
    fn checksum(&self, to: &Destination) -> Checksum {
        let mut unchecked = self.unchecked.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = to.endpoint.as_ref().and_then(|endpoint| unchecked.get(endpoint));
        if refused.is_some() { Checksum::None } else { to.checksum }
    }

    /// Without a checksum, what is sent in the clear is signed as a whole, and so is what goes to
    /// a store that refuses the checksum that the destination wants.
    fn body(&self, to: &Destination, bytes: Bytes) -> Body {
        let checksum = self.checksum(to);
        let in_clear = to.endpoint.as_ref().is_some_and(|there| there.scheme == Scheme::Http);
        let signed = checksum == Checksum::None && (in_clear || to.checksum != Checksum::None);
        let sum = checksum::of(checksum, &bytes);
        let limits = Limits::of_body(bytes.len() as u64);
        if signed {
            // The client signs only what it holds as a whole.
            let stream = ByteStream::from(bytes);
            return Body { checksum, sum, signed, stream, limits, progress: None };
        }
        let (stream, progress) = watched(bytes);
        Body { checksum, sum, signed, stream, limits, progress: Some(progress) }
    }

    /// Sends a request without a body.
    pub(super) async fn ask<T, E>(
        &self,
        to: &Destination,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + 'static,
    {
        self.send(&Asked::plain(to), (Limits::of_body(0), None), sending).await
    }

    /// Sends a request, within limits that follow the progress of its body.
    async fn send<T, E>(
        &self,
        asked: &Asked<'_>,
        (limits, progress): (Limits, Option<&Progress>),
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + 'static,
    {
        let answer = within(limits, progress, sending).await;
        self.understand(asked, answer.map_err(|cut| of_cut(asked.to, cut))?).await
    }

    /// Says what an answer means, and remembers what it teaches.
    async fn understand<T, E>(
        &self,
        asked: &Asked<'_>,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + 'static,
    {
        let (error, lesson) = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => meaning(asked, &error),
        };
        match lesson {
            Some(Lesson::CredentialsExpired) => {
                if let Some(identity) = self.connections.identity(asked.to) {
                    identity.forget().await;
                }
            }
            Some(Lesson::NoChecksums) => {
                if let Some(endpoint) = &asked.to.endpoint {
                    tracing::info!(%endpoint, "takes no checksums; bodies are signed from now on");
                    let mut known = self.unchecked.lock().unwrap_or_else(PoisonError::into_inner);
                    known.get_or_insert(endpoint, || ());
                }
            }
            None => {}
        }
        Err(error)
    }
}

/// Compares what was sent with what the store says that it has.
fn compare(to: &Destination, sent: Option<&str>, stored: Option<&str>) -> Result<(), StoreError> {
    match (sent, stored) {
        (Some(sent), Some(stored)) if sent != stored => Err(of_other_checksum(to, sent, stored)),
        _ => Ok(()),
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put(&self, to: &Destination, object: PutObject<'_>) -> Result<Stored, StoreError> {
        let client = self.connections.client(to)?;
        let bytes = object.body.len() as u64;
        let body = self.body(to, object.body);
        let asked = Asked { to, guarded: object.guarded, checksum: body.checksum };
        let sums = Sums::of(body.checksum, body.sum.clone());
        let (sse, kms_key) = encryption(to);
        let mut call = client
            .put_object()
            .bucket(&to.bucket)
            .key(object.key)
            .content_type(object.content.media_type())
            .set_if_none_match(guard(object.guarded))
            .set_acl(acl(to))
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(kms_key)
            .set_storage_class(storage_class(to))
            .set_tagging(tagging(to))
            .set_expected_bucket_owner(to.expected_bucket_owner.clone())
            .set_checksum_algorithm(checksum::name(body.checksum))
            .set_checksum_crc64_nvme(sums.crc64_nvme)
            .set_checksum_crc32_c(sums.crc32c)
            .body(body.stream)
            .customize();
        if !body.signed {
            call = call.disable_payload_signing();
        }
        let answer =
            self.send(&asked, (body.limits, body.progress.as_deref()), call.send()).await?;
        let etag = answer.e_tag.ok_or_else(|| without(to, "the object's ETag"))?;
        let stored =
            Sums { crc64_nvme: answer.checksum_crc64_nvme, crc32c: answer.checksum_crc32_c };
        let checksum = stored.whole(body.checksum);
        compare(to, body.sum.as_deref(), checksum.as_deref())?;
        Ok(Stored { etag, checksum: checksum.or(body.sum), bytes: Some(bytes) })
    }

    async fn begin_upload(
        &self,
        to: &Destination,
        key: &str,
        content: Content,
    ) -> Result<UploadId, StoreError> {
        let checksum = self.checksum(to);
        let (sse, kms_key) = encryption(to);
        let call = self
            .connections
            .client(to)?
            .create_multipart_upload()
            .bucket(&to.bucket)
            .key(key)
            .content_type(content.media_type())
            .set_acl(acl(to))
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(kms_key)
            .set_storage_class(storage_class(to))
            .set_tagging(tagging(to))
            .set_expected_bucket_owner(to.expected_bucket_owner.clone())
            .set_checksum_algorithm(checksum::name(checksum));
        let asked = Asked { to, guarded: false, checksum };
        let sending = Box::pin(call.send());
        let answer = self.send(&asked, (Limits::of_body(0), None), sending).await?;
        let id = answer.upload_id.ok_or_else(|| without(to, "an upload id"))?;
        Ok(UploadId { key: key.to_owned(), id })
    }

    async fn put_part(
        &self,
        to: &Destination,
        upload: &UploadId,
        number: u32,
        bytes: Bytes,
    ) -> Result<PartTag, StoreError> {
        let body = self.body(to, bytes);
        let asked = Asked { to, guarded: false, checksum: body.checksum };
        let sums = Sums::of(body.checksum, body.sum.clone());
        let client = self.connections.client(to)?;
        let mut call = client
            .upload_part()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(number.cast_signed())
            .set_expected_bucket_owner(to.expected_bucket_owner.clone())
            .set_checksum_algorithm(checksum::name(body.checksum))
            .set_checksum_crc64_nvme(sums.crc64_nvme)
            .set_checksum_crc32_c(sums.crc32c)
            .body(body.stream)
            .customize();
        if !body.signed {
            call = call.disable_payload_signing();
        }
        let answer =
            self.send(&asked, (body.limits, body.progress.as_deref()), call.send()).await?;
        let etag = answer.e_tag.ok_or_else(|| without(to, "the part's ETag"))?;
        let stored =
            Sums { crc64_nvme: answer.checksum_crc64_nvme, crc32c: answer.checksum_crc32_c };
        compare(to, body.sum.as_deref(), stored.whole(body.checksum).as_deref())?;
        Ok(PartTag { etag, checksum: body.sum })
    }

    async fn complete_upload(
        &self,
        to: &Destination,
        upload: &UploadId,
        parts: &[PartTag],
        guarded: bool,
    ) -> Result<Stored, StoreError> {
        let parts = parts.iter().zip(1..).map(|(tag, number)| {
            let sums = Sums::of(to.checksum, tag.checksum.clone());
            CompletedPart::builder()
                .e_tag(&tag.etag)
                .part_number(number)
                .set_checksum_crc64_nvme(sums.crc64_nvme)
                .set_checksum_crc32_c(sums.crc32c)
                .build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let call = self
            .connections
            .client(to)?
            .complete_multipart_upload()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .multipart_upload(parts)
            .set_expected_bucket_owner(to.expected_bucket_owner.clone())
            .set_if_none_match(guard(guarded));
        let answer = within(Limits::COMPLETE, None, call.send()).await;
        let answer = answer.map_err(|cut| of_cut(to, cut))?;
        if let Some(etag) = answer.as_ref().err().and_then(etag_of_completed) {
            return Ok(Stored { etag, checksum: None, bytes: None });
        }
        let asked = Asked { to, guarded, checksum: Checksum::None };
        let answer = self.understand(&asked, answer).await?;
        let etag = answer.e_tag.ok_or_else(|| without(to, "the object's ETag"))?;
        let sums = Sums { crc64_nvme: answer.checksum_crc64_nvme, crc32c: answer.checksum_crc32_c };
        Ok(Stored { etag, checksum: sums.whole(to.checksum), bytes: None })
    }

    async fn abort_upload(&self, to: &Destination, upload: &UploadId) -> Result<(), StoreError> {
        let call = self
            .connections
            .client(to)?
            .abort_multipart_upload()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .set_expected_bucket_owner(to.expected_bucket_owner.clone());
        self.ask(to, Box::pin(call.send())).await.map(drop)
    }

    async fn head(&self, to: &Destination, key: &str) -> Result<Option<Stored>, StoreError> {
        let call = self
            .connections
            .client(to)?
            .head_object()
            .bucket(&to.bucket)
            .key(key)
            .set_expected_bucket_owner(to.expected_bucket_owner.clone())
            .checksum_mode(ChecksumMode::Enabled);
        match self.ask(to, Box::pin(call.send())).await {
            Ok(found) => {
                let sums =
                    Sums { crc64_nvme: found.checksum_crc64_nvme, crc32c: found.checksum_crc32_c };
                Ok(Some(Stored {
                    etag: found.e_tag.unwrap_or_default(),
                    checksum: sums.whole(to.checksum),
                    bytes: found.content_length.and_then(|bytes| u64::try_from(bytes).ok()),
                }))
            }
            Err(StoreError { status: Some(404), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, to: &Destination, key: &str) -> Result<Option<Reading>, StoreError> {
        reading::get(self, to, key).await
    }

    async fn list(
        &self,
        to: &Destination,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Listing, StoreError> {
        reading::list(self, to, prefix, after).await
    }

    async fn check(&self, to: &Destination, key: &str) -> Vec<CheckStep> {
        check::walk(self, to, key).await
    }
}
