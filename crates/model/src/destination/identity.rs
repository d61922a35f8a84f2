//! Whose identity writes: the service's own, a role of the customer's, or the customer's keys.

use super::parameters::Parameters;
use super::read::Findings;
use super::{Access, MASK, Secret, names};

/// Longest access key id, in bytes.
const KEY_ID_BYTES_MAX: usize = 2048;
const KEYS: [&str; 3] = ["access-key-id", "secret-access-key", "session-token"];
const ROLE: [&str; 2] = ["role-arn", "external-id"];

/// The access that the parameters of an `s3://` string ask for; `elsewhere` tells that they name
/// an endpoint.
pub(super) fn read_access(
    parameters: &Parameters,
    elsewhere: bool,
    findings: &mut Findings,
) -> Option<Access> {
    let gives = |names: &[&str]| names.iter().any(|name| parameters.get(name).is_some());
    let (keys, role) = (gives(&KEYS), gives(&ROLE));
    if keys && role {
        findings.add(
            "`role-arn` and `access-key-id` exclude each other: the service assumes a role with \
             its own identity",
        );
        return None;
    }
    if elsewhere && !keys {
        findings.add(
            "`endpoint` needs `access-key-id` and `secret-access-key`; without them the service \
             writes to Amazon S3 only",
        );
        return None;
    }
    match (keys, role) {
        (true, _) => read_keys(parameters, findings),
        (_, true) => read_role(parameters, findings),
        _ => Some(Access::ServiceIdentity),
    }
}

/// The customer's keys.
pub(super) fn read_keys(parameters: &Parameters, findings: &mut Findings) -> Option<Access> {
    let access_key_id = parameters.required("access-key-id", findings).and_then(|id| {
        findings.keep(names::check_header_id("access-key-id", id, KEY_ID_BYTES_MAX))
    });
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

fn read_role(parameters: &Parameters, findings: &mut Findings) -> Option<Access> {
    let region = parameters.get("region").unwrap_or_default();
    let role_arn = parameters
        .required("role-arn", findings)
        .and_then(|arn| findings.keep(names::check_role(arn, region)));
    let external_id = match parameters.get("external-id") {
        Some(id) => Some(findings.keep(names::check_external_id(id))?),
        None => None,
    };
    Some(Access::Role { role_arn: role_arn?, external_id })
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
