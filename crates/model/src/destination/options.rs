//! How objects are to be written: the parameters that take one of a few words, and their like.

use super::parameters::Parameters;
use super::read::Findings;
use super::{Acl, Checksum, Conditional, Encryption, names, tags};
use crate::issue::{did_you_mean, listed};

/// Longest KMS key id, in bytes.
const KEY_ID_BYTES_MAX: usize = 2048;

/// The words of `sse`, and whether they mean a key in KMS.
const ENCRYPTIONS: &[(&str, bool)] = &[("AES256", false), ("aws:kms", true)];
const ACLS: &[(&str, Option<Acl>)] =
    &[("bucket-owner-full-control", Some(Acl::BucketOwnerFullControl)), ("none", None)];
const CHECKSUMS: &[(&str, Checksum)] =
    &[("crc64nvme", Checksum::Crc64Nvme), ("crc32c", Checksum::Crc32c), ("none", Checksum::None)];
const CONDITIONALS: &[(&str, Conditional)] =
    &[("auto", Conditional::Auto), ("always", Conditional::Always), ("never", Conditional::Never)];
const FLAGS: &[(&str, bool)] = &[("true", true), ("false", false)];

/// The classes of general purpose buckets.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>
const STORAGE_CLASSES: &[(&str, &str)] = &[
    ("STANDARD", "STANDARD"),
    ("STANDARD_IA", "STANDARD_IA"),
    ("ONEZONE_IA", "ONEZONE_IA"),
    ("INTELLIGENT_TIERING", "INTELLIGENT_TIERING"),
    ("GLACIER_IR", "GLACIER_IR"),
    ("GLACIER", "GLACIER"),
    ("DEEP_ARCHIVE", "DEEP_ARCHIVE"),
    ("REDUCED_REDUNDANCY", "REDUCED_REDUNDANCY"),
];

/// What stands in the parameters about how objects are to be written.
pub(super) struct Options {
    pub(super) encryption: Option<Encryption>,
    pub(super) acl: Option<Acl>,
    /// `None` where the string does not say.
    pub(super) path_style: Option<bool>,
    pub(super) storage_class: Option<String>,
    pub(super) expected_bucket_owner: Option<String>,
    pub(super) checksum: Checksum,
    pub(super) conditional: Conditional,
    pub(super) tags: Vec<(String, String)>,
}

impl Options {
    /// Reads them; `at_amazon` tells whether the store is Amazon S3.
    pub(super) fn read(parameters: &Parameters, at_amazon: bool, findings: &mut Findings) -> Self {
        let default_checksum = if at_amazon { Checksum::Crc64Nvme } else { Checksum::Crc32c };
        let default_acl = at_amazon.then_some(Acl::BucketOwnerFullControl);
        Self {
            encryption: read_encryption(parameters, findings),
            acl: read_choice("acl", ACLS, parameters, findings).unwrap_or(default_acl),
            path_style: read_choice("path-style", FLAGS, parameters, findings),
            storage_class: read_storage_class(parameters, at_amazon, findings),
            expected_bucket_owner: parameters.get("expected-bucket-owner").and_then(|id| {
                let checked = names::check_account_number(id);
                findings.keep(checked.map_err(|what| format!("`expected-bucket-owner` {what}")))
            }),
            checksum: read_choice("checksum", CHECKSUMS, parameters, findings)
                .unwrap_or(default_checksum),
            conditional: read_choice("conditional", CONDITIONALS, parameters, findings)
                .unwrap_or(Conditional::Auto),
            tags: parameters
                .get("tags")
                .and_then(|text| findings.keep(tags::parse(text)))
                .unwrap_or_default(),
        }
    }
}

fn read_encryption(parameters: &Parameters, findings: &mut Findings) -> Option<Encryption> {
    let key_id = parameters.get("sse-kms-key-id");
    let key_id = key_id.and_then(|id| {
        findings.keep(names::check_header_id("sse-kms-key-id", id, KEY_ID_BYTES_MAX))
    });
    let is_kms = read_choice("sse", ENCRYPTIONS, parameters, findings);
    if key_id.is_some() && is_kms != Some(true) {
        findings.add("`sse-kms-key-id` needs `sse=aws:kms`");
    }
    Some(if is_kms? { Encryption::Kms { key_id } } else { Encryption::Aes256 })
}

/// Amazon's classes are known; other stores have words of their own.
fn read_storage_class(
    parameters: &Parameters,
    at_amazon: bool,
    findings: &mut Findings,
) -> Option<String> {
    if at_amazon {
        let class = read_choice("storage-class", STORAGE_CLASSES, parameters, findings);
        return class.map(str::to_owned);
    }
    let class = parameters.get("storage-class")?;
    let valid = class.len() <= 64 && class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    findings.keep(if valid {
        Ok(class.to_owned())
    } else {
        Err(format!(
            "`storage-class` is `{}`; it may have at most 64 letters, digits and underscores, \
             such as `STANDARD_IA`",
            class.escape_debug()
        ))
    })
}

/// The meaning of a parameter that takes one of a few words; `None` where it is absent or wrong.
fn read_choice<T: Copy>(
    name: &str,
    words: &[(&str, T)],
    parameters: &Parameters,
    findings: &mut Findings,
) -> Option<T> {
    let given = parameters.get(name)?;
    let found = words.iter().find(|(word, _)| *word == given).map(|&(_, meaning)| meaning);
    if found.is_none() {
        let known = || words.iter().map(|&(word, _)| word);
        findings.add(format!(
            "`{name}` is `{}`{}; allowed are {}",
            given.escape_debug(),
            did_you_mean(given, known()),
            listed(known())
        ));
    }
    found
}
