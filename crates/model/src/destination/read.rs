//! Reading a destination string: what is allowed in it, and what it means.

use super::parameters::{Parameters, decoded};
use super::{
    Access, Acl, Addressing, Destination, Encryption, Endpoint, MASK, POINTER, PathTemplate,
    Scheme, Secret, TEXT_BYTES_MAX, names,
};
use crate::issue::{did_you_mean, listed};
use crate::{AccountId, Issue};

const S3_PARAMETERS: [&str; 9] = [
    "region",
    "sse",
    "sse-kms-key-id",
    "acl",
    "endpoint",
    "path-style",
    "access-key-id",
    "secret-access-key",
    "session-token",
];
const R2_PARAMETERS: [&str; 3] = ["account-id", "access-key-id", "secret-access-key"];

/// Longest access key id and KMS key id, in bytes.
const KEY_ID_BYTES_MAX: usize = 2048;

/// All that is wrong with one destination string.
#[derive(Default)]
pub(super) struct Findings(Vec<Issue>);

impl Findings {
    pub(super) fn add(&mut self, message: impl Into<String>) {
        self.0.push(Issue::new(POINTER, message));
    }

    /// The value; where there is none, its message becomes a finding.
    pub(super) fn keep<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(message)).ok()
    }
}

/// The destination written as `text`, or all that is wrong with it.
pub(super) fn read(text: &str) -> Result<Destination, Vec<Issue>> {
    let mut findings = Findings::default();
    match read_scheme(text, &mut findings) {
        Some(destination) if findings.0.is_empty() => Ok(destination),
        _ => Err(findings.0),
    }
}

