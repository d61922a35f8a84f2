//! *Select data fields*: which, and in which order.

use std::collections::{BTreeMap, HashSet};

use askama::Template;
use axum::response::Response;
use model::{Dataset, Field};

use super::super::FormData;
use super::super::draft::default_fields;
use super::super::steps::Step;
use super::super::walk::{At, Next, Walk};
use super::on;
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};

#[derive(Template)]
#[template(path = "connect/fields.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    dataset: String,
    chosen: usize,
    total: usize,
    search: String,
    groups: Vec<Group>,
    order: Vec<Place>,
}

struct Group {
    title: String,
    fields: Vec<Choice>,
    is_hidden: bool,
}

struct Choice {
    number: usize,
    name: String,
    type_name: &'static str,
    description: String,
    search_text: String,
    is_deprecated: bool,
    is_chosen: bool,
    is_hidden: bool,
}

struct Place {
    number: usize,
    name: String,
}

/// Fewest fields that make a group.
const GROUP_MIN: usize = 3;
const REST: &str = "Other";

pub(super) fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let dataset = at.selected()?;
    let search = at.call.query_value("search").unwrap_or_default();
    let chosen: HashSet<&str> = at.draft.fields.iter().map(String::as_str).collect();
    let order = (1..).zip(&at.draft.fields);
    rendered(&Page {
        frame,
        walk: at.walk(Step::Fields),
        chosen: chosen.len(),
        total: dataset.fields.len(),
        groups: groups(&dataset, &chosen, &search),
        order: order.map(|(number, name)| Place { number, name: name.clone() }).collect(),
        dataset: dataset.name.clone(),
        search,
    })
}

fn groups(dataset: &Dataset, chosen: &HashSet<&str>, search: &str) -> Vec<Group> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for field in &dataset.fields {
        *sizes.entry(first_word(&field.name)).or_default() += 1;
    }
    let mut groups: Vec<Group> = Vec::new();
    let search = search.to_lowercase();
    for (number, field) in dataset.fields.iter().enumerate() {
        let word = first_word(&field.name);
        let title = if sizes[word] < GROUP_MIN { REST } else { word };
        let choice = choice(number, field, chosen, &search);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.fields.push(choice),
            None => groups.push(Group {
                title: title.to_owned(),
                fields: vec![choice],
                is_hidden: false,
            }),
        }
    }
    groups.sort_by(|a, b| (a.title == REST, &a.title).cmp(&(b.title == REST, &b.title)));
    for group in &mut groups {
        group.is_hidden = group.fields.iter().all(|field| field.is_hidden);
    }
    groups
}

fn choice(number: usize, field: &Field, chosen: &HashSet<&str>, search: &str) -> Choice {
    let search_text = format!("{} {}", field.name, field.description).to_lowercase();
    Choice {
        number,
        name: field.name.clone(),
        type_name: field.field_type.name(),
        description: field.description.clone(),
        is_deprecated: field.deprecated,
        is_chosen: chosen.contains(field.name.as_str()),
        is_hidden: !search.split_whitespace().all(|word| search_text.contains(word)),
        search_text,
    }
}

