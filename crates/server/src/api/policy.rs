//! What the owner of a bucket has to paste so that a destination can be written.

use catalog::Account;
use model::destination::policy::{Document, PolicyError, Terms, documents};
use model::destination::{Access, Destination};
use model::{AccountId, Issue, Scope, ScopeKind};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
use super::{ApiError, ApiResult, Code, envelope};
use crate::app::App;
use crate::http::Call;

/// What is to be pasted for a destination.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DestinationPolicy")]
pub(super) struct Policy {
    /// The service's own AWS identity, where the documents name it.
    principal: Option<String>,
    /// What a role's trust policy has to ask for, and `external-id` in the destination to say.
    external_id: Option<String>,
    documents: Vec<Pasted>,
}

/// A document and where it belongs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyDocument")]
struct Pasted {
    /// Such as `bucket_policy`, `trust_policy` or `lifecycle_rule`.
    kind: &'static str,
    /// Where it belongs, and when it is needed.
    purpose: &'static str,
    document: Value,
}

/// `POST {scope}/logpush/destination/policy`.
pub(super) async fn of_scope(call: &mut Call) -> ApiResult {
    let account = account_of(&call.app, call.scope()?).await?;
    let body = call.read_body().await?;
    let fields = Fields::parse(&body, &["destination_conf", "abort"])?;
    answer(call, fields, Some(account))
}

/// `POST /logpush/destination/policy`: for the operator, with or without an account.
pub(super) async fn of_operator(call: &mut Call) -> ApiResult {
    let body = call.read_body().await?;
    let mut fields = Fields::parse(&body, &["destination_conf", "abort", "account_id"])?;
    let account = match fields.text("account_id").value().filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => match id.parse::<AccountId>() {
            Ok(id) => Some(call.app.catalog.account(id).await?),
            Err(error) => {
                fields.refuse("account_id", error.to_string());
                None
            }
        },
    };
    answer(call, fields, account)
}

/// The account that the scope belongs to.
pub(crate) async fn account_of(app: &App, scope: Scope) -> Result<Account, ApiError> {
    let id = match scope.kind {
        ScopeKind::Account => scope.id,
        ScopeKind::Zone => app.catalog.zone(scope.id).await?.account,
    };
    Ok(app.catalog.account(id).await?)
}

fn answer(call: &Call, mut fields: Fields, account: Option<Account>) -> ApiResult {
    let text = fields.required_text("destination_conf");
    let abort = fields.flag("abort").value().unwrap_or(false);
    fields.finish()?;
    let destination = Destination::parse(&text)?;
    let principal = call.app.principal.as_ref();
    let external_id = account.map(|account| account.external_id);
    let terms = Terms { principal, external_id: external_id.as_deref(), abort };
    let documents = documents(&destination, terms).map_err(|error| refused(&error))?;
    let names_service = !matches!(destination.access, Access::Keys { .. });
    Ok(envelope::result(Policy {
        principal: principal.filter(|_| names_service).map(ToString::to_string),
        external_id: external_id.filter(|_| matches!(destination.access, Access::Role { .. })),
        documents: documents.into_iter().map(pasted).collect(),
    }))
}

fn pasted(Document { kind, json }: Document) -> Pasted {
    let document = serde_json::from_str(&json).unwrap_or(Value::String(json));
    Pasted { kind: kind.name(), purpose: kind.purpose(), document }
}

fn refused(error: &PolicyError) -> ApiError {
    let message = error.to_string();
    match error {
        PolicyError::NoPrincipal => ApiError::new(Code::Conflict, message),
        PolicyError::NoExternalId => vec![Issue::new("/account_id", message)].into(),
        PolicyError::OtherPartition { .. } => {
            vec![Issue::new(model::destination::POINTER, message)].into()
        }
    }
}