fn read_scheme(text: &str, findings: &mut Findings) -> Option<Destination> {
    if text.len() > TEXT_BYTES_MAX {
        findings.add(format!(
            "the destination has {} bytes; at most {TEXT_BYTES_MAX} are allowed",
            text.len()
        ));
        return None;
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        findings.add(
            "the destination must begin with `s3://` or `r2://`, such as \
             `s3://BUCKET/PATH?region=REGION`",
        );
        return None;
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    match scheme {
        "s3" => read_s3(place, query, findings),
        "r2" => read_r2(place, query, findings),
        _ => {
            findings.add(format!(
                "the scheme `{}` is not known; allowed are `s3` and `r2`",
                scheme.escape_debug()
            ));
            None
        }
    }
}

fn read_s3(place: &str, query: &str, findings: &mut Findings) -> Option<Destination> {
    let place = read_place(place, findings);
    let parameters = Parameters::read(query, &S3_PARAMETERS, findings);
    let elsewhere = parameters.get("endpoint");
    let endpoint = elsewhere.and_then(|text| findings.keep(Endpoint::parse(text)));
    let region = parameters.required("region", findings).and_then(|region| {
        let checked = match elsewhere {
            None => names::check_amazon_region(region),
            Some(_) => names::check_other_region(region),
        };
        findings.keep(checked.map(|()| region.to_owned()))
    });
    let access = read_access(&parameters, findings);
    if elsewhere.is_some() && access == Some(Access::ServiceIdentity) {
        findings.add(
            "`endpoint` needs `access-key-id` and `secret-access-key`; without them the service \
             writes to Amazon S3 only",
        );
    }
    let encryption = read_encryption(&parameters, findings);
    let acl = read_choice("acl", ACLS, &parameters, findings);
    let path_style = read_choice("path-style", FLAGS, &parameters, findings);

    let (bucket, path) = place?;
    // The wildcard certificate of virtual hosts covers no name with a dot in it.
    let path_style = path_style.unwrap_or(elsewhere.is_some() || bucket.contains('.'));
    let default_acl = elsewhere.is_none().then_some(Acl::BucketOwnerFullControl);
    Some(Destination {
        bucket,
        path,
        region: region?,
        encryption,
        acl: acl.unwrap_or(default_acl),
        endpoint,
        addressing: if path_style { Addressing::Path } else { Addressing::VirtualHost },
        access: access?,
    })
}

/// Cloudflare R2 speaks the S3 protocol at an address made from the account's id.
/// <https://developers.cloudflare.com/r2/api/s3/api/>
fn read_r2(place: &str, query: &str, findings: &mut Findings) -> Option<Destination> {
    let place = read_place(place, findings);
    let parameters = Parameters::read(query, &R2_PARAMETERS, findings);
    let account = parameters.required("account-id", findings).and_then(|id| {
        let id = id.parse::<AccountId>();
        findings.keep(id.map_err(|invalid| format!("the `account-id` {invalid}")))
    });
    let access = read_keys(&parameters, findings);
    let (bucket, path) = place?;
    Some(Destination {
        bucket,
        path,
        region: "auto".to_owned(),
        encryption: None,
        acl: None,
        endpoint: Some(Endpoint {
            scheme: Scheme::Https,
            host: format!("{}.r2.cloudflarestorage.com", account?),
            port: None,
        }),
        addressing: Addressing::Path,
        access: access?,
    })
}

fn read_place(place: &str, findings: &mut Findings) -> Option<(String, PathTemplate)> {
    let (bucket, path) = place.split_once('/').unwrap_or((place, ""));
    let bucket = findings.keep(names::check_bucket(bucket).map(|()| bucket.to_owned()));
    let path = decoded(path).map_err(|what| format!("the path {what}"));
    let path = findings.keep(path.and_then(|path| PathTemplate::parse(&path)));
    Some((bucket?, path?))
}

fn read_access(parameters: &Parameters, findings: &mut Findings) -> Option<Access> {
    let keys = ["access-key-id", "secret-access-key", "session-token"];
    if keys.iter().all(|name| parameters.get(name).is_none()) {
        return Some(Access::ServiceIdentity);
    }
    read_keys(parameters, findings)
}

fn read_keys(parameters: &Parameters, findings: &mut Findings) -> Option<Access> {
    let access_key_id = parameters.required("access-key-id", findings);
    let access_key_id = access_key_id.and_then(|id| read_key_id("access-key-id", id, findings));
    let secret_access_key = parameters.required("secret-access-key", findings);
    let mut secret = |name, text| findings.keep(check_secret(name, text));
    let secret_access_key = secret_access_key.and_then(|text| secret("secret-access-key", text));
    let session_token = match parameters.get("session-token") {
        Some(text) => Some(secret("session-token", text)?),
        None => None,
    };
    Some(Access::Keys {
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        session_token,
    })
}

fn check_secret(name: &str, text: &str) -> Result<Secret, String> {
    if text == MASK {
        return Err(format!("`{name}` is `{MASK}`, which only hides a secret; send the secret"));
    }
    // A session token travels in a header.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("`{name}` may hold visible ASCII characters only"));
    }
    Ok(Secret(text.to_owned()))
}

/// An id that travels in a header.
fn read_key_id(name: &str, id: &str, findings: &mut Findings) -> Option<String> {
    let valid = id.len() <= KEY_ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    findings.keep(if valid {
        Ok(id.to_owned())
    } else {
        Err(format!(
            "`{name}` may hold at most {KEY_ID_BYTES_MAX} visible ASCII characters without commas"
        ))
    })
}

fn read_encryption(parameters: &Parameters, findings: &mut Findings) -> Option<Encryption> {
    let key_id = parameters.get("sse-kms-key-id");
    let key_id = key_id.and_then(|id| read_key_id("sse-kms-key-id", id, findings));
    let is_kms = read_choice("sse", ENCRYPTIONS, parameters, findings);
    if key_id.is_some() && is_kms != Some(true) {
        findings.add("`sse-kms-key-id` needs `sse=aws:kms`");
    }
    Some(if is_kms? { Encryption::Kms { key_id } } else { Encryption::Aes256 })
}

/// The words of `sse`, and whether they mean a key in KMS.
const ENCRYPTIONS: &[(&str, bool)] = &[("AES256", false), ("aws:kms", true)];
const ACLS: &[(&str, Option<Acl>)] =
    &[("bucket-owner-full-control", Some(Acl::BucketOwnerFullControl)), ("none", None)];
const FLAGS: &[(&str, bool)] = &[("true", true), ("false", false)];

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