/// `Client` of `ClientRequestHost`, `WAF` of `WAFAttackScore`.
fn first_word(name: &str) -> &str {
    let bytes = name.as_bytes();
    let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let starts = |at: usize| is_upper(at) && (!is_upper(at - 1) || is_lower(at + 1));
    let is_end = |&at: &usize| starts(at) || !bytes[at].is_ascii_alphanumeric();
    let end = (1..bytes.len()).find(is_end).unwrap_or(bytes.len());
    &name[..end]
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Result<Next, ApiError> {
    let dataset = at.selected()?;
    let action = form.get("action").unwrap_or_default();
    at.draft.fields = chosen(&at.draft.fields, form, &dataset);
    let (verb, name) = action.split_once(':').unwrap_or((action, ""));
    match verb {
        "all" => select_all(&mut at.draft.fields, &dataset),
        "none" => at.draft.fields.clear(),
        "defaults" => at.draft.fields = default_fields(&dataset),
        "up" | "down" => shift(&mut at.draft.fields, name, verb == "up"),
        "search" => {
            let search = form.get("search").unwrap_or_default().to_owned();
            return Ok(Next::With("search", search));
        }
        "order" => {}
        _ => return Ok(on(at, Step::Fields)),
    }
    Ok(Next::Stay)
}

/// The fields that a form selects: first those that were selected before, in the order of the
/// numbers that stand beside them, then those that are new.
fn chosen(before: &[String], form: &FormData, dataset: &Dataset) -> Vec<String> {
    let wanted: HashSet<&str> = form.all("field").collect();
    let place = |(at, name): (usize, &String)| {
        let was = at as i64 + 1;
        let typed = form.get(&format!("order-{name}")).and_then(|text| text.trim().parse().ok());
        let now: i64 = typed.unwrap_or(was);
        // Who moves a field to a place means that very place: others make room.
        let place = now.saturating_mul(2).saturating_add(now.cmp(&was) as i64);
        (place, name.clone())
    };
    let mut places: Vec<(i64, String)> = before.iter().enumerate().map(place).collect();
    places.sort_by_key(|(place, _)| *place);
    let known: HashSet<&str> = before.iter().map(String::as_str).collect();
    let new = dataset.fields.iter().map(|field| field.name.clone());
    let new = new.filter(|name| !known.contains(name.as_str()));
    places
        .into_iter()
        .map(|(_, name)| name)
        .chain(new)
        .filter(|name| wanted.contains(name.as_str()))
        .collect()
}

fn select_all(fields: &mut Vec<String>, dataset: &Dataset) {
    for field in &dataset.fields {
        if !fields.contains(&field.name) {
            fields.push(field.name.clone());
        }
    }
}

fn shift(fields: &mut [String], name: &str, up: bool) {
    let Some(at) = fields.iter().position(|field| field == name) else { return };
    let other = if up { at.checked_sub(1) } else { Some(at + 1) };
    if let Some(other) = other.filter(|&other| other < fields.len()) {
        fields.swap(at, other);
    }
}

#[cfg(test)]
mod tests {
    use model::Datasets;

    use super::*;

    fn names(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[track_caller]
    fn check(order: &[(&str, &str)], expected: &[&str]) {
        let all = ["RayID", "ClientIP", "BotScore", "ClientASN"];
        let dataset = Datasets::builtin().get("http_requests").unwrap().clone();
        let selected = all.map(|name| format!("field={name}"));
        let typed = order.iter().map(|(name, at)| format!("order-{name}={at}"));
        let pairs: Vec<String> = selected.into_iter().chain(typed).collect();
        let form = FormData::parse(pairs.join("&").as_bytes()).unwrap();
        assert_eq!(chosen(&names(&all), &form, &dataset), names(expected));
    }

    #[test]
    fn a_field_goes_to_the_place_whose_number_is_typed() {
        check(&[], &["RayID", "ClientIP", "BotScore", "ClientASN"]);
        check(&[("ClientASN", "1")], &["ClientASN", "RayID", "ClientIP", "BotScore"]);
        check(&[("RayID", "3")], &["ClientIP", "BotScore", "RayID", "ClientASN"]);
        check(&[("RayID", "99")], &["ClientIP", "BotScore", "ClientASN", "RayID"]);
        check(&[("ClientIP", "x")], &["RayID", "ClientIP", "BotScore", "ClientASN"]);
    }

    #[test]
    fn new_fields_come_last_and_unselected_ones_go() {
        let dataset = Datasets::builtin().get("http_requests").unwrap().clone();
        let form = FormData::of([("field", "RayID"), ("field", "ClientIP"), ("field", "nonsense")]);
        let fields = chosen(&names(&["RayID", "BotScore"]), &form, &dataset);
        assert_eq!(fields, ["RayID", "ClientIP"]);
    }

    #[test]
    fn fields_move_by_one() {
        let mut fields = names(&["a", "b", "c"]);
        shift(&mut fields, "c", true);
        shift(&mut fields, "a", true);
        shift(&mut fields, "b", false);
        assert_eq!(fields, ["a", "c", "b"]);
    }

    #[test]
    fn fields_are_grouped_by_their_first_word() {
        for (name, expected) in [
            ("ClientRequestHost", "Client"),
            ("WAFAttackScore", "WAF"),
            ("RayID", "Ray"),
            ("datetime", "datetime"),
            ("JA3Hash", "JA3"),
            ("a_b", "a"),
        ] {
            assert_eq!(first_word(name), expected);
        }
    }
}
