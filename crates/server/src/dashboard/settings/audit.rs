//! *Audit log*: who changed what in the account, when and from where.

use askama::Template;
use catalog::{Action, AuditOf, Page};
use serde_json::Value;

use crate::api::ApiResult;
use crate::dashboard::page::{Frame, rendered};
use crate::dashboard::text::{Instant, visible};
use crate::dashboard::zones::Pager;
use crate::http::Call;

/// Entries of a page.
const PER_PAGE: u32 = 50;
/// Characters of a value that are shown.
const CHARS: usize = 200;

#[derive(Template)]
#[template(path = "settings/audit.html")]
struct AuditPage {
    frame: Frame,
    actions: Vec<ShownAction>,
    pager: Pager,
}

struct ShownAction {
    at: Instant,
    who: String,
    address: Option<String>,
    what: String,
    id: String,
    changes: Vec<Change>,
}

/// A member of a thing, before and after.
struct Change {
    name: String,
    before: String,
    after: String,
}

/// `GET /accounts/{account_id}/settings/audit`: newest first.
pub(in crate::dashboard) async fn show(call: &mut Call) -> ApiResult {
    let account = call.scope()?.id;
    let number = call.query_value("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let page = Page { number, size: PER_PAGE };
    let found = call.app.catalog.actions(AuditOf::Account(account), page).await?;
    let pager = Pager::new(number as usize, PER_PAGE as usize, found.total as usize, "");
    let actions = found.items.into_iter().map(shown).collect();
    rendered(&AuditPage { frame: Frame::of(call).await?, actions, pager })
}

fn shown(action: Action) -> ShownAction {
    let Action { by, verb, what, id, before, after, .. } = action;
    ShownAction {
        at: Instant(by.at),
        who: visible(&by.name, CHARS),
        address: by.address,
        what: format!("{} {}", done(verb.name()), what.name()),
        id,
        changes: changes(before.as_ref(), after.as_ref()),
    }
}

fn done(verb: &str) -> &'static str {
    match verb {
        "create" => "made the",
        "update" => "changed the",
        "enable" => "enabled the",
        "disable" => "paused the",
        "delete" => "deleted the",
        "revoke" => "revoked the",
        _ => "touched the",
    }
}

/// The members that differ.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let members = |value: Option<&Value>| match value {
        Some(Value::Object(members)) => members.clone(),
        _ => serde_json::Map::new(),
    };
    let (before, after) = (members(before), members(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| (name, text(before.get(name)), text(after.get(name))))
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| Change { name: name.clone(), before, after })
        .collect()
}

/// A value as people read it; empty for none.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => visible(text, CHARS),
        Some(other) => visible(&other.to_string(), CHARS),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"name": "a", "same": 1, "gone": true});
        let after = json!({"name": "b", "same": 1, "new": null});
        let told = changes(Some(&before), Some(&after));
        let told: Vec<_> =
            told.iter().map(|c| (c.name.as_str(), c.before.as_str(), c.after.as_str())).collect();
        assert_eq!(told, [("gone", "true", ""), ("name", "a", "b")]);
    }
}
