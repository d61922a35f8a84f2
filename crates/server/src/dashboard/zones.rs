//! *Select a domain*: the accounts and zones that there are to work with.

use std::collections::BTreeMap;

use askama::Template;
use catalog::{Grant, Page, Zone};
use model::{Id, Scope, ScopeKind};

use super::page::{Frame, base, rendered, to};
use super::text::count;
use crate::api::{ApiError, ApiResult};
use crate::http::Call;

/// Zones of a page.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "zones.html")]
struct ZonesPage {
    frame: Frame,
    accounts: Vec<ShownAccount>,
    search: String,
    is_empty: bool,
    pager: Pager,
}

struct ShownAccount {
    name: String,
    path: String,
    zones: Vec<ShownZone>,
}

struct ShownZone {
    name: String,
    path: String,
}

/// The way through the pages of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pager {
    /// Where the page before is, if there is one.
    pub(crate) before: Option<String>,
    /// Where the page after is, if there is one.
    pub(crate) after: Option<String>,
    /// `1–50 of 1,000`.
    pub(crate) words: String,
}

impl Pager {
    /// For page `number`, from 1, of a list of `total` items with `size` on a page. `query` is
    /// what else the address says: empty, or beginning with `&`.
    pub(crate) fn new(number: usize, size: usize, total: usize, query: &str) -> Self {
        let first = (number - 1).saturating_mul(size);
        let last = first.saturating_add(size).min(total);
        let at = |page: usize| format!("?page={page}{query}");
        let words = match total {
            0 => String::new(),
            _ => format!(
                "{}–{} of {}",
                count(first as u64 + 1),
                count(last as u64),
                count(total as u64)
            ),
        };
        Self {
            before: (number > 1).then(|| at(number - 1)),
            after: (last < total).then(|| at(number + 1)),
            words,
        }
    }
}

/// The number of the page that the query asks for, within a list of `total`.
pub(crate) fn page_number(call: &Call, size: usize, total: usize) -> usize {
    let asked = call.query_value("page").and_then(|text| text.parse().ok()).unwrap_or(1);
    asked.clamp(1, total.div_ceil(size).max(1))
}

/// The text that the query searches for.
pub(crate) fn search(call: &Call) -> String {
    call.query_value("q").unwrap_or_default().trim().chars().take(200).collect()
}

/// The search as a part of a query.
pub(crate) fn search_query(search: &str) -> String {
    if search.is_empty() {
        return String::new();
    }
    let alphabet = percent_encoding::NON_ALPHANUMERIC;
    format!("&q={}", percent_encoding::utf8_percent_encode(search, alphabet))
}

/// `GET /`: what was looked at last, what there is where it is one, or all to select from.
pub(super) async fn home(call: &mut Call) -> ApiResult {
    let caller = call.caller()?;
    let last = call.session.as_ref().and_then(|session| call.app.sessions.scope(session));
    if let Some(scope) = last
        && caller.require_scope(&call.app, scope).await.is_ok()
    {
        return Ok(to(&format!("{}/logs", base(scope))));
    }
    if let Grant::Scope(scope @ Scope { kind: ScopeKind::Zone, .. }) = caller.token.grant {
        return Ok(to(&format!("{}/logs", base(scope))));
    }
    let two = Page { number: 1, size: 2 };
    let zones = call.app.catalog.zones(granted_account(call)?, None, None, two).await?;
    match zones.items.as_slice() {
        [only] => Ok(to(&format!("{}/logs", base(Scope::zone(only.id))))),
        _ => Ok(to("/accounts")),
    }
}

/// The one account that the caller may see, where it is not all.
fn granted_account(call: &Call) -> Result<Option<Id>, ApiError> {
    Ok(match call.caller()?.token.grant {
        Grant::Scope(Scope { kind: ScopeKind::Account, id }) => Some(id),
        _ => None,
    })
}

