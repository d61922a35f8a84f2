//! The S3 client: one attempt per call, with what the destination asks for in the headers.
//!
//! Requests carry a checksum of their body in a signed header instead of a signed digest of it:
//! SHA-256 over the payload costs several times what all else does, and protects no more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedHttpClient};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, ObjectCannedAcl,
    ServerSideEncryption,
};
use aws_smithy_http_client::tls;
use aws_types::service_config::ServiceConfigKey;
use bytes::Bytes;
use model::destination::{Access, Acl, Addressing, Destination, Encryption, Endpoint};

use super::error::meaning;
use super::guard::{AddressGuard, Allowed, InvalidAllowance};
use crate::store::{
    Content, PartTag, PutObject, Store, StoreError, StoreErrorKind, Stored, UploadId,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the last byte sent to the first byte of the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// A whole attempt: a part at the slowest rate that is worth waiting for.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(300);
/// Clients that are kept for further requests, each with its connections.
const CLIENTS_MAX: usize = 1_000;

/// How the service itself reaches S3. What is absent comes from the standard AWS chain:
/// environment, shared profile, web identity, container, instance metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// Where Amazon S3 is looked for instead of at its own addresses.
    pub endpoint_url: Option<String>,
    /// The service's own keys.
    pub keys: Option<StaticKeys>,
    /// Hosts, addresses and networks that tenants may name as endpoints although they are not
    /// public.
    pub allow_private_endpoints: Vec<String>,
}

/// A pair of keys.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticKeys {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl std::fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticKeys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What tells one client from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    region: String,
    endpoint: Option<Endpoint>,
    path_style: bool,
    /// Access key id, secret and session token.
    keys: Option<(String, String, Option<String>)>,
}

/// Amazon S3, and every store that speaks its protocol.
#[derive(Debug)]
pub struct S3Store {
    /// The service's identity and addresses.
    own: SdkConfig,
    /// Whether the service's own settings name another address than Amazon's.
    own_endpoint: bool,
    guard: AddressGuard,
    clients: Mutex<HashMap<ClientKey, Arc<Client>>>,
}

impl S3Store {
    /// Makes ready; connects to nothing yet.
    pub async fn new(settings: S3Settings) -> Result<Self, InvalidAllowance> {
        let allowed: Result<Vec<Allowed>, _> =
            settings.allow_private_endpoints.iter().map(|text| text.parse()).collect();
        let guard = AddressGuard::new(allowed?);
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(own_region());
        if let Some(url) = settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(keys) = settings.keys {
            let keys = Credentials::new(
                keys.access_key_id,
                keys.secret_access_key,
                None,
                None,
                "settings",
            );
            loader = loader.credentials_provider(keys);
        }
        let own = loader.load().await;
        Ok(Self { own_endpoint: names_endpoint(&own), own, guard, clients: Mutex::default() })
    }

    /// The client for a destination, made at its first use.
    fn client(&self, to: &Destination) -> Result<Arc<Client>, StoreError> {
        self.check_literal_address(to)?;
        let key = ClientKey {
            region: to.region.clone(),
            endpoint: to.endpoint.clone(),
            path_style: to.addressing == Addressing::Path
                || (to.endpoint.is_none() && self.own_endpoint),
            keys: match &to.access {
                Access::ServiceIdentity => None,
                Access::Keys { access_key_id, secret_access_key, session_token } => Some((
                    access_key_id.clone(),
                    secret_access_key.expose().to_owned(),
                    session_token.as_ref().map(|token| token.expose().to_owned()),
                )),
            },
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(Arc::clone(client));
        }
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        let client = Arc::new(self.build(&key));
        clients.insert(key, Arc::clone(&client));
        Ok(client)
    }

    fn build(&self, key: &ClientKey) -> Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut config = aws_sdk_s3::config::Builder::from(&self.own)
            .region(Region::new(key.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
            .force_path_style(key.path_style);
        if let Some(endpoint) = &key.endpoint {
            config = config.endpoint_url(endpoint.to_string());
            config = config.http_client(guarded_http(self.guard.for_port(port(endpoint))));
        }
        if let Some((id, secret, token)) = &key.keys {
            let keys = Credentials::new(id, secret, token.clone(), None, "destination");
            config = config.credentials_provider(keys);
        }
        Client::from_conf(config.build())
    }

    /// A host that is an address is never resolved, so the guard looks at it here.
    fn check_literal_address(&self, to: &Destination) -> Result<(), StoreError> {
        let Some(endpoint) = &to.endpoint else { return Ok(()) };
        let Ok(address) = endpoint.host.parse() else { return Ok(()) };
        let guard = self.guard.for_port(port(endpoint));
        guard
            .check(&endpoint.host, address)
            .map_err(|refused| StoreError::new(StoreErrorKind::Unreachable, refused.to_string()))
    }
}

/// The region that the service's own identity is looked up in. Destinations name theirs, so the
/// instance's metadata, which a machine elsewhere does not have, is not asked.
fn own_region() -> RegionProviderChain {
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::new("us-east-1"))
}

fn port(endpoint: &Endpoint) -> u16 {
    endpoint.port.unwrap_or_else(|| endpoint.scheme.default_port())
}

/// For endpoints that tenants name: connects to addresses that the guard has checked only.
fn guarded_http(guard: AddressGuard) -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_with_resolver(guard)
}

