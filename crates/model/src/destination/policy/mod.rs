//! What the owner of a bucket has to paste so that a destination can be written.
//!
//! Pure text: the same destination always gives the same documents, ids included, so that pasting
//! them again changes nothing. Each grants writing below the destination's path and no more; where
//! the path has a placeholder, the resource has a `*`.
//!
//! | access | documents |
//! |---|---|
//! | the service's own identity | the bucket policy; apart from it a statement for the ACL |
//! | a role | the role's trust policy, with the external id, and its permissions |
//! | the customer's keys | the permissions of the keys' user |
//!
//! With `sse=aws:kms` there is also a statement for the key's policy, and where aborting uploads
//! is not granted, a lifecycle rule that clears away what was begun and not completed.

mod statement;
#[cfg(test)]
mod tests;

use serde::Serialize;

use statement::{Policy, Statement, json, number_of};

use super::{Access, Destination, Encryption, PathTemplate, Principal, partition_of_region};

/// Days after which the lifecycle rule clears an upload away: longer than any outage that uploads
/// are resumed after.
pub const ABORT_AFTER_DAYS: u16 = 7;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// The bucket's policy.
    BucketPolicy,
    /// A statement for the bucket's policy, where its ACLs are in use.
    AclStatement,
    /// Who may assume the role.
    TrustPolicy,
    /// What the role may do.
    RolePolicy,
    /// What the user of the keys may do.
    UserPolicy,
    /// A statement for the policy of the KMS key.
    KeyStatement,
    /// A lifecycle configuration of the bucket.
    LifecycleRule,
}

impl DocumentKind {
    /// The kind's name, such as `bucket_policy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BucketPolicy => "bucket_policy",
            Self::AclStatement => "acl_statement",
            Self::TrustPolicy => "trust_policy",
            Self::RolePolicy => "role_policy",
            Self::UserPolicy => "user_policy",
            Self::KeyStatement => "key_statement",
            Self::LifecycleRule => "lifecycle_rule",
        }
    }

    /// Where the document belongs, and when it is needed: one sentence for the bucket's owner.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::BucketPolicy => {
                "Paste it as the bucket's policy: S3, the bucket, Permissions, Bucket policy."
            }
            Self::AclStatement => {
                "Add it to the bucket policy's statements only where S3 refuses the ACL: a bucket \
                 with ACLs disabled, the default since April 2023, does without, and so does \
                 `acl=none`."
            }
            Self::TrustPolicy => {
                "Paste it as the role's trust policy: IAM, the role, Trust relationships."
            }
            Self::RolePolicy => {
                "Add it to the role as an inline policy: IAM, the role, Permissions."
            }
            Self::UserPolicy => {
                "Add it as an inline policy to the user whose keys the destination has."
            }
            Self::KeyStatement => {
                "Add it to the statements of the KMS key's policy: KMS, the key, Key policy."
            }
            Self::LifecycleRule => {
                "Recommended, and optional: give it to the bucket, with the rules that it has, so \
                 that unfinished uploads cost nothing: S3, the bucket, Management."
            }
        }
    }
}

/// Something to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// The JSON, indented by two spaces.
    pub json: String,
}

/// Why there is nothing to paste that would let the service write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The service's own identity is not known.
    #[error(
        "the service does not know its own AWS identity, which a policy has to name; set \
         `delivery.principal_arn` to the ARN of its role or user"
    )]
    NoPrincipal,
    /// The account has no external id.
    #[error("a role's trust policy needs the account's external id; say which account it is for")]
    NoExternalId,
    /// An identity of one part of AWS is unknown in another.
    #[error(
        "the region `{region}` lies in `{partition}`, where the service's identity `{principal}` \
         is not known; use keys of that partition (`access-key-id`, `secret-access-key`)"
    )]
    OtherPartition {
        /// The destination's region.
        region: String,
        /// The region's partition.
        partition: &'static str,
        /// The service's identity.
        principal: Principal,
    },
}

/// Who asks for the documents, and what they may grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms<'t> {
    /// The service's own identity, where it is known.
    pub principal: Option<&'t Principal>,
    /// The external id of the account, where there is one.
    pub external_id: Option<&'t str>,
    /// Whether aborting uploads is to be granted too; without it there is a lifecycle rule.
    pub abort: bool,
}

/// Everything to paste for a destination, most important first.
pub fn documents(to: &Destination, terms: Terms<'_>) -> Result<Vec<Document>, PolicyError> {
    let mut documents = Vec::new();
    let mut add = |kind, json| documents.push(Document { kind, json });
    match &to.access {
        Access::ServiceIdentity => {
            let principal = known_principal(to, terms.principal)?;
            add(DocumentKind::BucketPolicy, bucket_policy(to, principal, terms.abort));
            if let Some(statement) = acl_statement(to, principal) {
                add(DocumentKind::AclStatement, statement);
            }
            if let Some(statement) = key_statement(to, principal.as_str()) {
                add(DocumentKind::KeyStatement, statement);
            }
        }
        Access::Role { role_arn, .. } => {
            let principal = known_principal(to, terms.principal)?;
            let external_id = terms.external_id.ok_or(PolicyError::NoExternalId)?;
            add(DocumentKind::TrustPolicy, trust_policy(principal, external_id));
            add(DocumentKind::RolePolicy, identity_policy(to, terms.abort));
            if let Some(statement) = key_statement(to, role_arn) {
                add(DocumentKind::KeyStatement, statement);
            }
        }
        Access::Keys { .. } => add(DocumentKind::UserPolicy, identity_policy(to, terms.abort)),
    }
    if !terms.abort {
        add(DocumentKind::LifecycleRule, lifecycle_rule(&to.path));
    }
    Ok(documents)
}