/// `GET /accounts`.
pub(super) async fn show(call: &mut Call) -> ApiResult {
    let search = search(call);
    let catalog = &call.app.catalog;
    let (account, only) = match call.caller()?.token.grant {
        Grant::Scope(Scope { kind: ScopeKind::Zone, id }) => (None, Some(id)),
        _ => (granted_account(call)?, None),
    };
    let mut accounts: BTreeMap<Id, String> = BTreeMap::new();
    if only.is_none() {
        let found = catalog.accounts(account, Page::ALL).await?.items;
        accounts.extend(found.into_iter().map(|account| (account.id, account.name)));
    }
    let zones = catalog.zones(account, only, None, Page::ALL).await?.items;
    let is_empty = accounts.is_empty() && zones.is_empty();
    let rows = rows(&accounts, &zones, &search);
    let total = rows.len();
    let number = page_number(call, PER_PAGE, total);
    let pager = Pager::new(number, PER_PAGE, total, &search_query(&search));
    let shown = rows.into_iter().skip((number - 1) * PER_PAGE).take(PER_PAGE);
    let accounts = grouped(&accounts, shown);
    rendered(&ZonesPage { frame: Frame::of(call).await?, accounts, search, is_empty, pager })
}

/// A line of the list: an account by itself, or a zone of one.
type Line<'l> = (Id, &'l str, Option<&'l Zone>);

/// The lines whose account or zone has the search in its name, by the accounts' names.
fn rows<'l>(accounts: &'l BTreeMap<Id, String>, zones: &'l [Zone], search: &str) -> Vec<Line<'l>> {
    let wanted = search.to_lowercase();
    let has = |name: &str| name.to_lowercase().contains(&wanted);
    let name_of = |id: &Id| accounts.get(id).map_or("", String::as_str);
    let mut rows: Vec<Line<'_>> = Vec::with_capacity(accounts.len() + zones.len());
    rows.extend(accounts.iter().map(|(&id, name)| (id, name.as_str(), None)));
    rows.extend(zones.iter().map(|zone| (zone.account, name_of(&zone.account), Some(zone))));
    rows.retain(|(_, account, zone)| has(account) || zone.is_some_and(|zone| has(&zone.name)));
    let zone_name = |zone: Option<&'l Zone>| zone.map(|zone| zone.name.as_str());
    rows.sort_by_key(|&(id, name, zone)| (name, id, zone_name(zone)));
    rows
}

fn grouped<'l>(
    accounts: &BTreeMap<Id, String>,
    lines: impl Iterator<Item = Line<'l>>,
) -> Vec<ShownAccount> {
    let mut groups: Vec<(Id, ShownAccount)> = Vec::new();
    for (id, name, zone) in lines {
        if groups.last().is_none_or(|(last, _)| *last != id) {
            let is_theirs = accounts.contains_key(&id);
            let path = is_theirs.then(|| format!("{}/logs", base(Scope::account(id))));
            let path = path.unwrap_or_default();
            groups.push((id, ShownAccount { name: name.to_owned(), path, zones: Vec::new() }));
        }
        if let (Some(zone), Some((_, group))) = (zone, groups.last_mut()) {
            let path = format!("{}/logs", base(Scope::zone(zone.id)));
            group.zones.push(ShownZone { name: zone.name.clone(), path });
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_knows_where_it_is() {
        let pager = Pager::new(2, 25, 1_000, "&q=a");
        assert_eq!(pager.words, "26–50 of 1,000");
        assert_eq!(pager.before.as_deref(), Some("?page=1&q=a"));
        assert_eq!(pager.after.as_deref(), Some("?page=3&q=a"));
        let last = Pager::new(40, 25, 1_000, "");
        assert_eq!((last.after, last.words.as_str()), (None, "976–1,000 of 1,000"));
        let none = Pager::new(1, 25, 0, "");
        assert_eq!((none.before, none.after, none.words.as_str()), (None, None, ""));
    }
}
