//! *If logs match*: the filter as rows of field, operator and value, in groups that are joined by
//! *and* or *or*, or as the JSON itself where it says what rows cannot.
//!
//! **Rules.** Nothing typed is lost: a row keeps its value although it does not fit. What is built
//! reads back as the same JSON; JSON that rows cannot show stays JSON.

use model::{Dataset, FieldType, Issue};
use serde_json::{Map, Value, json};

use super::FormData;

/// Most rows of all groups: what a filter may have.
const ROWS_MAX: usize = model::filter::FILTER_OPERATORS_MAX;

/// How conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Join {
    /// All have to hold.
    #[default]
    And,
    /// One has to hold.
    Or,
}

impl Join {
    /// Its name in a filter.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }

    fn named(name: &str) -> Self {
        if name == "or" { Self::Or } else { Self::And }
    }
}

/// One condition, as it was typed. A row without a field is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Row {
    /// The field's name.
    pub(super) key: String,
    /// The operator's name.
    pub(super) operator: String,
    /// The value; for `in` several, joined by commas.
    pub(super) value: String,
}

/// Conditions that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    /// How they are joined.
    pub(super) join: Join,
    /// The conditions.
    pub(super) rows: Vec<Row>,
}

/// A filter, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conditions {
    /// How the groups are joined.
    pub(super) join: Join,
    /// The groups.
    pub(super) groups: Vec<Group>,
    /// The JSON that counts in place of the groups.
    pub(super) json: Option<String>,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    fn written(&self, dataset: &Dataset) -> Value {
        let field_type = dataset.field(&self.key).map(|field| field.field_type);
        let typed = |text: &str| typed(text.trim(), field_type).unwrap_or_else(|| text.into());
        let value = if matches!(self.operator.as_str(), "in" | "!in") {
            self.value.split(',').map(|one| typed(one.trim())).collect()
        } else {
            typed(&self.value)
        };
        json!({"key": self.key, "operator": self.operator, "value": value})
    }

    /// The row that a condition is, where a row can show it.
    fn read(condition: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| Some(condition.get(name)?.as_str()?.to_owned());
        let (key, operator) = (text("key")?, text("operator")?);
        let value = match condition.get("value")? {
            Value::Array(values) if matches!(operator.as_str(), "in" | "!in") => {
                let texts: Option<Vec<String>> = values.iter().map(one_text).collect();
                let texts = texts?;
                let splits = |text: &String| text.contains(',') || text.trim() != text;
                if texts.iter().any(splits) {
                    return None;
                }
                texts.join(",")
            }
            other => one_text(other)?,
        };
        // A field of one line would lose them.
        if value.contains(['\n', '\r']) {
            return None;
        }
        (condition.len() == 3 && !key.is_empty()).then_some(Self { key, operator, value })
    }
}

/// The number or truth value that a text is, where the field has such values.
fn typed(text: &str, field_type: Option<FieldType>) -> Option<Value> {
    match field_type? {
        FieldType::Int | FieldType::Array(model::ElementType::Int) => {
            let number: i64 = text.parse().ok()?;
            (number.to_string() == text).then(|| number.into())
        }
        FieldType::Float => {
            let number: Value = serde_json::from_str(text).ok().filter(Value::is_number)?;
            let is_same = number.to_string().as_str() == text;
            is_same.then_some(number)
        }
        FieldType::Bool => text.parse::<bool>().ok().map(Value::Bool),
        _ => None,
    }
}

/// Whole numbers up to it are exact as 64-bit floats.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

fn one_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // A whole number beyond 64 bits has lost digits here.
        Value::Number(number) if number.as_f64()?.abs() >= EXACT_MAX && number.is_f64() => None,
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A group's number, a row's number in it, and the pointer of the condition that it makes.
type RowPlace = (usize, usize, String);

/// What joins expressions, and these; one expression alone is joined by nothing.
fn joined(expression: &Value) -> Option<(Join, &Vec<Value>)> {
    let members = expression.as_object().filter(|members| members.len() == 1)?;
    let (name, parts) = members.iter().next()?;
    let join = [Join::And, Join::Or].into_iter().find(|join| join.name() == name)?;
    Some((join, parts.as_array()?))
}

