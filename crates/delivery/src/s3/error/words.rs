//! What a customer is told: what happened, how to mend it, and what the store itself said.

use std::error::Error;
use std::fmt;
use std::io;

use model::destination::{Access, Destination, MASK};

use super::answer::Answer;
use crate::{Remedy, StoreError, StoreErrorKind as Kind};

/// Who did not answer as hoped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Store(&'a Destination),
    Sts,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(Destination { endpoint: Some(endpoint), .. }) => write!(f, "`{endpoint}`"),
            Self::Store(to) => write!(f, "S3 in `{}`", to.region),
            Self::Sts => f.write_str("AWS STS"),
        }
    }
}

/// What happened, and how to mend it.
#[derive(Debug)]
pub(super) struct Words {
    what: String,
    mend: Option<String>,
}

impl Words {
    fn new(what: String, mend: impl Into<String>) -> Self {
        Self { what, mend: Some(mend.into()) }
    }

    fn passing(what: String) -> Self {
        Self { what, mend: None }
    }

    /// The error of these words, with what was answered.
    pub(super) fn error(self, kind: Kind, answer: &Answer) -> StoreError {
        let said = match (&answer.code, &answer.message) {
            (Some(code), Some(message)) => format!(" ({code}: {message})"),
            (Some(code), None) => format!(" ({code})"),
            (None, _) => format!(" (status {})", answer.status),
        };
        StoreError {
            kind,
            status: Some(answer.status),
            code: answer.code.clone(),
            retry_after: answer.retry_after,
            message: self.what + &said,
            mend: self.mend,
        }
    }

    /// For an answer of a destination's store.
    pub(super) fn of_store(to: &Destination, kind: Kind, answer: &Answer) -> Self {
        match kind.remedy() {
            Remedy::Retry => Self::of_passing_trouble(to, kind),
            Remedy::WaitForCustomer | Remedy::ReportBug => {
                Self::of_lasting_trouble(to, kind, answer)
            }
        }
    }

    fn of_lasting_trouble(to: &Destination, kind: Kind, answer: &Answer) -> Self {
        let bucket = &to.bucket;
        match kind {
            Kind::NoSuchBucket => Self::new(
                format!("the bucket `{bucket}` does not exist"),
                "create it, or correct its name in the destination",
            ),
            Kind::AccessDenied => {
                Self::new(format!("access to the bucket `{bucket}` was denied"), let_in(to, answer))
            }
            Kind::BadCredentials => bad_credentials(to, answer),
            Kind::WrongRegion => wrong_region(to, answer),
            Kind::ClockSkew => Self::new(
                "the clock of this machine is too far off for S3".to_owned(),
                "the operator has to set it right",
            ),
            Kind::Encryption => Self::new(
                format!("the key of KMS for the bucket `{bucket}` cannot be used"),
                "enable the key, and let the writer use it: `kms:GenerateDataKey`, and \
                 `kms:Decrypt` for objects in parts",
            ),
            Kind::Quota => Self::new(
                format!("the store takes no more for `{bucket}`"),
                "make room, raise the quota, or put the store's account in order",
            ),
            Kind::Bug => Self::new(
                format!("the store cannot make sense of a request for `{bucket}`"),
                "please report this bug",
            ),
            _ => Self::new(
                format!("the store refused the object for `{bucket}`"),
                "correct what it names in the destination",
            ),
        }
    }

    fn of_passing_trouble(to: &Destination, kind: Kind) -> Self {
        let bucket = &to.bucket;
        let place = Place::Store(to);
        Self::passing(match kind {
            Kind::ExpiredCredentials => {
                format!("the credentials for `{bucket}` have run out; new ones are being fetched")
            }
            Kind::SlowDown => format!("the store asks for fewer requests to `{bucket}`"),
            Kind::NoSuchUpload => format!("{place}: the upload in parts is unknown"),
            Kind::AlreadyThere => format!("an object stands at the key in `{bucket}`"),
            Kind::Conflict => format!("another request for the key in `{bucket}` is under way"),
            Kind::NotSupported => {
                format!("{place} does not know writes that never overwrite (`If-None-Match`)")
            }
            Kind::NoAnswer => format!("{place}: the answer cannot be read"),
            _ => format!("{place} is not available"),
        })
    }

