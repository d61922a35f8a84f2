//! What a bucket, a region, a role and an account may be called.
//!
//! Each check answers with the message for the customer: lower-case, no full stop, with the
//! value and what is allowed.

use std::net::Ipv4Addr;

use super::Principal;
use crate::issue::did_you_mean;

/// Amazon's regions, to choose from and to name the one that a misspelt region is nearest to. A
/// region that is not among them is allowed: new ones appear.
pub const AMAZON_REGIONS: [&str; 34] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The bucket naming rules of Amazon S3 for general purpose buckets, without the list of
/// reserved prefixes and suffixes, which grows.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(super) fn check_bucket(name: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the bucket name `{}` {what}", name.escape_debug()));
    if name.is_empty() {
        return Err("the bucket is missing; write `s3://BUCKET/PATH?region=REGION`".to_owned());
    }
    if name.contains(['@', ':']) {
        return Err("credentials cannot stand before the bucket; give them as `access-key-id` \
                    and `secret-access-key`"
            .to_owned());
    }
    if !name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')) {
        return wrong("may hold only lower-case letters, digits, hyphens and dots");
    }
    if !(3..=63).contains(&name.len()) {
        return wrong("must have 3 to 63 characters");
    }
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    if !edge(name.as_bytes().first()) || !edge(name.as_bytes().last()) {
        return wrong("must begin and end with a letter or a digit");
    }
    if name.contains("..") {
        return wrong("must not have two dots in a row");
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return wrong("must not look like an IP address");
    }
    Ok(())
}

/// A region of Amazon S3, such as `us-east-1`. The China regions are refused.
pub(super) fn check_amazon_region(region: &str) -> Result<(), String> {
    if region.starts_with("cn-") {
        return Err(format!(
            "the China region `{region}` is not supported for Amazon S3; use a bucket in a region \
             outside of China"
        ));
    }
    if has_amazon_form(region) {
        return Ok(());
    }
    Err(format!(
        "`{}` is not an AWS region such as `us-east-1`{}",
        region.escape_debug(),
        did_you_mean(region, AMAZON_REGIONS)
    ))
}

/// A region of an S3-compatible store, such as `auto` or `sfo2`: its owner's word.
pub(super) fn check_other_region(region: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if region.len() <= 64 && region.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "the region `{}` may have at most 64 letters, digits, hyphens, underscores and dots",
        region.escape_debug()
    ))
}

/// Two or more words of lower-case letters and a number, joined by hyphens.
fn has_amazon_form(region: &str) -> bool {
    let Some((words, number)) = region.rsplit_once('-') else {
        return false;
    };
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase());
    words.contains('-')
        && words.split('-').all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// The part of AWS that a region lies in: ARNs begin with it, and identities of one are not known
/// in another.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub fn partition_of_region(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("us-gov-", "aws-us-gov"),
        ("cn-", "aws-cn"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    let found = PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |&(_, partition)| partition)
}

/// An AWS account's number: 12 digits.
pub(super) fn check_account_number(id: &str) -> Result<String, String> {
    if is_account_number(id) {
        return Ok(id.to_owned());
    }
    Err(format!("is `{}`; an AWS account has 12 digits, such as `111122223333`", id.escape_debug()))
}

pub(super) fn is_account_number(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// An id that travels in a header.
pub(super) fn check_header_id(name: &str, id: &str, bytes_max: usize) -> Result<String, String> {
    if id.len() <= bytes_max && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',') {
        return Ok(id.to_owned());
    }
    Err(format!("`{name}` may hold at most {bytes_max} visible ASCII characters without commas"))
}

/// An external id, by the rules of STS.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) fn check_external_id(id: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
    if (2..=1224).contains(&id.len()) && id.bytes().all(allowed) {
        return Ok(id.to_owned());
    }
    Err("`external-id` must have 2 to 1224 letters, digits and signs of `_+=,.@:/-`".to_owned())
}

/// The ARN of a role that may write in that region.
pub(super) fn check_role(arn: &str, region: &str) -> Result<String, String> {
    let principal: Principal = arn.parse().map_err(|_| {
        format!(
            "`role-arn` is `{}`; the ARN of a role is written \
             `arn:aws:iam::111122223333:role/NAME`",
            arn.escape_debug()
        )
    })?;
    if !principal.is_role() {
        return Err(format!("`role-arn` is `{arn}`, which is no role: `:role/NAME` is missing"));
    }
    let partition = partition_of_region(region);
    // A region that is missing is a finding of its own.
    if !region.is_empty() && principal.partition() != partition {
        return Err(format!(
            "`role-arn` is of the partition `{}`, and the region `{region}` lies in `{partition}`; \
             a role can write in its own partition only",
            principal.partition()
        ));
    }
    Ok(arn.to_owned())
}