fn row(expression: &Value) -> Option<Row> {
    Row::read(expression.as_object()?)
}

fn group(expression: &Value) -> Option<Group> {
    if let Some(row) = row(expression) {
        return Some(Group { join: Join::And, rows: vec![row] });
    }
    let (join, parts) = joined(expression)?;
    Some(Group { join, rows: parts.iter().map(row).collect::<Option<_>>()? })
}

impl Conditions {
    /// What a filter's text says, as rows where they can show it.
    pub(super) fn read(text: &str, dataset: &Dataset) -> Self {
        if text.trim().is_empty() {
            return Self::default();
        }
        let raw = || Self { json: Some(text.to_owned()), ..Self::default() };
        let Some(built) = Self::built(text) else { return raw() };
        // Rows that would say something else are no picture of it.
        let same = serde_json::from_str::<Value>(text).ok()
            == serde_json::from_str::<Value>(&built.text(dataset)).ok();
        if same { built } else { raw() }
    }

    fn built(text: &str) -> Option<Self> {
        let filter: Map<String, Value> = serde_json::from_str(text).ok()?;
        let expression = filter.get("where").filter(|_| filter.len() == 1)?;
        if let Some(group) = group(expression) {
            return Some(Self { groups: vec![group], ..Self::default() });
        }
        let (join, parts) = joined(expression)?;
        let groups = parts.iter().map(group).collect::<Option<_>>()?;
        Some(Self { join, groups, json: None })
    }

    /// Whether nothing is filtered.
    pub(super) fn is_empty(&self) -> bool {
        match &self.json {
            Some(json) => json.trim().is_empty(),
            None => self.groups.iter().all(|group| group.rows.iter().all(Row::is_empty)),
        }
    }

    /// The filter, as a job has it; empty for none.
    pub(super) fn text(&self, dataset: &Dataset) -> String {
        self.expression(dataset).map_or_else(
            || self.json.as_deref().unwrap_or_default().trim().to_owned(),
            |(expression, _)| json!({ "where": expression }).to_string(),
        )
    }

    /// The same over several lines, for people.
    pub(super) fn shown(&self, dataset: &Dataset) -> String {
        match self.expression(dataset) {
            Some((expression, _)) => {
                serde_json::to_string_pretty(&json!({ "where": expression })).unwrap_or_default()
            }
            None => self.json.clone().unwrap_or_default(),
        }
    }