    /// For an answer of STS about a role.
    pub(super) fn of_role(role: &str, kind: Kind) -> Self {
        match kind {
            Kind::AccessDenied => Self::new(
                format!("the role `{role}` may not be taken on"),
                "its trust policy must allow `sts:AssumeRole` for this service's principal with \
                 your external id as `sts:ExternalId`",
            ),
            Kind::Refused => Self::new(
                format!("AWS STS refused to give the role `{role}`"),
                "correct `role-arn` in the destination",
            ),
            Kind::NoIdentity | Kind::ExpiredCredentials => Self::new(
                "AWS STS does not take the service's own credentials".to_owned(),
                "the operator has to renew them, if this lasts",
            ),
            Kind::ClockSkew => Self::new(
                "the clock of this machine is too far off for AWS STS".to_owned(),
                "the operator has to set it right",
            ),
            _ => Self::passing(format!("AWS STS did not give the role `{role}`")),
        }
    }
}

fn let_in(to: &Destination, answer: &Answer) -> String {
    if answer.code() == "AccessControlListNotSupported" {
        return "the bucket takes no ACLs: add `acl=none` to the destination".to_owned();
    }
    let mut permissions = "`s3:PutObject`".to_owned();
    if !to.tags.is_empty() {
        permissions += " and `s3:PutObjectTagging`";
    }
    let (policy, owner) = (policy(to), owner(to));
    format!("{policy} {permissions} on the destination's path{owner}")
}

/// Who has to allow a permission that reading needs, and on what.
pub(super) fn let_read(to: &Destination, permission: &str) -> String {
    let on = if permission == "s3:ListBucket" { "bucket" } else { "destination's path" };
    format!("{} `{permission}` on the {on}{}", policy(to), owner(to))
}

fn policy(to: &Destination) -> &'static str {
    match to.access {
        Access::ServiceIdentity => "its policy must allow this service's principal",
        Access::Role { .. } => "the role's policy, and the bucket's, must allow",
        Access::Keys { .. } => "the policy of the keys' owner must allow",
    }
}

fn owner(to: &Destination) -> String {
    match &to.expected_bucket_owner {
        Some(owner) => format!(", and the bucket must belong to the account {owner}"),
        None => String::new(),
    }
}

fn bad_credentials(to: &Destination, answer: &Answer) -> Words {
    let bucket = &to.bucket;
    if !matches!(to.access, Access::Keys { .. }) {
        return Words::new(
            format!("the store does not accept the service's credentials for `{bucket}`"),
            "the operator has to correct them",
        );
    }
    let mend = match answer.code() {
        "SignatureDoesNotMatch" => "check `secret-access-key`: it is not that of the access key id",
        "InvalidAccessKeyId" => "check `access-key-id`: the store does not know it",
        "ExpiredToken" | "RequestExpired" | "TokenRefreshRequired" => {
            "temporary keys end: give new ones, or keys that last"
        }
        _ => "check `access-key-id`, `secret-access-key` and `session-token`",
    };
    Words::new(format!("the store does not accept the credentials for `{bucket}`"), mend)
}

fn wrong_region(to: &Destination, answer: &Answer) -> Words {
    let (bucket, asked) = (&to.bucket, &to.region);
    match answer.region.as_deref().filter(|region| *region != asked.as_str()) {
        Some(region) => Words::new(
            format!("the bucket `{bucket}` is in the region `{region}`, not in `{asked}`"),
            format!("write `region={region}` in the destination"),
        ),
        None => Words::new(
            format!("the bucket `{bucket}` is not in the region `{asked}`"),
            "write the bucket's region in the destination",
        ),
    }
}

/// The text without the secrets of the destination.
pub(super) fn without_secrets(to: &Destination, text: &str) -> String {
    let Access::Keys { secret_access_key, session_token, .. } = &to.access else {
        return text.to_owned();
    };
    let secrets = [Some(secret_access_key), session_token.as_ref()];
    secrets.into_iter().flatten().fold(text.to_owned(), |text, secret| match secret.expose() {
        "" => text,
        secret => text.replace(secret, MASK),
    })
}

/// An error and its causes, from the outermost.
pub(super) fn chain<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// An error's causes in one line, each once.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for text in chain(error).map(ToString::to_string) {
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}
