//! Destinations: whether one works, and whether it is in use.

use delivery::{CheckOutcome, CheckStep};
use model::destination::Destination;
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::Fields;
use super::ownership::key;
use super::{ApiError, ApiResult, envelope};
use crate::http::Call;

/// The file that is written to try a destination; each try writes the same one.
const PROBE_NAME: &str = "logpush-check.txt";

/// Whether some job pushes there.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationExists")]
pub(super) struct Exists {
    exists: bool,
}

/// `POST {scope}/logpush/validate/destination`: writes a small file, and tells why it cannot.
pub(super) async fn validate(call: &mut Call) -> ApiResult {
    let text = destination_conf(call).await?;
    let message = match Destination::parse(&text) {
        Err(issues) => {
            let messages: Vec<_> = issues.into_iter().map(|issue| issue.message).collect();
            messages.join("; ")
        }
        Ok(destination) => {
            let steps = tried(call, &destination).await;
            steps.into_iter().find(has_failed).map(in_one_line).unwrap_or_default()
        }
    };
    Ok(envelope::verdict(message))
}

fn in_one_line(step: CheckStep) -> String {
    match step.mend {
        Some(mend) => format!("{}; {mend}", step.detail),
        None => step.detail,
    }
}

/// What became of a destination's check.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationChecked")]
pub(super) struct Checked {
    ok: bool,
    steps: Vec<ShownStep>,
}

/// One step of a check.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CheckStep")]
struct ShownStep {
    name: &'static str,
    outcome: &'static str,
    detail: String,
    mend: Option<String>,
}

/// `POST {scope}/logpush/destination/check`, and `POST /logpush/destination/check` for the
/// operator: tries a destination step by step.
pub(super) async fn check(call: &mut Call) -> ApiResult {
    let text = destination_conf(call).await?;
    let destination = Destination::parse(&text)?;
    let steps = tried(call, &destination).await;
    let ok = !steps.iter().any(has_failed);
    let shown = |step: CheckStep| ShownStep {
        name: step.name,
        outcome: step.outcome.name(),
        detail: step.detail,
        mend: step.mend,
    };
    Ok(envelope::result(Checked { ok, steps: steps.into_iter().map(shown).collect() }))
}

async fn tried(call: &Call, destination: &Destination) -> Vec<CheckStep> {
    call.app.delivery.check(destination, &key(destination, PROBE_NAME, call)).await
}

fn has_failed(step: &CheckStep) -> bool {
    step.outcome == CheckOutcome::Failed
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

async fn destination_conf(call: &mut Call) -> Result<String, ApiError> {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["destination_conf"])?;
    let text = fields.required_text("destination_conf");
    fields.finish()?;
    Ok(text)
}
