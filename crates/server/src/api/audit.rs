//! The audit trail: who changed what, when and from where. Secrets are not in it.

use catalog::{Action, AuditOf};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::page::{PageInfo, page};
use super::{ApiResult, envelope};
use crate::http::Call;
use crate::instant::rfc3339_ms;

/// An entry of the audit trail.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditLog")]
pub(super) struct Shown {
    id: u64,
    when: String,
    actor: Actor,
    /// `create`, `update`, `enable`, `disable`, `delete` or `revoke`.
    action: &'static str,
    resource: Resource,
    /// The account that the thing belongs to.
    account_id: Option<String>,
    /// The thing as it was.
    before: Option<Value>,
    /// The thing as it is since.
    after: Option<Value>,
}

/// Who it was.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditActor")]
struct Actor {
    /// The token; none where the service did it by itself.
    token_id: Option<String>,
    /// What the token was called then.
    name: String,
    /// The address that the request came from.
    ip: Option<String>,
}

/// What it was done to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditResource")]
struct Resource {
    /// `account`, `zone`, `token` or `job`.
    r#type: &'static str,
    id: String,
}

fn shown(action: Action) -> Shown {
    let Action { number, by, verb, what, id, account, before, after } = action;
    Shown {
        id: number,
        when: rfc3339_ms(by.at),
        actor: Actor { token_id: by.token.map(|id| id.to_string()), name: by.name, ip: by.address },
        action: verb.name(),
        resource: Resource { r#type: what.name(), id },
        account_id: account.map(|id| id.to_string()),
        before,
        after,
    }
}

/// `GET /accounts/{account_id}/audit_logs`: of an account and its zones, newest first.
pub(super) async fn of_account(call: &mut Call) -> ApiResult {
    let account = call.scope()?.id;
    list(call, AuditOf::Account(account)).await
}

/// `GET /audit_logs`: of the whole installation, newest first.
pub(super) async fn of_installation(call: &mut Call) -> ApiResult {
    list(call, AuditOf::Installation).await
}

async fn list(call: &Call, of: AuditOf) -> ApiResult {
    let page = page(call)?;
    let found = call.app.catalog.actions(of, page).await?;
    let info = PageInfo::new(page, found.items.len(), found.total);
    Ok(envelope::list(found.items.into_iter().map(shown).collect::<Vec<_>>(), info))
}
