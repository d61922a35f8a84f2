//! *If logs match*: the filter, and how many recent records it lets through.

use askama::Template;
use axum::response::Response;
use model::filter::{FILTER_BYTES_MAX, FILTER_OPERATORS_MAX, Filter, operators_of};
use model::{Dataset, FieldType, Issue};

use super::super::FormData;
use super::super::conditions::{Conditions, Join, Row};
use super::super::recent::Recent;
use super::super::steps::Step;
use super::super::walk::{At, Next, Walk};
use super::on;
use crate::api::ApiError;
use crate::dashboard::page::{Frame, rendered};
use crate::dashboard::text::count;

#[derive(Template)]
#[template(path = "connect/filter.html")]
struct Page {
    frame: Frame,
    walk: Walk,
    json: Option<String>,
    joined_by_or: bool,
    groups: Vec<ShownGroup>,
    fields: Vec<FieldName>,
    /// Every operator, and the types of fields that take it.
    operators: Vec<Offered>,
    shown_json: String,
    counted: String,
    knows_attacks: bool,
    without_attacks: bool,
    bytes_max: usize,
    operators_max: usize,
}

struct ShownGroup {
    joined_by_or: bool,
    rows: Vec<ShownRow>,
}

struct ShownRow {
    group: usize,
    number: usize,
    id: String,
    key: String,
    operators: Vec<Operator>,
    value: String,
    placeholder: &'static str,
    problem: Option<String>,
}

struct Operator {
    name: &'static str,
    words: &'static str,
    is_chosen: bool,
}

struct Offered {
    name: &'static str,
    words: &'static str,
    types: String,
}

struct FieldName {
    name: String,
    type_name: &'static str,
}

pub(super) async fn show(at: &At<'_>, frame: Frame) -> Result<Response, ApiError> {
    let dataset = at.selected()?;
    let conditions = &at.draft.conditions;
    let text = conditions.text(&dataset);
    let parsed = Filter::parse(&text, &dataset);
    let recent = Recent::read(at.call.app.journal.as_ref(), at.scope(), &dataset.name).await?;
    let counted = match &parsed {
        Err(_) => "The filter is not complete.".to_owned(),
        Ok(_) if recent.count() == 0 => "No records have arrived yet.".to_owned(),
        Ok(filter) => {
            let matching = count(recent.matching(filter.as_ref(), &dataset) as u64);
            format!("{matching} of the last {} records match.", count(recent.count() as u64))
        }
    };
    let issues = parsed.err().unwrap_or_default();
    let told: &[Issue] = if at.tells { &issues } else { &[] };
    rendered(&Page {
        frame,
        walk: at.walk(Step::Filter),
        json: conditions.json.clone(),
        joined_by_or: conditions.join == Join::Or,
        groups: groups(conditions, &dataset, told),
        fields: filterable(&dataset),
        operators: offered(),
        shown_json: if conditions.json.is_some() {
            String::new()
        } else {
            conditions.shown(&dataset)
        },
        counted,
        knows_attacks: Filter::without_attack_traffic(&dataset).is_ok(),
        without_attacks: at.draft.without_attacks,
        bytes_max: FILTER_BYTES_MAX,
        operators_max: FILTER_OPERATORS_MAX,
    })
}

fn groups(conditions: &Conditions, dataset: &Dataset, issues: &[Issue]) -> Vec<ShownGroup> {
    let shown = |(group, rows): (usize, &Vec<Row>)| {
        let rows = rows.iter().enumerate().map(|(number, row)| ShownRow {
            group,
            number,
            id: format!("group-{group}-row-{number}"),
            key: row.key.clone(),
            operators: operators(row, dataset),
            value: row.value.clone(),
            placeholder: placeholder(row, dataset),
            problem: conditions.issue_of(group, number, dataset, issues),
        });
        rows.collect()
    };
    let numbered = conditions.groups.iter().enumerate();
    numbered
        .map(|(number, group)| ShownGroup {
            joined_by_or: group.join == Join::Or,
            rows: shown((number, &group.rows)),
        })
        .collect()
}

fn field_type(row: &Row, dataset: &Dataset) -> FieldType {
    dataset.field(&row.key).map_or(FieldType::String, |field| field.field_type)
}

fn operators(row: &Row, dataset: &Dataset) -> Vec<Operator> {
    let names = operators_of(field_type(row, dataset));
    names
        .map(|name| Operator { name, words: words(name), is_chosen: name == row.operator })
        .collect()
}

/// An operator, as people say it.
fn words(operator: &str) -> &'static str {
    match operator {
        "eq" => "equals",
        "!eq" => "does not equal",
        "lt" => "is less than",
        "leq" => "is at most",
        "gt" => "is greater than",
        "geq" => "is at least",
        "startsWith" => "starts with",
        "!startsWith" => "does not start with",
        "endsWith" => "ends with",
        "!endsWith" => "does not end with",
        "contains" => "contains",
        "!contains" => "does not contain",
        "in" => "is one of",
        _ => "is none of",
    }
}

fn placeholder(row: &Row, dataset: &Dataset) -> &'static str {
    if matches!(row.operator.as_str(), "in" | "!in") {
        return "values, joined by commas";
    }
    match field_type(row, dataset) {
        FieldType::Int => "a whole number",
        FieldType::Float => "a number",
        FieldType::Bool => "true or false",
        FieldType::Timestamp => "2026-01-31T12:00:00Z",
        _ => "value",
    }
}

fn offered() -> Vec<Offered> {
    let mut offered: Vec<Offered> = Vec::new();
    for field_type in FieldType::ALL {
        for name in operators_of(field_type) {
            match offered.iter_mut().find(|operator| operator.name == name) {
                Some(operator) => {
                    operator.types.push(' ');
                    operator.types.push_str(field_type.name());
                }
                None => offered.push(Offered {
                    name,
                    words: words(name),
                    types: field_type.name().to_owned(),
                }),
            }
        }
    }
    offered
}

fn filterable(dataset: &Dataset) -> Vec<FieldName> {
    let takes_any = |field_type| operators_of(field_type).next().is_some();
    let fields = dataset.fields.iter().filter(|field| takes_any(field.field_type));
    let named = fields
        .map(|field| FieldName { name: field.name.clone(), type_name: field.field_type.name() });
    named.collect()
}

pub(super) fn save(at: &mut At<'_>, form: &FormData) -> Result<Next, ApiError> {
    let dataset = at.selected()?;
    let draft = &mut at.draft;
    draft.conditions = Conditions::of_form(form);
    draft.conditions.fit_operators(&dataset);
    draft.without_attacks = form.get("without_attacks").is_some();
    let action = form.get("action").unwrap_or_default();
    let mut parts = action.split(':');
    let verb = parts.next().unwrap_or_default();
    let mut number = || parts.next().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    match verb {
        "add" => draft.conditions.add_row(number()),
        "remove" => {
            let (group, row) = (number(), number());
            draft.conditions.remove_row(group, row);
        }
        "switch" => draft.conditions.switch(&dataset),
        "count" => return Ok(Next::Mend),
        _ => return Ok(on(at, Step::Filter)),
    }
    Ok(Next::Stay)
}