    /// What the rows say, with the pointer of each row: (group, row, pointer).
    fn expression(&self, dataset: &Dataset) -> Option<(Value, Vec<RowPlace>)> {
        if self.json.is_some() || self.is_empty() {
            return None;
        }
        let full = |group: &Group| group.rows.iter().any(|row| !row.is_empty());
        let groups: Vec<(usize, &Group)> =
            self.groups.iter().enumerate().filter(|(_, group)| full(group)).collect();
        let (mut parts, mut places) = (Vec::new(), Vec::new());
        let several = groups.len() > 1;
        for (position, &(number, group)) in groups.iter().enumerate() {
            let base = if several {
                format!("/filter/where/{}/{position}", self.join.name())
            } else {
                "/filter/where".to_owned()
            };
            let rows: Vec<(usize, &Row)> =
                group.rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).collect();
            let alone = rows.len() == 1;
            let mut written = Vec::new();
            for (place, &(row_number, row)) in rows.iter().enumerate() {
                let within = format!("/{}/{place}", group.join.name());
                let within = if alone { "" } else { &within };
                places.push((number, row_number, format!("{base}{within}")));
                written.push(row.written(dataset));
            }
            parts.push(joined_by(group.join, written));
        }
        Some((joined_by(self.join, parts), places))
    }

    /// What is wrong with a row, out of what is wrong with the job.
    pub(super) fn issue_of(
        &self,
        group: usize,
        row: usize,
        dataset: &Dataset,
        issues: &[Issue],
    ) -> Option<String> {
        let (_, places) = self.expression(dataset)?;
        let (_, _, pointer) = places.into_iter().find(|(g, r, _)| (*g, *r) == (group, row))?;
        let below = format!("{pointer}/");
        let found = issues
            .iter()
            .filter(|issue| issue.pointer == pointer || issue.pointer.starts_with(&below));
        let messages: Vec<&str> = found.map(|issue| issue.message.as_str()).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// The conditions that a form holds.
    pub(super) fn of_form(form: &FormData) -> Self {
        let value = |name: &str| form.get(name).unwrap_or_default();
        let mut read = Self { join: Join::named(value("join")), ..Self::default() };
        let mut rows_left = ROWS_MAX;
        for number in 0.. {
            let Some(join) = form.get(&format!("group-{number}-join")) else { break };
            let mut group = Group { join: Join::named(join), rows: Vec::new() };
            for row in 0..rows_left {
                let name = |part: &str| format!("group-{number}-row-{row}-{part}");
                let Some(key) = form.get(&name("key")) else { break };
                group.rows.push(Row {
                    key: key.to_owned(),
                    operator: value(&name("operator")).to_owned(),
                    value: value(&name("value")).to_owned(),
                });
            }
            rows_left -= group.rows.len();
            read.groups.push(group);
            if rows_left == 0 || read.groups.len() == ROWS_MAX {
                break;
            }
        }
        if value("mode") == "json" {
            read.json = Some(value("json").to_owned());
        }
        read
    }

    /// Makes room for one more condition in that group, or in a new one.
    pub(super) fn add_row(&mut self, group: usize) {
        let rows: usize = self.groups.iter().map(|group| group.rows.len()).sum();
        if rows >= ROWS_MAX {
            return;
        }
        match self.groups.get_mut(group) {
            Some(group) => group.rows.push(Row::default()),
            None => self.groups.push(Group { join: Join::And, rows: vec![Row::default()] }),
        }
    }

    /// Takes a condition away, and its group with the last one.
    pub(super) fn remove_row(&mut self, group: usize, row: usize) {
        if let Some(found) = self.groups.get_mut(group) {
            if row < found.rows.len() {
                found.rows.remove(row);
            }
            if found.rows.is_empty() {
                self.groups.remove(group);
            }
        }
    }

    /// Gives each row an operator that its field takes.
    pub(super) fn fit_operators(&mut self, dataset: &Dataset) {
        for row in self.groups.iter_mut().flat_map(|group| &mut group.rows) {
            let Some(field) = dataset.field(&row.key) else { continue };
            let mut fitting = model::filter::operators_of(field.field_type);
            if !fitting.clone().any(|name| name == row.operator) {
                fitting.next().unwrap_or_default().clone_into(&mut row.operator);
            }
        }
    }

    /// Turns to JSON, or back to rows where they can show it.
    pub(super) fn switch(&mut self, dataset: &Dataset) {
        *self = match self.json.take() {
            Some(json) => Self::read(&json, dataset),
            None => Self { json: Some(self.shown(dataset)), ..Self::default() },
        };
    }
}

fn joined_by(join: Join, mut parts: Vec<Value>) -> Value {
    match parts.len() {
        1 => parts.remove(0),
        _ => json!({ (join.name()): parts }),
    }
}

#[cfg(test)]
mod tests {
    use model::Datasets;
    use model::filter::Filter;
    use proptest::prelude::*;

    use super::*;

    fn dataset() -> std::sync::Arc<Dataset> {
        std::sync::Arc::clone(Datasets::builtin().get("http_requests").unwrap())
    }

    fn row(key: &str, operator: &str, value: &str) -> Row {
        Row { key: key.to_owned(), operator: operator.to_owned(), value: value.to_owned() }
    }

    fn of_rows(rows: Vec<Row>) -> Conditions {
        Conditions { groups: vec![Group { join: Join::And, rows }], ..Conditions::default() }
    }

    #[test]
    fn a_row_has_the_type_of_its_field() {
        for (given, expected) in [
            (row("EdgeResponseStatus", "geq", "500"), "500"),
            (row("EdgeResponseStatus", "in", "200, 201"), "[200,201]"),
            (row("ClientIP", "eq", "500"), "\"500\""),
            (row("EdgeResponseStatus", "eq", "many"), "\"many\""),
        ] {
            let text = of_rows(vec![given]).text(&dataset());
            assert!(text.contains(&format!("\"value\":{expected}")), "{text}");
        }
    }

