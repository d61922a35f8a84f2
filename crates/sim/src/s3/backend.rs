//! The operations of S3 that the server serves, on buckets in memory.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Checksum, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input, ListObjectsV2Output,
    ListPartsInput, ListPartsOutput, MultipartUpload, Object as Listed, Part as ListedPart,
    PutObjectInput, PutObjectOutput, StreamingBlob, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

use super::buckets::{Bucket, Named, Object, Part, Upload, telling};
use super::checksum::{self, Algorithm};
use super::server::Shared;

/// Serves the buckets.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Arc<Shared>);

type Answer<T> = S3Result<S3Response<T>>;

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they may fail")]
fn answer<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(body) = body else { return Ok(Bytes::new()) };
    let chunks: Result<Vec<Bytes>, _> = body.try_collect().await;
    let chunks = chunks.map_err(|error| s3_error!(IncompleteBody, "{error}"))?;
    Ok(chunks.concat().into())
}

#[expect(clippy::unnecessary_wraps, reason = "an answer of S3 may lack it")]
fn tag(etag: &str) -> Option<ETag> {
    Some(ETag::Strong(etag.to_owned()))
}

fn unless_there(condition: Option<&ETagCondition>) -> bool {
    condition.is_some_and(ETagCondition::is_any)
}

impl Backend {
    /// Does something with a bucket, which must be there.
    fn with<T>(&self, bucket: &str, act: impl FnOnce(&mut Bucket) -> S3Result<T>) -> S3Result<T> {
        let mut state = self.0.state();
        act(state.buckets.get_mut(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?)
    }
}

#[async_trait::async_trait]
impl S3 for Backend {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let PutObjectInput { bucket, key, body, if_none_match, .. } = request.input;
        let body = whole(body).await?;
        let sum = checksum::check(&request.headers, &body)?.map(|(_, sum)| sum);
        let object = Object {
            key,
            etag: checksum::etag(&body),
            body,
            headers: telling(&request.headers),
            checksum: sum,
            writes: 0,
            changes: 0,
        };
        let (etag, sum) = (tag(&object.etag), object.checksum.clone().unwrap_or_default());
        self.with(&bucket, |there| there.write(object, unless_there(if_none_match.as_ref())))?;
        let Checksum { checksum_crc32, checksum_crc32c, checksum_crc64nvme, .. } = sum;
        answer(PutObjectOutput {
            e_tag: etag,
            checksum_crc32,
            checksum_crc32c,
            checksum_crc64nvme,
            checksum_sha1: sum.checksum_sha1,
            checksum_sha256: sum.checksum_sha256,
            ..PutObjectOutput::default()
        })
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let CreateMultipartUploadInput { bucket, key, checksum_algorithm, .. } = request.input;
        let id = self.0.next_upload_id();
        let upload = Upload {
            key: key.clone(),
            headers: telling(&request.headers),
            algorithm: checksum_algorithm.as_ref().and_then(|name| Algorithm::named(name.as_str())),
            parts: std::collections::BTreeMap::new(),
        };
        self.with(&bucket, |bucket| {
            bucket.uploads.insert(id.clone(), upload);
            Ok(())
        })?;
        answer(CreateMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(id),
            checksum_algorithm,
            ..CreateMultipartUploadOutput::default()
        })
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let UploadPartInput { bucket, body, part_number, upload_id, .. } = request.input;
        if !(1..=10_000).contains(&part_number) {
            return Err(s3_error!(InvalidArgument, "a part's number is 1 to 10,000"));
        }
        let body = whole(body).await?;
        let sum = checksum::check(&request.headers, &body)?.map(|(_, sum)| sum);
        let etag = checksum::etag(&body);
        let part = Part { body, etag: etag.clone(), checksum: sum.clone() };
        self.with(&bucket, |bucket| {
            let upload = bucket.uploads.get_mut(&upload_id);
            upload.ok_or_else(|| s3_error!(NoSuchUpload))?.parts.insert(part_number, part);
            Ok(())
        })?;
        let sum = sum.unwrap_or_default();
        answer(UploadPartOutput {
            e_tag: tag(&etag),
            checksum_crc32: sum.checksum_crc32,
            checksum_crc32c: sum.checksum_crc32c,
            checksum_crc64nvme: sum.checksum_crc64nvme,
            checksum_sha1: sum.checksum_sha1,
            checksum_sha256: sum.checksum_sha256,
            ..UploadPartOutput::default()
        })
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let CompleteMultipartUploadInput {
            bucket,
            key,
            multipart_upload,
            upload_id,
            if_none_match,
            ..
        } = request.input;
        let named = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let named: Vec<Named> = named.into_iter().map(named_part).collect();
        let (etag, sum) = self.with(&bucket, |bucket| {
            let object = bucket.assemble(&upload_id, &named)?;
            let said = (object.etag.clone(), object.checksum.clone().unwrap_or_default());
            bucket.write(object, unless_there(if_none_match.as_ref()))?;
            bucket.uploads.remove(&upload_id);
            Ok(said)
        })?;
        answer(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: tag(&etag),
            checksum_crc32: sum.checksum_crc32,
            checksum_crc32c: sum.checksum_crc32c,
            checksum_crc64nvme: sum.checksum_crc64nvme,
            checksum_sha1: sum.checksum_sha1,
            checksum_sha256: sum.checksum_sha256,
            ..CompleteMultipartUploadOutput::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let AbortMultipartUploadInput { bucket, upload_id, .. } = request.input;
        self.with(&bucket, |bucket| {
            bucket.uploads.remove(&upload_id).ok_or_else(|| s3_error!(NoSuchUpload))
        })?;
        answer(AbortMultipartUploadOutput::default())
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let HeadObjectInput { bucket, key, checksum_mode, .. } = request.input;
        let object = self.with(&bucket, |bucket| {
            bucket.objects.get(&key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
        })?;
        let sum = object.checksum.filter(|_| checksum_mode.is_some()).unwrap_or_default();
        answer(HeadObjectOutput {
            content_length: Some(object.body.len() as i64),
            e_tag: tag(&object.etag),
            checksum_crc32: sum.checksum_crc32,
            checksum_crc32c: sum.checksum_crc32c,
            checksum_crc64nvme: sum.checksum_crc64nvme,
            checksum_sha1: sum.checksum_sha1,
            checksum_sha256: sum.checksum_sha256,
            ..HeadObjectOutput::default()
        })
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let GetObjectInput { bucket, key, .. } = request.input;
        let object = self.with(&bucket, |bucket| {
            bucket.objects.get(&key).cloned().ok_or_else(|| s3_error!(NoSuchKey))
        })?;
        answer(GetObjectOutput {
            content_length: Some(object.body.len() as i64),
            e_tag: tag(&object.etag),
            body: Some(StreamingBlob::from(Body::from(object.body))),
            ..GetObjectOutput::default()
        })
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.with(&request.input.bucket, |_| Ok(()))?;
        answer(HeadBucketOutput::default())
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        let ListObjectsV2Input {
            bucket,
            prefix,
            start_after,
            continuation_token,
            max_keys,
            encoding_type,
            ..
        } = request.input;
        let prefix = prefix.unwrap_or_default();
        let after = continuation_token.or(start_after).unwrap_or_default();
        let (mut listed, is_truncated) = self.with(&bucket, |bucket| {
            let most = bucket.settings.list_max;
            let most = max_keys.map_or(most, |asked| most.min(asked.max(0) as usize));
            let found = bucket.objects.values().filter(|object| object.key.starts_with(&prefix));
            let mut found = found.filter(|object| object.key > after).map(|object| Listed {
                key: Some(object.key.clone()),
                size: Some(object.body.len() as i64),
                e_tag: tag(&object.etag),
                ..Listed::default()
            });
            let listed: Vec<Listed> = found.by_ref().take(most).collect();
            Ok((listed, found.next().is_some()))
        })?;
        let last = listed.last().and_then(|last| last.key.clone());
        if encoding_type.is_some() {
            for object in &mut listed {
                object.key = object.key.take().map(|key| percent_encoded(&key));
            }
        }
        answer(ListObjectsV2Output {
            name: Some(bucket),
            prefix: Some(prefix),
            key_count: Some(listed.len() as i32),
            is_truncated: Some(is_truncated),
            encoding_type,
            next_continuation_token: last.filter(|_| is_truncated),
            contents: Some(listed),
            ..ListObjectsV2Output::default()
        })
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        let ListPartsInput { bucket, key, upload_id, .. } = request.input;
        let upload = self.with(&bucket, |bucket| {
            bucket.uploads.get(&upload_id).cloned().ok_or_else(|| s3_error!(NoSuchUpload))
        })?;
        let part = |(number, part): (&i32, &Part)| ListedPart {
            part_number: Some(*number),
            size: Some(part.body.len() as i64),
            e_tag: tag(&part.etag),
            ..ListedPart::default()
        };
        answer(ListPartsOutput {
            bucket: Some(bucket),
            key: Some(key),
            upload_id: Some(upload_id),
            is_truncated: Some(false),
            parts: Some(upload.parts.iter().map(part).collect()),
            ..ListPartsOutput::default()
        })
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        let bucket = request.input.bucket;
        let uploads = self.with(&bucket, |bucket| {
            let uploads = bucket.uploads.iter().map(|(id, upload)| MultipartUpload {
                key: Some(upload.key.clone()),
                upload_id: Some(id.clone()),
                ..MultipartUpload::default()
            });
            Ok(uploads.collect())
        })?;
        answer(ListMultipartUploadsOutput {
            bucket: Some(bucket),
            is_truncated: Some(false),
            uploads: Some(uploads),
            ..ListMultipartUploadsOutput::default()
        })
    }
}

/// A key as listings encode it, who are asked to: a space as `+`.
fn percent_encoded(key: &str) -> String {
    let encoded = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    key.bytes().map(encoded).collect()
}

fn named_part(part: CompletedPart) -> Named {
    let sum = Checksum {
        checksum_crc32: part.checksum_crc32,
        checksum_crc32c: part.checksum_crc32c,
        checksum_crc64nvme: part.checksum_crc64nvme,
        checksum_sha1: part.checksum_sha1,
        checksum_sha256: part.checksum_sha256,
        ..Checksum::default()
    };
    Named {
        number: part.part_number.unwrap_or_default(),
        etag: part.e_tag.map(|etag| etag.value().to_owned()).unwrap_or_default(),
        checksum: checksum::value(&sum).cloned(),
    }
}