fn known_principal<'p>(
    to: &Destination,
    principal: Option<&'p Principal>,
) -> Result<&'p Principal, PolicyError> {
    let principal = principal.ok_or(PolicyError::NoPrincipal)?;
    let partition = partition_of_region(&to.region);
    if principal.partition() == partition {
        return Ok(principal);
    }
    Err(PolicyError::OtherPartition {
        region: to.region.clone(),
        partition,
        principal: principal.clone(),
    })
}

/// The bucket's policy: the principal may write below the path. Tags and aborting need actions of
/// their own.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn bucket_policy(to: &Destination, principal: &Principal, abort: bool) -> String {
    let actions = write_actions(to, abort);
    let statement = Statement::allow(actions, Some(objects(to)), Some(principal.as_str()));
    let id = format!("Policy{}", statement.number_of_policy());
    json(&Policy::new(Some(id), vec![statement]))
}

fn acl_statement(to: &Destination, principal: &Principal) -> Option<String> {
    to.acl?;
    Some(json(&may_set_acl(to, Some(principal.as_str()))))
}

/// Setting this ACL and no other.
fn may_set_acl<'s>(to: &Destination, principal: Option<&'s str>) -> Statement<'s> {
    Statement::allow(vec!["s3:PutObjectAcl"], Some(objects(to)), principal)
        .only_where("s3:x-amz-acl", "bucket-owner-full-control".to_owned())
}

/// `kms:Decrypt` is for the parts of large objects, which S3 reads back to complete them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
const KEY_ACTIONS: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// In a key's policy `*` means the key itself.
fn key_statement(to: &Destination, principal: &str) -> Option<String> {
    let Some(Encryption::Kms { key_id: Some(_) }) = &to.encryption else { return None };
    let statement = Statement::allow(KEY_ACTIONS.to_vec(), Some("*".to_owned()), Some(principal))
        .only_where("kms:ViaService", s3_service(to));
    Some(json(&statement))
}

/// What an identity of the customer's own needs.
fn identity_policy(to: &Destination, abort: bool) -> String {
    let mut statement = vec![Statement::allow(write_actions(to, abort), Some(objects(to)), None)];
    if to.acl.is_some() {
        statement.push(may_set_acl(to, None));
    }
    if let Some(Encryption::Kms { key_id: Some(key_id) }) = &to.encryption {
        let keys = Statement::allow(KEY_ACTIONS.to_vec(), Some(key_resource(key_id)), None);
        statement.push(keys.only_where("kms:ViaService", s3_service(to)));
    }
    json(&Policy::new(None, statement))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
fn trust_policy(principal: &Principal, external_id: &str) -> String {
    let statement = Statement::allow(vec!["sts:AssumeRole"], None, Some(principal.as_str()))
        .only_where("sts:ExternalId", external_id.to_owned());
    json(&Policy::new(None, vec![statement]))
}

/// A lifecycle filter knows no `*`, so the rule covers all below what stands before the first
/// placeholder.
fn lifecycle_rule(path: &PathTemplate) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Configuration<'r> {
        rules: [Rule<'r>; 1],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Rule<'r> {
        #[serde(rename = "ID")]
        id: String,
        status: &'r str,
        filter: Filter,
        abort_incomplete_multipart_upload: After,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Filter {
        prefix: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct After {
        days_after_initiation: u16,
    }
    let prefix = path.fixed_prefix();
    json(&Configuration {
        rules: [Rule {
            id: format!("Abort{}", number_of(&format!("abort {prefix}"))),
            status: "Enabled",
            filter: Filter { prefix },
            abort_incomplete_multipart_upload: After { days_after_initiation: ABORT_AFTER_DAYS },
        }],
    })
}

fn write_actions(to: &Destination, abort: bool) -> Vec<&'static str> {
    let tags = (!to.tags.is_empty()).then_some("s3:PutObjectTagging");
    let abort = abort.then_some("s3:AbortMultipartUpload");
    ["s3:PutObject"].into_iter().chain(tags).chain(abort).collect()
}

/// The objects below the destination's path.
fn objects(to: &Destination) -> String {
    let folder = to.path.wildcards();
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("arn:{}:s3:::{}/{folder}{slash}*", partition_of_region(&to.region), to.bucket)
}

/// An alias is no resource, and an id alone does not say whose key it is.
fn key_resource(key_id: &str) -> String {
    let is_key = key_id.starts_with("arn:") && key_id.contains(":key/");
    if is_key { key_id.to_owned() } else { "*".to_owned() }
}

fn s3_service(to: &Destination) -> String {
    let ending = if partition_of_region(&to.region) == "aws-cn" { ".cn" } else { "" };
    format!("s3.{}.amazonaws.com{ending}", to.region)
}
