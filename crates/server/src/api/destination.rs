//! Destinations: whether one works, and whether it is in use.

use bytes::Bytes;
use model::destination::Destination;
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::Fields;
use super::ownership::key;
use super::{ApiResult, envelope};
use crate::http::Call;

/// The file that is written to try a destination; each try writes the same one.
const PROBE_NAME: &str = "logpush-check.txt";
const PROBE: &str = "Written by logpush to try whether it can write here. It may be deleted.\n";

/// Whether something can be used, and why not.
#[derive(Serialize, JsonSchema)]
pub(super) struct Validated {
    valid: bool,
    message: String,
}

/// Whether some job pushes there.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationExists")]
pub(super) struct Exists {
    exists: bool,
}

/// `POST {scope}/logpush/validate/destination`: writes a small file, and tells why it cannot.
pub(super) async fn validate(call: &mut Call) -> ApiResult {
    let text = destination_conf(call).await?;
    let problem = match Destination::parse(&text) {
        Err(issues) => {
            let messages: Vec<_> = issues.into_iter().map(|issue| issue.message).collect();
            Some(messages.join("; "))
        }
        Ok(destination) => {
            let key = key(&destination, PROBE_NAME, call);
            let body = Bytes::from_static(PROBE.as_bytes());
            call.app.delivery.write(&destination, &key, body).await.err().map(|e| e.to_string())
        }
    };
    Ok(envelope::result(Validated {
        valid: problem.is_none(),
        message: problem.unwrap_or_default(),
    }))
}

/// `POST {scope}/logpush/validate/destination/exists`: whether a job of the scope pushes there.
pub(super) async fn exists(call: &mut Call) -> ApiResult {
    let text = destination_conf(call).await?;
    let destination = Destination::parse(&text)?;
    let jobs = call.app.catalog.jobs(Some(call.scope()?)).await?;
    let exists = jobs.iter().any(|job| {
        Destination::parse(&job.spec.destination).is_ok_and(|there| there.same_place(&destination))
    });
    Ok(envelope::result(Exists { exists }))
}

async fn destination_conf(call: &mut Call) -> Result<String, super::ApiError> {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["destination_conf"])?;
    let text = fields.required_text("destination_conf");
    fields.finish()?;
    Ok(text)
}