/// Whether the service's own settings, read from wherever, name an address for S3.
fn names_endpoint(own: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id("s3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let for_s3 = match (own.service_config(), key) {
        (Some(config), Ok(key)) => config.load_config(key),
        _ => None,
    };
    own.endpoint_url().is_some() || for_s3.is_some()
}

/// Amazon S3 computes CRC-64/NVME for every object anyway; others know CRC-32 longest.
fn checksum(to: &Destination) -> ChecksumAlgorithm {
    match to.endpoint {
        None => ChecksumAlgorithm::Crc64Nvme,
        Some(_) => ChecksumAlgorithm::Crc32,
    }
}

fn acl(to: &Destination) -> Option<ObjectCannedAcl> {
    to.acl.map(|Acl::BucketOwnerFullControl| ObjectCannedAcl::BucketOwnerFullControl)
}

fn encryption(to: &Destination) -> (Option<ServerSideEncryption>, Option<String>) {
    match &to.encryption {
        None => (None, None),
        Some(Encryption::Aes256) => (Some(ServerSideEncryption::Aes256), None),
        Some(Encryption::Kms { key_id }) => (Some(ServerSideEncryption::AwsKms), key_id.clone()),
    }
}

#[async_trait]
impl Store for S3Store {
    async fn put(&self, to: &Destination, object: PutObject<'_>) -> Result<Stored, StoreError> {
        let (sse, kms_key) = encryption(to);
        let answer = self
            .client(to)?
            .put_object()
            .bucket(&to.bucket)
            .key(object.key)
            .content_type(object.content.media_type())
            .set_if_none_match(object.guarded.then(|| "*".to_owned()))
            .set_acl(acl(to))
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(kms_key)
            .checksum_algorithm(checksum(to))
            .body(ByteStream::from(object.body))
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| meaning(to, &error))?;
        Ok(Stored { etag: answer.e_tag.unwrap_or_default(), checksum: None, bytes: None })
    }

    async fn begin_upload(
        &self,
        to: &Destination,
        key: &str,
        content: Content,
    ) -> Result<UploadId, StoreError> {
        let (sse, kms_key) = encryption(to);
        let answer = self
            .client(to)?
            .create_multipart_upload()
            .bucket(&to.bucket)
            .key(key)
            .content_type(content.media_type())
            .set_acl(acl(to))
            .set_server_side_encryption(sse)
            .set_ssekms_key_id(kms_key)
            .checksum_algorithm(checksum(to))
            .send()
            .await
            .map_err(|error| meaning(to, &error))?;
        let id = answer.upload_id.ok_or_else(|| without(to, "an upload id"))?;
        Ok(UploadId { key: key.to_owned(), id })
    }

    async fn put_part(
        &self,
        to: &Destination,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<PartTag, StoreError> {
        let answer = self
            .client(to)?
            .upload_part()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(number.cast_signed())
            .checksum_algorithm(checksum(to))
            .body(ByteStream::from(body))
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| meaning(to, &error))?;
        let checksum = match checksum(to) {
            ChecksumAlgorithm::Crc32 => answer.checksum_crc32,
            _ => answer.checksum_crc64_nvme,
        };
        let etag = answer.e_tag.ok_or_else(|| without(to, "the part's ETag"))?;
        Ok(PartTag { etag, checksum })
    }

    async fn complete_upload(
        &self,
        to: &Destination,
        upload: &UploadId,
        parts: &[PartTag],
        guarded: bool,
    ) -> Result<Stored, StoreError> {
        let parts = parts.iter().zip(1..).map(|(tag, number)| {
            let part = CompletedPart::builder().e_tag(&tag.etag).part_number(number);
            match checksum(to) {
                ChecksumAlgorithm::Crc32 => part.set_checksum_crc32(tag.checksum.clone()),
                _ => part.set_checksum_crc64_nvme(tag.checksum.clone()),
            }
            .build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let answer = self
            .client(to)?
            .complete_multipart_upload()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .multipart_upload(parts)
            .set_if_none_match(guarded.then(|| "*".to_owned()))
            .send()
            .await
            .map_err(|error| meaning(to, &error))?;
        Ok(Stored { etag: answer.e_tag.unwrap_or_default(), checksum: None, bytes: None })
    }

    async fn abort_upload(&self, to: &Destination, upload: &UploadId) -> Result<(), StoreError> {
        self.client(to)?
            .abort_multipart_upload()
            .bucket(&to.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .send()
            .await
            .map_err(|error| meaning(to, &error))?;
        Ok(())
    }

    async fn head(&self, to: &Destination, key: &str) -> Result<Option<Stored>, StoreError> {
        let head = self.client(to)?.head_object().bucket(&to.bucket).key(key);
        match head.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(found) => Ok(Some(Stored {
                etag: found.e_tag.unwrap_or_default(),
                checksum: match checksum(to) {
                    ChecksumAlgorithm::Crc32 => found.checksum_crc32,
                    _ => found.checksum_crc64_nvme,
                },
                bytes: found.content_length.and_then(|bytes| u64::try_from(bytes).ok()),
            })),
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 404) => {
                Ok(None)
            }
            Err(error) => Err(meaning(to, &error)),
        }
    }
}

fn without(to: &Destination, what: &str) -> StoreError {
    let message = format!("the store answered for `{}` without {what}", to.bucket);
    StoreError { status: Some(200), ..StoreError::new(StoreErrorKind::Unavailable, message) }
}
