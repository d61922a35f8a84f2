//! Who is let in: keys, regions, owners, policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::{HeaderMap, StatusCode};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::buckets::{Bucket, Conditions, WrongRegion};
use super::operation::{Asked, Operation};
use super::policy::{Decision, Question};
use super::server::Shared;

/// The one access control list that a bucket without any takes: it changes nothing there.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
const OWNER_FULL_CONTROL: &str = "bucket-owner-full-control";

/// Somebody with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The public half of the keys.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
    /// What has to come with temporary keys.
    pub session_token: Option<String>,
    /// Who that is, as policies name it.
    pub principal: String,
}

/// Knows the keys.
#[derive(Debug)]
pub(super) struct Keys(pub(super) Arc<Shared>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let state = self.0.state();
        let user = state.users.get(access_key).ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        Ok(user.secret_access_key.as_str().into())
    }
}

/// Stands before every operation.
#[derive(Debug)]
pub(super) struct Gate(pub(super) Arc<Shared>);

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let keys = context.credentials().ok_or_else(|| s3_error!(AccessDenied))?;
        let state = self.0.state();
        let user = state.users.get(&keys.access_key).ok_or_else(|| s3_error!(AccessDenied))?;
        let headers = context.headers();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if user.session_token.as_deref() != header("x-amz-security-token") {
            return Err(s3_error!(InvalidToken));
        }
        let asked = Asked::of(context.method(), context.uri(), headers);
        let bucket = state.buckets.get(&asked.bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        check_region(bucket, headers)?;
        let owner = header("x-amz-expected-bucket-owner");
        if owner.is_some_and(|owner| owner != bucket.settings.owner) {
            return Err(s3_error!(AccessDenied, "the bucket has another owner"));
        }
        if asked.is_conditional && bucket.settings.conditions == Conditions::Refused {
            return Err(s3_error!(NotImplemented, "If-None-Match is not implemented"));
        }
        let acl = header("x-amz-acl").filter(|_| !bucket.settings.has_acls);
        if acl.is_some_and(|acl| acl != OWNER_FULL_CONTROL) {
            return Err(s3_error!(AccessControlListNotSupported));
        }
        check_policy(bucket, user, &asked, headers)
    }
}

/// Checks that a request was signed for the bucket's region.
fn check_region(bucket: &Bucket, headers: &HeaderMap) -> S3Result<()> {
    let region = &bucket.settings.region;
    // AWS4-HMAC-SHA256 Credential=KEY/20260101/REGION/s3/aws4_request, …
    let signed = headers.get("authorization").and_then(|value| value.to_str().ok());
    let signed = signed.and_then(|signed| signed.split("Credential=").nth(1)?.split('/').nth(2));
    if signed.is_none_or(|signed| signed == region) {
        return Ok(());
    }
    let (code, status) = match bucket.settings.wrong_region {
        WrongRegion::Redirect => (S3ErrorCode::PermanentRedirect, StatusCode::MOVED_PERMANENTLY),
        WrongRegion::Malformed => {
            (S3ErrorCode::AuthorizationHeaderMalformed, StatusCode::BAD_REQUEST)
        }
    };
    let message = format!("the region is wrong; expecting '{region}'");
    let mut error = S3Error::with_message(code, message);
    error.set_status_code(status);
    let mut said = HeaderMap::new();
    if let Ok(region) = region.parse() {
        said.insert("x-amz-bucket-region", region);
    }
    error.set_headers(said);
    Err(error)
}

/// Checks that the bucket's policy allows all that a request needs.
fn check_policy(bucket: &Bucket, user: &User, asked: &Asked, headers: &HeaderMap) -> S3Result<()> {
    let Some(policy) = &bucket.settings.policy else { return Ok(()) };
    let context = context(headers);
    let may = |action: &str, resource: &str| {
        let principal = &user.principal;
        let question = Question { principal, action, resource, context: &context };
        policy.decide(&question) == Decision::Allow
    };
    let partition = user.principal.split(':').nth(1).unwrap_or("aws");
    let bucket_arn = format!("arn:{partition}:s3:::{}", asked.bucket);
    let resource = match asked.key.as_str() {
        "" => bucket_arn.clone(),
        key => format!("{bucket_arn}/{key}"),
    };
    for permission in permissions(asked.operation, headers, bucket.settings.has_acls) {
        if !may(permission, &resource) {
            let who = &user.principal;
            return Err(s3_error!(AccessDenied, "{who} may not {permission} on {resource}"));
        }
    }
    let reads = matches!(asked.operation, Operation::HeadObject | Operation::GetObject);
    if reads && !bucket.objects.contains_key(&asked.key) && !may("s3:ListBucket", &bucket_arn) {
        // Who may not list does not learn what is missing.
        return Err(s3_error!(AccessDenied));
    }
    Ok(())
}

/// What a request needs. Lists and tags need permissions of their own.
fn permissions(operation: Operation, headers: &HeaderMap, has_acls: bool) -> Vec<&'static str> {
    let mut permissions = vec![operation.permission()];
    let begins = matches!(operation, Operation::PutObject | Operation::CreateMultipartUpload);
    if begins && has_acls && headers.contains_key("x-amz-acl") {
        permissions.push("s3:PutObjectAcl");
    }
    if begins && headers.contains_key("x-amz-tagging") {
        permissions.push("s3:PutObjectTagging");
    }
    permissions
}

/// What conditions may look at.
fn context(headers: &HeaderMap) -> BTreeMap<String, String> {
    let of_request = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-"));
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut context: BTreeMap<String, String> =
        of_request.map(|(name, value)| (format!("s3:{name}"), text(value))).collect();
    // As if the server stood behind TLS, which is not what it is there to test.
    context.insert("aws:SecureTransport".to_owned(), "true".to_owned());
    if let Some(condition) = headers.get("if-none-match") {
        context.insert("s3:if-none-match".to_owned(), text(condition));
    }
    context
}
