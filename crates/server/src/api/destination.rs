//! Destinations: whether one works, and whether it is in use.

use delivery::{CheckOutcome, CheckStep};
use model::Issue;
use model::destination::{Access, Destination, POINTER};
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::Fields;
use super::ownership::key;
use super::policy::account_of;
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
    let message = match allowed(call, &text).await? {
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

/// How trying a destination went.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationChecked")]
pub(super) struct Checked {
    ok: bool,
    steps: Vec<ShownStep>,
}

/// One step of trying a destination; the first that failed is the one to mend.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationStep")]
struct ShownStep {
    name: &'static str,
    /// `ok`, `failed` or `skipped`.
    outcome: &'static str,
    detail: String,
    /// How to mend it.
    mend: Option<String>,
}

/// The destination, or all that is wrong with it: what stands in it, and whose role it names.
pub(crate) async fn allowed(
    call: &Call,
    text: &str,
) -> Result<Result<Destination, Vec<Issue>>, ApiError> {
    let destination = match Destination::parse(text) {
        Ok(destination) => destination,
        Err(issues) => return Ok(Err(issues)),
    };
    Ok(check_role(call, text).await?.map(|()| destination).map_err(|issue| vec![issue]))
}

/// Checks that a role is taken on with the account's own external id, so that nobody can have the
/// service write by a role that trusts it for somebody else's sake.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
pub(super) async fn check_role(call: &Call, text: &str) -> Result<Result<(), Issue>, ApiError> {
    // Without a scope it is the operator who asks.
    let (Ok(scope), Ok(Destination { access: Access::Role { external_id, .. }, .. })) =
        (call.scope(), Destination::parse(text))
    else {
        return Ok(Ok(()));
    };
    let expected = account_of(&call.app, scope).await?.external_id;
    if external_id.as_deref() == Some(expected.as_str()) {
        return Ok(Ok(()));
    }
    let message = format!(
        "a role needs `external-id={expected}`: the external id of the account, which the role's \
         trust policy has to ask for"
    );
    Ok(Err(Issue::new(POINTER, message)))
}

/// `POST {scope}/logpush/destination/check`, and `POST /logpush/destination/check` for the
/// operator: tries a destination step by step.
pub(super) async fn check(call: &mut Call) -> ApiResult {
    let text = destination_conf(call).await?;
    let destination = allowed(call, &text).await??;
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

/// Tries a destination step by step.
pub(crate) async fn tried(call: &Call, destination: &Destination) -> Vec<CheckStep> {
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
