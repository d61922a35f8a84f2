//! Ownership challenges: writing one, and checking what the customer read in their bucket.

use bytes::Bytes;
use delivery::StoreError;
use model::Scope;
use model::destination::{Destination, PathValues};
use model::object_key::file_key;
use schemars::JsonSchema;
use serde::Serialize;

use super::challenge::fingerprint;
use super::destination::allowed;
use super::fields::Fields;
use super::{ApiError, ApiResult, envelope};
use crate::http::Call;

/// The JSON pointer of the proof in a request for a job.
pub(crate) const POINTER: &str = "/ownership_challenge";

/// A challenge in a bucket, or why there is none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnershipChallenge")]
pub(super) struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    message: String,
    valid: bool,
}

/// Whether a challenge proves a destination.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OwnershipValidated")]
pub(super) struct Validated {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// `POST {scope}/logpush/ownership`: writes a challenge into the bucket.
pub(super) async fn challenge(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["destination_conf"])?;
    let text = fields.required_text("destination_conf");
    fields.finish()?;
    let destination = allowed(call, &text).await??;
    Ok(envelope::result(match write(call, scope, &text, &destination).await {
        Ok(filename) => Written { filename: Some(filename), message: String::new(), valid: true },
        Err(error) => Written { filename: None, message: error.to_string(), valid: false },
    }))
}

/// Writes a challenge into the bucket of a destination, of which `text` is the string, and gives
/// the file's key.
pub(crate) async fn write(
    call: &Call,
    scope: Scope,
    text: &str,
    destination: &Destination,
) -> Result<String, StoreError> {
    let token = call.app.signer.sign(scope, text, destination, call.now());
    let short: String =
        fingerprint(&token).chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let filename = key(destination, &format!("ownership-challenge-{short}.txt"), call);
    call.app.delivery.write(destination, &filename, Bytes::from(token)).await?;
    Ok(filename)
}

/// `POST {scope}/logpush/ownership/validate`: whether a challenge proves a destination.
pub(super) async fn validate(call: &mut Call) -> ApiResult {
    let scope = call.scope()?;
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["destination_conf", "ownership_challenge"])?;
    let text = fields.required_text("destination_conf");
    let token = fields.required_text("ownership_challenge");
    fields.finish()?;
    let destination = Destination::parse(&text)?;
    let checked = call.app.signer.check(&token, scope, &text, &destination, call.now());
    Ok(envelope::result(Validated { valid: checked.is_ok(), message: checked.err() }))
}

/// Checks the proof of a job's destination, where it is one that needs proof. The operator
/// vouches for the destinations that they name themselves, and needs none.
pub(crate) fn check_proof(
    call: &Call,
    scope: Scope,
    text: &str,
    token: Option<&str>,
) -> Result<Result<(), String>, ApiError> {
    let destination = match Destination::parse(text) {
        Ok(destination) if destination.needs_ownership_proof() => destination,
        _ => return Ok(Ok(())),
    };
    match token {
        Some(token) => Ok(call.app.signer.check(token, scope, text, &destination, call.now())),
        None if call.caller()?.is_operator() => Ok(Ok(())),
        None => {
            let message = "is required for this destination: ask for a challenge at \
                           `…/logpush/ownership` and send what its file holds";
            Ok(Err(message.to_owned()))
        }
    }
}

/// The key of a file of that name in the destination's folder, as it is now.
pub(super) fn key(destination: &Destination, name: &str, call: &Call) -> String {
    let values = PathValues { at: call.now(), ..PathValues::default() };
    file_key(&destination.path, &values, name)
}
