//! Identities of AWS IAM, as policies name them.

use std::fmt;
use std::str::FromStr;

use super::names::is_account_number;

/// An identity of AWS IAM: a user, a role, or a whole account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(String);

/// A text that is no ARN of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not the ARN of an IAM identity, such as `arn:aws:iam::111122223333:user/NAME` or \
     `arn:aws:iam::111122223333:role/NAME`",
    .0.escape_debug()
)]
pub struct InvalidPrincipal(pub String);

impl Principal {
    /// Its ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of AWS that knows it, such as `aws`.
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// Whether it is a role.
    pub(super) fn is_role(&self) -> bool {
        self.0.rsplit(':').next().is_some_and(|name| name.starts_with("role/"))
    }
}

impl FromStr for Principal {
    type Err = InvalidPrincipal;

    /// `arn:PARTITION:iam::ACCOUNT:` with `user/[PATH/]NAME`, `role/[PATH/]NAME` or `root` behind it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let is_identity = part() == "arn"
            && is_partition(part())
            && part() == "iam"
            && part().is_empty()
            && is_account_number(part())
            && is_resource(part());
        if is_identity { Ok(Self(text.to_owned())) } else { Err(InvalidPrincipal(text.to_owned())) }
    }
}

/// `aws`, or `aws-` and more.
fn is_partition(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    text.split('-').next() == Some("aws") && text.split('-').all(is_word)
}

fn is_resource(text: &str) -> bool {
    if text == "root" {
        return true;
    }
    let Some(full) = text.strip_prefix("user/").or_else(|| text.strip_prefix("role/")) else {
        return false;
    };
    let (path, name) = full.rsplit_once('/').unwrap_or(("", full));
    let is_name_byte = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    // Nothing that a policy would read as a pattern, or JSON as an end.
    let is_path_byte = |b: u8| b.is_ascii_graphic() && !b"*?$\"\\".contains(&b);
    (1..=64).contains(&name.len())
        && name.bytes().all(is_name_byte)
        && path.len() <= 510
        && path.bytes().all(is_path_byte)
        && !full.split('/').any(str::is_empty)
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_a_user_a_role_or_an_account() {
        for (arn, partition) in [
            ("arn:aws:iam::391854517948:user/cloudflare-logpush", "aws"),
            ("arn:aws:iam::111122223333:role/service-role/a.b@c", "aws"),
            ("arn:aws-us-gov:iam::111122223333:root", "aws-us-gov"),
            ("arn:aws-cn:iam::111122223333:role/x", "aws-cn"),
        ] {
            let principal: Principal = arn.parse().unwrap();
            assert_eq!((principal.as_str(), principal.partition()), (arn, partition));
        }
    }

    #[test]
    fn what_a_policy_would_read_otherwise_is_no_identity() {
        for arn in [
            "",
            "*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/a/*/b",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role//a",
            "arn:aws:iam::111122223333:group/a",
            "arn:aws:iam::1111:user/a",
            "arn:aws:iam:us-east-1:111122223333:user/a",
            "arn:aws:sts::111122223333:assumed-role/a/b",
            "arn:azure:iam::111122223333:user/a",
            "arn:aws-:iam::111122223333:user/a",
            "arn:aws:iam::111122223333:user/a\"b",
        ] {
            assert!(arn.parse::<Principal>().is_err(), "{arn}");
        }
    }
}