    #[test]
    fn empty_rows_and_groups_say_nothing() {
        let nothing = of_rows(vec![Row::default()]);
        assert!(nothing.is_empty());
        assert_eq!(nothing.text(&dataset()), "");
        assert_eq!(Conditions::default().text(&dataset()), "");
        assert_eq!(Conditions::read(" ", &dataset()), Conditions::default());
    }

    #[test]
    fn what_rows_cannot_show_stays_json() {
        for text in [
            "{\"where\":",
            r#"{"where":{"key":"ClientIP","operator":"in","value":["a,b"]}}"#,
            r#"{"where":{"key":"ClientIP","operator":"eq","value":"a\nb"}}"#,
            r#"{"where":{"key":"ClientIP","operator":"in","value":["a","b\rc"]}}"#,
            r#"{"where":{"key":"EdgeResponseStatus","operator":"eq","value":18446744073709551616}}"#,
            r#"{"where":{"key":"EdgeResponseCompressionRatio","operator":"eq","value":100000000000000000001}}"#,
            r#"{"where":{"and":[{"or":[{"and":[{"key":"ClientIP","operator":"eq","value":"a"}]}]}]}}"#,
        ] {
            let read = Conditions::read(text, &dataset());
            assert_eq!(read.json.as_deref(), Some(text));
            assert_eq!(read.text(&dataset()), text);
        }
    }

    #[test]
    fn a_finding_stands_beside_its_row() {
        let good = row("ClientIP", "eq", "a");
        let bad = row("EdgeResponseStatus", "startsWith", "5");
        let both = Conditions {
            join: Join::Or,
            groups: vec![
                Group { join: Join::And, rows: vec![Row::default(), good.clone()] },
                Group::default(),
                Group { join: Join::And, rows: vec![good, Row::default(), bad] },
            ],
            json: None,
        };
        let issues = Filter::parse(&both.text(&dataset()), &dataset()).unwrap_err();
        let of = |group, row| both.issue_of(group, row, &dataset(), &issues);
        assert!(of(2, 2).unwrap().contains("does not go with `EdgeResponseStatus`"));
        assert_eq!((of(0, 1), of(2, 0)), (None, None));
    }

    #[test]
    fn rows_come_and_go_with_their_groups() {
        let mut conditions = Conditions::default();
        conditions.add_row(0);
        conditions.add_row(0);
        conditions.add_row(1);
        assert_eq!(conditions.groups.iter().map(|g| g.rows.len()).collect::<Vec<_>>(), [2, 1]);
        conditions.remove_row(1, 0);
        conditions.remove_row(7, 0);
        assert_eq!(conditions.groups.len(), 1);
        for _ in 0..100 {
            conditions.add_row(0);
        }
        assert_eq!(conditions.groups[0].rows.len(), ROWS_MAX);
    }

    fn conditions() -> impl Strategy<Value = Conditions> {
        let rows = prop_oneof![
            ("[a-z., ]{0,6}").prop_map(|value| row("ClientIP", "eq", &value)),
            ("[a-z]{1,3}(,[a-z]{1,3}){0,2}").prop_map(|value| row("ClientIP", "!in", &value)),
            (any::<i64>()).prop_map(|value| row("EdgeResponseStatus", "lt", &value.to_string())),
            ("[0-9]{1,3}(,[0-9]{1,3}){0,2}").prop_map(|value| row(
                "EdgeResponseStatus",
                "in",
                &value
            )),
            Just(Row::default()),
        ];
        let join = || prop_oneof![Just(Join::And), Just(Join::Or)];
        let group = (join(), prop::collection::vec(rows, 0..4))
            .prop_map(|(join, rows)| Group { join, rows });
        (join(), prop::collection::vec(group, 0..4)).prop_map(|(join, groups)| Conditions {
            join,
            groups,
            json: None,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn what_is_built_reads_back_as_the_same_filter(built in conditions()) {
            let text = built.text(&dataset());
            let read = Conditions::read(&text, &dataset());
            prop_assert_eq!(&read.text(&dataset()), &text);
            prop_assert!(read.json.is_none(), "{}", text);
            if text.len() <= model::filter::FILTER_BYTES_MAX {
                prop_assert!(Filter::parse(&text, &dataset()).is_ok(), "{}", text);
            }
        }
    }
}
